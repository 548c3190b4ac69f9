// Convolutions whose result is summed up in registers from rows of the image, without an im2col matrix. See README.md.
#pragma once
#include "backend/conv_problem.h"

namespace tw {

// Of float32 and two axes, or of three where the first has one element and one tap. Taps of a filter lie side by side,
// as do elements of rows of the images and of the result.
struct DirectKernels {
  static constexpr int kLeastFilters = 4;

  int lanes, least_lanes;  // of a vector, and of the smallest part of one that costs less

  // Of `rows` rows of an image's result: bytes of a thread's scratch memory, which begins at a line.
  int64_t (*scratch)(const ConvShape&, int64_t rows);
  // Rows [row, row + rows) of the result of one group of one image.
  void (*forward)(const ConvProblem&, int64_t image, int64_t group, int64_t row, int64_t rows, void* scratch);
};

}  // namespace tw
