// Packed operands of the float types; f16 and bf16 widen to float while they are packed.
#include "cpu/kernels/gemm/gemm.h"
#include "cpu/kernels/gemm/packed_tile.h"

namespace tw::TW_ISA {

void fill_bytes(GemmKernels&);
void fill_compressed(GemmKernels&);
void fill_direct(GemmKernels&);
void fill_dot(GemmKernels&);
void fill_gemv(GemmKernels&);
void fill_naive(GemmKernels&);

namespace {

template <class S, int P>
void pack(const void* src, int64_t stride, int64_t k_stride, int64_t count, int64_t k, void* packed) {
  const S* from = static_cast<const S*>(src);
  compute_t<S>* to = static_cast<compute_t<S>*>(packed);
  if (stride == 1) {
    // A few rows of all panels at a time: a cache line that two panels share is still there for the second, even where
    // rows lie a multiple of 4 KB apart and evict each other.
    constexpr int64_t kRows = 8;
    for (int64_t p = 0; p < k; p += kRows)
      for (int64_t i = 0; i < count; i += P)
        pack_rows<S, P>(from + i, k_stride, count - i, p, p + min(k - p, kRows), k, to + i * k);
    return;
  }
  for (int64_t i = 0; i < count; i += P, to += P * k)
    pack_panel<S, P>(from + i * stride, stride, k_stride, min(count - i, P), k, to);
}

template <class S>
void tile(const GemmTile& g) {
  typedef FmaStep<compute_t<S>> Step;
  packed_tile<S, Step, sizeof(S) == sizeof(compute_t<S>)>(
      g, [](const RegisterTile<Step>& t) __attribute__((always_inline)) { multiply_tile(t); });
}

template <class S>
void fill_type(GemmKernels& table, DType dtype) {
  typedef compute_t<S> T;
  typedef Blocking<T> Sizes;
  table.packed[static_cast<int>(dtype)] =
      packed_gemm<FmaStep<T>>(sizeof(S) == sizeof(T), pack<S, Sizes::mr>, pack<S, Sizes::nr>, tile<S>);
}

}  // namespace

void fill(GemmKernels& table) {
#define X(type, dtype) fill_type<type>(table, DType::dtype);
  TW_FOR_EACH_FLOAT(X)
#undef X
  fill_bytes(table);
  fill_compressed(table);
  fill_direct(table);
  fill_dot(table);
  fill_gemv(table);
  fill_naive(table);
}

}  // namespace tw::TW_ISA
