// What the files of convolutions share.
#pragma once
#include <array>
#include <bit>
#include <string>

#include "backend/conv_problem.h"
#include "backend/conv_taps.h"
#include "core/array.h"
#include "cpu/kernels/conv/conv.h"

namespace tw::cpu {

// Of an image: with fewer, panels of the product would end half full, and pixels of all images are its columns.
inline constexpr int64_t kFewPixels = 256;

// The im2col matrices of images, as items: see Im2col.
Im2col im2col_of(const ConvImages& in, const ConvShape& shape, std::array<int64_t, 2> item_step, int64_t items);
inline Im2col im2col_of(const ConvProblem& p, std::array<int64_t, 2> item_step, int64_t items) {
  return im2col_of(p.in, p.shape, item_step, items);
}

// Between whole weights and a box of their taps, (filters of all groups, channels, taps of the box): `kernel` is `crop`
// or `spread`, which clears the other taps where `zeros`.
typedef void (*MoveTaps[4])(const ConvCrop&, int64_t begin, int64_t end);
void move_taps(const MoveTaps& kernel, DType dtype, const ConvShape& shape, const ConvBox& box, const ConvWeight& whole,
               void* part, bool zeros);

// 0 for an element of one byte, 1 for two, ...
inline int log2_size(DType dtype) { return std::countr_zero(item_size(dtype)); }

inline double multiplications(const ConvShape& s) {
  double count = static_cast<double>(s.images * s.groups) * static_cast<double>(s.in_channels) *
                 static_cast<double>(s.out_channels);
  for (const ConvAxis& a : s.axes) count *= static_cast<double>(a.out) * static_cast<double>(a.kernel);
  return count;
}

// "conv: 8 x 64 channels (1, 56, 56) to 64 (1, 56, 56), kernel (1, 3, 3), float32"
std::string describe_conv(const char* op, DType dtype, const ConvShape& shape);

}  // namespace tw::cpu
