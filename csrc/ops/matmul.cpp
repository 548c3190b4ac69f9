#include "ops/matmul.h"

#include <algorithm>
#include <utility>

#include "backend/backend.h"
#include "ops/matrix_operand.h"
#include "ops/transfer.h"

namespace tw {

Array transposed(const Array& x) {
  Array t = x;
  std::swap(t.shape[x.ndim() - 2], t.shape[x.ndim() - 1]);
  std::swap(t.strides[x.ndim() - 2], t.strides[x.ndim() - 1]);
  return t;
}

void drop_vector_axes(Array& c, bool row, bool column) {
  if (column) {
    c.shape.erase(c.ndim() - 1);
    c.strides.erase(c.strides.size() - 1);
  }
  if (row) {
    const int axis = c.ndim() - (column ? 1 : 2);
    c.shape.erase(axis);
    c.strides.erase(axis);
  }
}
namespace {

GemmProblem problem_of(const Array& a, const Array& b, const Array& c) {
  const int i = a.ndim() - 2, j = b.ndim() - 2;
  GemmProblem p{};
  p.m = a.shape[i];
  p.k = a.shape[i + 1];
  p.n = b.shape[j + 1];
  p.a = {a.data, a.strides[i], a.strides[i + 1]};
  p.b = {b.data, b.strides[j], b.strides[j + 1]};
  p.out.c = {c.data, p.n, 1};
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

// Both at least 2-D, inner axes agreeing; of one dtype, or bytes to be summed in int32.
Array matmul_matrices(const Array& a, const Array& b, DType dtype) {
  Array rows;
  if (b.ndim() == 2 && a.ndim() > 2 && a.shape[a.ndim() - 2] != 1 && fold_rows(a, rows)) {
    Array c = matmul_matrices(rows, b, dtype);
    Dims shape = a.shape;
    shape[a.ndim() - 1] = b.shape[1];
    return as_strided(c, c.data, shape, contiguous_strides(shape));
  }
  GemmBatch g;
  g.dtype = dtype;
  if (a.dtype != dtype) g.bytes = {a.dtype == DType::i8, b.dtype == DType::i8};
  Dims shape;
  if (a.ndim() > 2 || b.ndim() > 2) {
    g.shape = broadcast_batches(a, b);
    g.a_stride = batch_strides(a, g.shape);
    g.b_stride = batch_strides(b, g.shape);
    shape = g.shape;
  }
  shape.push_back(a.shape[a.ndim() - 2]);
  shape.push_back(b.shape.back());
  const Array c = empty(shape, g.dtype, a.device);
  g.each = problem_of(a, b, c);
  g.out_step = g.each.m * g.each.n;
  backend(c.device).gemm.run(g);
  return c;
}

void check_matmul(const Array& x1, const Array& x2) {
  if (x1.ndim() == 0 || x2.ndim() == 0)
    fail<ValueError>("matmul: ", x1.ndim() == 0 ? "x1" : "x2",
                     " is 0-d, but needs at least 1 dimension; multiply scalars with *");
  if (x1.shape.back() != x2.shape[std::max(0, x2.ndim() - 2)]) fail_inner(x1, x2);
  common_device("matmul", {{"x1", &x1}, {"x2", &x2}});
}

// Vectors as matrices with an axis of length 1, which the result loses again.
Array matmul_prepared(MatrixOperand& a, MatrixOperand& b, DType dtype) {
  const bool row = a->ndim() == 1, column = b->ndim() == 1;
  if (row) a.expand(0);
  if (column) b.expand(1);
  if (a->shape[a->ndim() - 2] == 1) a.make_vector(a->ndim() - 1);
  if (b->shape.back() == 1) b.make_vector(b->ndim() - 2);
  Array c = matmul_matrices(*a, *b, dtype);
  drop_vector_axes(c, row, column);
  return c;
}

}  // namespace

Array matmul(const Array& x1, const Array& x2) {
  check_matmul(x1, x2);
  const DType dtype = promote_types(x1.dtype, x2.dtype);
  MatrixOperand a(x1), b(x2);
  a.cast(dtype);
  b.cast(dtype);
  if (is_complex(dtype)) return matmul_complex(*a, *b);
  return matmul_prepared(a, b, dtype);
}

Array matmul_bytes(const Array& x1, const Array& x2) {
  for (const Array* x : {&x1, &x2})
    if (x->dtype != DType::i8 && x->dtype != DType::u8)
      fail<TypeError>("matmul: ", x == &x1 ? "x1" : "x2", " is ", x->dtype, ", but must be int8 or uint8");
  check_matmul(x1, x2);
  MatrixOperand a(x1), b(x2);
  return matmul_prepared(a, b, DType::i32);
}

void gemm_add(const Array& x1, const Array& x2, const Array& c) {
  MatrixOperand a(x1), b(x2);
  if (a->shape[0] == 1) a.make_vector(1);
  if (b->shape[1] == 1) b.make_vector(0);
  GemmBatch g;
  g.dtype = a->dtype;
  g.each = problem_of(*a, *b, c);
  g.each.out.residual = g.each.out.c;
  backend(c.device).gemm.run(g);
}

}  // namespace tw
