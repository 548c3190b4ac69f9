// Matrix products, as devices are given them: for matmul and for the families that are built on GEMM.
#pragma once
#include <optional>

#include "backend/gemm_problem.h"
#include "core/shape.h"

namespace tw {

// out[i] of A[i] B[i] for every index i of a batch, in C order. `each` describes one product and points at the operands
// of the first.
struct GemmBatch {
  DType dtype;  // of C and its epilogue, and of A and B too unless they are `bytes`
  GemmProblem each;
  Dims shape;                      // of the batch; () for one product
  Dims a_stride, b_stride;         // in elements, 0 where an operand is broadcast
  int64_t out_step = 0;            // elements from one product's matrices in `out` to the next one's
  const void* packed_b = nullptr;  // a B that all products share, as the device packed it; then each.b is not read

  // A and B are int8 or uint8 each; then dtype is int32.
  struct Bytes {
    bool a_signed, b_signed;
  };
  std::optional<Bytes> bytes = {};
  Dims bias_stride =
      {};  // from one product's bias to the next one's; () where all share it. For products from a source
};

// B (k, n), to be packed once for many products.
struct GemmPackProblem {
  DType dtype;
  GemmMatrix b;
  int64_t k, n;
};

}  // namespace tw
