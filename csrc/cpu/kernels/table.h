// THE list of kernels. Each ISA level (and the reference) fills one KernelTable; dispatch/ picks one at load.
//
// A null entry means "this dtype is not supported by this kernel" and becomes a TypeError in ops/.
// Kernels are serial over the range they are given and know nothing of threads, allocation or errors.
#pragma once
#include "backend/elementwise_problem.h"
#include "core/dtype.h"
#include "cpu/kernels/conv/im2col.h"
#include "cpu/kernels/gemm/gemm.h"
#include "cpu/kernels/index/index.h"
#include "cpu/kernels/optim/optim.h"
#include "cpu/kernels/probe/probe.h"
#include "cpu/kernels/random/random.h"
#include "cpu/kernels/reduce/reduce.h"
#include "cpu/kernels/softmax/softmax.h"

namespace tw {

// ---- elementwise ----------------------------------------------------------------------------------------------------

// A 2-D iteration space, rows × cols, with each operand's strides along both, in elements (0 where broadcast).
struct Loop {
  struct Stride {
    int64_t row, col;
  };
  int64_t rows, cols;
  Stride out, in[3];
};

// out[r][c] = f(in[0][r][c], in[1][r][c], ..; params). `out` may be exactly one of the inputs, else they do not
// overlap.
typedef void (*ElementwiseFn)(const Loop&, const void* const* in, void* out, const double* params);

struct KernelTable {
  const char* level;  // "reference", "v2", "v3", "v4" or "v4dot"

#define X(name, rule, dtypes, params) ElementwiseFn name[kDTypes];
  TW_UNARY_OPS(X)
  TW_BINARY_OPS(X)
#undef X
  ElementwiseFn where[kDTypes];    // in = (bool condition, x, y)
  ElementwiseFn times_i[kDTypes];  // (-im, re); complex dtypes only
  // [from][to]; the diagonal is the strided copy, fill is a copy with stride 0. To a complex dtype from the other one
  // and from that of its parts; from one to the other and to bool.
  ElementwiseFn cast[kDTypes][kDTypes];

  ConvKernels conv;
  GemmKernels gemm;
  IndexKernels index;
  OptimKernels optim;
  ProbeKernels probe;
  RandomKernels random;
  ReduceKernels reduce;
  SoftmaxKernels softmax;
};

}  // namespace tw
