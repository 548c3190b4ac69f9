// A convolution, its im2col matrix built in memory, and the same as a source: operands of the products that a
// convolution is made of.
#pragma once
#include <cstdint>
#include <vector>

#include "core/dtype.h"
#include "cpu/kernels/conv/conv.h"

namespace tw::test {

struct Convolution {
  int64_t images, channels, height, width, filters;
  int64_t kernel, stride, pad, dilation = 1;

  int64_t out(int64_t extent) const { return (extent + 2 * pad - dilation * (kernel - 1) - 1) / stride + 1; }
  int64_t pixels() const { return out(height) * out(width); }
  int64_t taps() const { return channels * kernel * kernel; }
  int64_t image_size() const { return channels * height * width; }

  ConvAxis axis(int64_t extent) const { return {extent, out(extent), kernel, stride, pad, dilation}; }
  Im2col source(const void* x) const {
    return {x,
            {image_size(), 0},
            1,
            image_size(),
            height * width,
            height * width,
            width,
            {{1, 1, 1, 1, 0, 1}, axis(height), axis(width)}};
  }

  Winograd winograd(const void* x, const void* w, void* out_data) const {
    const int64_t rows = out(height), columns = out(width);
    return {images,
            {w, filters, channels, taps(), 9, false},
            {const_cast<void*>(x), image_size(), height * width, width},
            {out_data, filters * rows * columns, rows * columns, columns},
            height,
            width,
            rows,
            columns,
            pad,
            pad,
            nullptr,
            nullptr,
            Activation::none};
  }

  // Of one image: taps x pixels.
  template <class T>
  std::vector<T> matrix(const T* image) const {
    std::vector<T> m(static_cast<size_t>(taps() * pixels()));
    size_t at = 0;
    for (int64_t row = 0; row < taps(); ++row) {
      const int64_t c = row / (kernel * kernel), i = row / kernel % kernel, j = row % kernel;
      for (int64_t y = 0; y < out(height); ++y)
        for (int64_t x = 0; x < out(width); ++x, ++at) {
          const int64_t from_y = y * stride + i * dilation - pad, from_x = x * stride + j * dilation - pad;
          if (from_y >= 0 && from_y < height && from_x >= 0 && from_x < width)
            m[at] = image[(c * height + from_y) * width + from_x];
        }
    }
    return m;
  }
};

// 0 for an element of one byte, 1 for two, ...
inline int log2_size(int64_t size) { return __builtin_ctzll(static_cast<uint64_t>(size)); }

}  // namespace tw::test
