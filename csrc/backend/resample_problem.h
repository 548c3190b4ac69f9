// THE list of resamplings: linear maps along one axis, in which each target takes a few sources. All that devices need
// to know of one is its matrix, sparse, row by row.
#pragma once
#include "backend/pad_problem.h"

namespace tw {

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

}  // namespace tw
