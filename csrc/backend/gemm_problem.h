// Matrix products and what happens to their sums, as kernels of any device see them.
#pragma once
#include "core/dtype.h"

namespace tw {

// THE list of activations that a product applies to its sums. X(name, what its derivative is computed from);
// each device has name(x) and name_backward(g, saved).
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
  // The same of its sums in registers, where a bias may also be one value for each row.
  __attribute__((always_inline)) bool bias_of_rows() const { return bias.data && bias.row == 1 && bias.col == 0; }
  __attribute__((always_inline)) bool fits_tile() const {
    return bias_of_rows() ? c.col == 1 && (!residual.data || residual.col == 1) : fits_registers();
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

}  // namespace tw
