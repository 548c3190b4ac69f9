// The im2col matrix of images as a source of panels for GEMM: it is never in memory as a whole. See README.md.
#pragma once
#include "backend/conv_problem.h"
#include "cpu/kernels/gemm/gemm.h"

namespace tw {

// Row (c, k, i, j) and column (image, z, y, x) of the matrix is the image's element
//
//   (c, z * stride + k * dilation - pad, y * stride + i * dilation - pad, x * stride + j * dilation - pad),
//
// each with its axis' numbers, zero where that is outside. Elements of a row of an image lie side by side.
struct Im2col {
  const void* images;
  int64_t item_step[2], items;  // B of product i begins i / items and i % items of these steps further
  int64_t image_step;           // from one image of a matrix of several to the next
  int64_t channel_step, plane_step, row_step;
  ConvAxis axes[3];
};

}  // namespace tw
