// Sources: sched_setaffinity(2), proc(5) for mountinfo, cgroups(7), the kernel's admin-guide/cgroup-v2.rst and
// scheduler/sched-bwc.rst.
#include "os/cpus.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace preempt::os {
namespace {

enum class CgroupVersion { kV1, kV2 };

// A line of /proc/self/mountinfo that is about cpu quotas.
struct CgroupMount {
  CgroupVersion version;
  std::string root;   // the cgroup that is visible at `point`
  std::string point;  // where it is mounted
};

// Nothing if it cannot be opened or read.
std::optional<std::string> read_file(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return std::nullopt;
  std::string text;
  char buffer[4096];
  ssize_t size;
  while ((size = read(file, buffer, sizeof(buffer))) != 0) {
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) break;
    text.append(buffer, static_cast<std::size_t>(size));
  }
  close(file);
  if (size < 0) return std::nullopt;
  return text;
}

std::vector<absl::string_view> lines_of(absl::string_view text) {
  return absl::StrSplit(text, '\n', absl::SkipEmpty());
}

bool has_cpu(absl::string_view comma_list) {
  const std::vector<absl::string_view> names = absl::StrSplit(comma_list, ',');
  return std::find(names.begin(), names.end(), "cpu") != names.end();
}

bool is_octal(char c) { return '0' <= c && c <= '7'; }

// The kernel writes blanks and backslashes of a path as \ooo.
std::string unescape(absl::string_view text) {
  std::string path;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size() && is_octal(text[i + 1]) && is_octal(text[i + 2]) &&
        is_octal(text[i + 3])) {
      path += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
      i += 3;
    } else {
      path += text[i];
    }
  }
  return path;
}

// "36 35 98:0 /root /point rw,noatime optional... - type source super,options"
std::optional<CgroupMount> parse_mount(absl::string_view line) {
  const std::vector<absl::string_view> fields = absl::StrSplit(line, ' ');
  constexpr std::size_t kRoot = 3, kPoint = 4, kFirstOptional = 6;
  if (fields.size() < kFirstOptional) return std::nullopt;
  const auto separator = std::find(fields.begin() + kFirstOptional, fields.end(), "-");
  if (fields.end() - separator < 4) return std::nullopt;
  const absl::string_view type = separator[1], super_options = separator[3];
  const bool v2 = type == "cgroup2";
  if (!v2 && !(type == "cgroup" && has_cpu(super_options))) return std::nullopt;
  return CgroupMount{v2 ? CgroupVersion::kV2 : CgroupVersion::kV1, unescape(fields[kRoot]), unescape(fields[kPoint])};
}

// The process's cgroup of that version from "id:controllers:path" lines; v2 has id 0 and no controllers.
std::optional<std::string> find_cgroup(absl::string_view self_cgroup, CgroupVersion version) {
  for (const absl::string_view line : lines_of(self_cgroup)) {
    const std::vector<absl::string_view> fields = absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (fields.size() != 3) continue;
    const bool found = version == CgroupVersion::kV2 ? fields[0] == "0" && fields[1].empty() : has_cpu(fields[1]);
    if (found) return std::string(fields[2]);
  }
  return std::nullopt;
}

// Where `cgroup` is below a mount that shows `root`: "" or "/a/b". Nothing when that mount does not show it, as in a
// process that was moved out of its cgroup namespace.
std::optional<std::string> path_below(absl::string_view cgroup, absl::string_view root) {
  absl::ConsumeSuffix(&root, "/");
  absl::ConsumeSuffix(&cgroup, "/");
  if (!absl::ConsumePrefix(&cgroup, root)) return std::nullopt;
  if (!cgroup.empty() && cgroup.front() != '/') return std::nullopt;
  const std::vector<absl::string_view> names = absl::StrSplit(cgroup, '/');
  if (std::find(names.begin(), names.end(), "..") != names.end()) return std::nullopt;
  return std::string(cgroup);
}

std::optional<int> to_cpus(absl::string_view quota_text, absl::string_view period_text) {
  std::int64_t quota, period;  // "max" and v1's -1: no limit
  if (!absl::SimpleAtoi(quota_text, &quota) || !absl::SimpleAtoi(period_text, &period)) return std::nullopt;
  if (quota <= 0 || period <= 0) return std::nullopt;
  const std::int64_t cpus = quota / period + (quota % period != 0);
  return static_cast<int>(std::min<std::int64_t>(cpus, std::numeric_limits<int>::max()));
}

std::optional<int> quota_of(const std::string& folder, CgroupVersion version) {
  if (version == CgroupVersion::kV1) {
    const auto quota = read_file(folder + "/cpu.cfs_quota_us");
    const auto period = read_file(folder + "/cpu.cfs_period_us");
    return quota && period ? to_cpus(*quota, *period) : std::nullopt;
  }
  const auto text = read_file(folder + "/cpu.max");
  if (!text) return std::nullopt;
  const std::vector<absl::string_view> words = absl::StrSplit(absl::StripAsciiWhitespace(*text), ' ');
  return words.size() == 2 ? to_cpus(words[0], words[1]) : std::nullopt;
}

void keep_least(std::optional<int>& least, std::optional<int> candidate) {
  if (candidate) least = std::min(least.value_or(*candidate), *candidate);
}

// Of the cgroup at `path` below the mount and of each one above it: the narrowest counts.
std::optional<int> least_quota(const std::string& mount_point, std::string path, CgroupVersion version) {
  std::optional<int> least;
  for (;;) {
    keep_least(least, quota_of(mount_point + path, version));
    if (path.empty()) return least;
    path.resize(path.rfind('/'));
  }
}

}  // namespace

std::optional<int> affinity_cpus(GetAffinity get_affinity) {
  // EINVAL says that the kernel's mask is longer than ours; no kernel has a million cpus.
  for (int cpus = CPU_SETSIZE; cpus <= 1 << 20; cpus *= 2) {
    std::vector<cpu_set_t> mask(static_cast<std::size_t>(cpus / CPU_SETSIZE));
    const std::size_t size = mask.size() * sizeof(cpu_set_t);
    if (get_affinity(0, size, mask.data()) == 0) return CPU_COUNT_S(size, mask.data());
    if (errno != EINVAL) break;
  }
  return std::nullopt;
}

std::optional<int> quota_cpus(const std::string& root) {
  const auto self_cgroup = read_file(root + "/proc/self/cgroup");
  const auto mounts = read_file(root + "/proc/self/mountinfo");
  if (!self_cgroup || !mounts) return std::nullopt;
  std::optional<int> least;
  for (const absl::string_view line : lines_of(*mounts)) {
    const auto mount = parse_mount(line);
    if (!mount) continue;
    const auto cgroup = find_cgroup(*self_cgroup, mount->version);
    if (!cgroup) continue;
    const auto path = path_below(*cgroup, mount->root);
    if (path) keep_least(least, least_quota(absl::StrCat(root, mount->point), *path, mount->version));
  }
  return least;
}

int usable_cpus(const std::string& root, GetAffinity get_affinity) {
  // A seccomp filter may refuse sched_getaffinity.
  const int allowed = affinity_cpus(get_affinity).value_or(static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN)));
  return std::max(1, std::min(allowed, quota_cpus(root).value_or(allowed)));
}

int usable_cpus() { return usable_cpus("", &sched_getaffinity); }

}  // namespace preempt::os
