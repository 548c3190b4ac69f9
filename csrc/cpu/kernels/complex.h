// Elementary functions of complex numbers, on vectors of real parts and of imaginary parts.
//
// Lengths and roots work on operands scaled by a power of two, so that no square overflows or vanishes. NaN, infinities
// and signed zeros come out as the C standard's annex G asks for exp, log and sqrt; products and quotients are the
// textbook's, without annex G's recovery of infinities, as in NumPy.
#pragma once
#include "cpu/kernels/math.h"
#include "cpu/kernels/trig.h"

namespace tw::TW_ISA {

template <class V>
struct Complex {
  V re, im;
};

template <class V>
TW_INLINE auto is_infinite(V x) {
  return abs(x) == splat<V>(__builtin_inf());
}

// Without fma, so that z conj(z) is exactly real.
template <class V>
TW_INLINE Complex<V> multiply(Complex<V> a, Complex<V> b) {
  return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

// Smith's method: dividing by the larger part of b first keeps |b|^2 out of it.
template <class V>
TW_INLINE Complex<V> divide(Complex<V> a, Complex<V> b) {
  const auto swapped = abs(b.re) < abs(b.im);
  const V large = swapped ? b.im : b.re, small = swapped ? b.re : b.im;
  const V p = swapped ? a.im : a.re, q = swapped ? a.re : a.im;
  const V ratio = small / large, divisor = large + small * ratio;
  const V re = (p + q * ratio) / divisor, im = (q - p * ratio) / divisor;
  const auto zero = (b.re == V{}) & (b.im == V{});
  return {zero ? a.re / abs(b.re) : re, zero ? a.im / abs(b.re) : swapped ? -im : im};
}

// z 2^-k with k even, such that squares of the larger part stay in range, and its length.
template <class V>
struct Scaled {
  Complex<V> z;
  V length, k;
};
template <class V>
TW_INLINE Scaled<V> scaled(Complex<V> z) {
  const V x = abs(z.re), y = abs(z.im), larger = x > y ? x : y;
  const auto high = larger > splat<V>(0x1p60f, 0x1p500), low = larger < splat<V>(0x1p-60f, 0x1p-500);
  const V factor = high ? splat<V>(0x1p-100f, 0x1p-600) : low ? splat<V>(0x1p100f, 0x1p600) : splat<V>(1);
  const V k = splat<V>(100, 600);
  Scaled<V> s = {{z.re * factor, z.im * factor}, V{}, high ? k : low ? -k : V{}};
  const V length = sqrt(s.z.re * s.z.re + s.z.im * s.z.im);
  s.length = is_infinite(x) | is_infinite(y) ? splat<V>(__builtin_inf()) : length;
  return s;
}
// x 2^k, where k is that of scaled() or half of it.
template <class V>
TW_INLINE V unscaled(V x, V k, V high, V low) {
  return x * (k > V{} ? high : k < V{} ? low : splat<V>(1));
}

template <class V>
TW_INLINE V magnitude(Complex<V> z) {
  const Scaled<V> s = scaled(z);
  return unscaled(s.length, s.k, splat<V>(0x1p100f, 0x1p600), splat<V>(0x1p-100f, 0x1p-600));
}

// z / |z|, and 0 where z is.
template <class V>
TW_INLINE Complex<V> sign(Complex<V> z) {
  const Scaled<V> s = scaled(z);
  const auto zero = s.length == V{};
  return {zero ? V{} : s.z.re / s.length, zero ? V{} : s.z.im / s.length};
}

template <class V>
TW_INLINE Complex<V> times(Complex<V> z, double factor) {
  return {z.re * splat<V>(factor), z.im * splat<V>(factor)};
}

// The root with the non-negative real part; a cut along the negative real axis, continuous with the sign of the zero.
template <class V>
TW_INLINE Complex<V> sqrt(Complex<V> z) {
  const Scaled<V> s = scaled(z);
  const V t = sqrt((s.length + abs(s.z.re)) * splat<V>(0.5));
  const V u = s.length == V{} ? V{} : abs(s.z.im) / (t + t);
  const auto left = z.re < V{};
  const V high = splat<V>(0x1p50f, 0x1p300), low = splat<V>(0x1p-50f, 0x1p-300);
  const V re = unscaled(left ? u : t, s.k, high, low), im = unscaled(left ? t : u, s.k, high, low);
  const auto upright = is_infinite(z.im);
  return {upright ? abs(z.im) : re, copysign(upright ? abs(z.im) : im, z.im)};
}

// log|z| + i arg z. Near the unit circle by log1p of |z|^2 - 1, whose terms are exact differences.
template <class V>
TW_INLINE Complex<V> log(Complex<V> z) {
  const Scaled<V> s = scaled(z);
  const V far = log(s.length) + s.k * splat<V>(0.693147180559945309417232121458176568);
  const V x = abs(z.re), y = abs(z.im), m = x > y ? x : y, n = x > y ? y : x, one = splat<V>(1);
  const V above = (m - one) * (m + one) + n * n;
  const V near = log1p(above) * splat<V>(0.5);
  return {abs(above) < splat<V>(0.5) ? near : far, arctan2(z.im, z.re)};
}

// e^re (cos im + i sin im). Beyond `top` e^re may overflow where a small sine or cosine would bring the product back.
template <class V>
TW_INLINE Complex<V> exp(Complex<V> z) {
  const V top = splat<V>(80, 700), inf = splat<V>(__builtin_inf());
  const auto beyond = z.re > top;
  const V length = exp(beyond ? top : z.re);
  V re = length * cos(z.im), im = length * sin(z.im);
  if (__builtin_expect(any(beyond), 0)) {
    const V rest = beyond ? exp(z.re - top) : splat<V>(1);
    re = re * rest;
    im = im * rest;
  }
  const auto no_angle = !(abs(z.im) < inf);  // inf or NaN
  re = no_angle & (z.re == inf) ? inf : no_angle & (z.re == -inf) ? V{} : re;
  im = no_angle & (z.re == -inf) ? V{} : im;
  return {re, z.im == V{} ? z.im : im};
}

// e^(w log z); 1 where w is 0, and for z = 0 the limit: 0 where w.re is positive, else NaN.
template <class V>
TW_INLINE Complex<V> power(Complex<V> z, Complex<V> w) {
  const Complex<V> y = exp(multiply(w, log(z)));
  const auto z_zero = (z.re == V{}) & (z.im == V{}), w_zero = (w.re == V{}) & (w.im == V{});
  const V at_zero = w.re > V{} ? V{} : splat<V>(__builtin_nan(""));
  return {w_zero ? splat<V>(1) : z_zero ? at_zero : y.re, w_zero ? V{} : z_zero ? at_zero : y.im};
}

}  // namespace tw::TW_ISA
