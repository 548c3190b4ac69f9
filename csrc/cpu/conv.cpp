// Convolutions: which algorithm, and the products that they become.
#include "cpu/conv.h"

#include <algorithm>
#include <sstream>

#include "backend/choose.h"
#include "backend/conv_taps.h"
#include "core/parallel.h"
#include "cpu/conv_depthwise.h"
#include "cpu/conv_direct.h"
#include "cpu/conv_packed.h"
#include "cpu/conv_winograd.h"
#include "cpu/cpu.h"
#include "cpu/dispatch/dispatch.h"
#include "cpu/gemm_source.h"
#include "cpu/gemm_split.h"

namespace tw::cpu {
namespace {

bool out_dense(const ConvProblem& p) {
  const ConvShape& s = p.shape;
  return p.out.dense(s.axes[1].out, s.axes[2].out) &&
         (s.images == 1 || p.out.image == s.groups * s.out_channels * p.out.channel);
}

// The epilogue that all methods by way of GEMM share; `row` elements from one channel to the next.
GemmOutput output_of(const ConvProblem& p, int64_t row) {
  GemmOutput out{};
  out.c = {p.out.data, row, 1};
  if (p.bias) out.bias = {const_cast<void*>(p.bias), 1, 0};
  out.residual = {const_cast<void*>(p.residual), row, 1};
  out.activation = p.activation;
  return out;
}

GemmMatrix matrix_of(const ConvWeight& w) { return {const_cast<void*>(w.data), w.filter, w.tap}; }

// ---- the reference --------------------------------------------------------------------------------------------------

const char* naive_unsupported(const ConvProblem& p) {
  return kernels().conv.naive[static_cast<int>(p.dtype)] ? nullptr : "of the reference level only";
}

void run_naive(const ConvProblem& p) {
  const auto kernel = kernels().conv.naive[static_cast<int>(p.dtype)];
  const int64_t planes = p.shape.images * p.shape.groups * p.shape.out_channels;
  parallel_for(planes, 1, multiplications(p.shape) / static_cast<double>(planes),
               [&](int64_t begin, int64_t end) { kernel(p, begin, end); });
}

// ---- one pixel: images are the columns ------------------------------------------------------------------------------

const char* one_pixel_unsupported(const ConvProblem& p) {
  const ConvShape& s = p.shape;
  if (s.out_pixels() != 1) return "the result has several pixels";
  if (s.groups != 1) return "there are groups";
  for (const ConvAxis& a : s.axes)
    if (a.pad != 0 || (a.kernel > 1 && (a.kernel != a.in || a.dilation != 1)))
      return "the kernel is not the image's size";
  if (s.taps() == 1) return nullptr;
  const bool dense = p.in.dense(s.axes[1].in, s.axes[2].in) && p.in.channel == s.in_pixels();
  return dense && s.taps() == s.in_pixels() ? nullptr : "pixels are apart";
}

void run_one_pixel(const ConvProblem& p) {
  const ConvShape& s = p.shape;
  GemmBatch g{p.dtype, {s.out_channels, s.images, s.in_channels * s.taps(), {}, {}, {}}, {}, {}, {}};
  g.each.a = matrix_of(p.weight);
  g.each.b = {p.in.data, s.taps() == 1 ? p.in.channel : 1, p.in.image};
  g.each.out = output_of(p, p.out.channel);
  g.each.out.c.col = g.each.out.residual.col = p.out.image;
  gemm(g);
}

// ---- one tap: the image is the matrix -------------------------------------------------------------------------------

// As kFewPixels. Without a source the columns at the end of an image cost little more than those that are there.
constexpr int64_t kFewPixelsOfOneTap = 128;

const char* one_tap_unsupported(const ConvProblem& p) {
  const ConvShape& s = p.shape;
  for (const ConvAxis& a : s.axes) {
    if (a.kernel != 1) return "the kernel has several taps";
    if (a.stride != 1 || a.pad != 0 || a.in != a.out) return "pixels are skipped, or padded";
  }
  if (!p.in.dense(s.axes[1].in, s.axes[2].in)) return "rows of an image are apart";
  if (!out_dense(p)) return "pixels of the result are apart";
  if (s.groups > 1 && p.bias) return "each group has a bias of its own";
  if (s.images > 1 && s.out_pixels() < kFewPixelsOfOneTap) return "images are small enough to be multiplied together";
  return nullptr;
}

void run_one_tap(const ConvProblem& p) {
  const ConvShape& s = p.shape;
  GemmBatch g{p.dtype, {s.out_channels, s.out_pixels(), s.in_channels, {}, {}, {}}, {}, {}, {}};
  g.each.a = matrix_of(p.weight);
  g.each.b = {p.in.data, p.in.channel, 1};
  g.each.out = output_of(p, p.out.channel);
  if (s.images * s.groups > 1) {
    g.shape = {s.images, s.groups};
    g.a_stride = {0, p.weight.group};
    g.b_stride = {p.in.image, s.in_channels * p.in.channel};
    g.out_step = s.out_channels * p.out.channel;
  }
  gemm(g);
}

// ---- few pixels: the weight is streamed once, beside columns of the im2col matrix -----------------------------------

constexpr int64_t kFewColumns = 8, kFewDepth = 128;

const char* few_columns_unsupported(const ConvProblem& p) {
  const ConvShape& s = p.shape;
  if (!kernels().gemm.dot[static_cast<int>(p.dtype)]) return "no kernel for this dtype at this level";
  if (s.images * s.out_pixels() > kFewColumns) return "there are more than a few pixels";
  if (!out_dense(p) || (s.images > 1 && s.out_pixels() > 1)) return "pixels of the result are apart";
  if (p.weight.tap != 1) return "taps are strided";
  if (s.in_channels * s.taps() < kFewDepth) return "there are few taps";
  return nullptr;
}

void run_few_columns(const ConvProblem& p) {
  const ConvShape& s = p.shape;
  const int64_t depth = s.in_channels * s.taps(), pixels = s.images * s.out_pixels(), size = size_of(p.dtype);
  const Im2col im2col = im2col_of(p, {s.in_channels * p.in.channel, 0}, 1);
  const StorageRef columns = allocate(static_cast<size_t>(s.groups * pixels * depth * size));
  char* data = static_cast<char*>(columns->data);
  parallel_for(s.groups * pixels, 1, static_cast<double>(depth), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      kernels().conv.column[log2_size(p.dtype)](im2col, i / pixels, i % pixels, s.in_channels, data + i * depth * size);
  });
  GemmBatch g{p.dtype, {s.out_channels, pixels, depth, matrix_of(p.weight), {data, 1, depth}, {}}, {}, {}, {}};
  g.each.out = output_of(p, p.out.channel);
  if (s.images > 1) g.each.out.c.col = g.each.out.residual.col = p.out.image;
  if (s.groups > 1) {
    g.shape = {s.groups};
    g.a_stride = {p.weight.group};
    g.b_stride = {pixels * depth};
    g.out_step = s.out_channels * p.out.channel;
    g.bias_stride = {s.out_channels};
  }
  gemm(g);
}

// ---- small images: taps that fall on padding alone are left out -----------------------------------------------------

const char* fewer_taps_unsupported(const ConvProblem& p) {
  return ConvBox(p.shape).whole() ? "all taps meet the image" : nullptr;
}

void run_fewer_taps(const ConvProblem& p) {
  const ConvBox box(p.shape);
  ConvProblem c = p;
  c.shape = box.of(p.shape);
  const int64_t depth = c.shape.in_channels * c.shape.taps(), filters = c.shape.groups * c.shape.out_channels;
  const StorageRef weight = allocate(static_cast<size_t>(filters * depth * size_of(p.dtype)));
  c.weight = {weight->data, c.shape.out_channels * depth, depth, 1};
  if (depth > 0) move_taps(kernels().conv.crop, p.dtype, p.shape, box, p.weight, weight->data, false);
  conv(c);
}

// ---- the im2col matrix as a source ----------------------------------------------------------------------------------

const char* im2col_unsupported(const ConvProblem& p) {
  return kernels().gemm.packed[static_cast<int>(p.dtype)].tile ? nullptr : "no kernel for this dtype at this level";
}

// Where the results of a group belong, whose columns are the pixels of all images.
struct Places {
  const ConvProblem& p;

  static ConvTile tile(const Places& places, int64_t group, const TileShape& t, void* tile, const void* images) {
    const ConvProblem& p = places.p;
    const ConvShape& s = p.shape;
    ConvTile c{p.out, {s.axes[0].out, s.axes[1].out, s.axes[2].out}, t.rows, t.column, t.columns, tile, t.step};
    c.images.data = static_cast<char*>(const_cast<void*>(images)) +
                    (group * s.out_channels + t.row) * p.out.channel * size_of(p.dtype);
    return c;
  }
  static void store(const void* context, int64_t group, const TileShape& shape, void* out) {
    const Places& places = *static_cast<const Places*>(context);
    kernels().conv.place[log2_size(places.p.dtype)](tile(places, group, shape, out, places.p.out.data));
  }
  static void load(const void* context, int64_t group, const TileShape& shape, void* out) {
    const Places& places = *static_cast<const Places*>(context);
    kernels().conv.gather[log2_size(places.p.dtype)](tile(places, group, shape, out, places.p.residual));
  }
};

// A product for each group, over the pixels of all images.
void run_together(const ConvProblem& p) {
  const ConvShape& s = p.shape;
  const Im2col im2col = im2col_of(p, {s.in_channels * p.in.channel, 0}, 1);
  const Places places{p};
  GemmBatch g{p.dtype,
              {s.out_channels, s.images * s.out_pixels(), s.in_channels * s.taps(), matrix_of(p.weight), {}, {}},
              {s.groups},
              {p.weight.group},
              {0}};
  g.each.out = output_of(p, 0);
  g.each.out.c.data = g.each.out.residual.data = nullptr;
  g.bias_stride = {s.out_channels};
  gemm(GemmFromSource{g,
                      {kernels().conv.im2col[log2_size(p.dtype)], &im2col},
                      1,
                      {Places::store, p.residual ? Places::load : nullptr, &places}});
}

void run_im2col(const ConvProblem& p) {
  const ConvShape& s = p.shape;
  if (!out_dense(p) || (s.images > 1 && s.out_pixels() < kFewPixels)) return run_together(p);
  const Im2col im2col = im2col_of(p, {p.in.image, s.in_channels * p.in.channel}, s.groups);
  GemmBatch g{p.dtype,
              {s.out_channels, s.out_pixels(), s.in_channels * s.taps(), matrix_of(p.weight), {}, {}},
              {s.images, s.groups},
              {0, p.weight.group},
              {0, 0},
              s.out_channels * p.out.channel};
  g.each.out = output_of(p, p.out.channel);
  g.bias_stride = {0, s.out_channels};
  gemm(GemmFromSource{g, {kernels().conv.im2col[log2_size(p.dtype)], &im2col}});
}

template <WinogradTiles kTiles>
constexpr Method<ConvProblem> kWinograd = {
    kTiles == WinogradTiles::f4 ? "Winograd F(4x4, 3x3)" : "Winograd F(2x2, 3x3)",
    [](const ConvProblem& p) { return winograd_unsupported(kTiles, p); },
    [](const ConvProblem& p) { winograd(kTiles, p); }};

// In order of preference.
const Method<ConvProblem> kMethods[] = {
    {"naive", naive_unsupported, run_naive},
    {"one pixel as GEMM", one_pixel_unsupported, run_one_pixel},
    kWinograd<WinogradTiles::f4>,
    kWinograd<WinogradTiles::f2>,
    {"pixels x packed weight as GEMM", packed_unsupported, run_packed},
    {"1x1 as GEMM", one_tap_unsupported, run_one_tap},
    {"depthwise", depthwise_unsupported, depthwise},
    {"a few columns", few_columns_unsupported, run_few_columns},
    {"without taps on padding alone", fewer_taps_unsupported, run_fewer_taps},
    {"direct", direct_unsupported, direct},
    {"implicit im2col", im2col_unsupported, run_im2col},
};

std::string describe(const ConvProblem& p) { return describe_conv("conv", p.dtype, p.shape); }

}  // namespace

std::string describe_conv(const char* op, DType dtype, const ConvShape& s) {
  std::ostringstream text;
  const auto extents = [&](int64_t ConvAxis::* of) { return Dims{s.axes[0].*of, s.axes[1].*of, s.axes[2].*of}; };
  text << op << ": " << s.images << " x " << s.groups * s.in_channels << " channels " << extents(&ConvAxis::in)
       << " to " << s.groups * s.out_channels << " " << extents(&ConvAxis::out) << ", kernel "
       << extents(&ConvAxis::kernel);
  if (s.groups > 1) text << ", groups " << s.groups;
  text << ", " << dtype;
  return text.str();
}

Im2col im2col_of(const ConvImages& in, const ConvShape& s, std::array<int64_t, 2> item_step, int64_t items) {
  Im2col im2col{in.data, {item_step[0], item_step[1]}, items, in.image, in.channel, in.pixel[0], in.pixel[1], {}};
  std::copy(s.axes, s.axes + 3, im2col.axes);
  return im2col;
}

void move_taps(const MoveTaps& kernel, DType dtype, const ConvShape& s, const ConvBox& box, const ConvWeight& whole,
               void* part, bool zeros) {
  ConvCrop crop{whole, {}, {}, {}, s.in_channels, nullptr, zeros};
  int64_t taps = 1;
  for (int i = 0; i < 3; ++i) {
    crop.kernel[i] = s.axes[i].kernel;
    crop.first[i] = box.axes[i].first, crop.count[i] = box.axes[i].count;
    taps *= box.axes[i].count;
  }
  const int64_t size = size_of(dtype), filter = s.in_channels * taps;
  parallel_for(s.groups * s.out_channels, 1, static_cast<double>(filter), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t group = i / s.out_channels;
      ConvCrop of_group = crop;
      of_group.whole.data = static_cast<const char*>(whole.data) + group * whole.group * size;
      of_group.box = static_cast<char*>(part) + group * s.out_channels * filter * size;
      kernel[log2_size(dtype)](of_group, i % s.out_channels, i % s.out_channels + 1);
    }
  });
}

void conv(const ConvProblem& p) {
  if (!run_first(kMethods, p, describe)) fail<TypeError>("conv: dtype ", p.dtype, " is not supported");
}

}  // namespace tw::cpu
