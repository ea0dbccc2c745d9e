// What surrounds the scheduler: memory, the machine as it is seen, versions, tracing.
#include <sys/resource.h>
#include <sys/wait.h>
#include <tbb/cache_aligned_allocator.h>
#include <tbb/global_control.h>
#include <tbb/info.h>
#include <tbb/parallel_for.h>
#include <tbb/profiling.h>
#include <tbb/task_arena.h>
#include <tbb/tbb_allocator.h>
#include <tbb/version.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <limits>
#include <list>
#include <memory_resource>
#include <new>
#include <string>
#include <vector>

#include "program.h"

namespace tbb_programs {
namespace {

bool is_aligned(const void* p, std::uintptr_t alignment) {
  return reinterpret_cast<std::uintptr_t>(p) % alignment == 0;
}

PROGRAM(allocators) {
  tbb::cache_aligned_allocator<char> aligned;
  std::atomic<int> misaligned = 0;
  tbb::parallel_for(0, 200, [&](int i) {
    const std::size_t size = std::size_t(i) * 7 + 1;
    char* p = aligned.allocate(size);
    if (!is_aligned(p, 64)) ++misaligned;
    std::memset(p, i, size);
    aligned.deallocate(p, size);
  });
  std::printf("misaligned %d\n", misaligned.load());
  const std::vector<int, tbb::cache_aligned_allocator<int>> vector(1000, 3);
  std::list<std::string, tbb::tbb_allocator<std::string>> list(100, "text");
  list.remove_if([i = 0](const std::string&) mutable { return i++ % 2 == 0; });
  std::printf("vector %zu %d, list %zu\n", vector.size(), is_aligned(vector.data(), 64), list.size());
  std::printf("equal %d %d\n", tbb::cache_aligned_allocator<int>() == tbb::cache_aligned_allocator<long>(),
              tbb::tbb_allocator<int>() == tbb::tbb_allocator<char>());
  using Type = tbb::tbb_allocator<int>::malloc_type;
  const Type type = tbb::tbb_allocator<int>::allocator_type();
  std::printf("of a known type %d\n", type == Type::scalable || type == Type::standard);
}

PROGRAM(allocator_limits) {
  constexpr std::size_t kMost = std::numeric_limits<std::size_t>::max();
  // No room for the alignment: the sum overflows.
  const std::string text =
      thrown_by([] { static_cast<void>(tbb::cache_aligned_allocator<char>().allocate(kMost - 8)); });
  std::printf("%s\n", text.c_str());
  try {
    static_cast<void>(tbb::cache_aligned_allocator<char>().allocate(kMost - 8));
  } catch (const std::bad_alloc&) {
    std::printf("bad_alloc\n");
  }
}

PROGRAM(allocator_resource) {
  tbb::cache_aligned_resource resource;
  void* p = resource.allocate(100, 128);
  std::printf("aligned %d\n", is_aligned(p, 128));
  resource.deallocate(p, 100, 128);
  std::pmr::vector<int> vector({1, 2, 3}, &resource);
  for (int i = 0; i < 1000; ++i) vector.push_back(i);
  std::printf("elements %zu, upstream %d\n", vector.size(), resource.upstream_resource() != nullptr);
}

PROGRAM(information) {
  const std::vector<tbb::numa_node_id> nodes = tbb::info::numa_nodes();
  std::printf("nodes %d\n", !nodes.empty());
  int sum = 0;
  for (const tbb::numa_node_id node : nodes) sum += tbb::info::default_concurrency(node);
  std::printf("of the nodes together %d\n", sum == tbb::info::default_concurrency());
  std::printf("concurrency %d\n", tbb::info::default_concurrency() > 0);
  const std::vector<tbb::core_type_id> types = tbb::info::core_types();
  std::printf("core types %d\n", !types.empty());
  using Constraints = tbb::task_arena::constraints;
  std::printf("constrained %d %d\n", tbb::info::default_concurrency(Constraints{}.set_max_concurrency(3)),
              tbb::info::default_concurrency(Constraints{}) == tbb::info::default_concurrency());
  const Constraints of_node = Constraints{}.set_numa_id(nodes.front());
  std::printf("of a node %d\n", tbb::info::default_concurrency(of_node) <= tbb::info::default_concurrency());
  const Constraints of_type = Constraints{}.set_core_type(types.back());
  std::printf("of a core type %d\n", tbb::info::default_concurrency(of_type) <= tbb::info::default_concurrency());
  const Constraints one_each = Constraints{}.set_max_threads_per_core(1);
  std::printf("one for each core %d\n", tbb::info::default_concurrency(one_each) > 0);
  std::printf("threads for each core %d\n", tbb::detail::r1::constraints_threads_per_core(Constraints{}) != 0);
  for (const Constraints& constraints : {of_node, of_type, one_each}) {
    tbb::task_arena arena(constraints);
    std::atomic<int> ran = 0;
    arena.execute([&] { tbb::parallel_for(0, 100, [&](int) { ++ran; }); });
    std::printf("ran %d, concurrency %d\n", ran.load(),
                arena.max_concurrency() == tbb::info::default_concurrency(constraints));
  }
}

PROGRAM(versions) {
  std::printf("interface %d\n", TBB_runtime_interface_version() >= TBB_INTERFACE_VERSION);
  std::printf("text %d\n", std::strlen(TBB_runtime_version()) > 0);
}

PROGRAM(tracing_without_collector) {
  // What the headers call in code built for tracing. No collector is there: nothing happens.
  namespace d1 = tbb::detail::d1;
  namespace r1 = tbb::detail::r1;
  int object = 0;
  int parent = 0;
  for (const auto domain : {d1::ITT_DOMAIN_FLOW, d1::ITT_DOMAIN_MAIN, d1::ITT_DOMAIN_ALGO}) {
    r1::itt_make_task_group(domain, &object, 0, &parent, 0, tbb::detail::ALGORITHM);
    r1::itt_task_begin(domain, &object, 0, &parent, 0, tbb::detail::ALGORITHM);
    r1::itt_task_end(domain);
    r1::itt_region_begin(domain, &object, 0, &parent, 0, tbb::detail::ALGORITHM);
    r1::itt_region_end(domain, &object, 0);
    r1::itt_metadata_str_add(domain, &object, 0, tbb::detail::ALGORITHM, "value");
    r1::itt_metadata_ptr_add(domain, &object, 0, tbb::detail::ALGORITHM, &parent);
    r1::itt_relation_add(domain, &object, 0, tbb::detail::__itt_relation_is_parent_of, &parent, 0);
  }
  r1::create_itt_sync(&object, "type", "name");
  r1::itt_set_sync_name(&object, "other name");
  for (const int type : {int(d1::prepare), int(d1::cancel), int(d1::acquired), int(d1::releasing), int(d1::destroy)}) {
    r1::call_itt_notify(type, &object);
  }
  tbb::profiling::event::emit("an event");
  std::printf("done %d\n", object + parent);
}

PROGRAM(assertion_aborts) {
  // A parallelism of nothing is refused by an assertion that release builds have too. In a process of its own.
  int ends[2];
  if (pipe(ends) != 0) return;
  const pid_t child = fork();
  if (child == 0) {
    const rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    std::signal(SIGABRT, SIG_DFL);
    dup2(ends[1], STDERR_FILENO);
    const tbb::global_control control(tbb::global_control::max_allowed_parallelism, 0);
    _exit(0);
  }
  close(ends[1]);
  std::string text;
  char buffer[256];
  for (ssize_t n = 0; (n = read(ends[0], buffer, sizeof(buffer))) > 0;) text.append(buffer, n);
  int status = 0;
  waitpid(child, &status, 0);
  std::printf("aborted %d\n", WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
  std::printf("names the condition %d\n", text.find("my_value>0") != std::string::npos);
  std::printf("names the reason %d\n", text.find("max_allowed_parallelism cannot be 0.") != std::string::npos);
}

}  // namespace
}  // namespace tbb_programs
