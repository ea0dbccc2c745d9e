// The model's constants on this machine.
#ifndef PREEMPT_BENCH_MODEL_MEASURE_H_
#define PREEMPT_BENCH_MODEL_MEASURE_H_

#include "model/machine.h"

namespace preempt::bench::model {

// Measures what two cpus are enough to measure; what is not measured keeps its default. Takes about two seconds.
Costs measure_costs();

}  // namespace preempt::bench::model

#endif  // PREEMPT_BENCH_MODEL_MEASURE_H_
