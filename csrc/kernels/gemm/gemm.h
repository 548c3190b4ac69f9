// Matrix products and what happens to their sums. See README.md for the packing and the arithmetic.
#pragma once
#include "core/dtype.h"

namespace tw {

// THE list of activations that a product applies to its sums. X(name, what its derivative is computed from);
// kernels/math.h has name(x) and name_backward(g, saved).
#define TW_ACTIVATIONS(X) \
  X(relu, result)         \
  X(gelu, argument)       \
  X(gelu_tanh, argument)  \
  X(tanh, result)         \
  X(sigmoid, result)      \
  X(silu, argument)

#define X(name, saved) name,
enum class Activation : uint8_t { none, TW_ACTIVATIONS(X) };
#undef X

constexpr bool derives_from_argument(Activation activation) {
  enum Saved { result, argument };
  switch (activation) {
#define X(name, saved)   \
  case Activation::name: \
    return saved == argument;
    TW_ACTIVATIONS(X)
#undef X
    case Activation::none:
      break;
  }
  return false;
}

// Bytes: lines of memory so far apart share a set of L1, which has room for 8 to 12 of them.
inline constexpr int64_t kEvictingStride = 4096;

// Element (i, j) lies at data + i * row + j * col, strides in elements, of any sign. Null where there is no such
// matrix.
struct GemmMatrix {
  void* data;
  int64_t row, col;

  // The part that begins at (i, j); elements are `size` bytes.
  __attribute__((always_inline)) GemmMatrix at(int64_t i, int64_t j, int64_t size) const {
    return {data ? static_cast<char*>(data) + (i * row + j * col) * size : nullptr, row, col};
  }
  __attribute__((always_inline)) GemmMatrix transposed() const { return {data, col, row}; }
};

// The epilogue: where the sums of A B go, and what they become on the way.
//
//   z = sums + bias + residual;  pre = z;  C = act(z), or z * act'(gate) where there is a gate
//
// All matrices are as large as C and of its dtype. `gate` holds what act' is computed from: see TW_ACTIVATIONS. C and
// pre are written once and never read, so `residual` may be C.
struct GemmOutput {
  GemmMatrix c;
  GemmMatrix bias;  // row = 0: one value for each column; col = 0: one for each row
  GemmMatrix residual;
  GemmMatrix gate;
  GemmMatrix pre;
  Activation activation;

  __attribute__((always_inline)) GemmOutput at(int64_t i, int64_t j, int64_t size) const {
    return {c.at(i, j, size),    bias.at(i, j, size), residual.at(i, j, size),
            gate.at(i, j, size), pre.at(i, j, size),  activation};
  }
  // Whether C, bias and residual lie so that the register tile can use them in whole vectors; then sums may wait in C
  // between stretches of K.
  __attribute__((always_inline)) bool fits_registers() const {
    return c.col == 1 && bias.row == 0 && (!bias.data || bias.col == 1) && (!residual.data || residual.col == 1);
  }
  __attribute__((always_inline)) GemmOutput transposed() const {
    return {c.transposed(), bias.transposed(), residual.transposed(), gate.transposed(), pre.transposed(), activation};
  }
};

// A (m, k) B (k, n). Everything has one dtype; f16 and bf16 are computed in float32 and rounded once. A and B are only
// read. Activations are of float types only.
struct GemmProblem {
  int64_t m, n, k;
  GemmMatrix a, b;
  GemmOutput out;
};

// A (m, k) x (k) for `count` vectors x of unit stride, x_step apart. Each result is a row of m: out.c.col = 1.
struct GemvProblem {
  int64_t m, k;
  GemmMatrix a;
  const void* x;
  GemmOutput out;
  int64_t count = 1, x_step = 0;
};

// Packs `count` rows of A (or columns of B) of depth k into panels of mr (or nr) of them: panel after panel, each
// k / group x width lanes with the width innermost, the last one padded with zeros. A lane holds `group` neighbours
// along the depth, padded with zeros too. `stride` leads from one row (column) to the next, `k_stride` along the depth.
typedef void (*GemmPackFn)(const void* src, int64_t stride, int64_t k_stride, int64_t count, int64_t k, void* packed);

// One tile of C, at most mc x nc: columns [b_from, b_from + n) of packed B, from the start of a panel on, and m rows of
// A, packed too or, for kernels with `in_place`, where they lie. K is packed in stretches of `depth` (a multiple of the
// group), the last one shorter: the panels of the stretch that starts at p begin p / group * b_columns lanes behind
// those of the first, and likewise for A. `out` begins at the tile.
struct GemmTile {
  int64_t m, n, k, depth;
  GemmMatrix a;  // in place; if its data is null,
  const void* a_packed;
  const void* b_packed;
  int64_t b_from, b_columns;
  GemmOutput out;
};

// How operands are packed, and the kernel that multiplies what was packed; null where there is none.
struct PackedGemm {
  int mr, nr, kc, mc, nc;  // see kernels/blocking.h
  int group;               // elements along the depth that lie in one lane of a panel
  int lane;                // its bytes
  bool in_place;           // whether the tile can read an unpacked A
  GemmPackFn pack_a, pack_b;
  void (*tile)(const GemmTile&);

  // Whether it can read this one: the elements that a lane takes lie side by side, and no lane reaches beyond a row.
  bool reads_in_place(const GemmProblem& p) const {
    return in_place && (group == 1 || (p.a.col == 1 && p.a.row % group == 0 && p.k % group == 0));
  }
};

// A and B are bytes, C and all matrices of the epilogue int32; sums wrap around.
struct ByteGemm {
  PackedGemm packed;
  void (*naive)(const GemmProblem&);  // of the reference only
};

struct GemmKernels {
  static constexpr int kMostVectors = 4;

  // Any level that lacks a faster kernel for a dtype has this one; the reference has nothing else.
  void (*naive[kDTypes])(const GemmProblem&);

  // Stream A once: gemv_dot wants a.col = 1 and one vector, gemv_axpy a.row = 1 and 1 to kMostVectors.
  void (*gemv_dot[kDTypes])(const GemvProblem&);
  void (*gemv_axpy[kDTypes])(const GemvProblem&);

  // Wants a.col = 1 and b.row = 1. Reads both in place.
  void (*dot[kDTypes])(const GemmProblem&);

  // Reads A in place, and B where its columns have unit stride; else packs it, a panel at a time, on the stack.
  void (*direct[kDTypes])(const GemmProblem&);

  PackedGemm packed[kDTypes];

  ByteGemm bytes[2][2];  // [A is signed][B is signed]
};

}  // namespace tw
