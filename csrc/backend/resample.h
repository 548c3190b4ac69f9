// Resampling along an axis, as devices are given it.
#pragma once
#include "backend/resample_problem.h"

namespace tw {

// y[o, j, c] = sum over i of M[j, i] x[o, i, c], where the rule gives M for `sources` and `targets`; or, where
// `adjoint`, y[o, i, c] = sum over j of M[j, i] x[o, j, c]. Arrays are contiguous, outer x length x inner, of float32
// or float64; sources and targets are not 0.
struct ResampleProblem {
  DType dtype;
  ResamplingRule rule;
  bool adjoint;
  int64_t outer, sources, targets, inner;
  const char* x;
  char* y;
};

}  // namespace tw
