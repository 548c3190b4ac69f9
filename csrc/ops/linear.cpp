#include "ops/linear.h"

#include "backend/backend.h"
#include "core/watch.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/matrix_operand.h"
#include "ops/transfer.h"

namespace tw {
namespace {

// What a linear layer multiplies by: weightᵀ (in, out), where it lies or as panels.
struct Weight {
  int64_t out, in;
  GemmMatrix matrix;
  const void* panels;
};

void check_linear(const Array& x, int64_t out, int64_t in, const Array* bias) {
  const Dims weight{out, in};
  if (x.ndim() == 0 || x.shape.back() != in)
    fail<ValueError>("linear: weight ", weight, " takes ", in, " features, but x ", x.shape, " has ",
                     x.ndim() == 0 ? 0 : x.shape.back());
  if (bias && (bias->ndim() != 1 || bias->shape[0] != out))
    fail<ValueError>("linear: bias ", bias->shape, " does not fit weight ", weight, ", which needs (", out, ",)");
}

// Points p at the rows of x (..., k), p.m in all. False where no single stride leads through them.
bool set_rows(const Array& x, GemmProblem& p) {
  p.a = {x.data, x.ndim() > 1 ? x.strides[x.ndim() - 2] : 0, x.strides.back()};
  if (p.m == 1) return p.k <= 1 || p.a.col == 1;
  if (x.ndim() == 2 || p.k == 0) return true;
  Array rows;
  if (!fold_rows(x, rows)) return false;
  p.a = {rows.data, rows.strides[0], rows.strides[1]};
  return true;
}

// act(x weightᵀ + bias), computed in `dtype`, which the weight has.
Array affine(DType dtype, const Array& x, const Weight& weight, const Array* bias, Activation activation, Array* pre) {
  Dims shape = x.shape;
  shape[x.ndim() - 1] = weight.out;
  const Array c = empty(shape, dtype, x.device);
  if (pre && derives_from_argument(activation)) *pre = empty(shape, dtype, x.device);
  if (c.size() == 0) return c;

  MatrixOperand a(x), b(bias ? *bias : x);
  a.cast(dtype);
  GemmBatch g;
  g.dtype = dtype;
  GemmProblem& p = g.each;
  p = GemmProblem{};
  p.n = weight.out;
  p.k = weight.in;
  p.m = c.size() / p.n;
  if (!set_rows(*a, p)) {
    a.copy();
    set_rows(*a, p);
  }
  p.b = weight.matrix;
  g.packed_b = weight.panels;
  p.out.c = {c.data, p.n, 1};
  if (bias) {
    b.cast(dtype);
    b.make_vector(0);
    p.out.bias = {b->data, 0, 1};
  }
  p.out.activation = activation;
  if (pre && derives_from_argument(activation)) p.out.pre = {pre->data, p.n, 1};
  backend(x.device).gemm.run(g);
  return c;
}

}  // namespace

Array linear(const Array& x, const Array& weight, const Array* bias, Activation activation, Array* pre) {
  if (weight.ndim() != 2) fail<ValueError>("linear: weight ", weight.shape, " is not (out, in)");
  check_linear(x, weight.shape[0], weight.shape[1], bias);
  common_device("linear", {{"x", &x}, {"weight", &weight}, {"bias", bias}});
  DType dtype = promote_types(x.dtype, weight.dtype);
  if (bias) dtype = promote_types(dtype, bias->dtype);
  if (!is_floating(dtype)) fail<TypeError>("linear: dtype ", dtype, " is not floating");
  MatrixOperand w(weight);
  w.cast(dtype);
  return affine(dtype, x, {w->shape[0], w->shape[1], {w->data, w->strides[1], w->strides[0]}, nullptr}, bias,
                activation, pre);
}

Array linear(const Array& x, const PackedWeight& weight, const Array* bias, Activation activation) {
  check_linear(x, weight.out_features(), weight.in_features(), bias);
  common_device("linear", {{"x", &x}, {"bias", bias}});
  if (!(x.device == weight.device()))
    fail<ValueError>("linear: x ", x.shape, " is on ", x.device, ", but the weight was packed on ", weight.device());
  DType dtype = promote_types(x.dtype, weight.dtype());
  if (bias) dtype = promote_types(dtype, bias->dtype);
  if (dtype != weight.dtype())
    fail<TypeError>("linear: x and bias need dtype ", dtype, ", but the weight is packed as ", weight.dtype());
  if (MemoryWatch* watch = memory_watch()) watch->met(weight.storage());
  return affine(dtype, x, {weight.out_features(), weight.in_features(), weight.matrix(), weight.panels()}, bias,
                activation, nullptr);
}

PackedWeight::PackedWeight(const Array& weight) : dtype_(weight.dtype) {
  if (weight.ndim() != 2) fail<ValueError>("PackedWeight: weight ", weight.shape, " is not (out, in)");
  if (!is_floating(dtype_)) fail<TypeError>("PackedWeight: dtype ", dtype_, " is not floating");
  out_ = weight.shape[0];
  in_ = weight.shape[1];
  panels_ = backend(weight.device).gemm.pack({dtype_, {weight.data, weight.strides[1], weight.strides[0]}, in_, out_});
  plain_ = !panels_.get();
  if (plain_) panels_ = astype(weight, dtype_).storage;
}

GemmMatrix PackedWeight::matrix() const { return {plain_ ? panels_->data : nullptr, 1, in_}; }

Array compressed_linear(const Array& x, const Array& codes, const Array* scale, const Array* bias,
                        Activation activation) {
  constexpr const char* op = "compressed_linear";
  if (codes.ndim() != 2) fail<ValueError>(op, ": codes ", codes.shape, " are not (out, in)");
  const int64_t out = codes.shape[0], in = codes.shape[1];
  if (x.ndim() == 0 || x.shape.back() != in)
    fail<ValueError>(op, ": codes ", codes.shape, " take ", in, " features, but x ", x.shape, " has ",
                     x.ndim() == 0 ? 0 : x.shape.back());
  if (codes.dtype != DType::bf16 && codes.dtype != DType::i8)
    fail<TypeError>(op, ": codes are ", codes.dtype, ", but must be bfloat16 or int8");
  if ((codes.dtype == DType::i8) != (scale != nullptr))
    fail<ValueError>(op, ": codes are ", codes.dtype, ", ", scale ? "which have no scale" : "which need a scale");
  common_device(op, {{"x", &x}, {"codes", &codes}, {"scale", scale}, {"bias", bias}});
  const auto check = [&](const char* name, const Array* given, const Dims& needed) {
    if (given && needed.size() && !(given->shape == needed))
      fail<ValueError>(op, ": ", name, " ", given->shape, " does not fit codes ", codes.shape, ", which need ", needed);
    if (given && !is_floating(given->dtype))
      fail<TypeError>(op, ": ", name, " is ", given->dtype, ", but must be floating");
  };
  check("x", &x, {});
  check("scale", scale, {out});
  check("bias", bias, {out});
  DType dtype = x.dtype;
  for (const Array* given : {scale, bias})
    if (given) dtype = promote_types(dtype, given->dtype);
  if (dtype != DType::f32) {  // codes have kernels for float32 alone
    const Array numbers = astype(codes, dtype, false), factors = scale ? expand_dims(*scale, 1) : Array{};
    const ElementwiseOp multiply = elementwise_op(Elementwise::multiply);
    return linear(x, scale ? binary(multiply, {&numbers, {}}, {&factors, {}}) : numbers, bias, activation);
  }
  Dims shape = x.shape;
  shape[x.ndim() - 1] = out;
  const Array y = empty(shape, dtype, x.device);
  if (y.size() == 0) return y;
  const Array rows = contiguous(x), matrix = contiguous(codes), scales = scale ? contiguous(*scale) : Array{},
              biases = bias ? contiguous(*bias) : Array{};
  backend(x.device).linear.compressed(
      {y.size() / out, out, in, codes.dtype, rows.data, matrix.data, scales.data, biases.data, activation, y.data});
  return y;
}

BiasActivationGradients bias_activation_backward(const Array& g, const Array& saved, Activation activation) {
  constexpr const char* op = "bias_activation_backward";
  if (activation == Activation::none) fail<ValueError>(op, ": activation is none, which needs no backward");
  if (g.ndim() == 0 || !(g.shape == saved.shape))
    fail<ValueError>(op, ": g is ", g.shape, ", but what was saved is ", saved.shape);
  if (g.dtype != saved.dtype || !is_floating(g.dtype))
    fail<TypeError>(op, ": operands are ", g.dtype, " and ", saved.dtype, ", but must have one floating dtype");
  common_device(op, {{"g", &g}, {"saved", &saved}});
  const int64_t cols = g.shape.back();
  const Dims flat{cols ? g.size() / cols : element_count(g.shape), cols};
  BiasActivationGradients result{empty(g.shape, g.dtype, g.device), empty({cols}, g.dtype, g.device)};
  if (cols == 0) return result;
  const Array rows = reshape(g, flat), saved_rows = reshape(saved, flat);
  backend(g.device).linear.bias_activation_backward({activation,
                                                     flat[0],
                                                     cols,
                                                     view_of(rows),
                                                     view_of(saved_rows),
                                                     {result.z.data, g.dtype, {cols, 1}},
                                                     {result.bias.data, g.dtype, {1}}});
  return result;
}

}  // namespace tw
