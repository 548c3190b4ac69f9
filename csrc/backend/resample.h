// Resampling along an axis, as devices are given it: linear maps in which each target takes a few sources.
#pragma once
#include "backend/pad_problem.h"

namespace tw {

// THE list of them.
enum class Resampling : uint8_t { nearest, nearest_exact, linear, cubic, area, smooth_linear, smooth_cubic, padding };

// `scale`: targets for each source, or 0: what the lengths say. `corners`: the first and the last element stay where
// they are. The other members are of `padding`.
struct ResamplingRule {
  Resampling kind;
  double scale;
  bool corners;
  PadMode mode;
  int64_t before;
};

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
