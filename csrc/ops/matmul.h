// Products of arrays.
#pragma once
#include "core/array.h"
#include "kernels/gemm/gemm.h"

namespace tw {

// NumPy's matmul: the last two axes are matrices, the others broadcast; a 1-D operand is a row (left) or a column
// (right) whose axis is dropped from the result.
Array matmul(const Array& x1, const Array& x2);

// A view with the last two axes exchanged.
Array transposed(const Array& x);

// Takes the axis of length 1 from a product again that a vector x1 (row) or x2 (column) was given.
void drop_vector_axes(Array& c, bool row, bool column);

// The same for operands of one complex dtype whose inner lengths agree: what matmul() hands on.
Array matmul_complex(const Array& x1, const Array& x2);

// The same of int8 and uint8, in any combination, summed in int32, which wraps around.
Array matmul_bytes(const Array& x1, const Array& x2);

// The products that gradients are made of; of floats or complex numbers of one dtype. Leading axes count as more rows.
Array matmul_nt(const Array& x1, const Array& x2);  // x1 (..., k), x2 (n, k) -> (..., n): x1 x2ᵀ
Array matmul_tn(const Array& x1, const Array& x2);  // x1 (..., m), x2 (..., n) -> (m, n): x1ᵀ x2

// c += a b for matrices; c (m, n) C-contiguous, or of more axes that hold as much, and apart from a and b. Unchecked.
void gemm_add(const Array& a, const Array& b, const Array& c);

// out += the product, in place; x1 (..., k) and x2 (k, n) for nn. ValueError and TypeError before anything is written.
enum class Product { nn, nt, tn };
void matmul_add(Product kind, const Array& out, const Array& x1, const Array& x2);

// act(x weightᵀ + bias): x (..., in), weight (out, in), bias (out) or null -> (..., out). `pre`, where given, gets
// act's argument if act is differentiated from that; it stays empty if act is differentiated from the result.
Array linear(const Array& x, const Array& weight, const Array* bias, Activation activation, Array* pre = nullptr);

// A weight (out, in) packed once as GEMM reads it, for inference and for kernels that multiply by it again and again. A
// copy: later changes of the weight do not reach it.
class PackedWeight {
 public:
  explicit PackedWeight(const Array& weight);  // ValueError unless 2-D, TypeError unless floating
  DType dtype() const { return dtype_; }
  int64_t out_features() const { return out_; }
  int64_t in_features() const { return in_; }
  size_t nbytes() const { return panels_->nbytes; }
  GemmMatrix matrix() const;  // (in, out); without data where only the panels exist
  const void* panels() const { return plain_ ? nullptr : panels_->data; }

 private:
  DType dtype_;
  int64_t out_, in_;
  StorageRef panels_;
  bool plain_;  // at a level without packed kernels: as it lay, row after row
};
Array linear(const Array& x, const PackedWeight& weight, const Array* bias, Activation activation);

// Backward of bias and activation in one pass over memory. `saved` is act's result for relu, tanh and sigmoid and its
// argument for the others, of the shape of g (..., out).
struct BiasActivationGradients {
  Array z;     // g act'(saved): of act's argument
  Array bias;  // z summed over all axes but the last
};
BiasActivationGradients bias_activation_backward(const Array& g, const Array& saved, Activation activation);

}  // namespace tw
