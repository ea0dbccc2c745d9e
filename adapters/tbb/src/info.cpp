// What the machine is: one node, one type of cores. oneTBB knows more where its tbbbind library and hwloc are
// installed; without them it says the same.
#include <algorithm>

#include "headers.h"
#include "runtime.h"

namespace tbb::detail::r1 {
namespace {

constexpr int kAny = -1;

}  // namespace

unsigned numa_node_count() { return 1; }
void fill_numa_indices(int* indices) { indices[0] = kAny; }
int numa_default_concurrency(int) { return runtime::default_concurrency(); }

unsigned core_type_count(std::intptr_t) { return 1; }
void fill_core_type_indices(int* indices, std::intptr_t) { indices[0] = kAny; }

int constraints_default_concurrency(const d1::constraints& wanted, std::intptr_t) {
  return wanted.max_concurrency > 0 ? wanted.max_concurrency : runtime::default_concurrency();
}
int constraints_threads_per_core(const d1::constraints&, std::intptr_t) { return kAny; }

}  // namespace tbb::detail::r1
