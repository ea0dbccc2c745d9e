// What the handlers of the example compute. Nothing here knows of any executor.
#ifndef PREEMPT_EXAMPLES_HTTP_SERVICE_WORK_H_
#define PREEMPT_EXAMPLES_HTTP_SERVICE_WORK_H_

#include <string>

namespace http_service {

// Writes `lines` log lines, parses them again and sums them up: ordinary library code that allocates, uses iostreams,
// std::regex, std::stod (errno) and locales. Same answer for the same `lines`. Some 5 us of computing for a line.
std::string report(int lines);

}  // namespace http_service

#endif  // PREEMPT_EXAMPLES_HTTP_SERVICE_WORK_H_
