// Packing for instructions that multiply and add up several neighbours along the depth: a lane of a panel is 32 bits
// and holds as many of them as fit.
#pragma once
#include "cpu/kernels/gemm/pack.h"

namespace tw::TW_ISA {
namespace {

typedef uint32_t Lane;

// Elements S of the source, each widened to W, with all bits in `kFlip` inverted. The source is read as bytes: S may
// stand for another type of its size.
template <class S, class W, Lane kFlip = 0>
struct Group {
  typedef S Source;
  static constexpr int size = sizeof(Lane) / sizeof(W);
  static constexpr int L = lanes<Lane>;

  // L neighbours across the panel, from `rows` rows of the depth; `n` of them are there, the others are zero.
  static TW_INLINE vec<Lane> across(const S* src, int64_t k_stride, int rows, int n) {
    constexpr int kBits = 8 * sizeof(W);
    constexpr Lane kMask = S(-1) < S(0) && size > 1 ? (Lane{1} << kBits) - 1 : ~Lane{0};
    vec<Lane> x = {};
#pragma GCC unroll 4
    for (int g = 0; g < size; ++g) {
      if (g >= rows) break;
      x |= (widen(read<L>(src + g * k_stride, n)) & kMask) << (kBits * g);
    }
    return x ^ kFlip;
  }

  // L lanes along the depth, of which n elements are there.
  static TW_INLINE vec<Lane> along(const S* src, int n) {
    typedef vecn<W, L * size> Wide;
    return bitcast<vec<Lane>>(__builtin_convertvector(read<L * size>(src, n), Wide)) ^ kFlip;
  }

 private:
  // Intrinsics for bytes: GCC widens by a factor of four element by element.
#if TW_VEC_BYTES == 64
  static TW_INLINE vec<Lane> widen(vecn<uint8_t, 16> x) { return (vec<Lane>)_mm512_cvtepu8_epi32((__m128i)x); }
  static TW_INLINE vec<Lane> widen(vecn<int8_t, 16> x) { return (vec<Lane>)_mm512_cvtepi8_epi32((__m128i)x); }
#elif TW_VEC_BYTES == 32
  static TW_INLINE vec<Lane> widen(vecn<uint8_t, 8> x) {
    return (vec<Lane>)_mm256_cvtepu8_epi32(_mm_set_epi64x(0, bitcast<int64_t>(x)));
  }
  static TW_INLINE vec<Lane> widen(vecn<int8_t, 8> x) {
    return (vec<Lane>)_mm256_cvtepi8_epi32(_mm_set_epi64x(0, bitcast<int64_t>(x)));
  }
#else
  static TW_INLINE vec<Lane> widen(vecn<uint8_t, 4> x) {
    return (vec<Lane>)_mm_cvtepu8_epi32(_mm_cvtsi32_si128(bitcast<int32_t>(x)));
  }
  static TW_INLINE vec<Lane> widen(vecn<int8_t, 4> x) {
    return (vec<Lane>)_mm_cvtepi8_epi32(_mm_cvtsi32_si128(bitcast<int32_t>(x)));
  }
#endif
  static TW_INLINE vec<Lane> widen(vecn<uint16_t, L> x) { return __builtin_convertvector(x, vec<Lane>); }

  template <int N>
  static TW_INLINE vecn<S, N> read(const S* src, int n) {
    vecn<S, N> x = {};
    if (n >= N) {
      __builtin_memcpy(&x, src, sizeof x);
      return x;
    }
#if TW_VEC_BYTES == 64
    const uint64_t mask = (uint64_t{1} << n) - 1;
    if constexpr (sizeof(S) == 2 && N == 32)
      return (vecn<S, N>)_mm512_maskz_loadu_epi16((__mmask32)mask, src);
    else if constexpr (sizeof(S) == 2)
      return (vecn<S, N>)_mm256_maskz_loadu_epi16((__mmask16)mask, src);
    else if constexpr (N == 64)
      return (vecn<S, N>)_mm512_maskz_loadu_epi8((__mmask64)mask, src);
    else if constexpr (N == 32)
      return (vecn<S, N>)_mm256_maskz_loadu_epi8((__mmask32)mask, src);
    else
      return (vecn<S, N>)_mm_maskz_loadu_epi8((__mmask16)mask, src);
#else
    __builtin_memcpy(&x, src, n * sizeof(S));
    return x;
#endif
  }
};

// The panel's lanes [from, to) along the depth, contiguous across it. Of the source `count` elements may be read, more
// than P where another panel follows.
template <class G, int P>
TW_INLINE void pack_across(const typename G::Source* src, int64_t k_stride, int64_t count, int64_t from, int64_t to,
                           int64_t k, Lane* dst) {
  constexpr int L = lanes<Lane>;
  for (int64_t q = from; q < to; ++q) {
    const auto* row = src + q * G::size * k_stride;
    const int rows = min(k - q * G::size, G::size);
#pragma GCC unroll 4
    for (int i = 0; i < P; i += L) {
      if (i >= count) break;
      const vec<Lane> x = rows == G::size && count - i >= L ? G::across(row + i, k_stride, G::size, L)
                                                            : G::across(row + i, k_stride, rows, min(count - i, L));
      store_n(dst + q * P + i, x, P - i < L ? P - i : L);
    }
  }
}

// R rows, L lanes deep: dst[q * P + i] = lane q of row i.
template <class G, int P, int R>
TW_INLINE void pack_group_square(const typename G::Source* src, int64_t stride, Lane* dst) {
  constexpr int L = lanes<Lane>;
  vec<Lane> x[L] = {};
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r, src += stride) {
    __builtin_prefetch(reinterpret_cast<const char*>(src) + 256);
    x[r] = G::along(src, L * G::size);
  }
  transpose<Lane>(x);
#pragma GCC unroll 16
  for (int q = 0; q < L; ++q) store_n(dst + q * P, x[q], R);
}

// One panel, contiguous along the depth.
template <class G, int P>
void pack_along(const typename G::Source* src, int64_t stride, int count, int64_t k, Lane* dst) {
  constexpr int L = lanes<Lane>;
  constexpr int64_t kStep = L * G::size;
  for (int64_t p = 0; p < k; p += kStep) {
    Lane* to = dst + p / G::size * P;
#pragma GCC unroll 4
    for (int i = 0; i < P; i += L) {
      constexpr int kLast = P % L == 0 ? L : P % L;
      const int rows = min(count - i, L);
      const auto* from = src + i * stride + p;
      if (rows <= 0) break;
      if (k - p >= kStep && rows == L) {
        pack_group_square<G, P, L>(from, stride, to + i);
      } else if (k - p >= kStep && count == P && rows == kLast) {
        pack_group_square<G, P, kLast>(from, stride, to + i);
      } else {
        const int there = min(k - p, kStep), width = P - i < L ? P - i : L;
        vec<Lane> x[L] = {};
        for (int r = 0; r < rows; ++r) x[r] = G::along(from + r * stride, there);
        transpose<Lane>(x);
        for (int q = 0; q < (there + G::size - 1) / G::size; ++q) store_n(to + q * P + i, x[q], width);
      }
    }
  }
}

// One panel of any strides.
template <class G, int P>
void pack_scattered(const typename G::Source* src, int64_t stride, int64_t k_stride, int count, int64_t k, Lane* dst) {
  typedef typename G::Source S;
  constexpr int L = lanes<Lane>;
  for (int64_t p = 0; p < k; p += G::size, dst += P) {
    for (int i = 0; i < count; i += L) {
      S values[L * G::size] = {};
      for (int r = 0; r < min(count - i, L); ++r)
        for (int g = 0; g < min(k - p, G::size); ++g)
          __builtin_memcpy(&values[r * G::size + g], src + (i + r) * stride + (p + g) * k_stride, sizeof(S));
      store_n(dst + i, G::along(values, L * G::size), P - i < L ? P - i : L);
    }
  }
}

// A GemmPackFn.
template <class G, int P>
void pack_groups(const void* from, int64_t stride, int64_t k_stride, int64_t count, int64_t k, void* packed) {
  const auto* src = static_cast<const typename G::Source*>(from);
  Lane* dst = static_cast<Lane*>(packed);
  const int64_t depth = (k + G::size - 1) / G::size;
  if (stride == 1) {
    constexpr int64_t kRows = 8;  // of all panels at a time, see pack() in packed.cpp
    for (int64_t q = 0; q < depth; q += kRows)
      for (int64_t i = 0; i < count; i += P)
        pack_across<G, P>(src + i, k_stride, count - i, q, q + min(depth - q, kRows), k, dst + i * depth);
    return;
  }
  for (int64_t i = 0; i < count; i += P, dst += P * depth) {
    if (k_stride == 1)
      pack_along<G, P>(src + i * stride, stride, min(count - i, P), k, dst);
    else
      pack_scattered<G, P>(src + i * stride, stride, k_stride, min(count - i, P), k, dst);
  }
}

}  // namespace
}  // namespace tw::TW_ISA
