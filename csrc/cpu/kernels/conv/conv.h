// The kernels of convolutions. See README.md.
#pragma once
#include "cpu/kernels/conv/depthwise.h"
#include "cpu/kernels/conv/im2col.h"
#include "cpu/kernels/conv/winograd.h"

namespace tw {

// By log2 of the size of an element: only bytes move, unless the layout wants other lanes, which its pack_b makes.
struct ConvKernels {
  // Sources of B whose context is an Im2col, the item an image.
  PackSource::Fill im2col[4];             // (channels kernel_height kernel_width) x pixels
  PackSource::Fill im2col_transposed[4];  // pixels x (channels kernel_height kernel_width)

  DepthwiseKernels depthwise;
  WinogradKernels winograd[2];  // F(2 x 2, 3 x 3) and F(4 x 4, 3 x 3) of float32
};

}  // namespace tw
