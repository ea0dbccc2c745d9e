#include "response_reader.h"

#include <strings.h>

#include <charconv>

namespace http_service {
namespace {

constexpr std::size_t kMaxHead = 16 * 1024;

bool equals_ignoring_case(std::string_view left, std::string_view right) {
  return left.size() == right.size() && strncasecmp(left.data(), right.data(), left.size()) == 0;
}

template <class Number>
bool read_number(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

// Cuts the text up to the next line end off `rest`.
std::string_view take_line(std::string_view& rest) {
  const std::size_t end = rest.find("\r\n");
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 2);
  return line;
}

}  // namespace

ResponseReader::State ResponseReader::feed(std::string_view bytes) {
  if (state_ == State::kDone || state_ == State::kMalformed) return state_ = State::kMalformed;
  text_.append(bytes);
  if (state_ == State::kHead) state_ = read_head();
  if (state_ == State::kBody) {
    const std::size_t read = text_.size() - body_begin_;
    if (read == body_size_) state_ = State::kDone;
    if (read > body_size_) state_ = State::kMalformed;
  }
  return state_;
}

void ResponseReader::reset() {
  state_ = State::kHead;
  text_.clear();
  has_length_ = false;
  closes_ = false;
}

ResponseReader::State ResponseReader::read_head() {
  const std::size_t end = text_.find("\r\n\r\n");
  if (end == std::string::npos) return text_.size() > kMaxHead ? State::kMalformed : State::kHead;
  body_begin_ = end + 4;
  std::string_view rest = std::string_view(text_).substr(0, end);
  const std::string_view status_line = take_line(rest);
  if (!status_line.starts_with("HTTP/1.1 ") || !read_number(status_line.substr(9, 3), status_)) {
    return State::kMalformed;
  }
  while (!rest.empty()) {
    const std::string_view line = take_line(rest);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return State::kMalformed;
    const std::size_t value = line.find_first_not_of(' ', colon + 1);
    if (value != std::string_view::npos && !read_field(line.substr(0, colon), line.substr(value))) {
      return State::kMalformed;
    }
  }
  return has_length_ ? State::kBody : State::kMalformed;
}

bool ResponseReader::read_field(std::string_view name, std::string_view value) {
  if (equals_ignoring_case(name, "content-length")) return has_length_ = read_number(value, body_size_);
  if (equals_ignoring_case(name, "connection")) closes_ = equals_ignoring_case(value, "close");
  return true;
}

}  // namespace http_service
