// The im2col matrix of an image as a source of panels for GEMM: it is never in memory as a whole. See README.md.
#pragma once
#include "cpu/kernels/gemm/gemm.h"

namespace tw {

// Row (c, i, j) and column (y, x) of the matrix of an image is the image's element
//
//   (c, y * stride_y + i * dilation_y - pad_y, x * stride_x + j * dilation_x - pad_x), zero where that is outside.
//
// Images, channels and rows of an image lie `_step` elements apart; elements of a row lie side by side.
struct Im2col {
  const void* images;
  int64_t image_step, channel_step, row_step;
  int64_t height, width;
  int64_t kernel_height, kernel_width;
  int64_t stride_y, stride_x, pad_y, pad_x, dilation_y, dilation_x;
  int64_t out_width;
};

}  // namespace tw
