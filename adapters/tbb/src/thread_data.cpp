#include "thread_data.h"

#include <utility>

#include "runtime.h"

namespace tbb::detail::r1 {
namespace {

// A pointer, read without a guard; its owner ends with the thread.
[[gnu::tls_model("initial-exec")]] thread_local thread_data* current = nullptr;

struct owner {
  thread_data data;
  ~owner() {
    data.end();
    current = nullptr;
  }
};

[[gnu::noinline]] thread_data& create() {
  static thread_local owner it;
  current = &it.data;
  return it.data;
}

}  // namespace

thread_data& thread_data::get() { return current != nullptr ? *current : create(); }
thread_data* thread_data::get_if_any() { return current; }

// Not in exit(), when that is called in a body.
void thread_data::end() {
  if (implicit_arena != nullptr && now.in == implicit_arena && now.depth == 0) detach();
}

void thread_data::attach() {
  runtime::get().add_user();
  implicit_arena = new arena({.concurrency = runtime::get().default_concurrency(), .reserved = 1, .implicit = true});
  now = {};
  now.in = implicit_arena;
  now.as = &implicit_arena->take_participant();
  now.as->become(presence::master);
}

void thread_data::detach() {
  end_index();
  observer_list::tell_exits(now.told, false);
  participant_list::give_back(*now.as);
  implicit_arena->orphan();
  std::exchange(implicit_arena, nullptr)->release();
  now = {};
  runtime::get().remove_user();
}

int thread_data::index() {
  // The owner of an implicit arena, outside of bodies.
  if (now.depth == 0 && now.in == implicit_arena) return 0;
  if (now.claim.index == index_pool::kNone) {
    now.claim = now.in->claim_index(*this);
    now.claim_depth = now.depth;
  }
  return now.claim.index;
}

void thread_data::end_index() {
  if (now.claim.index == index_pool::kNone) return;
  now.in->indices().give_back(std::exchange(now.claim, {}));
}

}  // namespace tbb::detail::r1
