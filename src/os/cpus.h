// How many cpus this process may use. Reads /proc and the cgroup file system and allocates: for constructors.
#ifndef PREEMPT_OS_CPUS_H_
#define PREEMPT_OS_CPUS_H_

#include <sched.h>
#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string>

namespace preempt::os {

// The smaller of the calling thread's affinity and the cgroup quota; at least 1.
int usable_cpus();

// The parts of it, with the system replaceable by a test.

// As sched_getaffinity(2).
using GetAffinity = int (*)(pid_t thread, std::size_t size, cpu_set_t* cpus);

// `root` is put in front of the path of each file.
int usable_cpus(const std::string& root, GetAffinity get_affinity);

// Cpus in the calling thread's mask; nothing when the system does not say.
std::optional<int> affinity_cpus(GetAffinity get_affinity);

// The least quota of the process's cgroup and those above it, rounded up to cpus and at least 1; nothing when there is
// none. cgroup v2 (cpu.max) and v1 (cpu.cfs_quota_us), also mounted side by side.
std::optional<int> quota_cpus(const std::string& root);

}  // namespace preempt::os

#endif  // PREEMPT_OS_CPUS_H_
