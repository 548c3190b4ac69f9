// Runs the machine at its peak, for the benchmarks.
#pragma once
#include <cstdint>

namespace tw::cpu {

// `rounds` of kernels().probe on every thread at once; the floating point operations done by all together.
int64_t multiply_add_at_peak(int64_t rounds);

}  // namespace tw::cpu
