// What the gradients of matmul and linear need beside matmul itself.
#include "dispatch/dispatch.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/gemm.h"
#include "ops/matmul.h"
#include "ops/reduce.h"

namespace tw {
namespace {

Dims leading(const Array& x) {
  Dims shape = x.shape;
  shape.erase(shape.size() - 1);
  return shape;
}

// (..., n) as (rows, n).
Array rows_of(const Array& x) {
  if (x.ndim() == 2) return x;
  return reshape(x, {element_count(leading(x)), x.shape.back()});
}

void check_operands(const char* op, const Array& x1, const Array& x2) {
  if (x1.ndim() == 0 || x2.ndim() == 0)
    fail<ValueError>(op, ": x1 is ", x1.shape, " and x2 ", x2.shape, ", but both need at least 1 dimension");
  if (x1.dtype != x2.dtype || !(is_floating(x1.dtype) || is_complex(x1.dtype)))
    fail<TypeError>(op, ": operands are ", x1.dtype, " and ", x2.dtype,
                    ", but must have one floating or complex dtype");
}

// The axis of x2 that the rows of x1 are multiplied with.
void check_rows(const char* op, const Array& x1, const Array& x2, int axis) {
  check_operands(op, x1, x2);
  if (x2.ndim() != 2 || x1.shape.back() != x2.shape[axis])
    fail<ValueError>(op, ": x1 ", x1.shape, " has rows of ", x1.shape.back(), ", but x2 is ", x2.shape,
                     ", which needs to be 2-D with an axis ", axis, " of that length");
}

void check_tn(const char* op, const Array& x1, const Array& x2) {
  check_operands(op, x1, x2);
  if (!(leading(x1) == leading(x2)))
    fail<ValueError>(op, ": x1 ", x1.shape, " and x2 ", x2.shape, " do not agree in all axes but the last");
}

}  // namespace

Array matmul_nt(const Array& x1, const Array& x2) {
  check_rows("matmul_nt", x1, x2, 1);
  return matmul(x1, transposed(x2));
}

Array matmul_tn(const Array& x1, const Array& x2) {
  check_tn("matmul_tn", x1, x2);
  return matmul(transposed(rows_of(x1)), rows_of(x2));
}

void matmul_add(Product kind, const Array& out, const Array& x1, const Array& x2) {
  constexpr const char* op = "matmul_add";
  if (kind == Product::tn)
    check_tn(op, x1, x2);
  else
    check_rows(op, x1, x2, kind == Product::nt ? 1 : 0);
  Array a = rows_of(x1), b = x2;
  if (kind == Product::tn) a = transposed(a), b = rows_of(x2);
  if (kind == Product::nt) b = transposed(x2);
  Dims shape{a.shape[0], b.shape[1]};
  if (kind != Product::tn) {
    shape = x1.shape;
    shape[x1.ndim() - 1] = b.shape[1];
  }
  if (!(out.shape == shape) || out.dtype != x1.dtype)
    fail<ValueError>(op, ": out is ", out.dtype, " ", out.shape, ", but the product is ", x1.dtype, " ", shape);
  require_writable(op, out);
  if (is_floating(out.dtype) && out.is_contiguous() && !may_overlap(out, x1) && !may_overlap(out, x2))
    return gemm_add(a, b, out);
  const Array product = reshape(matmul(a, b), shape);
  const Array* in[] = {&out, &product};
  run_elementwise(kernels().add[static_cast<int>(out.dtype)], in, 2, out, nullptr, 0.2);
}

namespace {

const ElementwiseFn* derivative_kernels(Activation activation) {
  const KernelTable& table = kernels();
  switch (activation) {
#define X(name, saved)   \
  case Activation::name: \
    return table.name##_backward;
    TW_ACTIVATIONS(X)
#undef X
    case Activation::none:
      break;
  }
  fail<ValueError>("bias_activation_backward: activation is none, which needs no backward");
}

}  // namespace

BiasActivationGradients bias_activation_backward(const Array& g, const Array& saved, Activation activation) {
  constexpr const char* op = "bias_activation_backward";
  check_operands(op, g, saved);
  if (!(g.shape == saved.shape)) fail<ValueError>(op, ": g is ", g.shape, ", but what was saved is ", saved.shape);
  const ElementwiseFn map = derivative_kernels(activation)[static_cast<int>(g.dtype)];
  const double ns = activation == Activation::relu ? 0.2 : 0.5;
  Array z = empty(g.shape, g.dtype);
  const Array flat = rows_of(z);
  if (flat.shape[0] > 1 && flat.shape[1] > 1) {
    const Array x = rows_of(g), y = rows_of(saved);
    const Array* in[] = {&x, &y};
    return {z, map_sum(map, in, 2, flat, ns)};
  }
  const Array* in[] = {&g, &saved};
  run_elementwise(map, in, 2, z, nullptr, ns);
  return {z, reduce(Reduction::sum, flat, Dims{0}, false)};
}

}  // namespace tw
