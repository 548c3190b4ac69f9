// Matrix products on raw pointers: chooses the algorithm and splits the work. For matmul and for the families that
// are built on GEMM.
#pragma once
#include "core/array.h"
#include "kernels/gemm/gemm.h"

namespace tw {

// out[i] of A[i] B[i] for every index i of a batch, in C order. `each` describes one product and points at the operands
// of the first.
struct GemmBatch {
  DType dtype;
  GemmProblem each;
  Dims shape;               // of the batch; () for one product
  Dims a_stride, b_stride;  // in elements, 0 where an operand is broadcast
  int64_t out_step = 0;     // elements from one product's matrices in `out` to the next one's; all share the bias
};

void gemm(const GemmBatch&);

}  // namespace tw
