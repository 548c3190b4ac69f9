// The products that gradients are made of.
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/matmul.h"
#include "ops/transfer.h"

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
  common_device(op, {{"x1", &x1}, {"x2", &x2}});
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
  common_device(op, {{"out", &out}, {"x1", &x1}});
  if (is_floating(out.dtype) && out.is_contiguous() && !may_overlap(out, x1) && !may_overlap(out, x2))
    return gemm_add(a, b, out);
  const Array product = reshape(matmul(a, b), shape);
  run_elementwise(Elementwise::add, {&out, &product}, out);
}

}  // namespace tw
