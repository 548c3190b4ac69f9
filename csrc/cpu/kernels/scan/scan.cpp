#include "cpu/kernels/scan/scan.h"

#include "cpu/kernels/vec.h"

namespace tw::TW_ISA {
namespace {

constexpr int64_t kBlock = 256;    // elements of a chain of float64 sums
constexpr int64_t kColumns = 256;  // that go down together: their accumulators stay in the L1 cache

// The vector moved up by S lanes, zeros before it; and turned round.
#if TW_VEC_BYTES == 64
template <int S, class V>
TW_INLINE V moved_up(V v) {
  if constexpr (S == 1) return __builtin_shufflevector(V{}, v, 7, 8, 9, 10, 11, 12, 13, 14);
  if constexpr (S == 2) return __builtin_shufflevector(V{}, v, 6, 7, 8, 9, 10, 11, 12, 13);
  return __builtin_shufflevector(V{}, v, 4, 5, 6, 7, 8, 9, 10, 11);
}
template <class V>
TW_INLINE V turned(V v) {
  return __builtin_shufflevector(v, v, 7, 6, 5, 4, 3, 2, 1, 0);
}
#elif TW_VEC_BYTES == 32
template <int S, class V>
TW_INLINE V moved_up(V v) {
  if constexpr (S == 1) return __builtin_shufflevector(V{}, v, 3, 4, 5, 6);
  return __builtin_shufflevector(V{}, v, 2, 3, 4, 5);
}
template <class V>
TW_INLINE V turned(V v) {
  return __builtin_shufflevector(v, v, 3, 2, 1, 0);
}
#else
template <int S, class V>
TW_INLINE V moved_up(V v) {
  return __builtin_shufflevector(V{}, v, 1, 2);
}
template <class V>
TW_INLINE V turned(V v) {
  return __builtin_shufflevector(v, v, 1, 0);
}
#endif

// ---- sums along a row -----------------------------------------------------------------------------------------------

// What T is added up in, and lanes of T as a vector of that.
template <class T>
struct Sums {
  typedef T A;
};
template <>
struct Sums<float> {
  typedef double A;
};

template <class T>
using few = vecn<T, lanes<double>>;

// y[i] = base + (start + x[0] + .. + x[i]), or from the end; gives the last sum without base. y may be null.
template <bool Reverse, bool Write, bool Base, class T, class A = typename Sums<T>::A>
TW_INLINE A add_up(const T* x, T* y, int64_t n, A start, A base) {
  constexpr int64_t step = lanes<double>;
  A sum = start;
  int64_t i = 0;
  for (; i + step <= n; i += step) {
    const int64_t at = Reverse ? n - i - step : i;
    few<T> raw;
    __builtin_memcpy(&raw, x + at, sizeof raw);
    vec<A> v = __builtin_convertvector(raw, vec<A>);
    if constexpr (Reverse) v = turned(v);
    v += moved_up<1>(v);
    if constexpr (step > 2) v += moved_up<2>(v);
    if constexpr (step > 4) v += moved_up<4>(v);
    const A total = v[step - 1];
    if constexpr (Write) {
      v += set1(sum);
      if constexpr (Base) v += set1(base);
      if constexpr (Reverse) v = turned(v);
      const few<T> out = __builtin_convertvector(v, few<T>);
      __builtin_memcpy(y + at, &out, sizeof out);
    }
    sum += total;
  }
  for (; i < n; ++i) {
    const int64_t at = Reverse ? n - 1 - i : i;
    sum += (A)x[at];
    if constexpr (Write) y[at] = (T)(sum + base);
  }
  return sum;
}

// Of float32 and integers one chain: double is wide enough, and integers wrap.
template <bool Reverse, bool Write, class T, class A>
TW_INLINE A sum_row(const T* x, T* y, int64_t n, A start) {
  return add_up<Reverse, Write, false>(x, y, n, start, A{});
}

// total + rest, in which nothing is rounded off but what rest rounds.
TW_INLINE void add_exactly(double& total, double& rest, double x) {
  const double sum = total + x, part = sum - total;
  const double lost = (total - (sum - part)) + (x - part);
  total = sum;
  rest = __builtin_fabs(sum) < __builtin_inf() ? rest + lost : 0;
}

// Of float64 chains of kBlock, each from 0; what they come to is added without loss.
template <bool Reverse, bool Write>
TW_INLINE void sum_row_in_blocks(const double* x, double* y, int64_t n, double& total, double& rest) {
  for (int64_t i = 0; i < n; i += kBlock) {
    const int64_t count = n - i < kBlock ? n - i : kBlock, at = Reverse ? n - i - count : i;
    const double sum = add_up<Reverse, Write, true>(x + at, Write ? y + at : nullptr, count, rest, total);
    rest = 0;
    add_exactly(total, rest, sum);
  }
}

template <bool Reverse, bool Write, class T>
void sum_rows(const ScanArgs& a, const T* x, T* y, ScanCarry* carry) {
  for (int64_t o = 0; o < a.outer; ++o, x += a.n, y += Write ? a.n : 0) {
    if constexpr (sizeof(T) == 8 && (T)0.5 != 0) {
      double total = carry ? carry->floating.sum : 0, rest = carry ? carry->floating.rest : 0;
      sum_row_in_blocks<Reverse, Write>(x, y, a.n, total, rest);
      if (carry) carry->floating = {total, rest};
    } else if constexpr (sizeof(T) == 4) {
      const double total = sum_row<Reverse, Write>(x, y, a.n, carry ? carry->floating.sum : 0.0);
      if (carry) carry->floating = {total, 0};
    } else {
      const uint64_t total = sum_row<Reverse, Write>(x, y, a.n, carry ? carry->integer : uint64_t{});
      if (carry) carry->integer = total;
    }
  }
}

// ---- sums of columns ------------------------------------------------------------------------------------------------

// f(i) for every row in the scan's order.
template <class F>
TW_INLINE void for_each_row(const ScanArgs& a, F f) {
  for (int64_t i = 0; i < a.n; ++i) f(i, (a.reverse ? a.n - 1 - i : i) * a.stride);
}

template <class T, class A>
void sum_columns_in_chains(const ScanArgs& a, const T* x, T* y, A* sums) {
  for_each_row(a, [&](int64_t, int64_t at) {
    for (int64_t c = 0; c < a.inner; ++c) sums[c] += (A)x[at + c];
    if (y)
      for (int64_t c = 0; c < a.inner; ++c) y[at + c] = (T)sums[c];
  });
}

void sum_columns_in_blocks(const ScanArgs& a, const double* x, double* y, double* totals, double* rests) {
  double sums[kColumns] = {};
  for_each_row(a, [&](int64_t i, int64_t at) {
    if (i % kBlock == 0)
      for (int64_t c = 0; c < a.inner; ++c) {
        if (i > 0) {
          rests[c] = 0;
          add_exactly(totals[c], rests[c], sums[c]);
        }
        sums[c] = rests[c];
      }
    for (int64_t c = 0; c < a.inner; ++c) sums[c] += x[at + c];
    if (y)
      for (int64_t c = 0; c < a.inner; ++c) y[at + c] = totals[c] + sums[c];
  });
  if (a.n == 0) return;
  for (int64_t c = 0; c < a.inner; ++c) {
    rests[c] = 0;
    add_exactly(totals[c], rests[c], sums[c]);
  }
}

template <class T>
void sum_columns(const ScanArgs& a, const T* x, T* y, ScanCarry* carry) {
  typedef typename Sums<T>::A A;
  constexpr bool floating = (T)0.5 != 0;
  ScanArgs tile = a;
  for (int64_t o = 0; o < a.outer; ++o) {
    for (int64_t c = 0; c < a.inner; c += kColumns) {
      A sums[kColumns] = {};
      double rests[kColumns] = {};
      tile.inner = a.inner - c < kColumns ? a.inner - c : kColumns;
      for (int64_t k = 0; carry && k < tile.inner; ++k) {
        if constexpr (floating)
          sums[k] = carry[c + k].floating.sum, rests[k] = carry[c + k].floating.rest;
        else
          sums[k] = carry[c + k].integer;
      }
      const int64_t at = o * a.n * a.stride + c;
      if constexpr (sizeof(T) == 8 && floating)
        sum_columns_in_blocks(tile, x + at, y ? y + at : nullptr, sums, rests);
      else
        sum_columns_in_chains(tile, x + at, y ? y + at : nullptr, sums);
      for (int64_t k = 0; carry && k < tile.inner; ++k) {
        if constexpr (floating)
          carry[c + k].floating = {sums[k], rests[k]};
        else
          carry[c + k].integer = sums[k];
      }
    }
  }
}

template <class T>
void sum(const ScanArgs& a, const void* x_, void* y_, ScanCarry* carry) {
  const T* x = static_cast<const T*>(x_);
  T* y = static_cast<T*>(y_);
  if (a.stride != 1) return sum_columns(a, x, y, carry);
  if (!y) return a.reverse ? sum_rows<true, false>(a, x, y, carry) : sum_rows<false, false>(a, x, y, carry);
  return a.reverse ? sum_rows<true, true>(a, x, y, carry) : sum_rows<false, true>(a, x, y, carry);
}

// ---- products -------------------------------------------------------------------------------------------------------

// Products are made one after the other, as they are written: those of a part alone could overflow where the whole does
// not.
template <class T>
struct Products {
  typedef T A;
  static A one() { return 1; }
  static A times(A a, T x) { return a * (A)x; }
  static T result(A a) { return a; }
};
template <>
struct Products<float> {
  typedef double A;
  static A one() { return 1; }
  static A times(A a, float x) { return a * (A)x; }
  static float result(A a) { return (float)a; }
};
template <class C, class Part>
struct ComplexProducts {
  typedef c128 A;
  static A one() { return {1, 0}; }
  static A times(A a, C x) {
    return {a.re * (double)x.re - a.im * (double)x.im, a.re * (double)x.im + a.im * (double)x.re};
  }
  static C result(A a) { return {(Part)a.re, (Part)a.im}; }
};
template <>
struct Products<c64> : ComplexProducts<c64, float> {};
template <>
struct Products<c128> : ComplexProducts<c128, double> {};

template <class T>
void prod_rows(const ScanArgs& a, const T* x, T* y) {
  typedef Products<T> P;
  for (int64_t o = 0; o < a.outer; ++o, x += a.n, y += a.n) {
    typename P::A product = P::one();
    for_each_row(a, [&](int64_t, int64_t at) {
      product = P::times(product, x[at]);
      y[at] = P::result(product);
    });
  }
}

template <class T>
void prod(const ScanArgs& a, const void* x_, void* y_, ScanCarry*) {
  typedef Products<T> P;
  const T* x = static_cast<const T*>(x_);
  T* y = static_cast<T*>(y_);
  if (a.stride == 1) return prod_rows(a, x, y);
  ScanArgs tile = a;
  for (int64_t o = 0; o < a.outer; ++o) {
    for (int64_t c = 0; c < a.inner; c += kColumns) {
      typename P::A products[kColumns];
      tile.inner = a.inner - c < kColumns ? a.inner - c : kColumns;
      for (int64_t k = 0; k < tile.inner; ++k) products[k] = P::one();
      const int64_t first = o * a.n * a.stride + c;
      for_each_row(tile, [&](int64_t, int64_t row) {
        for (int64_t k = 0; k < tile.inner; ++k) {
          products[k] = P::times(products[k], x[first + row + k]);
          y[first + row + k] = P::result(products[k]);
        }
      });
    }
  }
}

}  // namespace

void fill(ScanKernels& k) {
  k = {};
  k.sum[(int)DType::f32] = sum<float>;
  k.sum[(int)DType::f64] = sum<double>;
  k.sum[(int)DType::i64] = k.sum[(int)DType::u64] = sum<uint64_t>;
  k.prod[(int)DType::f32] = prod<float>;
  k.prod[(int)DType::f64] = prod<double>;
  k.prod[(int)DType::i64] = k.prod[(int)DType::u64] = prod<uint64_t>;
  k.prod[(int)DType::c64] = prod<c64>;
  k.prod[(int)DType::c128] = prod<c128>;
}

}  // namespace tw::TW_ISA
