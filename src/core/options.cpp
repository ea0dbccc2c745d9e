// One table says for each field of Options how it is checked, shown and read from the environment, so that validate()
// and from_env() cannot disagree about a range.
#include "preempt/options.h"

#include <pthread.h>
#include <string.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <limits>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "core/options_check.h"
#include "os/cpus.h"
#include "os/memory.h"

namespace preempt {
namespace {

constexpr int kMaxProcessors = 1024;
constexpr int kMaxThreads = 1'000'000;
constexpr std::chrono::nanoseconds kMinTimeSlice = std::chrono::microseconds(20);
constexpr std::chrono::nanoseconds kMaxTimeSlice = std::chrono::seconds(10);
constexpr std::size_t kMinStackSize = std::size_t{64} << 10;
constexpr std::size_t kMaxStackSize = std::size_t{1} << 30;
constexpr std::size_t kUnlimitedStackSize = std::size_t{8} << 20;
constexpr int kMaxSliceGrowth = 16;
constexpr int kMaxSignal = 64;

// 32 and 33 are glibc's own (cancellation, setxid); KILL and STOP cannot be caught; the others are raised by an
// instruction, which a handler that returns would run again.
constexpr int kRefusedSignals[] = {SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGKILL, SIGSEGV, SIGSTOP, SIGSYS, 32, 33};

constexpr char kTimeSliceRange[] = "20us .. 10s";

// In the order of the enumeration, as PREEMPT_PREEMPTION spells them.
constexpr absl::string_view kPreemptionNames[] = {"none", "checkpoints", "signal_safe", "everywhere"};

absl::string_view to_absl(std::string_view text) { return {text.data(), text.size()}; }

absl::Status refuse(absl::string_view what, absl::string_view allowed) {
  return absl::InvalidArgumentError(absl::StrCat(what, ": allowed is ", allowed));
}

bool time_slice_in_range(std::chrono::nanoseconds slice) { return kMinTimeSlice <= slice && slice <= kMaxTimeSlice; }

// Largest first; "s" ends the others too, so a text is matched from the other end.
struct TimeUnit {
  absl::string_view name;
  std::int64_t nanoseconds;
};
constexpr TimeUnit kTimeUnits[] = {{"s", 1'000'000'000}, {"ms", 1'000'000}, {"us", 1'000}, {"ns", 1}};

// In the largest unit that leaves no fraction.
std::string show_time_slice(std::chrono::nanoseconds slice) {
  const auto unit = std::find_if(std::begin(kTimeUnits), std::end(kTimeUnits),
                                 [&](const TimeUnit& u) { return slice.count() % u.nanoseconds == 0; });
  return absl::StrCat(slice.count() / unit->nanoseconds, unit->name);
}

// Digits and a unit.
bool read_time_slice(absl::string_view text, std::chrono::nanoseconds& slice) {
  const auto unit = std::find_if(std::rbegin(kTimeUnits), std::rend(kTimeUnits),
                                 [&](const TimeUnit& u) { return absl::ConsumeSuffix(&text, u.name); });
  std::int64_t count;
  if (unit == std::rend(kTimeUnits) || !absl::SimpleAtoi(text, &count)) return false;
  if (count < 0 || count > std::chrono::nanoseconds::max().count() / unit->nanoseconds) return false;
  slice = std::chrono::nanoseconds(count * unit->nanoseconds);
  return true;
}

// Bytes or a count: digits with an optional K, M or G.
bool read_size(absl::string_view text, std::size_t& size) {
  constexpr absl::string_view kSuffixes = "KMG";
  std::size_t shift = 0;
  const auto suffix = text.empty() ? absl::string_view::npos : kSuffixes.find(text.back());
  if (suffix != absl::string_view::npos) {
    shift = 10 * (suffix + 1);
    text.remove_suffix(1);
  }
  std::uint64_t count;
  if (!absl::SimpleAtoi(text, &count) || count > std::numeric_limits<std::size_t>::max() >> shift) return false;
  size = count << shift;
  return true;
}

bool read_preemption(absl::string_view text, Preemption& preemption) {
  const auto found = std::find(std::begin(kPreemptionNames), std::end(kPreemptionNames), text);
  if (found == std::end(kPreemptionNames)) return false;
  preemption = static_cast<Preemption>(found - std::begin(kPreemptionNames));
  return true;
}

// A number, or a name with or without SIG. IO is what signal(7) calls the signal that glibc abbreviates POLL.
bool read_signal(absl::string_view text, int& signal) {
  if (absl::SimpleAtoi(text, &signal)) return true;
  absl::ConsumePrefix(&text, "SIG");
  if (text == "IO") {
    signal = SIGIO;
    return true;
  }
  for (int number = 1; number <= kMaxSignal; ++number) {
    const char* name = sigabbrev_np(number);
    if (name != nullptr && text == name) {
      signal = number;
      return true;
    }
  }
  return false;
}

bool read_bool(absl::string_view text, bool& value) {
  if (text != "0" && text != "1" && text != "false" && text != "true") return false;
  value = text == "1" || text == "true";
  return true;
}

bool signal_in_range(int signal) {
  return 1 <= signal && signal <= kMaxSignal &&
         std::find(std::begin(kRefusedSignals), std::end(kRefusedSignals), signal) == std::end(kRefusedSignals);
}

int least_threads(const Options& options) { return std::max(1, options.processors); }

// `show` gives the value for a message, `read` is false when the text cannot be read.
struct Field {
  const char* name;
  const char* variable;
  bool (*in_range)(const Options&);
  std::string (*show)(const Options&);
  std::string (*allowed)(const Options&);
  bool (*read)(absl::string_view, Options&);
};

// Read and checked in this order: the range of max_threads is told by processors.
constexpr Field kFields[] = {
    {"processors", "PREEMPT_PROCESSORS",
     [](const Options& o) { return 0 <= o.processors && o.processors <= kMaxProcessors; },
     [](const Options& o) { return absl::StrCat(o.processors); },
     [](const Options&) { return absl::StrCat("1 .. ", kMaxProcessors, ", or 0 for the cpus of this process"); },
     [](absl::string_view text, Options& o) { return absl::SimpleAtoi(text, &o.processors); }},
    {"time_slice", "PREEMPT_TIME_SLICE", [](const Options& o) { return time_slice_in_range(o.time_slice); },
     [](const Options& o) { return show_time_slice(o.time_slice); },
     [](const Options&) { return std::string(kTimeSliceRange); },
     [](absl::string_view text, Options& o) { return read_time_slice(text, o.time_slice); }},
    {"preemption", "PREEMPT_PREEMPTION",
     [](const Options& o) { return Preemption::kNone <= o.preemption && o.preemption <= Preemption::kEverywhere; },
     [](const Options& o) { return absl::StrCat(static_cast<int>(o.preemption)); },
     [](const Options&) { return std::string("none, checkpoints, signal_safe or everywhere"); },
     [](absl::string_view text, Options& o) { return read_preemption(text, o.preemption); }},
    {"max_threads", "PREEMPT_MAX_THREADS",
     [](const Options& o) { return least_threads(o) <= o.max_threads && o.max_threads <= kMaxThreads; },
     [](const Options& o) { return absl::StrCat(o.max_threads); },
     [](const Options& o) { return absl::StrCat(least_threads(o), " .. ", kMaxThreads, ", at least processors"); },
     [](absl::string_view text, Options& o) { return absl::SimpleAtoi(text, &o.max_threads); }},
    {"stack_size", "PREEMPT_STACK_SIZE",
     [](const Options& o) {
       return o.stack_size == 0 || (kMinStackSize <= o.stack_size && o.stack_size <= kMaxStackSize);
     },
     [](const Options& o) { return absl::StrCat(o.stack_size); },
     [](const Options&) {
       return absl::StrCat(kMinStackSize, " (64K) .. ", kMaxStackSize, " (1G) bytes, or 0 for a pthread's default");
     },
     [](absl::string_view text, Options& o) { return read_size(text, o.stack_size); }},
    {"queue_capacity", "PREEMPT_QUEUE_CAPACITY", [](const Options&) { return true; },
     [](const Options& o) { return absl::StrCat(o.queue_capacity); },
     [](const Options&) {
       return absl::StrCat("1 .. ", std::numeric_limits<std::size_t>::max(), " tasks, or 0 for no bound");
     },
     [](absl::string_view text, Options& o) { return read_size(text, o.queue_capacity); }},
    {"signal", "PREEMPT_SIGNAL", [](const Options& o) { return signal_in_range(o.signal); },
     [](const Options& o) { return absl::StrCat(o.signal); },
     [](const Options&) {
       return absl::StrCat("a name or 1 .. ", kMaxSignal,
                           " but none of ILL, TRAP, ABRT, BUS, FPE, KILL, SEGV, STOP, SYS, 32, 33");
     },
     [](absl::string_view text, Options& o) { return read_signal(text, o.signal); }},
    {"name", "PREEMPT_NAME", [](const Options&) { return true; }, [](const Options& o) { return o.name; },
     [](const Options&) { return std::string("any text"); },
     [](absl::string_view text, Options& o) {
       o.name.assign(text.data(), text.size());
       return true;
     }},
    {"slice_growth", "PREEMPT_SLICE_GROWTH",
     [](const Options& o) { return 1 <= o.slice_growth && o.slice_growth <= kMaxSliceGrowth; },
     [](const Options& o) { return absl::StrCat(o.slice_growth); },
     [](const Options&) { return absl::StrCat("1 .. ", kMaxSliceGrowth); },
     [](absl::string_view text, Options& o) { return absl::SimpleAtoi(text, &o.slice_growth); }},
    {"migratable", "PREEMPT_MIGRATABLE", [](const Options&) { return true; },
     [](const Options& o) { return absl::StrCat(o.migratable); },
     [](const Options&) { return std::string("0, 1, true or false"); },
     [](absl::string_view text, Options& o) { return read_bool(text, o.migratable); }},
};

std::string in_program(const Field& field, const Options& options) {
  return absl::StrCat("Options::", field.name, " = ", field.show(options));
}

// Escaped: the environment may hold anything, and this ends in logs.
std::string in_environment(const Field& field, const char* text) {
  return absl::StrCat(field.variable, "=", absl::Utf8SafeCEscape(text));
}

std::size_t default_stack_size() {
  std::size_t size = kUnlimitedStackSize;
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) == 0) {
    pthread_attr_getstacksize(&attributes, &size);
    pthread_attr_destroy(&attributes);
  }
  // For an unlimited stack glibc has 2 MiB, less than the 8 MiB that the usual limit gives.
  rlimit limit;
  if (getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY) {
    size = std::max(size, kUnlimitedStackSize);
  }
  return std::clamp(size, kMinStackSize, kMaxStackSize);
}

}  // namespace

absl::Status Options::validate() const {
  for (const Field& field : kFields) {
    if (!field.in_range(*this)) return refuse(in_program(field, *this), field.allowed(*this));
  }
  return absl::OkStatus();
}

absl::StatusOr<Options> Options::from_env(Options base) {
  for (const Field& field : kFields) {
    const char* text = secure_getenv(field.variable);
    const bool readable = text == nullptr || field.read(text, base);
    if (readable && field.in_range(base)) continue;
    return refuse(text != nullptr ? in_environment(field, text) : in_program(field, base), field.allowed(base));
  }
  return base;
}

namespace core {

absl::Status validate_time_slice(std::chrono::nanoseconds time_slice, std::string_view field) {
  if (time_slice_in_range(time_slice)) return absl::OkStatus();
  return refuse(absl::StrCat(to_absl(field), " = ", show_time_slice(time_slice)), kTimeSliceRange);
}

int resolve_processors(const Options& options) {
  if (options.processors != 0) return options.processors;
  return std::clamp(os::usable_cpus(), 1, std::min(kMaxProcessors, options.max_threads));
}

std::size_t resolve_stack_size(const Options& options) {
  const std::size_t size = options.stack_size != 0 ? options.stack_size : default_stack_size();
  return (size + os::kPage - 1) / os::kPage * os::kPage;
}

}  // namespace core
}  // namespace preempt
