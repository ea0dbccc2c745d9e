// What the headers throw, and what they report before they abort.
#include <cstdio>
#include <cstdlib>
#include <new>
#include <stdexcept>

#include "headers.h"

namespace tbb::detail::r1 {

const char* bad_last_alloc::what() const noexcept { return "bad allocation in previous or concurrent attempt"; }
const char* user_abort::what() const noexcept { return "User-initiated abort has terminated this operation"; }
const char* missing_wait::what() const noexcept { return "wait() was not called on the structured_task_group"; }

void throw_exception(exception_id id) {
  switch (id) {
    case exception_id::bad_alloc:
      throw std::bad_alloc();
    case exception_id::bad_last_alloc:
      throw bad_last_alloc();
    case exception_id::user_abort:
      throw user_abort();
    case exception_id::nonpositive_step:
      throw std::invalid_argument("Step must be positive");
    case exception_id::out_of_range:
      throw std::out_of_range("Index out of requested size range");
    case exception_id::reservation_length_error:
      throw std::length_error("Attempt to exceed implementation defined length limits");
    case exception_id::missing_wait:
      throw missing_wait();
    case exception_id::invalid_load_factor:
      throw std::out_of_range("Invalid hash load factor");
    case exception_id::invalid_key:
      throw std::out_of_range("invalid key");
    case exception_id::bad_tagged_msg_cast:
      throw std::runtime_error("Illegal tagged_msg cast");
    case exception_id::unsafe_wait:
      throw unsafe_wait("Unsafe to wait further");
    case exception_id::last_entry:
      break;
  }
  throw std::logic_error("preempt::tbb: an exception id that this interface does not know");
}

void assertion_failure(const char* location, int line, const char* expression, const char* comment) {
  std::fprintf(stderr, "Assertion %s failed (located in the %s function, line in file: %d)\n", expression, location,
               line);
  if (comment != nullptr) std::fprintf(stderr, "Detailed description: %s\n", comment);
  std::fflush(stderr);
  std::abort();
}

}  // namespace tbb::detail::r1
