#include "ops/conv.h"

#include <algorithm>
#include <utility>

#include "backend/backend.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/matrix_operand.h"
#include "ops/transfer.h"

namespace tw {
namespace {

thread_local WinogradTiles winograd_tiles = WinogradTiles::f2;

struct Window {
  const Dims &stride, &padding, &dilation;
  int64_t groups;
  int axes() const { return stride.size(); }
};

std::string op_name(const char* op, const Dims& stride) { return op + std::to_string(stride.size()) + "d"; }

Dims spatial(const Array& x) {
  Dims extents;
  for (int i = 2; i < x.ndim(); ++i) extents.push_back(x.shape[i]);
  return extents;
}

void check_numbers(const std::string& op, const char* name, const Dims& given, int axes, int64_t least) {
  if (given.size() != axes)
    fail<ValueError>(op, ": ", name, " is ", given, ", but needs ", axes, axes == 1 ? " number" : " numbers");
  for (const int64_t number : given)
    if (number < least || number > kMaxElements)
      fail<ValueError>(op, ": ", name, " is ", given, ", but must be ", number < least ? "at least " : "at most ",
                       number < least ? least : kMaxElements);
}

void check_window(const std::string& op, const Window& w) {
  if (w.axes() < 1 || w.axes() > 3) fail<ValueError>(op, ": stride ", w.stride, " is not of 1 to 3 axes");
  check_numbers(op, "stride", w.stride, w.axes(), 1);
  check_numbers(op, "padding", w.padding, 2 * w.axes(), -kMaxElements);
  check_numbers(op, "dilation", w.dilation, w.axes(), 1);
  if (w.groups < 1) fail<ValueError>(op, ": groups is ", w.groups, ", but must be at least 1");
}

void check_axes(const std::string& op, const char* name, const Array& x, const Window& w, const char* first) {
  static constexpr const char* kAxes[] = {"length", "height, width", "depth, height, width"};
  static constexpr const char* kKernel[] = {"k", "kh, kw", "kd, kh, kw"};
  if (x.ndim() == w.axes() + 2) return;
  const bool weight = name[0] == 'w';
  fail<ValueError>(op, ": ", name, " is ", x.shape, ", but must be (", first, (weight ? kKernel : kAxes)[w.axes() - 1],
                   ")");
}

// Pixels of an axis; floored, so that -1 .. -stride over the kernel is none.
int64_t pixels(__int128 extent, int64_t kernel, const Window& w, int axis) {
  const __int128 last = extent + w.padding[2 * axis] + w.padding[2 * axis + 1] -
                        static_cast<__int128>(w.dilation[axis]) * (kernel - 1) - 1;
  const int64_t stride = w.stride[axis];
  const __int128 count = (last >= 0 ? last / stride : -((stride - 1 - last) / stride)) + 1;
  return static_cast<int64_t>(std::clamp<__int128>(count, -1, kMaxElements));
}

void check_kernel(const std::string& op, const Dims& kernel) {
  for (const int64_t extent : kernel)
    if (extent < 1) fail<ValueError>(op, ": the kernel is ", kernel, ", but needs at least 1 element along each axis");
}

// Extents of conv()'s result; ValueError where the kernel does not fit into an axis.
Dims output_pixels(const std::string& op, const Array& x, const Dims& kernel, const Window& w) {
  Dims out;
  for (int i = 0; i < w.axes(); ++i) {
    const int64_t extent = x.shape[i + 2];
    out.push_back(pixels(extent, kernel[i], w, i));
    const __int128 span = static_cast<__int128>(w.dilation[i]) * (kernel[i] - 1) + 1;
    const __int128 padded = static_cast<__int128>(extent) + w.padding[2 * i] + w.padding[2 * i + 1];
    if (padded >= span) continue;
    fail<ValueError>(op, ": kernel ", kernel, " with dilation ", w.dilation, " spans ",
                     static_cast<int64_t>(std::min<__int128>(span, kMaxElements)), " elements along axis ", i + 2,
                     ", but x ", x.shape, " has ", extent, " there and ", w.padding[2 * i], " + ", w.padding[2 * i + 1],
                     " of padding");
  }
  return out;
}

void check_groups(const std::string& op, const char* name, int64_t filters, const Array& weight, int64_t groups) {
  if (filters % groups != 0)
    fail<ValueError>(op, ": ", name, " ", weight.shape, " has ", filters, " channels, which groups=", groups,
                     " does not divide");
}

void check_bias(const std::string& op, const Array* bias, int64_t channels) {
  if (bias && (bias->ndim() != 1 || bias->shape[0] != channels))
    fail<ValueError>(op, ": bias is ", bias->shape, ", but must be (", channels,
                     ",), a number for each output channel");
}

DType floating_dtype(const std::string& op, std::initializer_list<const Array*> operands) {
  DType dtype = (*operands.begin())->dtype;
  for (const Array* x : operands)
    if (x) dtype = promote_types(dtype, x->dtype);
  if (!is_floating(dtype)) fail<TypeError>(op, ": dtype ", dtype, " is not floating");
  return dtype;
}

// The product of extents, as (images, channels, ..) of a result; ValueError where it cannot be addressed.
Dims result_shape(const std::string& op, int64_t images, int64_t channels, const Dims& extents) {
  Dims shape{images, channels};
  double count = 1;
  for (const int64_t extent : extents) shape.push_back(extent);
  for (const int64_t extent : shape) count *= static_cast<double>(std::max<int64_t>(extent, 1));
  if (count > static_cast<double>(kMaxElements))
    fail<ValueError>(op, ": the result ", shape, " has more elements than can be addressed");
  return shape;
}

// Extents of an axis that is missing are 1. Where there is one pixel or one tap, the stride or the dilation says
// nothing, and counts as 1.
ConvShape shape_of(int64_t images, int64_t channels, int64_t filters, const Dims& in, const Dims& kernel,
                   const Dims& out, const Window& w) {
  ConvShape s{images, w.groups, channels / w.groups, filters / w.groups, {}};
  for (int i = 0; i < 3; ++i) {
    const int axis = i - (3 - w.axes());
    s.axes[i] = axis < 0 ? ConvAxis{1, 1, 1, 1, 0, 1}
                         : ConvAxis{in[axis],
                                    out[axis],
                                    kernel[axis],
                                    out[axis] > 1 ? w.stride[axis] : 1,
                                    w.padding[2 * axis],
                                    kernel[axis] > 1 ? w.dilation[axis] : 1};
  }
  return s;
}

// An axis of length 1 has the stride of a contiguous array.
ConvImages images_of(const Array& x) {
  ConvImages images{x.data, x.strides[0], x.strides[1], {}};
  int64_t dense = 1;
  for (int i = 2; i >= 0; --i) {
    const int axis = i - 3 + x.ndim();
    const bool there = axis >= 2;
    images.pixel[i] = there && x.shape[axis] > 1 ? x.strides[axis] : dense;
    if (there) dense *= x.shape[axis];
  }
  return images;
}

void make_rows(MatrixOperand& x, DType dtype) {
  x.cast(dtype);
  if (images_of(*x).pixel[2] != 1) x.copy();
}

// The operands of a forward or transposed convolution on their way to the backend.
struct Operands {
  MatrixOperand x, weight, bias;
  Array taps;  // the weight as (filters, taps)

  Operands(const Array& x_, const Array& w, const Array* b, DType dtype) : x(x_), weight(w), bias(b ? *b : w) {
    make_rows(x, dtype);
    weight.cast(dtype);
    const Dims flat{w.shape[0], w.shape[0] > 0 ? w.size() / w.shape[0] : 0};
    if (!try_reshape_view(*weight, flat, taps)) {
      weight.copy();
      try_reshape_view(*weight, flat, taps);
    }
    if (!b) return;
    bias.cast(dtype);
    bias.make_vector(0);
  }

  ConvProblem problem(const ConvShape& shape, const Array& out, bool has_bias) const {
    const int64_t filter = taps.strides[0];
    return {out.dtype,      shape,
            images_of(*x),  {taps.data, shape.out_channels * filter, filter, taps.strides[1]},
            images_of(out), has_bias ? bias->data : nullptr,
            nullptr,        Activation::none,
            winograd_tiles};
  }
};

struct WeightGradient {
  ConvShape shape;
  DType dtype;
  Dims out;
};

// What conv_weight_gradient() checks of its operands.
WeightGradient weight_gradient(const Array& g, const Array& x, const Dims& kernel, const Window& w) {
  const std::string op = op_name("conv_weight_gradient", w.stride);
  check_window(op, w);
  check_axes(op, "g", g, w, "batch, channels, ");
  check_axes(op, "x", x, w, "batch, channels, ");
  if (kernel.size() != w.axes()) fail<ValueError>(op, ": the kernel is ", kernel, ", but needs ", w.axes(), " extents");
  check_kernel(op, kernel);
  common_device(op.c_str(), {{"g", &g}, {"x", &x}});
  const DType dtype = floating_dtype(op, {&g, &x});
  check_groups(op, "g", g.shape[1], g, w.groups);
  check_groups(op, "x", x.shape[1], x, w.groups);
  Dims out{g.shape[1], x.shape[1] / w.groups}, needed;
  for (int i = 0; i < w.axes(); ++i) {
    out.push_back(kernel[i]);
    needed.push_back(pixels(x.shape[i + 2], kernel[i], w, i));
  }
  if (g.shape[0] != x.shape[0] || !(spatial(g) == needed))
    fail<ValueError>(op, ": g is ", g.shape, ", but x ", x.shape, " gives ", x.shape[0], " images of ", needed);
  return {shape_of(x.shape[0], x.shape[1], g.shape[1], spatial(x), kernel, needed, w), dtype, out};
}

void run_weight_gradient(const WeightGradient& w, const Array& g, const Array& x, const Array& out, bool accumulate) {
  MatrixOperand pixels(g), images(x);
  make_rows(images, w.dtype);
  pixels.cast(w.dtype);
  if (!images_of(*pixels).dense(w.shape.axes[1].out, w.shape.axes[2].out)) pixels.copy();
  backend(out.device)
      .conv.weight_gradient({w.dtype, w.shape, images_of(*pixels), images_of(*images), out.data, accumulate});
}

}  // namespace

Array conv(const Array& x, const Array& weight, const Array* bias, const Dims& stride, const Dims& padding,
           const Dims& dilation, int64_t groups) {
  const std::string op = op_name("conv", stride);
  const Window w{stride, padding, dilation, groups};
  check_window(op, w);
  check_axes(op, "x", x, w, "batch, channels, ");
  check_axes(op, "weight", weight, w, "out channels, in channels / groups, ");
  const int64_t filters = weight.shape[0], channels = x.shape[1];
  check_groups(op, "weight", filters, weight, groups);
  check_groups(op, "x", channels, x, groups);
  if (weight.shape[1] != channels / groups)
    fail<ValueError>(op, ": weight has ", weight.shape[1], " input channels, but x ", x.shape, " with groups=", groups,
                     " needs ", channels / groups);
  check_bias(op, bias, filters);
  const Dims kernel = spatial(weight);
  check_kernel(op, kernel);
  const Dims out = output_pixels(op, x, kernel, w);
  common_device(op.c_str(), {{"x", &x}, {"weight", &weight}, {"bias", bias}});
  const DType dtype = floating_dtype(op, {&x, &weight, bias});
  const Array c = empty(result_shape(op, x.shape[0], filters, out), dtype, x.device);
  if (c.size() == 0) return c;
  const Operands operands(x, weight, bias, dtype);
  backend(x.device).conv.forward(
      operands.problem(shape_of(x.shape[0], channels, filters, spatial(x), kernel, out, w), c, bias != nullptr));
  return c;
}

Array conv_transpose(const Array& x, const Array& weight, const Array* bias, const Dims& extents, const Dims& stride,
                     const Dims& padding, const Dims& dilation, int64_t groups) {
  const std::string op = op_name("conv_transpose", stride);
  const Window w{stride, padding, dilation, groups};
  check_window(op, w);
  check_axes(op, "x", x, w, "batch, channels, ");
  check_axes(op, "weight", weight, w, "in channels, out channels / groups, ");
  const int64_t filters = x.shape[1];
  check_groups(op, "x", filters, x, groups);
  if (weight.shape[0] != filters)
    fail<ValueError>(op, ": weight has ", weight.shape[0], " input channels, but x ", x.shape, " has ", filters);
  if (weight.shape[1] > kMaxElements / groups)
    fail<ValueError>(op, ": weight ", weight.shape, " with groups=", groups,
                     " has more channels than can be addressed");
  const int64_t channels = weight.shape[1] * groups;
  check_bias(op, bias, channels);
  const Dims kernel = spatial(weight);
  check_kernel(op, kernel);
  check_numbers(op, "the output size", extents, w.axes(), 0);
  Dims needed;
  for (int i = 0; i < w.axes(); ++i) needed.push_back(pixels(extents[i], kernel[i], w, i));
  if (!(needed == spatial(x)))
    fail<ValueError>(op, ": the output size is ", extents, ", which a convolution reduces to ", needed, ", but x is ",
                     x.shape);
  common_device(op.c_str(), {{"x", &x}, {"weight", &weight}, {"bias", bias}});
  const DType dtype = floating_dtype(op, {&x, &weight, bias});
  const Array c = empty(result_shape(op, x.shape[0], channels, extents), dtype, x.device);
  if (c.size() == 0) return c;
  const Operands operands(x, weight, bias, dtype);
  backend(x.device).conv.transpose(
      operands.problem(shape_of(x.shape[0], channels, filters, extents, kernel, needed, w), c, bias != nullptr));
  return c;
}

Array conv_weight_gradient(const Array& g, const Array& x, const Dims& kernel, const Dims& stride, const Dims& padding,
                           const Dims& dilation, int64_t groups) {
  const WeightGradient w = weight_gradient(g, x, kernel, {stride, padding, dilation, groups});
  if (g.size() == 0 || x.size() == 0) return full(w.out, Scalar{}, w.dtype, x.device);
  const Array out = empty(w.out, w.dtype, x.device);
  run_weight_gradient(w, g, x, out, false);
  return out;
}

void conv_weight_gradient_add(const Array& out, const Array& g, const Array& x, const Dims& stride, const Dims& padding,
                              const Dims& dilation, int64_t groups) {
  const std::string op = op_name("conv_weight_gradient", stride) + "_add";
  const WeightGradient w = weight_gradient(g, x, spatial(out), {stride, padding, dilation, groups});
  if (!(out.shape == w.out) || out.dtype != w.dtype)
    fail<ValueError>(op, ": out is ", out.dtype, " ", out.shape, ", but the gradient is ", w.dtype, " ", w.out);
  require_writable(op.c_str(), out);
  common_device(op.c_str(), {{"out", &out}, {"x", &x}});
  if (g.size() == 0 || x.size() == 0) return;
  if (out.is_contiguous() && !may_overlap(out, g) && !may_overlap(out, x))
    return run_weight_gradient(w, g, x, out, true);
  const Array gradient = conv_weight_gradient(g, x, spatial(out), stride, padding, dilation, groups);
  run_elementwise(Elementwise::add, {&out, &gradient}, out);
}

int set_winograd(int m) {
  return 2 * static_cast<int>(std::exchange(winograd_tiles, static_cast<WinogradTiles>(m / 2)));
}

}  // namespace tw
