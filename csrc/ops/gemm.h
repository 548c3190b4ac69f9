// Matrix products on raw pointers: chooses the algorithm and splits the work. For matmul and for the families that
// are built on GEMM.
#pragma once
#include <optional>

#include "core/array.h"
#include "kernels/gemm/gemm.h"

namespace tw {

// out[i] of A[i] B[i] for every index i of a batch, in C order. `each` describes one product and points at the operands
// of the first.
struct GemmBatch {
  DType dtype;  // of C and its epilogue, and of A and B too unless they are `bytes`
  GemmProblem each;
  Dims shape;               // of the batch; () for one product
  Dims a_stride, b_stride;  // in elements, 0 where an operand is broadcast
  int64_t out_step = 0;     // elements from one product's matrices in `out` to the next one's; all share the bias
  const void* packed_b = nullptr;  // pack_columns() of a B that all products share; then each.b is not read

  // A and B are int8 or uint8 each; then dtype is int32.
  struct Bytes {
    bool a_signed, b_signed;
  };
  std::optional<Bytes> bytes = {};
};

void gemm(const GemmBatch&);

// B (k, n) packed as gemm() reads it. Only where can_pack: levels without packed kernels cannot.
bool can_pack(DType dtype);
StorageRef pack_columns(DType dtype, const GemmMatrix& b, int64_t k, int64_t n);

}  // namespace tw
