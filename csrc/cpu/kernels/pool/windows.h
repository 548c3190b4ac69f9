// Which elements a window has, and planes in the compute type.
#pragma once
#include "cpu/kernels/gemm/pack.h"
#include "cpu/kernels/pool/pool.h"

namespace tw::TW_ISA {

// Along one axis: the first element inside, how many taps are inside, `step` apart, and how many are before.
struct Window {
  int64_t first, count, step, before;
};

TW_INLINE Window window_of(const PoolAxis& a, bool adaptive, int64_t i) {
  if (adaptive) {
    const int64_t each = a.n / a.m, rest = a.n % a.m;  // so that no product is beyond 64 bits
    const int64_t first = each * i + rest * i / a.m, end = each * (i + 1) + (rest * (i + 1) + a.m - 1) / a.m;
    return {first, end - first, 1, 0};
  }
  const int64_t start = i * a.s - a.p;
  const int64_t before = start < 0 ? (a.d - 1 - start) / a.d : 0;  // at the edges only: divisions take long
  const int64_t inside = start + (a.k - 1) * a.d < a.n ? a.k : (a.n - start + a.d - 1) / a.d;
  return {start + before * a.d, inside - before, a.d, before};
}

// What a window counts along one axis: see PoolDivisor.
TW_INLINE int64_t counted(const PoolAxis& a, bool adaptive, PoolDivisor divisor, int64_t i) {
  if (!divisor.counts_padding || adaptive) return window_of(a, adaptive, i).count;
  const int64_t rest = a.n + 2 * a.p - i * a.s;
  return rest < a.k ? rest : a.k;
}

// What windows of a block are divided by: that of their slice and row times that of their column.
template <class C>
struct Divisors {
  const PoolWindows& w;
  PoolDivisor divisor;
  C* of_columns;

  TW_INLINE Divisors(const PoolWindows& w, const PoolBlock& b, PoolDivisor divisor, C* of_columns)
      : w(w), divisor(divisor), of_columns(of_columns) {
    for (int64_t i = 0; i < b.count[2]; ++i)
      of_columns[i] = divisor.fixed ? 1 : (C)counted(w.axis[2], false, divisor, b.first[2] + i);
  }
  TW_INLINE C of_row(const int64_t out[3]) const {
    if (divisor.fixed) return (C)divisor.fixed;
    return (C)counted(w.axis[0], false, divisor, out[0]) * (C)counted(w.axis[1], false, divisor, out[1]);
  }
};

// The tap of a window, in C order, at which an element lies.
TW_INLINE int64_t tap_at(const PoolWindows& w, const int64_t out[3], int64_t position) {
  const int64_t at[3] = {position / (w.axis[1].n * w.axis[2].n), position / w.axis[2].n % w.axis[1].n,
                         position % w.axis[2].n};
  int64_t tap = 0;
  for (int a = 0; a < 3; ++a) {
    const PoolAxis& axis = w.axis[a];
    tap = tap * axis.k + (at[a] - (out[a] * axis.s - axis.p)) / axis.d;
  }
  return tap;
}

// f(plane, out) for each row of a block's windows; out[2] is the first of the row.
template <class F>
TW_INLINE void for_each_row(const PoolBlock& b, F f) {
  for (int64_t plane = b.plane; plane < b.plane + b.planes; ++plane)
    for (int64_t i = 0; i < b.count[0]; ++i)
      for (int64_t j = 0; j < b.count[1]; ++j) {
        const int64_t out[3] = {b.first[0] + i, b.first[1] + j, b.first[2]};
        f(plane, out);
      }
}

// The number of a window among all of them.
TW_INLINE int64_t number_of(const PoolWindows& w, int64_t plane, const int64_t out[3]) {
  return ((plane * w.axis[0].m + out[0]) * w.axis[1].m + out[1]) * w.axis[2].m + out[2];
}

// ---- numbers in the compute type ------------------------------------------------------------------------------------

template <class T>
TW_INLINE compute_t<T> get(const T* p) {
  return load_n(p, 1)[0];
}
template <>
TW_INLINE float get<float>(const float* p) {
  return *p;
}
template <>
TW_INLINE double get<double>(const double* p) {
  return *p;
}
template <class T>
TW_INLINE void put(T* p, compute_t<T> x) {
  store_n(p, set1(x), 1);
}
template <>
TW_INLINE void put<float>(float* p, float x) {
  *p = x;
}
template <>
TW_INLINE void put<double>(double* p, double x) {
  *p = x;
}

// to[i] = from[i], to or from the compute type.
template <class T>
TW_INLINE void widen_row(const T* from, int64_t n, compute_t<T>* to) {
  constexpr int L = lanes<T>;
  int64_t i = 0;
  for (; i + L <= n; i += L) store(to + i, load(from + i));
  if (i < n) store_n(to + i, load_n(from + i, (int)(n - i)), (int)(n - i));
}
template <class T>
TW_INLINE void narrow_row(const compute_t<T>* from, int64_t n, T* to) {
  constexpr int L = lanes<T>;
  int64_t i = 0;
  for (; i + L <= n; i += L) store(to + i, load(from + i));
  if (i < n) store_n(to + i, load_n(from + i, (int)(n - i)), (int)(n - i));
}

// The even and the odd lanes of two vectors that follow each other.
template <class V, int... I>
TW_INLINE V evens(V a, V b, Lanes<I...>) {
  return __builtin_shufflevector(a, b, (2 * I)...);
}
template <class V, int... I>
TW_INLINE V odds(V a, V b, Lanes<I...>) {
  return __builtin_shufflevector(a, b, (2 * I + 1)...);
}

template <class T>
constexpr bool is_half = sizeof(T) == 2;

// A plane to read in the compute type: where it lies, or, of halves, as a copy in scratch memory.
template <class T>
TW_INLINE const compute_t<T>* widened(const T* plane, int64_t n, compute_t<T>* scratch) {
  if constexpr (is_half<T>) {
    widen_row(plane, n, scratch);
    return scratch;
  } else {
    return plane;
  }
}

void fill_by_window(PoolKernels&);
void fill_direct(PoolKernels&);
void fill_flat(PoolKernels&);
void fill_places(PoolKernels&);

}  // namespace tw::TW_ISA
