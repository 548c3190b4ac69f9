// Matrix products: C = A B, or C += A B, with an epilogue. See README.md for the packing and the arithmetic.
#pragma once
#include "core/dtype.h"

namespace tw {

// What the epilogue applies last. Kernels fuse none and relu; ops/ runs the others as elementwise kernels.
enum class Activation : uint8_t { none, relu, gelu, gelu_tanh, tanh, sigmoid, silu };

// C (m, n) = act(A (m, k) B (k, n) + bias (n) [+ C]). Strides in elements, any sign; C has unit column stride.
// Everything has one dtype; f16 and bf16 are computed in float32 and rounded once.
struct GemmProblem {
  int64_t m, n, k;
  const void* a;
  int64_t a_row, a_col;
  const void* b;
  int64_t b_row, b_col;
  void* c;
  int64_t c_row;
  const void* bias;  // null for none
  bool relu;         // of float types only
  bool accumulate;   // false: C is not read and may hold anything
};

// y (m) = act(A (m, k) x (k) + bias [+ y]); x and y have unit stride.
struct GemvProblem {
  int64_t m, k;
  const void* a;
  int64_t a_row, a_col;
  const void* x;
  void* y;
  const void* bias;     // null for none
  int64_t bias_stride;  // 0: one value for every row, 1: a value for each
  bool relu;
  bool accumulate;
};

// Packs `count` rows of A (or columns of B) of depth k into panels of mr (or nr) of them, in the compute type:
// panel after panel, each k x width with the width innermost, the last one padded with zeros.
// `stride` leads from one row (column) to the next, `k_stride` along the depth.
typedef void (*GemmPackFn)(const void* src, int64_t stride, int64_t k_stride, int64_t count, int64_t k, void* packed);

// One tile of C, at most mc x nc, from packed operands: rows [a_from, a_from + m) of A, columns [b_from, b_from + n) of
// B, both at the start of a panel. K is packed in stretches of `depth`, the last one shorter: the panels of the stretch
// that starts at p begin p * a_rows (p * b_columns) elements behind those of the first.
struct GemmTile {
  int64_t m, n, k, depth;
  const void* a;
  int64_t a_from, a_rows;
  const void* b;
  int64_t b_from, b_columns;
  void* c;
  int64_t c_row;
  const void* bias;
  bool relu;
  bool accumulate;
};

struct GemmBlocking {
  int mr, nr, kc, mc, nc;
};

struct GemmKernels {
  // Any level that lacks a faster kernel for a dtype has this one; the reference has nothing else.
  void (*naive[kDTypes])(const GemmProblem&);

  // Stream A once: gemv_dot wants a_col = 1, gemv_axpy a_row = 1.
  void (*gemv_dot[kDTypes])(const GemvProblem&);
  void (*gemv_axpy[kDTypes])(const GemvProblem&);

  // Wants a_col = 1 and b_row = 1. Reads both in place.
  void (*dot[kDTypes])(const GemmProblem&);

  // Reads A in place, and B where its columns have unit stride; else packs a panel of B at a time on the stack.
  void (*direct[kDTypes])(const GemmProblem&);

  GemmBlocking blocking[kDTypes];
  GemmPackFn pack_a[kDTypes], pack_b[kDTypes];
  void (*tile[kDTypes])(const GemmTile&);
};

}  // namespace tw
