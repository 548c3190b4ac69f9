// What becomes of a tile of sums.
#pragma once
#include "cpu/kernels/gemm/gemm.h"
#include "cpu/kernels/vec.h"

namespace tw::TW_ISA {

// Sums of integers have no activation.
template <class T>
constexpr bool has_activation = static_cast<T>(0.5) != static_cast<T>(0);

// Whether the register tile can add bias and residual to its sums and store them to C.
template <class S>
TW_INLINE bool fits_registers(const GemmOutput& out) {
  return sizeof(S) == sizeof(compute_t<S>) && out.fits_registers();
}

template <class S>
TW_INLINE bool fits_tile(const GemmOutput& out) {
  return sizeof(S) == sizeof(compute_t<S>) && out.fits_tile();
}

// Whether that, and relu, is all that `out` asks for.
template <class S>
TW_INLINE bool is_plain(const GemmOutput& out) {
  return fits_tile<S>(out) && out.gate.data == nullptr && out.pre.data == nullptr && out.activation <= Activation::relu;
}

// Finishes sums (i, j) at sums[i * row + j] and stores them to out.c, whose dtype S the last argument stands for. The
// sums are overwritten; they may lie in C itself.
void finish(const GemmOutput& out, float* sums, int64_t row, int64_t rows, int64_t cols, float);
void finish(const GemmOutput& out, float* sums, int64_t row, int64_t rows, int64_t cols, f16);
void finish(const GemmOutput& out, float* sums, int64_t row, int64_t rows, int64_t cols, bf16);
void finish(const GemmOutput& out, double* sums, int64_t row, int64_t rows, int64_t cols, double);
void finish(const GemmOutput& out, uint32_t* sums, int64_t row, int64_t rows, int64_t cols, uint32_t);

}  // namespace tw::TW_ISA
