// THE list of kernels. Each ISA level (and the reference) fills one KernelTable; dispatch/ picks one at load.
//
// A null entry means "this dtype is not supported by this kernel" and becomes a TypeError in ops/.
// Kernels are serial over the range they are given and know nothing of threads, allocation or errors.
#pragma once
#include "core/dtype.h"
#include "kernels/gemm/gemm.h"
#include "kernels/index/index.h"
#include "kernels/optim/optim.h"
#include "kernels/probe/probe.h"
#include "kernels/random/random.h"
#include "kernels/reduce/reduce.h"
#include "kernels/softmax/softmax.h"

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

// How ops/ derives the dtypes of an elementwise op:
//   same     inputs are promoted to one dtype, the result has it
//   floating as `same`, but integers and bool become float32 first
//   boolean  inputs are promoted to one dtype, the result is bool
//   comparison as `boolean`, and integers that one dtype does not hold are compared exactly
//   magnitude as `same`, but of complex numbers the result is real
// X(name, rule, number of float parameters)
#define TW_UNARY_KERNELS(X)  \
  X(negative, same, 0)       \
  X(conj, same, 0)           \
  X(abs, magnitude, 0)       \
  X(sign, same, 0)           \
  X(square, same, 0)         \
  X(floor, same, 0)          \
  X(ceil, same, 0)           \
  X(trunc, same, 0)          \
  X(round, same, 0)          \
  X(bitwise_invert, same, 0) \
  X(relu, same, 0)           \
  X(logical_not, boolean, 0) \
  X(isnan, boolean, 0)       \
  X(isinf, boolean, 0)       \
  X(isfinite, boolean, 0)    \
  X(reciprocal, floating, 0) \
  X(sqrt, floating, 0)       \
  X(rsqrt, floating, 0)      \
  X(exp, floating, 0)        \
  X(expm1, floating, 0)      \
  X(log, floating, 0)        \
  X(log1p, floating, 0)      \
  X(log2, floating, 0)       \
  X(log10, floating, 0)      \
  X(sin, floating, 0)        \
  X(cos, floating, 0)        \
  X(tanh, floating, 0)       \
  X(sigmoid, floating, 0)    \
  X(erf, floating, 0)        \
  X(silu, floating, 0)       \
  X(gelu, floating, 0)       \
  X(gelu_tanh, floating, 0)  \
  X(softplus, floating, 0)   \
  X(leaky_relu, floating, 1) \
  X(elu, floating, 1)

// The *_backward kernels take (g, x), or (g, y) where the gradient is cheaper from the result: see
// elementwise/README.md.
#define TW_BINARY_KERNELS(X)          \
  X(add, same, 0)                     \
  X(subtract, same, 0)                \
  X(multiply, same, 0)                \
  X(divide, floating, 0)              \
  X(floor_divide, same, 0)            \
  X(remainder, same, 0)               \
  X(power, same, 0)                   \
  X(maximum, same, 0)                 \
  X(minimum, same, 0)                 \
  X(arctan2, floating, 0)             \
  X(bitwise_and, same, 0)             \
  X(bitwise_or, same, 0)              \
  X(bitwise_xor, same, 0)             \
  X(bitwise_left_shift, same, 0)      \
  X(bitwise_right_shift, same, 0)     \
  X(equal, comparison, 0)             \
  X(not_equal, comparison, 0)         \
  X(less, comparison, 0)              \
  X(less_equal, comparison, 0)        \
  X(greater, comparison, 0)           \
  X(greater_equal, comparison, 0)     \
  X(logical_and, boolean, 0)          \
  X(logical_or, boolean, 0)           \
  X(logical_xor, boolean, 0)          \
  X(relu_backward, floating, 0)       \
  X(tanh_backward, floating, 0)       \
  X(sigmoid_backward, floating, 0)    \
  X(silu_backward, floating, 0)       \
  X(gelu_backward, floating, 0)       \
  X(gelu_tanh_backward, floating, 0)  \
  X(softplus_backward, floating, 0)   \
  X(leaky_relu_backward, floating, 1) \
  X(elu_backward, floating, 1)

struct KernelTable {
  const char* level;  // "reference", "v2", "v3", "v4" or "v4dot"

#define X(name, rule, params) ElementwiseFn name[kDTypes];
  TW_UNARY_KERNELS(X)
  TW_BINARY_KERNELS(X)
#undef X
  ElementwiseFn where[kDTypes];    // in = (bool condition, x, y)
  ElementwiseFn times_i[kDTypes];  // (-im, re); complex dtypes only
  // [from][to]; the diagonal is the strided copy, fill is a copy with stride 0. To a complex dtype from the other one
  // and from that of its parts; from one to the other and to bool.
  ElementwiseFn cast[kDTypes][kDTypes];

  GemmKernels gemm;
  IndexKernels index;
  OptimKernels optim;
  ProbeKernels probe;
  RandomKernels random;
  ReduceKernels reduce;
  SoftmaxKernels softmax;
};

}  // namespace tw
