// Convolutions of one to three axes, as devices are given them. Missing leading axes have extent 1.
#pragma once
#include "backend/gemm_problem.h"

namespace tw {

// Pixel o of the result meets the elements o * stride + tap * dilation - pad of the input, where there are such.
struct ConvAxis {
  int64_t in, out, kernel, stride, pad, dilation;
};

// Channels are those of one group.
struct ConvShape {
  int64_t images, groups, in_channels, out_channels;
  ConvAxis axes[3];

  __attribute__((always_inline)) int64_t taps() const { return axes[0].kernel * axes[1].kernel * axes[2].kernel; }
  __attribute__((always_inline)) int64_t in_pixels() const { return axes[0].in * axes[1].in * axes[2].in; }
  __attribute__((always_inline)) int64_t out_pixels() const { return axes[0].out * axes[1].out * axes[2].out; }
};

// Element (image, channel, pixel) lies at data + image * `image` + ..., steps in elements. Channels of all groups lie
// behind one another.
struct ConvImages {
  void* data;
  int64_t image, channel, pixel[3];

  // Whether pixels lie behind one another as those of images of these extents do.
  __attribute__((always_inline)) bool dense(int64_t rows, int64_t columns) const {
    return pixel[2] == 1 && pixel[1] == columns && pixel[0] == rows * columns;
  }
};

// Of group g, filter f: tap t = ((c * kernel[0] + i) * kernel[1] + j) * kernel[2] + k, c an input channel.
struct ConvWeight {
  const void* data;
  int64_t group, filter, tap;
};

// The largest tiles of the result by Winograd's minimal filtering that may be taken. Errors of f2 are those of sums, or
// less, and of f4 twice that; what is not finite is as in sums. See cpu/kernels/conv/README.md.
enum class WinogradTiles : uint8_t { none, f2, f4 };

// out = act(sums over the taps + bias + residual).
//
// As given to `conv`: `in` has the extents axes[].in, `out` axes[].out. As given to `conv_transpose`, which is the
// gradient of that: `in` has axes[].out and out_channels, `out` axes[].in and in_channels; the weight is the same.
// Elements of a row of `in` lie side by side. `out` is dense, but for what a backend gives itself.
struct ConvProblem {
  DType dtype;  // of everything; f16 and bf16 are computed in float32 and rounded once
  ConvShape shape;
  ConvImages in;
  ConvWeight weight;
  ConvImages out;
  const void* bias;      // one value for each channel of `out`, or null
  const void* residual;  // laid out as `out`, or null
  Activation activation;
  WinogradTiles winograd = WinogradTiles::none;
  const void* packed_weight = nullptr;  // the weight, as the device packed it for this problem; then weight is not read
};

// out (groups, out_channels, in_channels, taps) = the sums over images and pixels of g times the input that the tap
// meets there; added to what is there if `accumulate`. Rows of `in` have unit stride, pixels of g are dense.
struct ConvWeightGradientProblem {
  DType dtype;
  ConvShape shape;
  ConvImages g, in;
  void* out;
  bool accumulate;
};

}  // namespace tw
