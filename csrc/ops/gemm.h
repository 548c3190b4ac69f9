// Matrix products on raw pointers: chooses the algorithm and splits the work. For matmul and for the families that
// are built on GEMM.
#pragma once
#include "core/array.h"
#include "kernels/gemm/gemm.h"

namespace tw {

// C[i] = act(A[i] B[i] + bias [+ C[i]]) for every index i of a batch. `each` describes one product and points at the
// operands of the first; C's lie one behind another.
struct GemmBatch {
  DType dtype;
  GemmProblem each;
  Dims shape;               // of the batch; () for one product
  Dims a_stride, b_stride;  // in elements, 0 where an operand is broadcast
};

void gemm(const GemmBatch&);

}  // namespace tw
