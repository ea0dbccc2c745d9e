// What a run has measured, as files.
#ifndef PREEMPT_EXAMPLES_HTTP_SERVICE_RESULTS_H_
#define PREEMPT_EXAMPLES_HTTP_SERVICE_RESULTS_H_

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "arrivals.h"
#include "load.h"

namespace http_service {

// Arrivals out of `recorded` are left out of everything here, except failures, which are all told.
struct Run {
  const std::vector<Arrival>& arrivals;
  const LoadResult& result;
  Window recorded;
};

// Writes PREFIX.fast, PREFIX.slow and PREFIX.report: a line for each arrival with the planned arrival and the latency
// in nanoseconds and "answered", "unanswered" or "failed". Throws std::system_error.
void write_latencies(const std::string& prefix, const Run& run);

// Writes lines of a name and a value. Times are in microseconds; percentiles are over answered and unanswered
// requests, since an unanswered one has waited at least the time noted.
void write_summary(std::ostream& out, const Run& run);

}  // namespace http_service

#endif  // PREEMPT_EXAMPLES_HTTP_SERVICE_RESULTS_H_
