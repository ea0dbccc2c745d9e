// The mixtures of the tail benchmark, by name.
#ifndef PREEMPT_BENCH_TAIL_MIXTURES_H_
#define PREEMPT_BENCH_TAIL_MIXTURES_H_

#include <optional>
#include <string>
#include <vector>

#include "mixture.h"

namespace preempt::bench {

// bimodal, bimodal2, half, exponential, lognormal
std::vector<std::string> mixture_names();

// Nothing for a name that there is not.
std::optional<Mixture> mixture_named(const std::string& name);

// Of classes given as SHARE:WORK, such as 0.99:50us. Throws std::invalid_argument, with a message for the user.
Mixture mixture_of(const std::vector<std::string>& classes);

}  // namespace preempt::bench

#endif  // PREEMPT_BENCH_TAIL_MIXTURES_H_
