// Naive scans: one element after the other, in long double or the integer's own width.
#include "cpu/kernels/scan/scan.h"

#include "cpu/kernels/vec.h"

namespace tw::TW_ISA {
namespace {

struct Wide {
  long double re, im;
};

template <class T>
Wide widen(T x) {
  return {x, 0};
}
Wide widen(c64 x) { return {x.re, x.im}; }
Wide widen(c128 x) { return {x.re, x.im}; }

template <class T>
void put(Wide w, T* to) {
  *to = (T)w.re;
}
void put(Wide w, c64* to) { *to = {(float)w.re, (float)w.im}; }
void put(Wide w, c128* to) { *to = {(double)w.re, (double)w.im}; }

// f(place, column, whether a column begins, whether it ends)
template <class F>
void for_each(const ScanArgs& a, F f) {
  for (int64_t o = 0; o < a.outer; ++o)
    for (int64_t c = 0; c < a.inner; ++c)
      for (int64_t i = 0; i < a.n; ++i)
        f((o * a.n + (a.reverse ? a.n - 1 - i : i)) * a.stride + c, c, i == 0, i == a.n - 1);
}

template <bool Product, class T>
void scan_floats(const ScanArgs& a, const void* x, void* y, ScanCarry* carry) {
  Wide w{};
  for_each(a, [&](int64_t at, int64_t c, bool first, bool last) {
    const Wide v = widen(static_cast<const T*>(x)[at]);
    if (first) {
      w = {Product ? 1.0L : 0.0L, 0};
      if (carry && !Product) w.re = (long double)carry[c].floating.sum + carry[c].floating.rest;
    }
    w = Product ? Wide{w.re * v.re - w.im * v.im, w.re * v.im + w.im * v.re} : Wide{w.re + v.re, 0};
    if (y) put(w, static_cast<T*>(y) + at);
    if (!last || !carry) return;
    const double sum = (double)w.re, rest = (double)(w.re - sum);
    carry[c].floating = {sum, __builtin_fabs(sum) < __builtin_inf() ? rest : 0};
  });
}

template <bool Product>
void scan_integers(const ScanArgs& a, const void* x, void* y, ScanCarry* carry) {
  uint64_t w = 0;
  for_each(a, [&](int64_t at, int64_t c, bool first, bool last) {
    const uint64_t v = static_cast<const uint64_t*>(x)[at];
    if (first) w = Product ? 1 : carry ? carry[c].integer : 0;
    w = Product ? w * v : w + v;
    if (y) static_cast<uint64_t*>(y)[at] = w;
    if (last && carry) carry[c].integer = w;
  });
}

}  // namespace

void fill(ScanKernels& k) {
  k = {};
  k.sum[(int)DType::f32] = scan_floats<false, float>;
  k.sum[(int)DType::f64] = scan_floats<false, double>;
  k.sum[(int)DType::i64] = k.sum[(int)DType::u64] = scan_integers<false>;
  k.prod[(int)DType::f32] = scan_floats<true, float>;
  k.prod[(int)DType::f64] = scan_floats<true, double>;
  k.prod[(int)DType::i64] = k.prod[(int)DType::u64] = scan_integers<true>;
  k.prod[(int)DType::c64] = scan_floats<true, c64>;
  k.prod[(int)DType::c128] = scan_floats<true, c128>;
}

}  // namespace tw::TW_ISA
