// Hyperbolic functions, their inverses, powers of two, cube roots and sums of exponentials, on vec<float> and
// vec<double>: as math.h.
#pragma once
#include "cpu/kernels/math.h"

namespace tw::TW_ISA {

// e^a of |x| as exp_parts, beyond the largest number whose e^a / 2 is finite.
template <class V>
TW_INLINE ExpParts<V> exp_of_magnitude(V a) {
  return exp_parts(at_most(a, splat<V>(91, 712)));
}

// (e + e / (e + 1)) / 2 with e = e^|x| - 1; where e^-|x| is lost in the sum, e^|x| / 2, which overflows last.
template <class V>
TW_INLINE V sinh(V x) {
  const V a = abs(x), one = splat<V>(1);
  const auto [m, n] = exp_of_magnitude(a);
  const V e = scale(m + (one - pow2(-at_most(n, splat<V>(100)))), n);
  const V near = (e + e / (e + one)) * splat<V>(0.5), far = scale(one + m, n - one);
  return copysign(a > splat<V>(10, 20) ? far : near, x);
}

// h + 1 / (4 h) with h = e^|x| / 2
template <class V>
TW_INLINE V cosh(V x) {
  const auto [m, n] = exp_of_magnitude(abs(x));
  const V half = scale(splat<V>(1) + m, n - splat<V>(1));
  return half + splat<V>(0.25) / half;
}

// log1p of what arcsinh and arccosh of a add to e^0. Far out they are log(2 a).
template <class V>
TW_INLINE V log1p_or_far(V a, V near) {
  const auto far = a > splat<V>(0x1p30f, 0x1p60);
  return log1p(far ? a : near) + (far ? splat<V>(0x1.62e42fefa39efp-1) : V{});
}
// log(a + sqrt(1 + a^2)) = log1p(a + a^2 / (1 + sqrt(1 + a^2)))
template <class V>
TW_INLINE V arcsinh(V x) {
  const V a = abs(x), one = splat<V>(1), square = a * a;
  return copysign(log1p_or_far(a, a + square / (one + sqrt(one + square))), x);
}
// log(x + sqrt(x^2 - 1)) = log1p(t + sqrt(2 t + t^2)) with t = x - 1
template <class V>
TW_INLINE V arccosh(V x) {
  const V t = x - splat<V>(1);
  const V y = log1p_or_far(x, t + sqrt(fma(t, t, t + t)));
  return x < splat<V>(1) ? splat<V>(__builtin_nan("")) : y;
}
// log((1 + a) / (1 - a)) / 2 = log1p(2 a / (1 - a)) / 2
template <class V>
TW_INLINE V arctanh(V x) {
  const V a = abs(x);
  return copysign(log1p((a + a) / (splat<V>(1) - a)) * splat<V>(0.5), x);
}

// 2^x = 2^n e^(r ln 2) with r = x - n, which is exact.
template <class V>
TW_INLINE V exp2(V x) {
  const V c = clamp(x, splat<V>(-151, -1077), splat<V>(129, 1025));
  const V n = round_to<0>(c), r = (c - n) * splat<V>(0x1.62e42fefa39efp-1);
  return scale(splat<V>(1) + fma(r * r, exp_tail(r), r), n);
}

// One step of Newton's from 2^(log2(a) / 3), with the residual to more digits than the root has. At both ends of the
// range a is moved by a power of 8, so that it has them.
template <class V>
TW_INLINE V cbrt(V x) {
  const V length = abs(x);
  const auto high = length > splat<V>(0x1p90f, 0x1p960), low = length < splat<V>(0x1p-90f, 0x1p-900);
  const V a = length * (high ? splat<V>(0x1p-60f, 0x1p-120) : low ? splat<V>(0x1p60f, 0x1p180) : splat<V>(1));
  const V y = exp2(log2(a) * splat<V>(1 / 3.0));
  const auto square = two_product(y, y);
  const V residue = residual(square.high, y, a) - square.low * y;
  const V root = y + residue / (square.high * splat<V>(3));
  const V back = root * (high ? splat<V>(0x1p20f, 0x1p40) : low ? splat<V>(0x1p-20f, 0x1p-60) : splat<V>(1));
  const auto itself = (x == V{}) | !(length < splat<V>(__builtin_inf()));
  return itself ? x : copysign(back, x);
}

// The larger plus log(1 + e^-distance), where equals, infinite ones too, have no distance.
template <class V>
TW_INLINE V logaddexp(V a, V b) {
  const V distance = a == b ? V{} : abs(a - b);
  return maximum(a, b) + softplus(-distance);
}
template <class V>
TW_INLINE V logaddexp2(V a, V b) {
  const V more = log1p(exp2(-abs(a - b))) * splat<V>(0x1.71547652b82fep+0);
  return maximum(a, b) + (a == b ? splat<V>(1) : more);
}

}  // namespace tw::TW_ISA
