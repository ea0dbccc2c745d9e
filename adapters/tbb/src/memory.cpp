// The allocators that the headers import. oneTBB's own runtime takes tbbmalloc where it is installed; this one takes
// the program's malloc, whatever that is.
#include <cstdlib>
#include <limits>

#include "headers.h"

namespace tbb::detail::r1 {
namespace {

constexpr std::size_t kAlignment = max_nfs_size;

}  // namespace

void* cache_aligned_allocate(std::size_t size) {
  if (size > std::numeric_limits<std::size_t>::max() - kAlignment) throw_exception(exception_id::bad_alloc);
  const std::size_t rounded = (size + kAlignment - 1) / kAlignment * kAlignment;
  void* const memory = std::aligned_alloc(kAlignment, rounded != 0 ? rounded : kAlignment);
  if (memory == nullptr) throw_exception(exception_id::bad_alloc);
  return memory;
}

void cache_aligned_deallocate(void* memory) { std::free(memory); }
std::size_t cache_line_size() { return kAlignment; }

void* allocate_memory(std::size_t size) {
  void* const memory = std::malloc(size != 0 ? size : 1);
  if (memory == nullptr) throw_exception(exception_id::bad_alloc);
  return memory;
}

void deallocate_memory(void* memory) { std::free(memory); }
bool is_tbbmalloc_used() { return false; }

}  // namespace tbb::detail::r1
