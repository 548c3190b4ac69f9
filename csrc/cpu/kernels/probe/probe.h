// What the machine can do at most, for the benchmarks to hold the other kernels against.
#pragma once
#include "core/dtype.h"

namespace tw {

struct ProbeKernels {
  // `rounds` multiply-adds of each of 12 independent registers, starting from and ending in sink[0..11], so that
  // neither latency nor memory limits it. Gives the number of floating point operations.
  int64_t (*multiply_add_f32)(int64_t rounds, float* sink);
};

}  // namespace tw
