// parallel_pipeline: a task for each token, which carries its item through the filters as far as they let it.
//
// A serial filter serves one token at a time. A token that finds it busy, or out of turn, is left there; who leaves the
// filter sends the next one on. Tokens get their numbers, the order of all ordered filters, in the first of these.
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "contexts.h"
#include "dispatcher.h"
#include "short_lock.h"

namespace tbb::detail::r1 {

class stage_task;

// A serial filter's door. Tokens pass in the order of their numbers: in an ordered filter those that all such filters
// share, in another one those of their arrival.
class input_buffer {
 public:
  explicit input_buffer(bool ordered) : ordered_(ordered), waiting_(kFirstSize) {}

  // True: the token may pass. False: it is kept until leave() returns it.
  bool enter(stage_task& token);
  // Before so many tokens are on their way.
  void reserve(std::size_t tokens);
  // The one inside has left: the next that may enter, if it has come.
  stage_task* leave();
  // Those that still wait.
  const std::vector<stage_task*>& waiting() const { return waiting_; }

 private:
  static constexpr std::size_t kFirstSize = 16;

  std::size_t number_of(stage_task& token);
  stage_task*& place_of(std::size_t number) { return waiting_[number % waiting_.size()]; }

  const bool ordered_;
  short_lock lock_;
  bool busy_ = false;
  std::size_t numbered_ = 0;  // tokens that got their number here
  std::size_t turn_ = 0;      // whose it is
  std::vector<stage_task*> waiting_;
};

// The filters of one run.
class pipeline {
 public:
  pipeline(d1::task_group_context& context, std::size_t tokens, const d1::filter_node& root);
  ~pipeline();
  void run();

  std::size_t size() const { return filters_.size(); }
  d1::base_filter& filter(std::size_t at) { return *filters_[at]; }
  input_buffer* door(std::size_t at) { return filters_[at]->my_input_buffer; }
  bool is_cancelled() const { return task_group_context_impl::is_cancelled(context_); }

  // Runs a task that was left at a door.
  void go_on(stage_task& task);
  // The next item, in the task at the first filter. False: there is none.
  bool read(stage_task& task);
  // A task that holds a token has come to the end. True: it goes on with the next item.
  bool end_token();
  void task_ended() { count_.release(); }

  static void end_of_input(d1::base_filter& of);

 private:
  void add_filters(const d1::filter_node& node);
  bool take_token();
  stage_task& start_token();

  d1::task_group_context& context_;
  d1::wait_context count_{0};
  std::vector<d1::base_filter*> filters_;
  std::vector<std::unique_ptr<input_buffer>> doors_;

  std::size_t items_ = 0;                // of an ordered input
  std::atomic<std::size_t> started_{0};  // tokens: they are used again and again

  // Below 0: for so many of them the input was to be read, but there was none.
  std::atomic<std::int64_t> free_tokens_;
  std::atomic<bool> ended_{false};
};

class stage_task final : public d1::task {
 public:
  stage_task(pipeline& of, const d1::small_object_allocator& memory) : pipeline_(of), memory_(memory) {}

  d1::task* execute(d1::execution_data&) override;
  d1::task* cancel(d1::execution_data&) override;

  void* item = nullptr;
  std::size_t at = 0;   // the filter that it comes to
  bool inside = false;  // has entered it already
  bool has_number = false;
  std::size_t number = 0;

  void set_number(std::size_t it) {
    has_number = true;
    number = it;
  }
  void drop_item() {
    if (item != nullptr && at != 0) pipeline_.filter(at).finalize(std::exchange(item, nullptr));
  }
  void end() {
    pipeline& it = pipeline_;
    remove();
    it.task_ended();
  }
  void remove() {
    d1::small_object_allocator memory = memory_;
    memory.delete_object(this);
  }

 private:
  bool pass();

  pipeline& pipeline_;
  const d1::small_object_allocator memory_;
};

namespace {

// Set by a filter that says during its call that there is no item any more.
thread_local bool input_ended_in_call = false;

}  // namespace

std::size_t input_buffer::number_of(stage_task& token) {
  if (!ordered_) return numbered_++;
  if (!token.has_number) token.set_number(numbered_++);
  return token.number;
}

bool input_buffer::enter(stage_task& token) {
  const short_lock::hold lock(lock_);
  const std::size_t number = number_of(token);
  if (!busy_ && number == turn_) return busy_ = true;
  place_of(number) = &token;
  return false;
}

void input_buffer::reserve(std::size_t tokens) {
  std::size_t size = waiting_.size();
  while (size < tokens) size *= 2;
  if (size == waiting_.size()) return;
  std::vector<stage_task*> bigger(size);
  const short_lock::hold lock(lock_);
  if (bigger.size() <= waiting_.size()) return;
  bigger.swap(waiting_);
  for (std::size_t i = 0; i < bigger.size(); ++i) place_of(turn_ + i) = bigger[(turn_ + i) % bigger.size()];
}

stage_task* input_buffer::leave() {
  const short_lock::hold lock(lock_);
  stage_task* const entered = std::exchange(place_of(++turn_), nullptr);
  busy_ = entered != nullptr;
  if (entered != nullptr) entered->inside = true;
  return entered;
}

pipeline::pipeline(d1::task_group_context& context, std::size_t tokens, const d1::filter_node& root)
    : context_(context),
      free_tokens_(static_cast<std::int64_t>(std::min<std::size_t>(tokens, std::numeric_limits<std::int64_t>::max()))) {
  add_filters(root);
}

void pipeline::add_filters(const d1::filter_node& node) {
  if (node.left && node.right) {
    add_filters(*node.left);
    add_filters(*node.right);
    return;
  }
  d1::base_filter* const created = node.create_filter();
  filters_.push_back(created);
  created->my_pipeline = this;
  created->my_input_buffer = nullptr;
  // The input's turns are taken by having one task only.
  if (created->is_serial() && filters_.size() > 1) {
    doors_.push_back(std::make_unique<input_buffer>(created->is_ordered()));
    created->my_input_buffer = doors_.back().get();
  }
}

pipeline::~pipeline() {
  for (const auto& door : doors_) {
    for (stage_task* const left : door->waiting()) {
      if (left == nullptr) continue;
      left->drop_item();
      left->remove();
    }
  }
  for (d1::base_filter* each : filters_) {
    each->~base_filter();
    deallocate_memory(each);
  }
}

void pipeline::run() {
  if (filters_.empty() || !take_token()) return;
  r1::execute_and_wait(start_token(), context_, count_, context_);
}

stage_task& pipeline::start_token() {
  const std::size_t live = started_.fetch_add(1, std::memory_order_relaxed) + 1;
  for (const auto& door : doors_) door->reserve(live + 1);
  count_.reserve();
  d1::small_object_allocator memory;
  return *memory.new_object<stage_task>(*this, memory);
}

void pipeline::go_on(stage_task& task) {
  count_.reserve();
  r1::spawn(task, context_);
}

// Whether another token can be on its way. If not, who ends a token sees to it.
bool pipeline::take_token() {
  return !ended_.load(std::memory_order_relaxed) && free_tokens_.fetch_sub(1, std::memory_order_acq_rel) > 0;
}

bool pipeline::read(stage_task& task) {
  d1::base_filter& input = filter(0);
  const auto start_another = [this] {
    if (take_token()) r1::spawn(start_token(), context_);
  };
  if (ended_.load(std::memory_order_relaxed)) return false;
  if (!input.is_serial()) start_another();
  const bool outer = std::exchange(input_ended_in_call, false);  // of a pipeline around this one
  task.item = input(nullptr);
  const bool ended = std::exchange(input_ended_in_call, outer);
  if (task.item == nullptr && (!input.object_may_be_null() || ended)) {
    ended_.store(true, std::memory_order_relaxed);
    return false;
  }
  // Only one is here at a time, so this is the order of the items.
  if (input.is_ordered()) task.set_number(items_++);
  if (input.is_serial()) start_another();
  return true;
}

bool pipeline::end_token() {
  return free_tokens_.fetch_add(1, std::memory_order_acq_rel) < 0 && !ended_.load(std::memory_order_relaxed);
}

void pipeline::end_of_input(d1::base_filter& of) {
  of.my_pipeline->ended_.store(true, std::memory_order_relaxed);
  input_ended_in_call = true;
}

// Through the filter that it has come to. False: it was left there, and may be gone.
bool stage_task::pass() {
  input_buffer* const door = pipeline_.door(at);
  if (door != nullptr && !std::exchange(inside, false) && !door->enter(*this)) return false;
  item = pipeline_.filter(at)(item);
  if (door == nullptr) return true;
  if (stage_task* const entered = door->leave()) pipeline_.go_on(*entered);
  return true;
}

d1::task* stage_task::execute(d1::execution_data& data) {
  for (;;) {
    if (at == 0) {
      if (!pipeline_.read(*this)) break;
    } else {
      pipeline& it = pipeline_;
      if (!pass()) {
        it.task_ended();
        return nullptr;
      }
    }
    if (++at == pipeline_.size()) {
      if (!pipeline_.end_token()) break;
      at = 0;
      has_number = false;
      item = nullptr;
    }
    if (pipeline_.is_cancelled()) return cancel(data);
  }
  end();
  return nullptr;
}

d1::task* stage_task::cancel(d1::execution_data&) {
  drop_item();
  end();
  return nullptr;
}

void parallel_pipeline(d1::task_group_context& context, std::size_t tokens, const d1::filter_node& root) {
  pipeline(context, tokens, root).run();
}

void set_end_of_input(d1::base_filter& filter) { pipeline::end_of_input(filter); }

}  // namespace tbb::detail::r1
