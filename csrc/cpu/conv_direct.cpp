// Cuts a convolution of few channels into bands of rows of the result, by shape alone.
#include "cpu/conv_direct.h"

#include <algorithm>

#include "core/divide.h"
#include "core/parallel.h"
#include "core/thread_memory.h"
#include "cpu/conv.h"
#include "cpu/dispatch/dispatch.h"
#include "cpu/gemm_split.h"

namespace tw::cpu {
namespace {

constexpr int64_t kMostDepth = 512;          // more repays a panel of the im2col matrix
constexpr int64_t kMostScratch = 256 << 10;  // of a band: a part of L2
// What a panel costs, in filters of one pixel: more filters times pixels that a tile computes for nothing cost more.
constexpr int64_t kPanel = 8;

const DirectKernels& kernel() { return kernels().conv.direct; }

// Of a row, with what the last vector computes for nothing.
int64_t computed_pixels(int64_t pixels) { return round_up(pixels, kernel().least_lanes); }

// Rows of a band, the same for all but the last.
int64_t rows_of_band(const ConvShape& s) {
  const int64_t rows = s.axes[1].out;
  const double work = multiplications(s) / static_cast<double>(s.images * s.groups);
  int64_t band = ceil_div(rows, std::max<int64_t>(1, wanted_pieces(work, s.images * s.groups)));
  while (band > 1 && kernel().scratch(s, band) > kMostScratch) band = ceil_div(band, 2);
  return band;
}

}  // namespace

const char* direct_unsupported(const ConvProblem& p) {
  const ConvShape& s = p.shape;
  const ConvAxis &z = s.axes[0], &x = s.axes[2];
  if (p.dtype != DType::f32) return "not of float32";
  if (!kernel().forward) return "no kernel at this level";
  if (z.in != 1 || z.out != 1 || z.kernel != 1 || z.pad != 0) return "three axes";
  if (p.in.pixel[2] != 1 || p.out.pixel[2] != 1 || p.weight.tap != 1) return "rows or taps are strided";
  if (s.out_channels < DirectKernels::kLeastFilters) return "few filters";
  const int64_t depth = s.in_channels * s.taps();
  if (depth == 0) return "there are no taps";
  if (depth > kMostDepth) return "there are many taps, which repay a panel of the im2col matrix";
  if ((computed_pixels(x.out) - x.out) * s.out_channels > kPanel * x.out) return "rows do not fill vectors";
  return kernel().scratch(s, 1) > kMostScratch ? "rows are too long for the cache" : nullptr;
}

void direct(const ConvProblem& p) {
  const ConvShape& s = p.shape;
  const int64_t band = rows_of_band(s), bands = ceil_div(s.axes[1].out, band), tasks = s.images * s.groups * bands;
  const ThreadMemory scratch(kernel().scratch(s, band), tasks);
  const double ns = 2 * multiplications(s) / static_cast<double>(tasks) / kGemmFlopsPerNs + 100;
  parallel_for(tasks, 1, ns, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t plane = i / bands, row = i % bands * band;
      kernel().forward(p, plane / s.groups, plane % s.groups, row, std::min(band, s.axes[1].out - row), scratch.own());
    }
  });
}

}  // namespace tw::cpu
