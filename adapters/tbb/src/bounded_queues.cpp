// Where concurrent_bounded_queue waits for an item or for room: two places behind the queue's own representation.
#include "headers.h"
#include "parking.h"

namespace tbb::detail::r1 {

// One for each tag. Nothing is kept in it: its address is what threads wait for.
class alignas(max_nfs_size) concurrent_monitor {};

namespace {

constexpr std::size_t kMonitors = 2;

}  // namespace

std::uint8_t* allocate_bounded_queue_rep(std::size_t size) {
  return static_cast<std::uint8_t*>(cache_aligned_allocate(size + kMonitors * sizeof(concurrent_monitor)));
}

void deallocate_bounded_queue_rep(std::uint8_t* memory, std::size_t) { cache_aligned_deallocate(memory); }

// The predicate is true while the ticket's turn has not come, and throws when the queue is aborted.
void wait_bounded_queue_monitor(concurrent_monitor* monitors, std::size_t tag, std::ptrdiff_t ticket,
                                d1::delegate_base& predicate) {
  while (predicate()) {
    wait_on(monitors + tag, static_cast<std::uintptr_t>(ticket), [&] { return predicate(); });
  }
}

void notify_bounded_queue_monitor(concurrent_monitor* monitors, std::size_t tag, std::size_t ticket) {
  wake_if(monitors + tag, [ticket](std::uintptr_t waiting) { return waiting <= ticket; });
}

void abort_bounded_queue_monitors(concurrent_monitor* monitors) {
  for (std::size_t tag = 0; tag < kMonitors; ++tag) wake_all(monitors + tag);
}

}  // namespace tbb::detail::r1
