// A product for each tap, channels x pixels times pixels x filters. Channels are copied once, as padded planes of one
// phase of the stride, in which a tap's pixels begin at another place, and are A as they lie. Pixels are counted along
// rows of the planes; g, which is packed once for all taps, is zero at those that are none.
#include "cpu/conv_shifted.h"

#include <algorithm>
#include <atomic>
#include <vector>

#include "core/divide.h"
#include "core/parallel.h"
#include "cpu/conv.h"
#include "cpu/cpu.h"
#include "cpu/dispatch/dispatch.h"
#include "cpu/gemm_split.h"

namespace tw::cpu {
namespace {

constexpr int64_t kLeastChannels = 24, kLeastFilters = 16, kMostFilters = 96;
// What a panel of the transposed im2col matrix costs, in filters of one pixel: more filters times pixels that are none
// cost more.
constexpr int64_t kPanel = 12;
constexpr int64_t kMostBytes = 32 << 20;  // of planes and g of an image
constexpr int64_t kBytes = 4 << 20;       // of planes and g that are in memory at a time
constexpr int64_t kPixels = 64;           // of the planes that are written at a time
constexpr int64_t kPlanes = 4;            // of a task

const PackedGemm& kernel() { return kernels().gemm.packed[static_cast<int>(DType::f32)]; }

class ShiftedGradient {
 public:
  explicit ShiftedGradient(const ConvWeightGradientProblem& p)
      : p_(p),
        s_(p.shape),
        y_(s_.axes[1]),
        x_(s_.axes[2]),
        phases_y_(std::min(y_.stride, y_.kernel)),
        phases_x_(std::min(x_.stride, x_.kernel)),
        // The last tap's rows end in the row behind the last.
        height_(y_.out + (y_.kernel - 1) / y_.stride + 1),
        width_(x_.out + (x_.kernel - 1) / x_.stride),
        planes_(s_.in_channels * phases_y_ * phases_x_),
        plane_(plane_of(height_ * width_)),
        pixels_(y_.out * width_),
        columns_(round_up(s_.out_channels, kernel().nr)),
        depth_(std::max<int64_t>(1, kernel().kc / width_) * width_),
        together_(std::clamp<int64_t>(kBytes / image_bytes(), 1, s_.images)),
        across_(columns_ / kernel().nr),
        down_(rows_down()) {}

  // Of planes and g.
  int64_t image_bytes() const { return (planes_ * plane_ + pixels_ * columns_) * static_cast<int64_t>(sizeof(float)); }

  bool run() {
    const StorageRef planes = allocate_floats(together_ * planes_ * plane_),
                     g = allocate_floats(together_ * columns_ * pixels_),
                     sums = allocate_floats(tasks() * x_.kernel * tile_sums());
    for (first_ = 0; first_ < s_.images; first_ += together_) {
      count_ = std::min(together_, s_.images - first_);
      if (!fill_planes(floats(planes))) return false;
      pack_g(floats(g));
      multiply(floats(planes), floats(g), floats(sums));
    }
    return true;
  }

 private:
  static StorageRef allocate_floats(int64_t count) { return allocate(static_cast<size_t>(count) * sizeof(float)); }
  static float* floats(const StorageRef& storage) { return static_cast<float*>(storage->data); }

  // From one plane to the next: not so that rows of A evict each other from the cache.
  static int64_t plane_of(int64_t elements) {
    constexpr int64_t kLineFloats = kLine / sizeof(float);
    const int64_t step = round_up(elements, kLineFloats);
    return step * static_cast<int64_t>(sizeof(float)) % kEvictingStride == 0 ? step + kLineFloats : step;
  }

  int64_t rows_down() const {
    const int64_t wanted = kGemmPieces / (y_.kernel * across_);
    return power_of_two_below(std::min(wanted, s_.in_channels / (2 * kernel().mr)));
  }
  int64_t tasks() const { return y_.kernel * down_ * across_; }
  int64_t tile_sums() const {
    return ceil_div(ceil_div(s_.in_channels, kernel().mr), down_) * kernel().mr * kernel().nr;
  }

  // The planes of some images, a row of the im2col matrix of a kernel as large as the stride each; false where not all
  // is finite.
  bool fill_planes(float* to) const {
    ConvShape of_planes = s_;
    of_planes.axes[1] = {y_.in, height_, phases_y_, y_.stride, y_.pad, 1};
    of_planes.axes[2] = {x_.in, width_, phases_x_, x_.stride, x_.pad, 1};
    const Im2col im2col = im2col_of(p_.in, of_planes, {p_.in.image, 0}, 1);
    PackedGemm layout = kernel();
    layout.nr = static_cast<int>(plane_);
    const int64_t chunks = ceil_div(planes_, kPlanes), elements = height_ * width_;
    const std::vector<float> zeros(static_cast<size_t>(elements));
    std::atomic<bool> finite{true};
    parallel_for(count_ * chunks, 1, 0.2 * static_cast<double>(kPlanes * elements), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t from = i % chunks * kPlanes, count = std::min(kPlanes, planes_ - from);
        float* const planes = to + (i / chunks * planes_ + from) * plane_;
        for (int64_t pixel = 0; pixel < elements; pixel += kPixels)
          kernels().conv.im2col[log2_size(p_.dtype)](&im2col, first_ + i / chunks, layout, from, count, pixel,
                                                     std::min(kPixels, elements - pixel), planes + pixel);
        float products[kPlanes];
        GemmOutput out{};
        out.c = {products, 0, 1};
        kernels().gemm.gemv_dot[static_cast<int>(p_.dtype)]({count, elements, {planes, plane_, 1}, zeros.data(), out});
        if (!std::all_of(products, products + count, [](float x) { return x == 0; })) finite = false;
      }
    });
    return finite;
  }

  // g of some images as B: pixels along rows of the planes x filters.
  void pack_g(float* to) const {
    const int64_t nr = kernel().nr, panels = columns_ / nr, blocks = ceil_div(pixels_, depth_);
    const double ns = 0.2 * static_cast<double>(depth_ * nr);
    parallel_for(count_ * blocks * panels, 1, ns, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t image = i / (blocks * panels), from = i / panels % blocks * depth_, column = i % panels * nr;
        const int64_t depth = std::min(depth_, pixels_ - from), count = std::min(nr, s_.out_channels - column);
        const float* g = static_cast<const float*>(p_.g.data) + (first_ + image) * p_.g.image + column * p_.g.channel +
                         from / width_ * x_.out;
        float* panel = to + (image * pixels_ + from) * columns_ + column * depth;
        for (int64_t pixel = 0; pixel < depth; pixel += width_, g += x_.out, panel += width_ * nr) {
          kernel().pack_b(g, p_.g.channel, 1, count, x_.out, panel);
          std::fill_n(panel + x_.out * nr, (width_ - x_.out) * nr, 0.0f);
        }
      }
    });
  }

  void multiply(const float* planes, const float* g, float* sums) const {
    const double work = 2 * static_cast<double>(pixels_ * s_.in_channels) * static_cast<double>(columns_ * count_);
    const double ns = work * static_cast<double>(s_.taps()) / static_cast<double>(tasks()) / kGemmFlopsPerNs;
    parallel_for(tasks(), 1, ns, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) multiply_taps(i, planes, g, sums + i * x_.kernel * tile_sums());
    });
  }

  // A row of taps: of each block of pixels what is in L2 serves all of them.
  void multiply_taps(int64_t task, const float* planes, const float* g, float* sums) const {
    const int64_t i = task / (down_ * across_);
    const Part rows = part(s_.in_channels, kernel().mr, down_, task / across_ % down_),
               columns = part(s_.out_channels, kernel().nr, across_, task % across_);
    for (int64_t image = 0; image < count_; ++image)
      for (int64_t from = 0; from < pixels_; from += depth_)
        for (int64_t j = 0; j < x_.kernel; ++j) {
          GemmTile tile = tile_of(i, j, rows, columns);
          tile.k = tile.depth = std::min(depth_, pixels_ - from);
          tile.a.data = const_cast<float*>(planes) + image * planes_ * plane_ + from + begin_of(i, j, rows);
          tile.b_packed = g + (image * pixels_ + from) * columns_;
          tile.first = first_ + image == 0 && from == 0;
          tile.last = first_ + image == s_.images - 1 && from + depth_ >= pixels_;
          tile.sums = sums + j * tile_sums();
          kernel().tile(tile);
        }
  }

  int64_t phases() const { return phases_y_ * phases_x_; }

  // Of a tap, in the planes of an image.
  int64_t begin_of(int64_t i, int64_t j, Part rows) const {
    const int64_t phase = i % y_.stride * phases_x_ + j % x_.stride;
    return (rows.from * phases() + phase) * plane_ + i / y_.stride * width_ + j / x_.stride;
  }

  GemmTile tile_of(int64_t i, int64_t j, Part rows, Part columns) const {
    GemmTile tile{};
    tile.m = rows.size;
    tile.n = columns.size;
    tile.a = {nullptr, phases() * plane_, 1};
    tile.b_from = columns.from;
    tile.b_columns = columns_;
    tile.out.c = GemmMatrix{static_cast<float*>(p_.out) + i * x_.kernel + j, s_.taps(), s_.in_channels * s_.taps()}.at(
        rows.from, columns.from, sizeof(float));
    if (p_.accumulate) tile.out.residual = tile.out.c;
    return tile;
  }

  const ConvWeightGradientProblem& p_;
  const ConvShape& s_;
  const ConvAxis &y_, &x_;
  const int64_t phases_y_, phases_x_, height_, width_;
  const int64_t planes_, plane_;    // of an image; elements from one to the next
  const int64_t pixels_, columns_;  // of B, whole panels
  const int64_t depth_, together_;  // of a block of pixels; images
  const int64_t across_, down_;     // pieces of a tap's product
  int64_t first_ = 0, count_ = 0;   // images that are in memory
};

}  // namespace

const char* shifted_gradient_unsupported(const ConvWeightGradientProblem& p) {
  const ConvShape& s = p.shape;
  const ConvAxis &z = s.axes[0], &y = s.axes[1], &x = s.axes[2];
  if (p.dtype != DType::f32) return "not of float32";
  if (!kernel().tile) return "no kernel at this level";
  if (s.groups != 1) return "there are groups";
  if (z.in != 1 || z.out != 1 || z.kernel != 1 || z.pad != 0) return "three axes";
  if (y.dilation != 1 || x.dilation != 1) return "a dilation is not 1";
  if (s.taps() == 1) return "there is one tap";
  if (s.in_channels < kLeastChannels || s.out_channels < kLeastFilters) return "few channels or filters";
  if (s.out_pixels() < kFewPixels) return "few pixels";
  const int64_t none = (x.kernel - 1) / x.stride;  // pixels of a row that are none
  if (s.out_channels > kMostFilters || none * s.out_channels > kPanel * x.out)
    return "enough filters to repay a panel of the im2col matrix";
  return ShiftedGradient(p).image_bytes() > kMostBytes ? "images are too large to be copied" : nullptr;
}

bool shifted_gradient(const ConvWeightGradientProblem& p) { return ShiftedGradient(p).run(); }

}  // namespace tw::cpu
