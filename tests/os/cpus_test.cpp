#include "os/cpus.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace preempt::os {
namespace {

// Files below a folder that stands for "/".
class FakeRoot {
 public:
  FakeRoot() {
    char folder[] = "/tmp/cpus_test_XXXXXX";
    if (mkdtemp(folder) == nullptr) throw std::runtime_error("no folder in /tmp");
    path_ = folder;
  }
  ~FakeRoot() { std::filesystem::remove_all(path_); }
  FakeRoot(const FakeRoot&) = delete;
  FakeRoot& operator=(const FakeRoot&) = delete;

  void write(const std::string& path, const std::string& text) {
    const std::filesystem::path file = path_ + path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

using Files = std::vector<std::pair<std::string, std::string>>;

struct Case {
  const char* what;
  std::string cgroup;     // /proc/self/cgroup
  std::string mountinfo;  // /proc/self/mountinfo
  Files files;
  std::optional<int> cpus;
};

std::optional<int> quota_of(const Case& c) {
  FakeRoot root;
  root.write("/proc/self/cgroup", c.cgroup);
  root.write("/proc/self/mountinfo", c.mountinfo);
  for (const auto& [path, text] : c.files) root.write(path, text);
  return quota_cpus(root.path());
}

void check(const std::vector<Case>& cases) {
  for (const Case& c : cases) EXPECT_EQ(quota_of(c), c.cpus) << c.what;
}

const std::string kV2 = "30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
const std::string kV1 = "33 24 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:9 - cgroup cgroup rw,cpu,cpuacct\n";
const std::string kV1Memory = "34 24 0:30 / /sys/fs/cgroup/memory rw shared:10 - cgroup cgroup rw,memory\n";
const std::string kV1Cpuset = "35 24 0:31 / /sys/fs/cgroup/cpuset rw shared:11 - cgroup cgroup rw,cpuset\n";
const std::string kOther =
    "22 27 0:21 / /proc rw,relatime - proc proc rw\n23 27 0:22 / /sys rw shared:7 - sysfs sysfs rw\n";

Files v1_limit(const std::string& folder, const std::string& quota, const std::string& period) {
  return {{folder + "/cpu.cfs_quota_us", quota + "\n"}, {folder + "/cpu.cfs_period_us", period + "\n"}};
}

Case v2_limit(const char* what, const std::string& text, std::optional<int> cpus) {
  return {what, "0::/\n", kV2, {{"/sys/fs/cgroup/cpu.max", text}}, cpus};
}

TEST(QuotaV2, IsRoundedUp) {
  check({
      v2_limit("no limit", "max 100000\n", std::nullopt),
      v2_limit("whole", "200000 100000\n", 2),
      v2_limit("a little more", "200001 100000\n", 3),
      v2_limit("a little less", "199999 100000\n", 2),
      v2_limit("one", "100000 100000\n", 1),
      v2_limit("the least", "1000 1000000\n", 1),
      v2_limit("another period", "75000 50000\n", 2),
      v2_limit("no newline", "300000 100000", 3),
      v2_limit("more than an int", "9223372036854775807 1\n", std::numeric_limits<int>::max()),
  });
}

TEST(QuotaV2, WhatCannotBeReadIsNoLimit) {
  check({
      v2_limit("empty", "", std::nullopt),
      v2_limit("one word", "200000\n", std::nullopt),
      v2_limit("three words", "200000 100000 1\n", std::nullopt),
      v2_limit("no number", "two 100000\n", std::nullopt),
      v2_limit("no period", "200000 0\n", std::nullopt),
      v2_limit("no quota", "0 100000\n", std::nullopt),
      v2_limit("negative", "-200000 100000\n", std::nullopt),
      v2_limit("too long", "99999999999999999999 100000\n", std::nullopt),
  });
}

TEST(QuotaV2, TheNarrowestOfThePathToTheRootCounts) {
  const std::string cgroup = "0::/system.slice/service/worker\n";
  const std::string base = "/sys/fs/cgroup/system.slice";
  check({
      {"own", cgroup, kV2, {{base + "/service/worker/cpu.max", "300000 100000\n"}}, 3},
      {"parent", cgroup, kV2, {{base + "/service/cpu.max", "400000 100000\n"}}, 4},
      {"first folder", cgroup, kV2, {{base + "/cpu.max", "500000 100000\n"}}, 5},
      {"root", cgroup, kV2, {{"/sys/fs/cgroup/cpu.max", "600000 100000\n"}}, 6},
      {"a child's does not", cgroup, kV2, {{base + "/service/worker/child/cpu.max", "100000 100000\n"}}, std::nullopt},
      {"a sibling's does not", cgroup, kV2, {{base + "/service/other/cpu.max", "100000 100000\n"}}, std::nullopt},
      {"own is narrower",
       cgroup,
       kV2,
       {{base + "/service/worker/cpu.max", "200000 100000\n"}, {base + "/cpu.max", "800000 100000\n"}},
       2},
      {"parent is narrower",
       cgroup,
       kV2,
       {{base + "/service/worker/cpu.max", "800000 100000\n"}, {base + "/cpu.max", "150000 100000\n"}},
       2},
      {"own has none",
       cgroup,
       kV2,
       {{base + "/service/worker/cpu.max", "max 100000\n"}, {base + "/cpu.max", "700000 100000\n"}},
       7},
  });
}

TEST(QuotaV1, IsRoundedUp) {
  const std::string folder = "/sys/fs/cgroup/cpu,cpuacct";
  check({
      {"no limit", "4:cpu,cpuacct:/\n", kV1, v1_limit(folder, "-1", "100000"), std::nullopt},
      {"whole", "4:cpu,cpuacct:/\n", kV1, v1_limit(folder, "400000", "100000"), 4},
      {"part", "4:cpu,cpuacct:/\n", kV1, v1_limit(folder, "50000", "100000"), 1},
      {"part more", "4:cpu,cpuacct:/\n", kV1, v1_limit(folder, "150000", "100000"), 2},
      {"no period", "4:cpu,cpuacct:/\n", kV1, {{folder + "/cpu.cfs_quota_us", "400000\n"}}, std::nullopt},
      {"parent is narrower", "4:cpu,cpuacct:/a/b\n", kV1,
       [&] {
         Files files = v1_limit(folder + "/a/b", "400000", "100000");
         for (auto& file : v1_limit(folder + "/a", "300000", "100000")) files.push_back(file);
         return files;
       }(),
       3},
  });
}

TEST(QuotaV1, OnlyTheCpuControllerCounts) {
  check({
      {"memory's folder has no say", "9:memory:/\n4:cpu:/x\n", kV1Memory,
       v1_limit("/sys/fs/cgroup/memory", "100000", "100000"), std::nullopt},
      {"nor cpuset's", "9:cpuset:/\n4:cpu:/x\n", kV1Cpuset, v1_limit("/sys/fs/cgroup/cpuset", "100000", "100000"),
       std::nullopt},
      {"cpuset and cpuacct are not cpu", "9:cpuset:/a\n3:cpuacct:/b\n", kV1,
       v1_limit("/sys/fs/cgroup/cpu,cpuacct/a", "100000", "100000"), std::nullopt},
      {"cpu among others", "9:memory:/m\n4:cpuacct,cpu:/x\n0::/u\n", kOther + kV1Memory + kV1,
       v1_limit("/sys/fs/cgroup/cpu,cpuacct/x", "200000", "100000"), 2},
  });
}

TEST(Quota, BothVersionsMounted) {
  const std::string unified = "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";
  Files v1_narrower = v1_limit("/sys/fs/cgroup/cpu,cpuacct/x", "200000", "100000");
  v1_narrower.push_back({"/sys/fs/cgroup/unified/y/cpu.max", "300000 100000\n"});
  Files v2_narrower = v1_limit("/sys/fs/cgroup/cpu,cpuacct/x", "500000", "100000");
  v2_narrower.push_back({"/sys/fs/cgroup/unified/y/cpu.max", "300000 100000\n"});
  const std::string cgroup = "4:cpu,cpuacct:/x\n0::/y\n";
  check({
      {"v1 is narrower", cgroup, kOther + kV1 + unified, v1_narrower, 2},
      {"v2 is narrower", cgroup, kOther + unified + kV1, v2_narrower, 3},
  });
}

TEST(Quota, WhatTheMountShows) {
  const auto v2_at = [](const std::string& root, const std::string& point) {
    return "30 24 0:26 " + root + " " + point + " rw - cgroup2 cgroup2 rw\n";
  };
  const Files at_mount = {{"/sys/fs/cgroup/cpu.max", "200000 100000\n"}};
  check({
      {"a container's own cgroup", "0::/docker/abc\n", v2_at("/docker/abc", "/sys/fs/cgroup"), at_mount, 2},
      {"below a container's cgroup",
       "0::/docker/abc/sub\n",
       v2_at("/docker/abc", "/sys/fs/cgroup"),
       {{"/sys/fs/cgroup/sub/cpu.max", "100000 100000\n"}},
       1},
      {"another cgroup", "0::/docker/def\n", v2_at("/docker/abc", "/sys/fs/cgroup"), at_mount, std::nullopt},
      {"a longer name", "0::/docker/abcd\n", v2_at("/docker/abc", "/sys/fs/cgroup"), at_mount, std::nullopt},
      {"outside the namespace", "0::/../other\n", v2_at("/", "/sys/fs/cgroup"), at_mount, std::nullopt},
      {"both outside the namespace",
       "0::/../other\n",
       v2_at("/..", "/sys/fs/cgroup"),
       {{"/sys/fs/cgroup/other/cpu.max", "300000 100000\n"}},
       3},
      {"of two mounts the one that shows it",
       "0::/b\n",
       v2_at("/a", "/mnt/a") + v2_at("/b", "/mnt/b"),
       {{"/mnt/a/cpu.max", "100000 100000\n"}, {"/mnt/b/cpu.max", "400000 100000\n"}},
       4},
      {"blanks and backslashes are escaped",
       "0::/\n",
       v2_at("/", "/mnt/a\\040b\\134c"),
       {{"/mnt/a b\\c/cpu.max", "500000 100000\n"}},
       5},
      {"a colon in the name", "0::/a:b\n", kV2, {{"/sys/fs/cgroup/a:b/cpu.max", "600000 100000\n"}}, 6},
      {"a cgroup that is gone: those above it",
       "0::/a/b (deleted)\n",
       kV2,
       {{"/sys/fs/cgroup/a/cpu.max", "700000 100000\n"}},
       7},
  });
}

TEST(Quota, LinesThatCannotBeRead) {
  const Files files = {{"/sys/fs/cgroup/cpu.max", "200000 100000\n"}};
  check({
      {"no mounts", "0::/\n", "", files, std::nullopt},
      {"no cgroup", "", kV2, files, std::nullopt},
      {"cut lines", "0:\n0\n:\n", "30\n30 24 0:26 /\n- - - - - - -\n\n", files, std::nullopt},
      {"good ones among bad ones", "x\n0:\n0::/\n", "30 24\n- - - - - - - - -\n" + kV2, files, 2},
      {"no optional field", "0::/\n", "30 24 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", files, 2},
      {"several optional fields", "0::/\n",
       "30 24 0:26 / /sys/fs/cgroup rw shared:1 master:2 propagate_from:3 - cgroup2 cgroup2 rw\n", files, 2},
      {"no source", "0::/\n", "30 24 0:26 / /sys/fs/cgroup rw -  cgroup2 rw\n", files, std::nullopt},
      {"an empty source", "0::/\n", "30 24 0:26 / /sys/fs/cgroup rw - cgroup2  rw\n", files, 2},
      {"escape at the end", "0::/\n", "30 24 0:26 / /sys/fs/cgroup\\04 rw - cgroup2 cgroup2 rw\n", files, std::nullopt},
  });
}

TEST(Quota, MoreMountsThanOneRead) {
  std::string mounts;
  for (int i = 0; i < 1000; ++i) mounts += kOther;
  check({{"the last line counts", "0::/\n", mounts + kV2, {{"/sys/fs/cgroup/cpu.max", "200000 100000\n"}}, 2}});
}

TEST(Quota, NoProc) {
  FakeRoot root;
  EXPECT_EQ(quota_cpus(root.path()), std::nullopt);
  root.write("/proc/self/cgroup", "0::/\n");
  EXPECT_EQ(quota_cpus(root.path()), std::nullopt);
  // A folder in place of a file opens but cannot be read.
  std::filesystem::create_directories(root.path() + "/proc/self/mountinfo");
  EXPECT_EQ(quota_cpus(root.path()), std::nullopt);
}

TEST(Affinity, IsThatOfTheThread) {
  cpu_set_t before;
  ASSERT_EQ(sched_getaffinity(0, sizeof(before), &before), 0);
  EXPECT_EQ(affinity_cpus(&sched_getaffinity), CPU_COUNT(&before));

  int first = 0;
  while (!CPU_ISSET(first, &before)) ++first;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(first, &one);
  ASSERT_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
  EXPECT_EQ(affinity_cpus(&sched_getaffinity), 1);
  EXPECT_EQ(usable_cpus(), 1);
  ASSERT_EQ(sched_setaffinity(0, sizeof(before), &before), 0);
}

// A kernel for 4096 cpus, of which every other one is allowed.
int large_machine(pid_t, std::size_t size, cpu_set_t* cpus) {
  constexpr int kCpus = 4096;
  if (size < kCpus / 8) {
    errno = EINVAL;
    return -1;
  }
  CPU_ZERO_S(size, cpus);
  for (int cpu = 0; cpu < kCpus; cpu += 2) CPU_SET_S(cpu, size, cpus);
  return 0;
}

int calls = 0;

int never_long_enough(pid_t, std::size_t, cpu_set_t*) {
  ++calls;
  errno = EINVAL;
  return -1;
}

int forbidden(pid_t, std::size_t, cpu_set_t*) {
  ++calls;
  errno = EPERM;
  return -1;
}

TEST(Affinity, MoreCpusThanACpuSetHolds) { EXPECT_EQ(affinity_cpus(&large_machine), 2048); }

TEST(Affinity, GivesUp) {
  calls = 0;
  EXPECT_EQ(affinity_cpus(&never_long_enough), std::nullopt);
  EXPECT_GT(calls, 1);
  EXPECT_LT(calls, 100);
  calls = 0;
  EXPECT_EQ(affinity_cpus(&forbidden), std::nullopt);
  EXPECT_EQ(calls, 1);
}

int three_cpus(pid_t, std::size_t size, cpu_set_t* cpus) {
  CPU_ZERO_S(size, cpus);
  for (const int cpu : {1, 5, 1000}) CPU_SET_S(cpu, size, cpus);
  return 0;
}

int no_cpus(pid_t, std::size_t size, cpu_set_t* cpus) {
  CPU_ZERO_S(size, cpus);
  return 0;
}

TEST(UsableCpus, TheSmallerOfAffinityAndQuota) {
  FakeRoot root;
  EXPECT_EQ(usable_cpus(root.path(), &three_cpus), 3);
  root.write("/proc/self/cgroup", "0::/\n");
  root.write("/proc/self/mountinfo", kV2);
  root.write("/sys/fs/cgroup/cpu.max", "150000 100000\n");
  EXPECT_EQ(usable_cpus(root.path(), &three_cpus), 2);
  root.write("/sys/fs/cgroup/cpu.max", "900000 100000\n");
  EXPECT_EQ(usable_cpus(root.path(), &three_cpus), 3);
  root.write("/sys/fs/cgroup/cpu.max", "max 100000\n");
  EXPECT_EQ(usable_cpus(root.path(), &three_cpus), 3);
}

TEST(UsableCpus, AtLeastOne) {
  FakeRoot root;
  EXPECT_EQ(usable_cpus(root.path(), &no_cpus), 1);
}

TEST(UsableCpus, WithoutAffinityTheOnlineCpus) {
  FakeRoot root;
  EXPECT_EQ(usable_cpus(root.path(), &forbidden), sysconf(_SC_NPROCESSORS_ONLN));
}

TEST(UsableCpus, OfThisMachine) {
  EXPECT_GE(usable_cpus(), 1);
  EXPECT_LE(usable_cpus(), sysconf(_SC_NPROCESSORS_CONF));
}

}  // namespace
}  // namespace preempt::os
