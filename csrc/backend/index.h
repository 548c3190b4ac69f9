// Picking elements by position, as devices are given it. Every index (integer arrays on any axes, masks,
// take_along_axis) comes down to one list of offsets.
#pragma once
#include "backend/view.h"

namespace tw {

// The elements rest[p.., q..] shifted by each offset, and the array of the picked ones, which has an axis of `count`
// more, at `at`.
struct PickProblem {
  DType dtype;
  Dims shape;  // of rest
  View rest;
  int at;
  int64_t count;
  const int64_t* offsets;  // in elements
  View picked;             // strides of the shape with the additional axis
};

// offsets[j] (+)= position(index[j]) * stride + sum over the axes of j's position * steps, with j in C order of shape.
// Negative indices count from `extent`. Gives the first j whose index is outside [-extent, extent), or -1.
struct OffsetsProblem {
  Dims shape;
  View index;  // integers
  int64_t extent, stride;
  Dims steps;  // of the axes; () where all are 0
  bool accumulate;
  int64_t* offsets;
};

// step times the position of each true entry, in order. Counted first, so that there is memory for them: kCounted
// entries at a time are counted into before[1], before[2], .., and before[i] ends as the sum of those up to i.
struct MaskProblem {
  static constexpr int64_t kCounted = 65536;
  const bool* mask;
  int64_t count, step;
  int64_t* before;   // (count + kCounted - 1) / kCounted + 1 of them
  int64_t* offsets;  // of the second pass
};

// positions[axis][j]: where flat[j] lies along each axis of shape, in C order.
struct UnravelProblem {
  Dims shape;
  int64_t count;
  const int64_t* flat;
  int64_t* positions[kMaxDims];
};

}  // namespace tw
