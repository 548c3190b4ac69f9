// Convolutions with a group for each channel, directly. See README.md.
#pragma once
#include "backend/conv_problem.h"

namespace tw {

// Of two axes, and of three where the first has one element and one tap. One channel in a group, and several filters,
// but for the gradient with respect to the input one where a stride is not 1, the dtype is a half type, something is
// added, or an activation other than relu follows. Taps of a filter lie side by side. Rows of every image have unit
// stride. Each needs scratch memory, on a line.
struct DepthwiseKernels {
  static constexpr int kMostColumns = 32;  // of a kernel
  static constexpr int kMostStride = 8;    // of `transpose`

  int64_t (*scratch)(const ConvShape&);  // bytes, of a thread

  // Channels of `in`, [begin, end) of images x channels, and the channels of `out` that are made of them.
  void (*forward[kDTypes])(const ConvProblem&, int64_t begin, int64_t end, void* scratch);
  void (*transpose[kDTypes])(const ConvProblem&, int64_t begin, int64_t end, void* scratch);

  // Of images [begin, end) and `channels` channels: sums (channels, filters, taps), of float32 for halves; and the
  // result, `slices` of `count` sums added up in order.
  void (*weight_gradient[kDTypes])(const ConvWeightGradientProblem&, int64_t channel, int64_t channels, int64_t begin,
                                   int64_t end, void* sums, void* scratch);
  void (*add_slices[kDTypes])(const void* sums, int64_t slices, int64_t count, bool accumulate, void* out);
};

}  // namespace tw
