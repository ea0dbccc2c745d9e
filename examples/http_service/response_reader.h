// Reads one HTTP/1.1 response from pieces of any size.
#ifndef PREEMPT_EXAMPLES_HTTP_SERVICE_RESPONSE_READER_H_
#define PREEMPT_EXAMPLES_HTTP_SERVICE_RESPONSE_READER_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace http_service {

// As much of RFC 9112 as the example's server uses: a response has a Content-Length.
class ResponseReader {
 public:
  enum class State { kHead, kBody, kDone, kMalformed };

  // Takes the next bytes of the connection. Bytes behind the end of the response are an error of the server, since
  // requests are not pipelined: kMalformed.
  State feed(std::string_view bytes);

  // Ready for the next response.
  void reset();

  // True before the first byte of a response.
  bool empty() const { return text_.empty(); }

  // When kDone.
  int status() const { return status_; }
  bool closes() const { return closes_; }
  std::string_view body() const { return std::string_view(text_).substr(body_begin_); }

 private:
  State read_head();
  bool read_field(std::string_view name, std::string_view value);

  State state_ = State::kHead;
  std::string text_;
  std::size_t body_begin_ = 0;
  std::size_t body_size_ = 0;
  bool has_length_ = false;
  int status_ = 0;
  bool closes_ = false;
};

}  // namespace http_service

#endif  // PREEMPT_EXAMPLES_HTTP_SERVICE_RESPONSE_READER_H_
