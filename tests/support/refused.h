// What an error about bad input must say.
#ifndef PREEMPT_TESTS_SUPPORT_REFUSED_H_
#define PREEMPT_TESTS_SUPPORT_REFUSED_H_

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

#include "absl/status/status.h"

namespace preempt::testing {

// `message` has every one of `parts`.
inline void expect_parts(const std::string& message, std::initializer_list<std::string> parts) {
  for (const std::string& part : parts) {
    EXPECT_NE(message.find(part), std::string::npos) << '"' << part << "\" is not in: " << message;
  }
}

// The status is an InvalidArgument whose message has every one of `parts`.
inline void expect_refused(const absl::Status& status, std::initializer_list<std::string> parts) {
  ASSERT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  expect_parts(std::string(status.message()), parts);
}

}  // namespace preempt::testing

#endif  // PREEMPT_TESTS_SUPPORT_REFUSED_H_
