// Elementwise kernels. Their list is in backend/elementwise_problem.h; see README.md for how one is put together.
#pragma once
#include "backend/elementwise_problem.h"

namespace tw {

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

struct ElementwiseKernels {
#define X(name, rule, dtypes, params) ElementwiseFn name[kDTypes];
  TW_UNARY_OPS(X)
  TW_BINARY_OPS(X)
#undef X
  ElementwiseFn where[kDTypes];    // in = (bool condition, x, y)
  ElementwiseFn times_i[kDTypes];  // (-im, re); complex dtypes only
  // [from][to]; the diagonal is the strided copy, fill is a copy with stride 0. To a complex dtype from the other one
  // and from that of its parts; from one to the other and to bool.
  ElementwiseFn cast[kDTypes][kDTypes];
};

}  // namespace tw
