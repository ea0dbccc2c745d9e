// What the handlers of the example compute. Nothing here knows of any executor.
#ifndef PREEMPT_EXAMPLES_HTTP_SERVICE_WORK_H_
#define PREEMPT_EXAMPLES_HTTP_SERVICE_WORK_H_

#include <cstdint>
#include <string>

namespace http_service {

// `rounds` dependent integer operations, about a nanosecond each: no memory, no call, no lock. Same answer for the
// same `rounds`.
std::uint64_t compute(std::uint64_t rounds);

// How many rounds take a microsecond of this thread's cpu time on an undisturbed cpu. Takes about 100 ms.
double measure_rounds_per_us();

// Writes `lines` log lines, parses them again and sums them up: ordinary library code that allocates, uses iostreams,
// std::regex, std::stod (errno) and locales. Same answer for the same `lines`. Some 5 us of computing for a line.
std::string report(int lines);

}  // namespace http_service

#endif  // PREEMPT_EXAMPLES_HTTP_SERVICE_WORK_H_
