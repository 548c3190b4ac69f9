// The softmax of attention, a tile of scores at a time, by powers of 2 in float32 and of e in float64.
#pragma once
#include "cpu/kernels/attention/scores.h"

namespace tw::TW_ISA {
namespace {

// 2^t or e^t with up to 2 ULP of error, exactly 1 at 0 and 0 at -inf. An exponent is a score times per_score().
template <class T>
struct Power;
template <>
struct Power<float> {
  static constexpr double kPerScore = 0x1.71547652b82fep+0, kToScore = 0x1.62e42fefa39efp-1;  // 1 / ln 2, ln 2
  static TW_INLINE vf of(vf t) {
    // Below, scalef() rounds to 0; elsewhere the bits of 2^-127 are those of 0.
    const vf x = at_least(t, set1(TW_VEC_BYTES == 64 ? -160.0f : -127.0f)), n = round_to<0>(x), r = x - n;
    const vf p = poly(r, 1.0f, 0x1.62e42ap-1f, 0x1.ebf9c0p-3f, 0x1.c6b6c8p-5f, 0x1.3ce942p-7f, 0x1.5be378p-10f);
    return TW_VEC_BYTES == 64 ? scale(p, n) : p * pow2(n);
  }
};
template <>
struct Power<double> {
  static constexpr double kPerScore = 1, kToScore = 1;
  static TW_INLINE vd of(vd t) { return exp(t); }
};

// Lane r of the result is the largest lane of x[r].
template <class T>
TW_INLINE vec<T> max_rows(vec<T> (&x)[lanes<T>]) {
  constexpr Lanes<__integer_pack(lanes<T>)...> all;
#pragma GCC unroll 4
  for (int half = lanes<T> / 2; half > 0; half /= 2) {
#pragma GCC unroll 8
    for (int i = 0; i < half; ++i) x[i] = at_least(zip_low(x[i], x[i + half], all), zip_high(x[i], x[i + half], all));
  }
  return x[0];
}

// f(row, its vector) fills x for rows [from, from + lanes), of which there are `rows` in all; others get `fill`.
template <class T, class F>
TW_INLINE void each_row(int from, int rows, vec<T> fill, vec<T> (&x)[lanes<T>], F f) {
  for (int l = 0; l < lanes<T>; ++l) x[l] = from + l < rows ? f(from + l) : fill;
}

// The state of up to mr rows: the largest exponent so far, and the sum of powers relative to it.
template <class T>
struct SoftmaxState {
  static constexpr int kVectors = (Blocking<T>::mr + lanes<T> - 1) / lanes<T>, kRows = kVectors * lanes<T>;
  T most[kRows], total[kRows];
  bool started;
};

// Rows of scores, kKeys apart, as powers relative to their largest so far: columns [from, to), whole vectors. Gives the
// factor that what was summed before is to be multiplied by; true where any is not 1.
template <class T>
TW_INLINE bool softmax_tile(SoftmaxState<T>& state, int rows, T* s, int from, int to, T per_unit, T* factors) {
  typedef vec<T> V;
  constexpr int L = lanes<T>;
  bool changed = false;
  for (int first = 0; first < rows; first += L) {
    V x[L];
    each_row<T>(first, rows, none<T>(), x, [&](int r) __attribute__((always_inline)) {
      V most = load(s + r * kKeys + from);
      for (int c = from + L; c < to; c += L) most = at_least(load(s + r * kKeys + c), most);
      return most;
    });
    const V before = load(state.most + first), most = at_least(max_rows<T>(x) * per_unit, before);
    const V base = most == none<T>() ? V{} : most, factor = Power<T>::of(before - base);
    changed |= any(factor != (T)1);
    store(state.most + first, most);
    store(factors + first, factor);
    T bases[L];
    store(bases, base);
    each_row<T>(first, rows, V{}, x, [&](int r) __attribute__((always_inline)) {
      const V per = set1(per_unit), less = set1(-bases[r - first]);
      V total = {};
      for (int c = from; c < to; c += L) {
        const V p = Power<T>::of(fma(load(s + r * kKeys + c), per, less));
        store(s + r * kKeys + c, p);
        total += p;
      }
      return total;
    });
    store(state.total + first, fma(load(state.total + first), factor, sum_rows<T>(x)));
  }
  return changed;
}

}  // namespace
}  // namespace tw::TW_ISA
