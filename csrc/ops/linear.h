// Linear layers: products with bias and activation fused in, forward and backward.
#pragma once
#include "backend/gemm_problem.h"
#include "core/array.h"

namespace tw {

// act(x weightᵀ + bias): x (..., in), weight (out, in), bias (out) or null -> (..., out). `pre`, where given, gets
// act's argument if act is differentiated from that; it stays empty if act is differentiated from the result.
Array linear(const Array& x, const Array& weight, const Array* bias, Activation activation, Array* pre = nullptr);

// A weight (out, in) packed once as GEMM reads it, for inference and for kernels that multiply by it again and again. A
// copy: later changes of the weight do not reach it.
class PackedWeight {
 public:
  explicit PackedWeight(const Array& weight);  // ValueError unless 2-D, TypeError unless floating
  DType dtype() const { return dtype_; }
  Device device() const { return panels_->device; }
  int64_t out_features() const { return out_; }
  int64_t in_features() const { return in_; }
  size_t nbytes() const { return panels_->nbytes; }
  GemmMatrix matrix() const;  // (in, out); without data where only the panels exist
  const void* panels() const { return plain_ ? nullptr : panels_->data; }
  const StorageRef& storage() const { return panels_; }

 private:
  DType dtype_;
  int64_t out_, in_;
  StorageRef panels_;
  bool plain_;  // at a level without packed kernels: as it lay, row after row
};
Array linear(const Array& x, const PackedWeight& weight, const Array* bias, Activation activation);

// The same in float32 with a weight of codes (out, in): bfloat16, or int8 with a scale (out,) for each row.
Array compressed_linear(const Array& x, const Array& codes, const Array* scale, const Array* bias,
                        Activation activation);

// Backward of bias and activation in one pass over memory. `saved` is act's result for relu, tanh and sigmoid and its
// argument for the others, of the shape of g (..., out).
struct BiasActivationGradients {
  Array z;     // g act'(saved): of act's argument
  Array bias;  // z summed over all axes but the last
};
BiasActivationGradients bias_activation_backward(const Array& g, const Array& saved, Activation activation);

}  // namespace tw
