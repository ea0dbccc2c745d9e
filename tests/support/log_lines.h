// What an executor said through Options::on_log.
#ifndef PREEMPT_TESTS_SUPPORT_LOG_LINES_H_
#define PREEMPT_TESTS_SUPPORT_LOG_LINES_H_

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace preempt::testing {

class LogLines {
 public:
  // For Options::on_log; may outlive this object.
  std::function<void(std::string_view)> sink() const {
    return [state = state_](std::string_view line) {
      const std::lock_guard lock(state->mutex);
      state->lines.emplace_back(line);
    };
  }

  int count(std::string_view part) const {
    const std::lock_guard lock(state_->mutex);
    int result = 0;
    for (const std::string& line : state_->lines) result += line.find(part) != std::string::npos;
    return result;
  }

  // All of them, for the message of a failed assertion.
  std::string text() const {
    const std::lock_guard lock(state_->mutex);
    std::string result;
    for (const std::string& line : state_->lines) result += line + "\n";
    return result;
  }

 private:
  struct State {
    std::mutex mutex;
    std::vector<std::string> lines;
  };

  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace preempt::testing

#endif  // PREEMPT_TESTS_SUPPORT_LOG_LINES_H_
