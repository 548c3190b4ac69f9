// x^y on vec<float> and vec<double>, and what else floats do by way of double.
#pragma once
#include "cpu/kernels/math.h"

namespace tw::TW_ISA {

// The first and the second half of a vector of floats, as doubles. (Left to the compiler, each is four instructions.)
struct Halves {
  vd low, high;
};
TW_INLINE Halves widened(vf x) {
#if TW_VEC_BYTES == 64
  const __m512 v = (__m512)x;
  return {(vd)_mm512_cvtps_pd(_mm512_castps512_ps256(v)), (vd)_mm512_cvtps_pd(_mm512_extractf32x8_ps(v, 1))};
#elif TW_VEC_BYTES == 32
  const __m256 v = (__m256)x;
  return {(vd)_mm256_cvtps_pd(_mm256_castps256_ps128(v)), (vd)_mm256_cvtps_pd(_mm256_extractf128_ps(v, 1))};
#else
  const __m128 v = (__m128)x;
  return {(vd)_mm_cvtps_pd(v), (vd)_mm_cvtps_pd(_mm_movehl_ps(v, v))};
#endif
}
TW_INLINE vf narrowed(vd low, vd high) {
#if TW_VEC_BYTES == 64
  return (vf)_mm512_insertf32x8(_mm512_castps256_ps512(_mm512_cvtpd_ps((__m512d)low)), _mm512_cvtpd_ps((__m512d)high),
                                1);
#elif TW_VEC_BYTES == 32
  return (vf)_mm256_insertf128_ps(_mm256_castps128_ps256(_mm256_cvtpd_ps((__m256d)low)), _mm256_cvtpd_ps((__m256d)high),
                                  1);
#else
  return (vf)_mm_movelh_ps(_mm_cvtpd_ps((__m128d)low), _mm_cvtpd_ps((__m128d)high));
#endif
}
template <class F>
TW_INLINE vf through_double(vf a, vf b, F f) {
  const Halves x = widened(a), y = widened(b);
  return narrowed(f(x.low, y.low), f(x.high, y.high));
}

// The sign and the exceptions of IEEE 754 (pow), given |x|^y.
TW_INLINE vd power_special(vd x, vd y, vd magnitude) {
  const vd ax = abs(x), one = splat<vd>(1);
  vd result = (ax == 1.0) & (y == y) ? one : magnitude;
  if (any(bitcast<vl>(x) < 0)) {
    const vd half = y * 0.5;
    const auto integral = round_to<3>(y) == y, odd = integral & (round_to<3>(half) != half);
    result = odd ? copysign(result, x) : result;
    const auto undefined = (x < 0.0) & (ax < splat<vd>(__builtin_inf())) & ~integral;
    result = undefined ? splat<vd>(__builtin_nan("")) : result;
  }
  return (x == 1.0) | (y == 0.0) ? one : result;
}

// log2 of a magnitude that was a float, and so is normal, to 37 bits.
TW_INLINE vd log2_of_float(vd a) {
  constexpr uint64_t root = 0x3fe6a09e667f3bcd;
  const auto t = bitcast<vec<uint64_t>>(a) - root;
  const vd k = bitcast<vd>(((t + ((uint64_t)1 << 62)) >> 52) | 0x4330000000000000) - (0x1p52 + 1024);
  const vd f = bitcast<vd>((t & 0xfffffffffffff) + root) - 1.0, s = f / (f + 2.0);
  const vd y = fma(s,
                   poly(s * s, 0x1.71547652bedd1p+1, 0x1.ec709d12f6354p-1, 0x1.27777fcefb449p-1, 0x1.a58d93911055cp-2,
                        0x1.5ce79e64e7dcdp-2),
                   k);
  return a == 0.0 ? splat<vd>(-__builtin_inf()) : (a < splat<vd>(__builtin_inf()) ? y : a);
}

// x^y for floats widened to double: 2^(y log2 |x|), to 30 bits.
TW_INLINE vd power_of_floats(vd x, vd y) {
  const vd t = clamp(y * log2_of_float(abs(x)), splat<vd>(-300), splat<vd>(300));
  const vd n = round_to<0>(t), r = t - n;
  const vd p = poly(r, 0x1.62e42fef84fffp-1, 0x1.ebfbe07d5a42cp-3, 0x1.c6b08dd6b17ep-5, 0x1.3b29ef1b286e1p-7,
                    0x1.5d8745e941c9p-10, 0x1.445fad14116e8p-13, 0x1.00dc279d24994p-16);
  return power_special(x, y, fma(r, p, splat<vd>(1)) * pow2(n));
}
TW_INLINE vf power(vf x, vf y) {
  return through_double(x, y, [](vd a, vd b) __attribute__((always_inline)) { return power_of_floats(a, b); });
}

// Doubles: what is lost to rounding in log2 |x| and in y log2 |x| is kept beside them; |x|^y = e^(r + r_low) 2^n.
TW_INLINE vd power(vd x, vd y) {
#if TW_VEC_BYTES > 16
  const vd ax = abs(x), one = splat<vd>(1), inf = splat<vd>(__builtin_inf());
  auto [k, f] = log_split(ax);
  k = ax < inf ? k : ax;
  k = ax == 0.0 ? -inf : k;
  // s = f / (f + 2), z = s^2, log2 |x| = k + 2 / ln 2 (s + s u), u = z/3 + z^2/5 + ..
  const vd d = f + 2.0, d_low = f - (d - 2.0), q = 1.0 / d, s = f * q;
  const vd s_low = fma(-s, d_low, fma(-s, d, f)) * q;
  const vd z = s * s, z_low = fma(s, s, -z) + (s + s) * s_low;
  const vd p = z * poly(z, 0x1.999999999999ap-3, 0x1.2492492492491p-3, 0x1.c71c71c71cfd9p-4, 0x1.745d174513593p-4,
                        0x1.3b13b1bc75cd4p-4, 0x1.1110dfad0f8eap-4, 0x1.e1f7fa7547177p-5, 0x1.ac4a89c964b82p-5,
                        0x1.b8d433113b7fap-5);
  const double third = 0x1.5555555555555p-2, third_low = 0x1.5555555555555p-56;
  const vd w = third + p, w_low = (third - w) + p + third_low;
  const vd u = z * w, u_low = fma(z, w, -u) + fma(z, w_low, z_low * w);
  const vd v = s * u, v_low = fma(s, u, -v) + fma(s, u_low, s_low * u);
  const vd g = s + v, g_low = (s - g) + v + (s_low + v_low);
  const vd unit = splat<vd>(0x1.71547652b82fep+1), unit_low = splat<vd>(0x1.777d0ffda0d24p-55);
  const vd h = g * unit, h_low = fma(g, unit, -h) + fma(g, unit_low, g_low * unit);
  const vd log = k + h, log_low = (k - log) + h + h_low;
  // Beyond these y makes the same 0 or infinity of anything but 1.
  const vd b = clamp(y, splat<vd>(-0x1p80), splat<vd>(0x1p80));
  const vd t = b * log, t_low = fma(b, log, -t) + b * log_low;
  const vd kept = clamp(t, splat<vd>(-1080), splat<vd>(1030)), n = round_to<0>(kept), part = kept - n;
  const vd ln2 = splat<vd>(0x1.62e42fefa39efp-1), ln2_low = splat<vd>(0x1.abc9e3b39803fp-56);
  const vd a = part * ln2, a_low = fma(part, ln2, -a) + fma(part, ln2_low, (kept == t ? t_low : vd{}) * ln2);
  const vd r = a + a_low, r_low = (a - r) + a_low;
  // 1 + r in two parts, too, so that only the last sum is rounded
  const vd sum = one + r, rest = fma(r * r, exp_tail(r), fma(r, r_low, r_low));
  return power_special(x, y, scale(sum + ((one - sum + r) + rest), n));
#else  // without FMA by the C library, a lane at a time
  for (int i = 0; i < lanes<double>; ++i) x[i] = __builtin_pow(x[i], y[i]);
  return x;
#endif
}

}  // namespace tw::TW_ISA
