#include "core/call_frame.h"

#include <cstring>
#include <vector>

// In every libgcc_s, libgcc_eh and LLVM's libunwind, declared in no public header (libgcc/unwind-dw2-fde.h).
struct dwarf_eh_bases {
  void* text;
  void* data;
  void* function;
};
// NOLINTNEXTLINE(bugprone-reserved-identifier)
extern "C" const void* _Unwind_Find_FDE(void* program_counter, dwarf_eh_bases* bases);

namespace preempt::core {
namespace {

using Value = std::optional<std::uint64_t>;

// A stretch of a table. Behind its end everything is 0, which is also no instruction.
class Bytes {
 public:
  Bytes() = default;
  Bytes(const std::uint8_t* begin, const std::uint8_t* end) : at_(begin), end_(end) {}

  bool empty() const { return at_ >= end_; }
  const std::uint8_t* at() const { return at_; }
  void skip(std::uint64_t size) { at_ = size < left() ? at_ + size : end_; }
  Bytes sub(std::uint64_t size) {
    const std::uint8_t* begin = at_;
    skip(size);
    return {begin, at_};
  }

  template <class T>
  T fixed() {
    T value = 0;
    if (sizeof(T) <= left()) std::memcpy(&value, at_, sizeof(T));
    skip(sizeof(T));
    return value;
  }
  std::uint8_t byte() { return fixed<std::uint8_t>(); }

  std::uint64_t uleb() {
    int shift = 0;
    return leb(shift);
  }
  std::int64_t sleb() {
    int shift = 0;
    const std::uint64_t value = leb(shift);
    const bool is_negative = shift < 64 && shift > 0 && (value >> (shift - 1) & 1) != 0;
    return static_cast<std::int64_t>(is_negative ? value | ~std::uint64_t{0} << shift : value);
  }

 private:
  std::uint64_t left() const { return static_cast<std::uint64_t>(end_ - at_); }
  std::uint64_t leb(int& shift) {
    std::uint64_t value = 0;
    for (bool more = true; more; shift += 7) {
      const std::uint8_t part = byte();
      if (shift < 64) value |= static_cast<std::uint64_t>(part & 0x7f) << shift;
      more = (part & 0x80) != 0;
    }
    return value;
  }

  const std::uint8_t* at_ = nullptr;
  const std::uint8_t* end_ = nullptr;
};

// How the caller's value of a register is found.
struct Rule {
  enum class Kind { kSame, kUndefined, kAtOffset, kIsOffset, kRegister, kAtExpression, kIsExpression };
  Kind kind = Kind::kSame;
  std::int64_t operand = 0;  // from the frame's address, or a register's number
  Bytes expression;
};

// What the tables say for one program counter.
struct Row {
  std::uint64_t base_register = FrameRegisters::kRsp;
  std::int64_t base_offset = 0;
  Bytes base_expression;  // instead, if not empty
  std::array<Rule, FrameRegisters::kCount> rules;
};

// The entry of one function, and what it shares with others.
struct Entry {
  std::uint64_t function = 0;
  std::uint64_t code_unit = 1;
  std::int64_t data_unit = 1;
  std::uint64_t return_register = FrameRegisters::kProgramCounter;
  std::uint8_t pointers = 0;  // DW_EH_PE_
  bool is_augmented = false;
  bool is_signal_frame = false;
  Bytes common_program, program;
};

// Of DW_EH_PE_ formats; 0: not of a fixed size.
int size_of_pointer(std::uint8_t encoding) {
  switch (encoding & 0x07) {
    case 0:
    case 4:
      return 8;
    case 2:
      return 2;
    case 3:
      return 4;
  }
  return 0;
}

// A record without its length word. Those longer than 4 GiB are left out.
Bytes record(const void* at) {
  std::uint32_t length;
  std::memcpy(&length, at, sizeof(length));
  const auto* begin = static_cast<const std::uint8_t*>(at) + sizeof(length);
  return length == 0xffffffff ? Bytes() : Bytes(begin, begin + length);
}

// The part that functions share. False: not understood.
bool read_common(Bytes bytes, Entry& entry) {
  bytes.skip(sizeof(std::uint32_t));  // 0: it is the common part
  const std::uint8_t version = bytes.byte();
  if (version != 1 && version != 3) return false;
  const auto* letters = reinterpret_cast<const char*>(bytes.at());
  while (bytes.byte() != 0) {
  }
  entry.code_unit = bytes.uleb();
  entry.data_unit = bytes.sleb();
  entry.return_register = version == 1 ? bytes.byte() : bytes.uleb();
  entry.is_augmented = *letters == 'z';
  if (!entry.is_augmented && *letters != '\0') return false;
  if (entry.is_augmented) {
    Bytes data = bytes.sub(bytes.uleb());
    for (++letters; *letters != '\0'; ++letters) {
      if (*letters == 'R') entry.pointers = data.byte();
      if (*letters == 'L') data.skip(1);
      if (*letters == 'S') entry.is_signal_frame = true;
      if (*letters == 'P') {
        const int size = size_of_pointer(data.byte());
        if (size == 0) return false;
        data.skip(static_cast<std::uint64_t>(size));
      }
    }
  }
  entry.common_program = bytes;
  return true;
}

std::optional<Entry> find_entry(std::uint64_t program_counter) {
  dwarf_eh_bases bases = {};
  const void* found = _Unwind_Find_FDE(reinterpret_cast<void*>(program_counter), &bases);
  if (found == nullptr) return std::nullopt;
  Bytes bytes = record(found);
  const std::uint8_t* here = bytes.at();
  const std::uint32_t back_to_common = bytes.fixed<std::uint32_t>();
  Entry entry;
  if (here == nullptr || !read_common(record(here - back_to_common), entry)) return std::nullopt;
  const int pointer_size = size_of_pointer(entry.pointers);
  if (pointer_size == 0) return std::nullopt;
  bytes.skip(2 * static_cast<std::uint64_t>(pointer_size));  // begin and length of the code
  if (entry.is_augmented) bytes.skip(bytes.uleb());
  entry.function = reinterpret_cast<std::uintptr_t>(bases.function);
  entry.program = bytes;
  return entry;
}

// Follows a function's instructions up to one program counter.
class Interpreter {
 public:
  explicit Interpreter(const Entry& entry) : entry_(entry) {}

  // Nothing: an instruction is not known here.
  std::optional<Row> row_at(std::uint64_t program_counter) {
    location_ = entry_.function;
    target_ = program_counter;
    if (!run(entry_.common_program)) return std::nullopt;
    initial_ = row_;
    if (!run(entry_.program)) return std::nullopt;
    return row_;
  }

 private:
  bool run(Bytes bytes) {
    while (!bytes.empty() && location_ <= target_) {
      const std::uint8_t code = bytes.byte();
      if (!(code >= 0x40 ? packed(code, bytes) : advances(code, bytes) || frame(code, bytes) || rule(code, bytes))) {
        return false;
      }
    }
    return true;
  }

  // An operand in the code's low bits.
  bool packed(std::uint8_t code, Bytes& bytes) {
    const std::uint8_t low = code & 0x3f;
    switch (code & 0xc0) {
      case 0x40:  // DW_CFA_advance_loc
        advance(low);
        return true;
      case 0x80:  // DW_CFA_offset
        set(low, Rule::Kind::kAtOffset, scaled(bytes));
        return true;
      default:  // DW_CFA_restore
        restore(low);
        return true;
    }
  }

  bool advances(std::uint8_t code, Bytes& bytes) {
    switch (code) {
      case 0x00:  // DW_CFA_nop
        return true;
      case 0x02:  // DW_CFA_advance_loc1
        advance(bytes.byte());
        return true;
      case 0x03:  // DW_CFA_advance_loc2
        advance(bytes.fixed<std::uint16_t>());
        return true;
      case 0x04:  // DW_CFA_advance_loc4
        advance(bytes.fixed<std::uint32_t>());
        return true;
      case 0x0a:  // DW_CFA_remember_state
        remembered_.push_back(row_);
        return true;
      case 0x0b:  // DW_CFA_restore_state
        if (remembered_.empty()) return false;
        row_ = remembered_.back();
        remembered_.pop_back();
        return true;
      case 0x2e:  // DW_CFA_GNU_args_size
        bytes.uleb();
        return true;
    }
    return false;
  }

  // Where the frame is.
  bool frame(std::uint8_t code, Bytes& bytes) {
    switch (code) {
      case 0x0c:  // DW_CFA_def_cfa
        set_base(bytes.uleb());
        row_.base_offset = static_cast<std::int64_t>(bytes.uleb());
        return true;
      case 0x12:  // DW_CFA_def_cfa_sf
        set_base(bytes.uleb());
        row_.base_offset = bytes.sleb() * entry_.data_unit;
        return true;
      case 0x0d:  // DW_CFA_def_cfa_register
        set_base(bytes.uleb());
        return true;
      case 0x0e:  // DW_CFA_def_cfa_offset
        row_.base_offset = static_cast<std::int64_t>(bytes.uleb());
        return true;
      case 0x13:  // DW_CFA_def_cfa_offset_sf
        row_.base_offset = bytes.sleb() * entry_.data_unit;
        return true;
      case 0x0f:  // DW_CFA_def_cfa_expression
        row_.base_expression = bytes.sub(bytes.uleb());
        return true;
    }
    return false;
  }

  // Where one register is.
  bool rule(std::uint8_t code, Bytes& bytes) {
    const std::uint64_t number = bytes.uleb();
    using Kind = Rule::Kind;
    switch (code) {
      case 0x05:  // DW_CFA_offset_extended
        set(number, Kind::kAtOffset, scaled(bytes));
        return true;
      case 0x11:  // DW_CFA_offset_extended_sf
        set(number, Kind::kAtOffset, bytes.sleb() * entry_.data_unit);
        return true;
      case 0x14:  // DW_CFA_val_offset
        set(number, Kind::kIsOffset, scaled(bytes));
        return true;
      case 0x15:  // DW_CFA_val_offset_sf
        set(number, Kind::kIsOffset, bytes.sleb() * entry_.data_unit);
        return true;
      case 0x06:  // DW_CFA_restore_extended
        restore(number);
        return true;
      case 0x07:  // DW_CFA_undefined
        set(number, Kind::kUndefined, 0);
        return true;
      case 0x08:  // DW_CFA_same_value
        set(number, Kind::kSame, 0);
        return true;
      case 0x09:  // DW_CFA_register
        set(number, Kind::kRegister, static_cast<std::int64_t>(bytes.uleb()));
        return true;
      case 0x10:  // DW_CFA_expression
        set(number, Kind::kAtExpression, 0, bytes.sub(bytes.uleb()));
        return true;
      case 0x16:  // DW_CFA_val_expression
        set(number, Kind::kIsExpression, 0, bytes.sub(bytes.uleb()));
        return true;
    }
    return false;
  }

  void advance(std::uint64_t units) { location_ += units * entry_.code_unit; }
  std::int64_t scaled(Bytes& bytes) { return static_cast<std::int64_t>(bytes.uleb()) * entry_.data_unit; }
  void set_base(std::uint64_t number) {
    row_.base_register = number;
    row_.base_expression = {};
  }
  void set(std::uint64_t number, Rule::Kind kind, std::int64_t operand, Bytes expression = {}) {
    if (number < FrameRegisters::kCount) row_.rules[number] = {kind, operand, expression};
  }
  void restore(std::uint64_t number) {
    if (number < FrameRegisters::kCount) row_.rules[number] = initial_.rules[number];
  }

  const Entry& entry_;
  std::uint64_t location_ = 0, target_ = 0;
  Row row_, initial_;
  std::vector<Row> remembered_;
};

// Of DWARF expressions, what signal frames use: a register plus a number, and what lies there.
Value evaluate(Bytes bytes, Value pushed, const FrameRegisters& registers, const os::OwnMemory& memory) {
  Value top = pushed;
  while (!bytes.empty()) {
    const std::uint8_t code = bytes.byte();
    if (code >= 0x70 && code <= 0x8f) {  // DW_OP_breg0 ...
      top = registers.get(code - 0x70u);
      const std::int64_t offset = bytes.sleb();
      if (top) *top += static_cast<std::uint64_t>(offset);
    } else if (code == 0x06) {  // DW_OP_deref
      std::uint64_t word = 0;
      if (top && !memory.read(*top, word)) return std::nullopt;
      if (top) top = word;
    } else if (code == 0x23) {  // DW_OP_plus_uconst
      const std::uint64_t more = bytes.uleb();
      if (top) *top += more;
    } else {
      return std::nullopt;
    }
  }
  return top;
}

bool survives_calls(std::uint64_t number) {
  return number == FrameRegisters::kRbx || number == FrameRegisters::kRbp ||
         (number >= FrameRegisters::kR12 && number <= FrameRegisters::kR15);
}

// The caller's value of a register; `frame` is the frame's address (CFA).
Value recover(std::uint64_t number, const Rule& rule, std::uint64_t frame, const FrameRegisters& registers,
              const os::OwnMemory& memory) {
  const auto word_at = [&memory](Value address) {
    std::uint64_t word = 0;
    return address && memory.read(*address, word) ? Value(word) : std::nullopt;
  };
  switch (rule.kind) {
    case Rule::Kind::kSame:
      return survives_calls(number) ? registers.get(number) : std::nullopt;
    case Rule::Kind::kUndefined:
      return std::nullopt;
    case Rule::Kind::kAtOffset:
      return word_at(frame + static_cast<std::uint64_t>(rule.operand));
    case Rule::Kind::kIsOffset:
      return frame + static_cast<std::uint64_t>(rule.operand);
    case Rule::Kind::kRegister:
      return registers.get(static_cast<std::uint64_t>(rule.operand));
    case Rule::Kind::kAtExpression:
      return word_at(evaluate(rule.expression, frame, registers, memory));
    case Rule::Kind::kIsExpression:
      return evaluate(rule.expression, frame, registers, memory);
  }
  return std::nullopt;
}

}  // namespace

std::uint64_t function_at(std::uint64_t address) {
  dwarf_eh_bases bases = {};
  if (_Unwind_Find_FDE(reinterpret_cast<void*>(address), &bases) == nullptr) return 0;
  return reinterpret_cast<std::uintptr_t>(bases.function);
}

Unwound unwind(FrameRegisters& registers, const os::OwnMemory& memory) {
  const std::uint64_t code = registers.program_counter() - (registers.is_return_address ? 1 : 0);
  const std::optional<Entry> entry = find_entry(code);
  if (!entry || entry->return_register != FrameRegisters::kProgramCounter) return Unwound::kNoTable;
  const std::optional<Row> row = Interpreter(*entry).row_at(code);
  if (!row) return Unwound::kNoTable;
  if (row->rules[FrameRegisters::kProgramCounter].kind == Rule::Kind::kUndefined) return Unwound::kOutermost;

  Value frame;
  if (row->base_expression.empty()) {
    frame = registers.get(row->base_register);
    if (!frame && row->base_register == FrameRegisters::kRbp) return Unwound::kFramePointerNeeded;
    if (frame) *frame += static_cast<std::uint64_t>(row->base_offset);
  } else {
    frame = evaluate(row->base_expression, std::nullopt, registers, memory);
  }
  if (!frame) return Unwound::kNoTable;

  FrameRegisters caller(0, *frame);
  for (std::uint64_t number = 0; number < FrameRegisters::kCount; ++number) {
    const Rule& rule = row->rules[number];
    if (number == FrameRegisters::kRsp && rule.kind == Rule::Kind::kSame) continue;  // the frame's address
    caller.set(number, recover(number, rule, *frame, registers, memory));
  }
  if (!caller.get(FrameRegisters::kProgramCounter) || !caller.get(FrameRegisters::kRsp)) return Unwound::kNoTable;
  if (caller.program_counter() == 0) return Unwound::kOutermost;
  // Each frame is above the one that it called, unless a signal came on another stack.
  if (!entry->is_signal_frame && caller.stack_pointer() <= registers.stack_pointer()) return Unwound::kNoTable;
  caller.is_return_address = !entry->is_signal_frame;
  registers = caller;
  return Unwound::kCaller;
}

}  // namespace preempt::core
