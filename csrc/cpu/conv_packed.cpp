// Pixels as the rows of a product, filters as its columns: rows that do not fill a register tile cost less than columns
// that do not fill a vector, and the weight, which is packed already, is read in address order.
#include "cpu/conv_packed.h"

#include <algorithm>

#include "core/divide.h"
#include "core/parallel.h"
#include "cpu/conv.h"
#include "cpu/cpu.h"
#include "cpu/dispatch/dispatch.h"
#include "cpu/gemm_split.h"

namespace tw::cpu {
namespace {

constexpr int64_t kFewestPixels = 25, kMostPixels = 256;  // of an image
constexpr int64_t kMostPixelsOfTaps = 128;                // where the im2col matrix has to be written
constexpr int64_t kLeastDepth = 192;                      // or transposing the sums takes too much of the time
constexpr int64_t kLeastFilters = 64;
constexpr int64_t kPixels = 64;  // of the im2col matrix that are written at a time, and the depth
constexpr int64_t kDepth = 64;
constexpr int64_t kMatrixBytes = 4 << 20;  // of im2col matrices that are in memory at a time

const PackedGemm& kernel() { return kernels().gemm.packed[static_cast<int>(DType::f32)]; }

// Whether the images are the matrices.
bool is_matrix(const ConvProblem& p) {
  const ConvShape& s = p.shape;
  return s.taps() == 1 && s.in_pixels() == s.out_pixels() && p.in.dense(s.axes[1].in, s.axes[2].in);
}

// Elements from one row of an image's im2col matrix to the next.
int64_t matrix_row(const ConvShape& s) { return round_up(s.out_pixels(), kLine / static_cast<int64_t>(sizeof(float))); }

// (images, taps, pixels) of some images, rows padded to whole vectors.
void fill_matrices(const ConvProblem& p, int64_t images, float* to) {
  const ConvShape& s = p.shape;
  const int64_t depth = s.in_channels * s.taps(), row = matrix_row(s), pixels = s.out_pixels();
  const Im2col im2col = im2col_of(p, {p.in.image, 0}, 1);
  PackedGemm layout = kernel();
  layout.nr = static_cast<int>(row);
  const int64_t across = ceil_div(pixels, kPixels), down = ceil_div(depth, kDepth);
  parallel_for(images * down * across, 1, 0.2 * kDepth * kPixels, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t item = i / (down * across), from = i / across % down * kDepth, column = i % across * kPixels;
      kernels().conv.im2col[log2_size(p.dtype)](&im2col, item, layout, from, std::min(kDepth, depth - from), column,
                                                std::min(kPixels, pixels - column),
                                                to + (item * depth + from) * row + column);
    }
  });
}

// B: taps x filters.
GemmMatrix matrix_of(const ConvWeight& w) { return {const_cast<void*>(w.data), w.tap, w.filter}; }

// The first images' results from their matrices, taps x pixels with rows `row` apart.
void multiply(const ConvProblem& p, void* matrices, int64_t matrix, int64_t row, int64_t images) {
  const ConvShape& s = p.shape;
  GemmBatch g{
      p.dtype, {s.out_pixels(), s.out_channels, s.in_channels * s.taps(), {matrices, 1, row}, {}, {}}, {}, {}, {}};
  if (images > 1) {
    g.shape = {images};
    g.a_stride = {matrix};
    g.b_stride = {0};
    g.out_step = p.out.image;
  }
  g.packed_b = p.packed_weight;
  g.each.out.c = {p.out.data, 1, p.out.channel};
  g.each.out.bias = {const_cast<void*>(p.bias), 0, 1};
  g.each.out.residual = {const_cast<void*>(p.residual), 1, p.out.channel};
  g.each.out.activation = p.activation;
  gemm_blocked(g);
}

// Without the images before `first`.
ConvProblem from_image(ConvProblem p, int64_t first) {
  const auto skip = [&](const void* data, int64_t image) {
    return data ? static_cast<const float*>(data) + first * image : nullptr;
  };
  p.in.data = const_cast<float*>(skip(p.in.data, p.in.image));
  p.out.data = const_cast<float*>(skip(p.out.data, p.out.image));
  p.residual = skip(p.residual, p.out.image);
  return p;
}

}  // namespace

const char* packed_unsupported(const ConvProblem& p) {
  const ConvShape& s = p.shape;
  if (p.dtype != DType::f32) return "not of float32";
  if (!kernel().tile) return "no kernel at this level";
  if (s.groups != 1) return "there are groups";
  if (!p.out.dense(s.axes[1].out, s.axes[2].out)) return "pixels of the result are apart";
  if (s.out_pixels() < kFewestPixels) return "rows of a register tile are few";
  if (s.out_pixels() > kMostPixels) return "enough pixels to fill vectors";
  if (s.taps() > 1 && s.out_pixels() > kMostPixelsOfTaps) return "enough pixels to repay reading them as they are";
  if (s.taps() > 1 && s.images > 1) return "several images fill vectors, and their im2col matrices no cache";
  if (s.out_channels < kLeastFilters) return "few filters";
  if (s.in_channels * s.taps() < kLeastDepth) return "the depth is short";
  return p.packed_weight ? nullptr : "the weight is not packed";
}

void run_packed(const ConvProblem& p) {
  const ConvShape& s = p.shape;
  if (is_matrix(p)) return multiply(p, p.in.data, p.in.image, p.in.channel, s.images);
  const int64_t row = matrix_row(s), matrix = s.in_channels * s.taps() * row;
  const int64_t fitting = kMatrixBytes / (matrix * static_cast<int64_t>(sizeof(float)));
  const int64_t together = std::clamp<int64_t>(fitting, 1, s.images);
  const StorageRef matrices = allocate(static_cast<size_t>(together * matrix) * sizeof(float));
  float* const data = static_cast<float*>(matrices->data);
  for (int64_t first = 0; first < s.images; first += together) {
    const ConvProblem some = from_image(p, first);
    const int64_t images = std::min(together, s.images - first);
    fill_matrices(some, images, data);
    multiply(some, data, matrix, row, images);
  }
}

StorageRef pack_weight(const ConvProblem& p) {
  return gemm_pack({p.dtype, matrix_of(p.weight), p.shape.in_channels * p.shape.taps(), p.shape.out_channels});
}

}  // namespace tw::cpu
