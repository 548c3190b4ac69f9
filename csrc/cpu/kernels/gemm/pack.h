// Packing into panels: rows of A or columns of B, P at a time, laid side by side for the register tile; and the
// shuffles that this takes.
#pragma once
#include "cpu/kernels/vec.h"

namespace tw::TW_ISA {

TW_INLINE constexpr int min(int64_t a, int64_t b) { return static_cast<int>(a < b ? a : b); }

template <int... I>
struct Lanes {};

// The low and the high halves of a and b, lane by lane in turn: a0 b0 a1 b1 ...
template <class V, int... I>
TW_INLINE V zip_low(V a, V b, Lanes<I...>) {
  constexpr int n = sizeof...(I);
  return __builtin_shufflevector(a, b, (I / 2 + (I % 2) * n)...);
}
template <class V, int... I>
TW_INLINE V zip_high(V a, V b, Lanes<I...>) {
  constexpr int n = sizeof...(I);
  return __builtin_shufflevector(a, b, (n / 2 + I / 2 + (I % 2) * n)...);
}

// Lane r of the result is the sum of the lanes of x[r]: each round folds halves of the lanes of two rows into one
// vector.
template <class T>
TW_INLINE vec<T> sum_rows(vec<T> (&x)[lanes<T>]) {
  constexpr Lanes<__integer_pack(lanes<T>)...> all;
#pragma GCC unroll 4
  for (int half = lanes<T> / 2; half > 0; half /= 2) {
#pragma GCC unroll 8
    for (int i = 0; i < half; ++i) x[i] = zip_low(x[i], x[i + half], all) + zip_high(x[i], x[i + half], all);
  }
  return x[0];
}

// zip_low and zip_high within every Q lanes.
template <int Q, class V, int... I>
TW_INLINE V zip_low_within(V a, V b, Lanes<I...>) {
  constexpr int n = sizeof...(I);
  return __builtin_shufflevector(a, b, (I / Q * Q + I % Q / 2 + (I % 2) * n)...);
}
template <int Q, class V, int... I>
TW_INLINE V zip_high_within(V a, V b, Lanes<I...>) {
  constexpr int n = sizeof...(I);
  return __builtin_shufflevector(a, b, (I / Q * Q + Q / 2 + I % Q / 2 + (I % 2) * n)...);
}
// Every other group of Q lanes of a, then of b, starting with group `First`.
template <int Q, int First, class V, int... I>
TW_INLINE V every_other(V a, V b, Lanes<I...>) {
  return __builtin_shufflevector(a, b, ((2 * (I / Q) + First) * Q + I % Q)...);
}

// L x L in registers: Q x Q squares within 16 bytes, which is cheap, then the squares.
template <class T>
TW_INLINE void transpose(vec<T> (&x)[lanes<T>]) {
  constexpr int L = lanes<T>, Q = 16 / sizeof(T), G = L / Q;
  constexpr Lanes<__integer_pack(L)...> all;
#pragma GCC unroll 4
  for (int g = 0; g < L; g += Q) {
#pragma GCC unroll 2
    for (int stage = 1; stage < Q; stage *= 2) {
      vec<T> y[Q];
#pragma GCC unroll 2
      for (int i = 0; i < Q / 2; ++i) {
        y[2 * i] = zip_low_within<Q>(x[g + i], x[g + i + Q / 2], all);
        y[2 * i + 1] = zip_high_within<Q>(x[g + i], x[g + i + Q / 2], all);
      }
#pragma GCC unroll 4
      for (int i = 0; i < Q; ++i) x[g + i] = y[i];
    }
  }
#pragma GCC unroll 4
  for (int q = 0; q < Q; ++q) {
#pragma GCC unroll 2
    for (int stage = 1; stage < G; stage *= 2) {
      vec<T> y[G];
#pragma GCC unroll 2
      for (int i = 0; i < G / 2; ++i) {
        y[i] = every_other<Q, 0>(x[2 * i * Q + q], x[(2 * i + 1) * Q + q], all);
        y[G / 2 + i] = every_other<Q, 1>(x[2 * i * Q + q], x[(2 * i + 1) * Q + q], all);
      }
#pragma GCC unroll 4
      for (int i = 0; i < G; ++i) x[i * Q + q] = y[i];
    }
  }
}

// Where P is not a multiple of the lanes, a row's last vector is stored whole and runs over into the row after it,
// whose own values are stored later. The last row of a panel must not: the panel behind may be another thread's.

// Rows [from, to) of one panel, each contiguous: dst[p * P + i] = src[i + p * k_stride]. `count` elements may be read,
// more than P where another panel follows. Zeros fill up the last vector that holds any of them; vectors beyond it are
// left alone, the register tile does not read them.
template <class S, int P>
void pack_rows(const S* src, int64_t k_stride, int64_t count, int64_t from, int64_t to, int64_t k, compute_t<S>* dst) {
  typedef compute_t<S> T;
  constexpr int L = lanes<T>;
  for (int64_t p = from; p < to; ++p) {
    const S* row = src + p * k_stride;
    for (int i = 0; i < min(count, P); i += L) {
      const vec<T> v = count - i >= L ? load(row + i) : load_n(row + i, count - i);
      T* at = dst + p * P + i;
      if (i + L <= P || p + 1 < k)
        store(at, v);
      else
        store_n(at, v, P % L);
    }
  }
}

// Neighbouring panels, each of whole vectors, row by row in address order: rows far apart are streams that the
// processor does not foresee, and the longer a row's part is, the fewer wait for memory.
template <class T, int P>
void pack_panels(const T* src, int64_t k_stride, int64_t count, int64_t k, T* dst) {
  constexpr int L = lanes<T>;
  static_assert(P % L == 0);
  for (int64_t p = 0; p < k; ++p, src += k_stride, dst += P) {
    T* to = dst;
    int64_t i = 0;
    for (; i + P <= count; i += P, to += k * P) {
#pragma GCC unroll 4
      for (int w = 0; w < P; w += L) store(to + w, load(src + i + w));
    }
    for (int w = 0; i < count; i += L, w += L) store(to + w, load_n(src + i, min(count - i, L)));
  }
}

// R rows of L elements, `stride` apart, as L rows of a panel: dst[p * P + i] = src[i * stride + p]. Stores whole
// vectors.
template <class S, int P, int R>
TW_INLINE void pack_square(const S* src, int64_t stride, compute_t<S>* dst) {
  typedef compute_t<S> T;
  constexpr int L = lanes<T>;
  vec<T> x[L] = {};
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r, src += stride) {
    __builtin_prefetch(src + 256 / sizeof(S), 0, 2);  // not into L1, where rows may evict each other
    x[r] = load(src);
  }
  transpose<T>(x);
#pragma GCC unroll 16
  for (int r = 0; r < L; ++r) store(dst + r * P, x[r]);
}

// The same for fewer than L steps of the depth.
template <class S, int P, int R>
TW_INLINE void pack_short(const S* src, int64_t stride, int depth, compute_t<S>* dst) {
  typedef compute_t<S> T;
  constexpr int L = lanes<T>;
  vec<T> x[L] = {};
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) x[r] = load_n(src + r * stride, depth);
  transpose<T>(x);
#pragma GCC unroll 16
  for (int r = 0; r < L; ++r) {
    if (r == depth) return;
    store(dst + r * P, x[r]);
  }
}

// The same at the edges: `rows` rows, `depth` deep, no wider than `width`.
template <class S, int P>
void pack_edge(const S* src, int64_t stride, int rows, int depth, int width, compute_t<S>* dst) {
  typedef compute_t<S> T;
  constexpr int L = lanes<T>;
  vec<T> x[L] = {};
  for (int r = 0; r < rows; ++r) x[r] = depth == L ? load(src + r * stride) : load_n(src + r * stride, depth);
  transpose<T>(x);
  for (int r = 0; r < depth; ++r) store_n(dst + r * P, x[r], width);
}

// One panel, its columns contiguous: dst[p * P + i] = src[i * stride + p], padded likewise.
template <class S, int P>
void pack_columns(const S* src, int64_t stride, int count, int64_t k, compute_t<S>* dst) {
  constexpr int L = lanes<compute_t<S>>, kLast = P % L == 0 ? L : P % L;  // rows of a full panel's last vector
  for (int64_t p = 0; p < k; p += L) {
    const int depth = k - p < L ? static_cast<int>(k - p) : L;
    for (int i = (count - 1) / L * L; i >= 0; i -= L) {  // the one that runs over comes first
      const S* from = src + i * stride + p;
      compute_t<S>* to = dst + p * P + i;
      const bool fits = depth == L && (i + L <= P || p + L < k);
      if (fits && count - i >= L)
        pack_square<S, P, L>(from, stride, to);
      else if (fits && count == P && count - i == kLast)
        pack_square<S, P, kLast>(from, stride, to);
      else if (i + L <= P && count - i >= L)
        pack_short<S, P, L>(from, stride, depth, to);
      else
        pack_edge<S, P>(from, stride, count - i < L ? count - i : L, depth, P - i < L ? P - i : L, to);
    }
  }
}

// One panel of any strides.
template <class S, int P>
void pack_any(const S* src, int64_t stride, int64_t k_stride, int count, int64_t k, compute_t<S>* dst) {
  typedef compute_t<S> T;
  constexpr int L = lanes<T>;
  for (int64_t p = 0; p < k; ++p) {
    for (int i = 0; i < count; i += L) {
      S row[L] = {};
      const int filled = count - i < L ? count - i : L;
      for (int r = 0; r < filled; ++r) row[r] = src[(i + r) * stride + p * k_stride];
      store_n(dst + p * P + i, load(row), P - i < L ? P - i : L);
    }
  }
}

template <class S, int P>
TW_INLINE void pack_panel(const S* src, int64_t stride, int64_t k_stride, int count, int64_t k, compute_t<S>* dst) {
  if (stride == 1)
    pack_rows<S, P>(src, k_stride, count, 0, k, k, dst);
  else if (k_stride == 1)
    pack_columns<S, P>(src, stride, count, k, dst);
  else
    pack_any<S, P>(src, stride, k_stride, count, k, dst);
}

}  // namespace tw::TW_ISA
