// Picking elements by position, as devices are given it. Keys and take() come down to one list of offsets; along one
// axis, an index of the result's shape is read as it lies.
#pragma once
#include "backend/operands.h"
#include "backend/view.h"

namespace tw {

// The elements rest[p.., q..] shifted by each offset, and the array of the picked ones, which has an axis of `count`
// more, at `at`. scatter_add adds nothing at the offset `left_out`.
struct PickProblem {
  static constexpr int64_t kNone = INT64_MIN;
  DType dtype;
  Dims shape;  // of rest
  View rest;
  int at;
  int64_t count;
  const int64_t* offsets;  // in elements
  View picked;             // strides of the shape with the additional axis
  int64_t left_out = kNone;
};

// x[.., index[..], ..] with the index in the place of `axis`: the elements of x that each entry of the index names. x
// has steps along the index's axes, and along `axis` from position to position. Negative indices count from `extent`.
// What works on this gives the first entry, in C order, whose index is outside [-extent, extent), or -1.
struct AlongProblem {
  DType dtype;
  Dims shape;  // of the index; at least one axis
  int axis;
  int64_t extent;  // of x along the axis
  View x, index, picked;
};

// out[i, c] = the bytes of one where c == classes[i], else 0: rows of `classes_count` items. Gives the first i whose
// class is outside [0, classes_count), or -1.
struct OneHotProblem {
  int64_t count, classes_count;
  const int64_t* classes;
  int64_t itemsize;
  char one[16];
  char* out;
};

// offsets[j] (+)= position(index[j]) * stride. Negative indices count from `extent`. Gives the first j whose index is
// outside [-extent, extent), or -1.
struct OffsetsProblem {
  int64_t count;
  View index;  // integers, of one axis
  int64_t extent, stride;
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

template <class F>
void operands(PickProblem& p, F f, Way way) {
  f(Access::reads, p.offsets);
  f(way == Way::out ? Access::reads : Access::updates, p.rest.data);
  f(way == Way::out ? Access::writes : Access::reads, p.picked.data);
}
template <class F>
void operands(AlongProblem& p, F f, Way way) {
  f(Access::reads, p.index.data);
  f(way == Way::out ? Access::reads : Access::updates, p.x.data);
  f(way == Way::out ? Access::writes : Access::reads, p.picked.data);
}
template <class F>
void operands(OneHotProblem& p, F f) {
  f(Access::reads, p.classes);
  f(Access::writes, p.out);
}
template <class F>
void operands(OffsetsProblem& p, F f) {
  f(Access::reads, p.index.data);
  f(p.accumulate ? Access::updates : Access::writes, p.offsets);
}
template <class F>
void operands(MaskProblem& p, F f) {
  f(Access::reads, p.mask);
  f(p.offsets ? Access::reads : Access::writes, p.before);
  f(Access::writes, p.offsets);
}
template <class F>
void operands(UnravelProblem& p, F f) {
  f(Access::reads, p.flat);
  for (int axis = 0; axis < p.shape.size(); ++axis) f(Access::writes, p.positions[axis]);
}

}  // namespace tw
