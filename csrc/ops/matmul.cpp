#include "ops/matmul.h"

#include <algorithm>

#include "dispatch/dispatch.h"
#include "ops/elementwise.h"
#include "ops/gemm.h"

namespace tw {
namespace {

Array cast_to(const Array& x, DType dtype) { return x.dtype == dtype ? x : astype(x, dtype); }

// A vector operand whose elements do not lie side by side is copied: that costs nothing beside the matrix.
Array as_vector(const Array& x, int axis) { return x.shape[axis] > 1 && x.strides[axis] != 1 ? contiguous(x) : x; }

// (..., m, k) as (rows, k) where the leading axes can be walked with one stride.
bool fold_rows(const Array& x, Array& folded) {
  if (x.ndim() == 2) {
    folded = x;
    return true;
  }
  if (x.ndim() == 1 || x.size() == 0) return false;
  return try_reshape_view(x, Dims{x.size() / x.shape.back(), x.shape.back()}, folded);
}

GemmProblem problem_of(const Array& a, const Array& b, const Array& c) {
  const int i = a.ndim() - 2, j = b.ndim() - 2;
  GemmProblem p{};
  p.m = a.shape[i];
  p.k = a.shape[i + 1];
  p.n = b.shape[j + 1];
  p.a = a.data;
  p.a_row = a.strides[i];
  p.a_col = a.strides[i + 1];
  p.b = b.data;
  p.b_row = b.strides[j];
  p.b_col = b.strides[j + 1];
  p.c = c.data;
  p.c_row = p.n;
  return p;
}

// a's strides along the axes of the broadcast batch.
Dims batch_strides(const Array& a, const Dims& batch) {
  Dims strides(batch.size());
  const int missing = batch.size() - (a.ndim() - 2);
  for (int axis = missing; axis < batch.size(); ++axis)
    strides[axis] = a.shape[axis - missing] == 1 ? 0 : a.strides[axis - missing];
  return strides;
}

Dims leading(const Array& x, int axes) {
  Dims shape;
  for (int i = 0; i < axes; ++i) shape.push_back(x.shape[i]);
  return shape;
}

Dims broadcast_batches(const Array& a, const Array& b) {
  const Dims left = leading(a, a.ndim() - 2), right = leading(b, b.ndim() - 2);
  try {
    return broadcast_shapes("matmul", left, right);
  } catch (const ValueError&) {
    fail<ValueError>("matmul: x1 ", a.shape, " and x2 ", b.shape, " are batches of ", left, " and ", right,
                     ", which do not broadcast together");
  }
}

[[noreturn]] void fail_inner(const Array& x1, const Array& x2) {
  fail<ValueError>("matmul: x1 ", x1.shape, " has ", x1.shape.back(), x1.ndim() == 1 ? " elements" : " columns",
                   ", but x2 ", x2.shape, " has ", x2.shape[std::max(0, x2.ndim() - 2)],
                   x2.ndim() == 1 ? " elements" : " rows");
}

// Both at least 2-D, inner axes agreeing, of one dtype.
Array matmul_matrices(const Array& a, const Array& b) {
  Array rows;
  if (b.ndim() == 2 && a.ndim() > 2 && a.shape[a.ndim() - 2] != 1 && fold_rows(a, rows)) {
    Array c = matmul_matrices(rows, b);
    Dims shape = a.shape;
    shape[a.ndim() - 1] = b.shape[1];
    return as_strided(c, c.data, shape, contiguous_strides(shape));
  }
  GemmBatch g;
  g.dtype = a.dtype;
  Dims shape;
  if (a.ndim() > 2 || b.ndim() > 2) {
    g.shape = broadcast_batches(a, b);
    g.a_stride = batch_strides(a, g.shape);
    g.b_stride = batch_strides(b, g.shape);
    shape = g.shape;
  }
  shape.push_back(a.shape[a.ndim() - 2]);
  shape.push_back(b.shape.back());
  const Array c = empty(shape, g.dtype);
  g.each = problem_of(a, b, c);
  gemm(g);
  return c;
}

}  // namespace

Array matmul(const Array& x1, const Array& x2) {
  if (x1.ndim() == 0 || x2.ndim() == 0)
    fail<ValueError>("matmul: ", x1.ndim() == 0 ? "x1" : "x2",
                     " is 0-d, but needs at least 1 dimension; multiply scalars with *");
  if (x1.shape.back() != x2.shape[std::max(0, x2.ndim() - 2)]) fail_inner(x1, x2);
  const DType dtype = promote_types(x1.dtype, x2.dtype);
  Array a = cast_to(x1, dtype), b = cast_to(x2, dtype);
  const bool row = a.ndim() == 1, column = b.ndim() == 1;
  if (row) a = expand_dims(a, 0);
  if (column) b = expand_dims(b, 1);
  if (a.shape[a.ndim() - 2] == 1) a = as_vector(a, a.ndim() - 1);
  if (b.shape.back() == 1) b = as_vector(b, b.ndim() - 2);
  Array c = matmul_matrices(a, b);
  if (column) {
    c.shape.erase(c.ndim() - 1);
    c.strides.erase(c.strides.size() - 1);
  }
  if (row) {
    const int axis = c.ndim() - (column ? 1 : 2);
    c.shape.erase(axis);
    c.strides.erase(axis);
  }
  return c;
}

namespace {

// The activations that are not fused yet, as elementwise kernels in place.
const ElementwiseFn* activation_kernels(Activation activation) {
  const KernelTable& table = kernels();
  switch (activation) {
    case Activation::relu:
      return table.relu;
    case Activation::gelu:
      return table.gelu;
    case Activation::gelu_tanh:
      return table.gelu_tanh;
    case Activation::tanh:
      return table.tanh;
    case Activation::sigmoid:
      return table.sigmoid;
    case Activation::silu:
      return table.silu;
    case Activation::none:
      break;
  }
  return nullptr;
}

void check_linear(const Array& x, const Array& weight, const Array* bias) {
  if (weight.ndim() != 2) fail<ValueError>("linear: weight ", weight.shape, " is not (out, in)");
  if (x.ndim() == 0 || x.shape.back() != weight.shape[1])
    fail<ValueError>("linear: weight ", weight.shape, " takes ", weight.shape[1], " features, but x ", x.shape, " has ",
                     x.ndim() == 0 ? 0 : x.shape.back());
  if (bias && (bias->ndim() != 1 || bias->shape[0] != weight.shape[0]))
    fail<ValueError>("linear: bias ", bias->shape, " does not fit weight ", weight.shape, ", which needs (",
                     weight.shape[0], ",)");
}

}  // namespace

Array linear(const Array& x, const Array& weight, const Array* bias, Activation activation) {
  check_linear(x, weight, bias);
  DType dtype = promote_types(x.dtype, weight.dtype);
  if (bias) dtype = promote_types(dtype, bias->dtype);
  if (!is_floating(dtype)) fail<TypeError>("linear: dtype ", dtype, " is not floating");
  Dims shape = x.shape;
  shape[x.ndim() - 1] = weight.shape[0];
  const Array c = empty(shape, dtype);
  if (c.size() == 0) return c;

  const Array cast = cast_to(x, dtype), w = cast_to(weight, dtype);
  Array rows;
  if (!fold_rows(cast.ndim() == 1 ? expand_dims(cast, 0) : cast, rows)) {
    const Array copy = contiguous(cast);
    const int64_t in = weight.shape[1];
    rows = as_strided(copy, copy.data, Dims{c.size() / weight.shape[0], in}, Dims{in, 1});
  }
  if (rows.shape[0] == 1) rows = as_vector(rows, 1);
  GemmBatch g;
  g.dtype = dtype;
  g.each = problem_of(rows, permute(w, Dims{1, 0}), c);
  Array b;
  if (bias) {
    b = as_vector(cast_to(*bias, dtype), 0);
    g.each.bias = b.data;
  }
  g.each.c_row = g.each.n;
  g.each.relu = activation == Activation::relu;
  gemm(g);
  if (activation != Activation::none && activation != Activation::relu) {
    const Array* in[] = {&c};
    run_elementwise(activation_kernels(activation)[static_cast<int>(dtype)], in, 1, c, nullptr, 0.5);
  }
  return c;
}

}  // namespace tw
