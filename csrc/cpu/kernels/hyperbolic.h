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

// One step of Newton's, with the residual to more digits than the root has. At both ends of the range a is moved by a
// power of 8, so that it has them.
TW_INLINE vd cbrt(vd x) {
  const vd length = abs(x);
  const auto high = length > 0x1p960, low = length < 0x1p-900;
  const vd a = length * (high ? splat<vd>(0x1p-120) : low ? splat<vd>(0x1p180) : splat<vd>(1));
  const vd y = exp2(log2(a) * (1 / 3.0));
  const auto square = two_product(y, y);
  const vd residue = residual(square.high, y, a) - square.low * y;
  const vd root = y + residue / (square.high * 3.0);
  const vd back = root * (high ? splat<vd>(0x1p40) : low ? splat<vd>(0x1p-60) : splat<vd>(1));
  const auto itself = (x == 0.0) | !(length < splat<vd>(__builtin_inf()));
  return itself ? x : copysign(back, x);
}
// Of float from a^(-1/3), which needs no quotient: a third of a's bits gives it to 4 %, and e = 1 - a y^3 what is
// missing; then one step of Newton's for a y^2.
TW_INLINE vf cbrt(vf x) {
  const vf length = abs(x);
  const auto low = length < 0x1p-90f;
  const vf a = low ? length * 0x1p60f : length;
  const vf third = __builtin_convertvector(bitcast<vi>(a), vf) * (1 / 3.0f);
  vf y = bitcast<vf>(__builtin_convertvector(0x1.5287b4p+30f - third, vi));
  const vf e = 1.0f - (a * y) * (y * y);
  y = fma(y * e, poly(e, 0x1.5553b4p-2f, 0x1.c9aef8p-3f, 0x1.6619dp-3f), y);
  y = fma(y * (1.0f - (a * y) * (y * y)), splat<vf>(1 / 3.0), y);
  const vf root = a * y * y, residue = residual(root * root, root, a);
  const vf back = fma(residue * (1 / 3.0f), y * y, root) * (low ? splat<vf>(0x1p-20f) : splat<vf>(1));
  const auto itself = (x == 0.0f) | !(length < splat<vf>(__builtin_inf()));
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
