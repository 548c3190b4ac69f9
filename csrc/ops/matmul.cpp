#include "ops/matmul.h"

#include <algorithm>
#include <utility>

#include "dispatch/dispatch.h"
#include "ops/elementwise.h"
#include "ops/gemm.h"

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

// What an operand turns into on its way to a kernel: itself where it can, else a view or a copy held here.
class Prepared {
 public:
  explicit Prepared(const Array& x) : array_(&x) {}
  Prepared(const Prepared&) = delete;
  Prepared& operator=(const Prepared&) = delete;

  const Array& operator*() const { return *array_; }
  const Array* operator->() const { return array_; }

  void cast(DType dtype) {
    if (array_->dtype != dtype) hold(astype(*array_, dtype));
  }
  void expand(int axis) { hold(expand_dims(*array_, axis)); }
  // A vector whose elements do not lie side by side is copied: that costs nothing beside the matrix.
  void make_vector(int axis) {
    if (array_->shape[axis] > 1 && array_->strides[axis] != 1) copy();
  }
  void copy() { hold(contiguous(*array_)); }

 private:
  void hold(Array x) {
    own_ = std::move(x);
    array_ = &own_;
  }
  const Array* array_;
  Array own_;
};

// (..., m, k) as (rows, k) where the leading axes can be walked with one stride.
bool fold_rows(const Array& x, Array& folded) {
  return x.size() != 0 && try_reshape_view(x, Dims{x.size() / x.shape.back(), x.shape.back()}, folded);
}

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
  const Array c = empty(shape, g.dtype);
  g.each = problem_of(a, b, c);
  g.out_step = g.each.m * g.each.n;
  gemm(g);
  return c;
}

void check_matmul(const Array& x1, const Array& x2) {
  if (x1.ndim() == 0 || x2.ndim() == 0)
    fail<ValueError>("matmul: ", x1.ndim() == 0 ? "x1" : "x2",
                     " is 0-d, but needs at least 1 dimension; multiply scalars with *");
  if (x1.shape.back() != x2.shape[std::max(0, x2.ndim() - 2)]) fail_inner(x1, x2);
}

// Vectors as matrices with an axis of length 1, which the result loses again.
Array matmul_prepared(Prepared& a, Prepared& b, DType dtype) {
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
  Prepared a(x1), b(x2);
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
  Prepared a(x1), b(x2);
  return matmul_prepared(a, b, DType::i32);
}

void gemm_add(const Array& x1, const Array& x2, const Array& c) {
  Prepared a(x1), b(x2);
  if (a->shape[0] == 1) a.make_vector(1);
  if (b->shape[1] == 1) b.make_vector(0);
  GemmBatch g;
  g.dtype = a->dtype;
  g.each = problem_of(*a, *b, c);
  g.each.out.residual = g.each.out.c;
  gemm(g);
}

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
  const Array c = empty(shape, dtype);
  if (pre && derives_from_argument(activation)) *pre = empty(shape, dtype);
  if (c.size() == 0) return c;

  Prepared a(x), b(bias ? *bias : x);
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
  gemm(g);
  return c;
}

}  // namespace

Array linear(const Array& x, const Array& weight, const Array* bias, Activation activation, Array* pre) {
  if (weight.ndim() != 2) fail<ValueError>("linear: weight ", weight.shape, " is not (out, in)");
  check_linear(x, weight.shape[0], weight.shape[1], bias);
  DType dtype = promote_types(x.dtype, weight.dtype);
  if (bias) dtype = promote_types(dtype, bias->dtype);
  if (!is_floating(dtype)) fail<TypeError>("linear: dtype ", dtype, " is not floating");
  Prepared w(weight);
  w.cast(dtype);
  return affine(dtype, x, {w->shape[0], w->shape[1], {w->data, w->strides[1], w->strides[0]}, nullptr}, bias,
                activation, pre);
}

Array linear(const Array& x, const PackedWeight& weight, const Array* bias, Activation activation) {
  check_linear(x, weight.out_features(), weight.in_features(), bias);
  DType dtype = promote_types(x.dtype, weight.dtype());
  if (bias) dtype = promote_types(dtype, bias->dtype);
  if (dtype != weight.dtype())
    fail<TypeError>("linear: x and bias need dtype ", dtype, ", but the weight is packed as ", weight.dtype());
  return affine(dtype, x, {weight.out_features(), weight.in_features(), weight.matrix(), weight.panels()}, bias,
                activation, nullptr);
}

PackedWeight::PackedWeight(const Array& weight) : dtype_(weight.dtype) {
  if (weight.ndim() != 2) fail<ValueError>("PackedWeight: weight ", weight.shape, " is not (out, in)");
  if (!is_floating(dtype_)) fail<TypeError>("PackedWeight: dtype ", dtype_, " is not floating");
  out_ = weight.shape[0];
  in_ = weight.shape[1];
  plain_ = !can_pack(dtype_);
  panels_ = plain_ ? astype(weight, dtype_).storage
                   : pack_columns(dtype_, {weight.data, weight.strides[1], weight.strides[0]}, in_, out_);
}

GemmMatrix PackedWeight::matrix() const { return {plain_ ? panels_->data : nullptr, 1, in_}; }

}  // namespace tw
