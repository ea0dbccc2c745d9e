#include "participant.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <string_view>

namespace tbb::detail::r1 {

void participant::become(presence what) {
  kind = what;
  thread.store(gettid(), std::memory_order_relaxed);
}

// The state is the letter behind the name, which is in parentheses and may have some itself: proc(5).
bool participant::is_asleep() const {
  char path[64];
  std::snprintf(path, sizeof path, "/proc/self/task/%d/stat", thread.load(std::memory_order_relaxed));
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  char text[128];
  const ssize_t size = read(file, text, sizeof text);
  close(file);
  if (size <= 0) return false;
  const std::string_view line(text, static_cast<std::size_t>(size));
  const std::size_t name_end = line.rfind(") ");
  if (name_end == std::string_view::npos || name_end + 2 >= line.size()) return false;
  const char state = line[name_end + 2];
  return state == 'S' || state == 'D';
}

}  // namespace tbb::detail::r1
