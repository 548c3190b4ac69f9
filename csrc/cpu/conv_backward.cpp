// Gradients of convolutions, with respect to the input (transposed convolutions) and to the weight.
#include <algorithm>
#include <numeric>

#include "backend/choose.h"
#include "core/divide.h"
#include "core/parallel.h"
#include "cpu/conv.h"
#include "cpu/conv_depthwise.h"
#include "cpu/conv_shifted.h"
#include "cpu/conv_winograd.h"
#include "cpu/cpu.h"
#include "cpu/dispatch/dispatch.h"
#include "cpu/gemm_source.h"

namespace tw::cpu {
namespace {

// ---- with respect to the input --------------------------------------------------------------------------------------

const char* naive_transpose_unsupported(const ConvProblem& p) {
  return kernels().conv.naive_transpose[static_cast<int>(p.dtype)] ? nullptr : "of the reference level only";
}

void run_naive_transpose(const ConvProblem& p) {
  const auto kernel = kernels().conv.naive_transpose[static_cast<int>(p.dtype)];
  const int64_t planes = p.shape.images * p.shape.groups * p.shape.in_channels;
  parallel_for(planes, 1, multiplications(p.shape) / static_cast<double>(planes),
               [&](int64_t begin, int64_t end) { kernel(p, begin, end); });
}

// Elements first, first + stride, .. of an axis of the input: pixel (first + pad - tap dilation) / stride + i meets
// element i of them with each tap for which that is a whole number. So they are a convolution of stride 1 of the pixels
// with these taps, in reverse, and no zeros stand between the pixels. Taps that meet no pixel are none of the phase.
struct Phase {
  int64_t first, count;  // elements
  int64_t tap = 0, taps = 0, tap_step = 1;
  ConvAxis axis = {};  // of the convolution
};

Phase phase_of(const ConvAxis& a, int64_t first) {
  const int64_t count = first < a.in ? (a.in - first - 1) / a.stride + 1 : 0;
  Phase p{first, count};
  p.tap_step = a.stride / std::gcd(a.stride, a.dilation);
  const int64_t most = std::min(a.kernel, p.tap_step);
  while (p.tap < most && (first + a.pad - p.tap * a.dilation) % a.stride != 0) ++p.tap;
  if (p.tap < most) p.taps = (a.kernel - 1 - p.tap) / p.tap_step + 1;
  const int64_t dilation = p.tap_step * a.dilation / a.stride;
  const int64_t pad = p.taps == 0 ? 0 : (p.taps - 1) * dilation - (first + a.pad - p.tap * a.dilation) / a.stride;
  p.axis = {a.out, p.count, p.taps, 1, pad, dilation};
  const ConvTaps met(p.axis);
  p.tap += (p.taps - met.first - met.count) * p.tap_step;
  p.taps = met.count;
  p.axis = met.of(p.axis);
  return p;
}

// run(first elements) for each phase.
template <class F>
void for_each_phase(const ConvShape& s, F run) {
  const auto phases = [](const ConvAxis& a) { return std::min(a.stride, a.in); };
  for (int64_t z = 0; z < phases(s.axes[0]); ++z)
    for (int64_t y = 0; y < phases(s.axes[1]); ++y)
      for (int64_t x = 0; x < phases(s.axes[2]); ++x)
        run({phase_of(s.axes[0], z), phase_of(s.axes[1], y), phase_of(s.axes[2], x)});
}

int64_t taps_of(const Phase (&phase)[3]) { return phase[0].taps * phase[1].taps * phase[2].taps; }

// The weight of a phase: as it lies where there is one tap, else a copy at `copy`.
ConvWeight turned_weight(const ConvProblem& p, const Phase (&phase)[3], char* copy) {
  const ConvShape& s = p.shape;
  if (s.taps() == 1) return {p.weight.data, p.weight.group, p.weight.tap, p.weight.filter};
  const int64_t depth = s.out_channels * taps_of(phase), size = size_of(p.dtype);
  ConvTurn turn{p.weight, {}, {}, {}, {}, s.out_channels, nullptr, depth};
  for (int i = 0; i < 3; ++i) {
    turn.kernel[i] = s.axes[i].kernel;
    turn.first[i] = phase[i].tap, turn.count[i] = phase[i].taps, turn.step[i] = phase[i].tap_step;
  }
  constexpr int64_t kChannels = 16;  // whose rows of the copy are written side by side
  const int64_t blocks = ceil_div(s.in_channels, kChannels);
  parallel_for(s.groups * blocks, 1, 0.3 * static_cast<double>(depth * kChannels), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t group = i / blocks, from = i % blocks * kChannels;
      ConvTurn of_group = turn;
      of_group.weight.data = static_cast<const char*>(p.weight.data) + group * p.weight.group * size;
      of_group.out = copy + group * s.in_channels * depth * size;
      kernels().conv.turn[log2_size(p.dtype)](of_group, from, std::min(from + kChannels, s.in_channels));
    }
  });
  return {copy, s.in_channels * depth, depth, 1};
}

// One phase as a convolution, without its weight.
ConvProblem convolution_of(const ConvProblem& p, const Phase (&phase)[3]) {
  const ConvShape& s = p.shape;
  ConvProblem c = p;
  c.shape = {s.images, s.groups, s.out_channels, s.in_channels, {phase[0].axis, phase[1].axis, phase[2].axis}};
  int64_t offset = 0;
  for (int i = 0; i < 3; ++i) {
    offset += phase[i].first * p.out.pixel[i];
    c.out.pixel[i] = p.out.pixel[i] * s.axes[i].stride;
  }
  offset *= size_of(p.dtype);
  c.out.data = static_cast<char*>(p.out.data) + offset;
  if (p.residual) c.residual = static_cast<const char*>(p.residual) + offset;
  return c;
}

// What no tap reaches: bias, residual and activation alone.
void run_without_taps(const ConvProblem& p) {
  ConvProblem c = p;
  c.shape.in_channels = 0, c.shape.out_channels = p.shape.in_channels;
  for (ConvAxis& a : c.shape.axes) a = {a.in, a.in, 1, 1, 0, 1};
  conv(c);
}

void run_phases(const ConvProblem& p) {
  const ConvShape& s = p.shape;
  int64_t most = 0;
  bool reaches_all = true;
  for_each_phase(s, [&](const Phase(&phase)[3]) {
    most = std::max(most, taps_of(phase));
    reaches_all = reaches_all && taps_of(phase) > 0;
  });
  if (!reaches_all) run_without_taps(p);
  const int64_t elements = s.taps() == 1 ? 0 : s.groups * s.in_channels * s.out_channels * most;
  const StorageRef copy = allocate(static_cast<size_t>(elements * size_of(p.dtype)));
  for_each_phase(s, [&](const Phase(&phase)[3]) {
    if (taps_of(phase) == 0) return;
    ConvProblem c = convolution_of(p, phase);
    c.weight = turned_weight(p, phase, static_cast<char*>(copy->data));
    conv(c);
  });
}

const char* phases_unsupported(const ConvProblem&) { return nullptr; }

template <WinogradTiles kTiles>
constexpr Method<ConvProblem> kWinograd = {
    kTiles == WinogradTiles::f4 ? "Winograd F(4x4, 3x3)" : "Winograd F(2x2, 3x3)",
    [](const ConvProblem& p) { return winograd_transpose_unsupported(kTiles, p); },
    [](const ConvProblem& p) { winograd_transpose(kTiles, p); }};

// In order of preference.
const Method<ConvProblem> kTransposeMethods[] = {
    {"naive", naive_transpose_unsupported, run_naive_transpose},
    {"depthwise", depthwise_transpose_unsupported, depthwise_transpose},
    kWinograd<WinogradTiles::f4>,
    kWinograd<WinogradTiles::f2>,
    {"a convolution for each phase of the stride", phases_unsupported, run_phases},
};

std::string describe_transpose(const ConvProblem& p) { return describe_conv("conv_transpose", p.dtype, p.shape); }

// ---- with respect to the weight -------------------------------------------------------------------------------------

const char* naive_gradient_unsupported(const ConvWeightGradientProblem& p) {
  return kernels().conv.naive_weight_gradient[static_cast<int>(p.dtype)] ? nullptr : "of the reference level only";
}

void run_naive_gradient(const ConvWeightGradientProblem& p) {
  const auto kernel = kernels().conv.naive_weight_gradient[static_cast<int>(p.dtype)];
  const int64_t rows = p.shape.groups * p.shape.out_channels;
  parallel_for(rows, 1, multiplications(p.shape) / static_cast<double>(rows),
               [&](int64_t begin, int64_t end) { kernel(p, begin, end); });
}

const char* im2col_gradient_unsupported(const ConvWeightGradientProblem& p) {
  return kernels().gemm.packed[static_cast<int>(p.dtype)].tile ? nullptr : "no kernel for this dtype at this level";
}

// For each group, the sum over images of g (filters x pixels) times the transposed im2col matrix.
void run_im2col_gradient(const ConvWeightGradientProblem& p) {
  const ConvShape& s = p.shape;
  const Im2col im2col = im2col_of(p.in, s, {s.in_channels * p.in.channel, p.in.image}, s.images);
  const int64_t taps = s.in_channels * s.taps();
  GemmBatch g{p.dtype,
              {s.out_channels, taps, s.out_pixels(), {p.g.data, p.g.channel, 1}, {}, {}},
              {s.groups, s.images},
              {s.out_channels * p.g.channel, p.g.image},
              {0, 0},
              s.out_channels * taps};
  g.each.out.c = {p.out, taps, 1};
  if (p.accumulate) g.each.out.residual = g.each.out.c;
  gemm(GemmFromSource{g, {kernels().conv.im2col_transposed[log2_size(p.dtype)], &im2col}, s.images});
}

// ---- of small images: the pixels of several are one depth -----------------------------------------------------------

constexpr int64_t kPixelsTogether = 1024;

const char* together_unsupported(const ConvWeightGradientProblem& p) {
  if (const char* why = im2col_gradient_unsupported(p)) return why;
  if (p.dtype != DType::f32 && p.dtype != DType::f64) return "sums would be rounded to this dtype";
  if (p.shape.images == 1) return "there is one image";
  return p.shape.out_pixels() >= kFewPixels ? "images have enough pixels" : nullptr;
}

// g of some images as matrices, (channels of all groups, images pixels).
void gather_pixels(const ConvWeightGradientProblem& p, void* to) {
  const ConvShape& s = p.shape;
  constexpr int64_t kRows = 16;  // of a task
  const int64_t rows = s.groups * s.out_channels, pixels = s.images * s.out_pixels(), size = size_of(p.dtype);
  parallel_for(ceil_div(rows, kRows), 1, static_cast<double>(kRows * pixels), [&](int64_t begin, int64_t end) {
    const int64_t from = begin * kRows, count = std::min(rows, end * kRows) - from;
    ConvTile t{p.g, {s.axes[0].out, s.axes[1].out, s.axes[2].out}, count, 0, pixels, nullptr, pixels};
    t.images.data = static_cast<char*>(p.g.data) + from * p.g.channel * size;
    t.tile = static_cast<char*>(to) + from * pixels * size;
    kernels().conv.gather[log2_size(p.dtype)](t);
  });
}

void run_together(const ConvWeightGradientProblem& p) {
  const ConvShape& s = p.shape;
  const int64_t taps = s.in_channels * s.taps(), rows = s.groups * s.out_channels, size = size_of(p.dtype);
  const int64_t most = std::min(s.images, std::max<int64_t>(1, kPixelsTogether / s.out_pixels()));
  const StorageRef copy = allocate(static_cast<size_t>(rows * most * s.out_pixels() * size));
  for (int64_t first = 0; first < s.images; first += most) {
    ConvWeightGradientProblem some = p;
    some.shape.images = std::min(most, s.images - first);
    some.g.data = static_cast<char*>(p.g.data) + first * p.g.image * size;
    some.in.data = static_cast<char*>(p.in.data) + first * p.in.image * size;
    gather_pixels(some, copy->data);
    const int64_t pixels = some.shape.images * s.out_pixels();
    const Im2col im2col = im2col_of(some.in, some.shape, {s.in_channels * p.in.channel, 0}, 1);
    GemmBatch g{p.dtype,    {s.out_channels, taps, pixels, {copy->data, pixels, 1}, {}, {}},
                {s.groups}, {s.out_channels * pixels},
                {0},        s.out_channels * taps};
    g.each.out.c = {p.out, taps, 1};
    if (p.accumulate || first > 0) g.each.out.residual = g.each.out.c;
    gemm(GemmFromSource{g, {kernels().conv.im2col_transposed[log2_size(p.dtype)], &im2col}});
  }
}

// ---- taps that meet padding alone: zeros ----------------------------------------------------------------------------

const char* fewer_taps_unsupported(const ConvWeightGradientProblem& p) {
  return ConvBox(p.shape).whole() ? "all taps meet the image" : nullptr;
}

void run_fewer_taps(const ConvWeightGradientProblem& p) {
  const ConvShape& s = p.shape;
  const ConvBox box(s);
  ConvWeightGradientProblem c = p;
  c.shape = box.of(s);
  const int64_t taps = c.shape.in_channels * c.shape.taps(), row = s.in_channels * s.taps();
  const StorageRef gradient = allocate(static_cast<size_t>(s.groups * s.out_channels * taps * size_of(p.dtype)));
  const ConvWeight whole{p.out, s.out_channels * row, row, 1};
  c.out = gradient->data;
  if (p.accumulate) move_taps(kernels().conv.crop, p.dtype, s, box, whole, c.out, false);
  if (taps > 0) conv_weight_gradient(c);
  move_taps(kernels().conv.spread, p.dtype, s, box, whole, c.out, !p.accumulate);
}

// ---- few filters: tap by tap ----------------------------------------------------------------------------------------

void run_shifted(const ConvWeightGradientProblem& p) {
  if (!shifted_gradient(p)) run_im2col_gradient(p);
}

// In order of preference.
const Method<ConvWeightGradientProblem> kGradientMethods[] = {
    {"naive", naive_gradient_unsupported, run_naive_gradient},
    {"depthwise", depthwise_weight_gradient_unsupported, depthwise_weight_gradient},
    {"without taps on padding alone", fewer_taps_unsupported, run_fewer_taps},
    {"a product for each tap", shifted_gradient_unsupported, run_shifted},
    {"implicit im2col of several images", together_unsupported, run_together},
    {"implicit im2col", im2col_gradient_unsupported, run_im2col_gradient},
};

std::string describe_gradient(const ConvWeightGradientProblem& p) {
  return describe_conv("conv_weight_gradient", p.dtype, p.shape);
}

}  // namespace

void conv_transpose(const ConvProblem& p) {
  if (!run_first(kTransposeMethods, p, describe_transpose))
    fail<TypeError>("conv_transpose: dtype ", p.dtype, " is not supported");
}

void conv_weight_gradient(const ConvWeightGradientProblem& p) {
  if (!run_first(kGradientMethods, p, describe_gradient))
    fail<TypeError>("conv_weight_gradient: dtype ", p.dtype, " is not supported");
}

}  // namespace tw::cpu
