// What products and convolutions have in common for who rewrites them: a result with an epilogue.
#pragma once
#include "graph/graph.h"

namespace tw::graph {

class Product {
 public:
  explicit Product(Call& call) : gemm_(call.as<GemmBatch>()), conv_(call.as<ConvProblem>()) {}
  explicit operator bool() const { return gemm_ || conv_; }

  GemmBatch* gemm() const { return gemm_; }
  ConvProblem* conv() const { return conv_; }
  const char* name() const { return gemm_ ? "product" : "convolution"; }

  const void* result() const { return gemm_ ? gemm_->each.out.c.data : conv_->out.data; }
  DType dtype() const { return gemm_ ? gemm_->dtype : conv_->dtype; }
  int64_t size() const;       // of the result
  bool is_whole() const;      // the result lies in C order
  bool keeps_before() const;  // what is before the activation
  bool has_bias() const { return gemm_ ? gemm_->each.out.bias.data : conv_->bias; }
  bool has_residual() const { return gemm_ ? gemm_->each.out.residual.data : conv_->residual; }
  Activation activation() const { return gemm_ ? gemm_->each.out.activation : conv_->activation; }

  void set_result(void* to);
  void set_bias(void* contiguous);  // a value for each column, or channel
  void set_residual(void* contiguous);
  void set_activation(Activation);

  // Whether a contiguous result of this shape plus what has these strides is the result plus a bias.
  bool takes_as_bias(const Dims& shape, const Dims& strides) const;

 private:
  GemmBatch* gemm_;
  ConvProblem* conv_;
};

// The last step before `step` that writes there, if it is a product whose result begins there; -1 where it is none.
int product_before(const Graph&, size_t step, const void* address);

// Why the product cannot be made in the place of a step that reads its result there, and writes to `target`; null where
// it can.
const char* cannot_move(Graph&, size_t product, size_t step, const void* target);

// Puts it there, with what has been noted of both.
void move(Graph&, size_t product, size_t step, std::string note);

}  // namespace tw::graph
