// Operands of products on their way into a GEMM.
#pragma once
#include <utility>

#include "core/array.h"
#include "ops/elementwise.h"

namespace tw {

// What an operand turns into on its way to a kernel: itself where it can, else a view or a copy held here.
class MatrixOperand {
 public:
  explicit MatrixOperand(const Array& x) : array_(&x) {}
  MatrixOperand(const MatrixOperand&) = delete;
  MatrixOperand& operator=(const MatrixOperand&) = delete;

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
inline bool fold_rows(const Array& x, Array& folded) {
  return x.size() != 0 && try_reshape_view(x, Dims{x.size() / x.shape.back(), x.shape.back()}, folded);
}

}  // namespace tw
