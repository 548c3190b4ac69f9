// Sine, cosine, tangent, their inverses and the angle of a point, on vec<float> and vec<double>: as math.h.
#pragma once
#include "cpu/kernels/math.h"

namespace tw::TW_ISA {

// x = q pi/2 + high + low with |high| <= pi/4, for |x| up to quadrant_limit.
template <class V>
struct Quadrant {
  V q, high, low;
};
#if TW_VEC_BYTES > 16
template <class V>
constexpr double quadrant_limit = is_float<V> ? 0x1p20 : 0x1p30;
template <class V>
constexpr double half_pi[4] = {0x1.921fb54442d18p+0, 0, 0x1.1a62633145c07p-54, -0x1.f1976b7ed8fbcp-110};
template <>
constexpr double half_pi<vf>[4] = {0x1.921fb6p+0, 0, -0x1.777a5cp-25, -0x1.ee59dap-50};
#else
// Without FMA the pieces are short, so that q times each is exact.
template <class V>
constexpr double quadrant_limit = is_float<V> ? 0x1p13 : 0x1p15;
template <class V>
constexpr double half_pi[4] = {0x1.921fb544p+0, 0, 0x1.0b4611a6p-34, 0x1.3198a2e037073p-69};
template <>
constexpr double half_pi<vf>[4] = {0x1.92p+0, 0x1.fb4p-12, 0x1.444p-24, 0x1.68c234p-39};
#endif
template <class V>
TW_INLINE Quadrant<V> quadrant(V x) {
  constexpr const double* piece = half_pi<V>;
  const V q = round_to<0>(x * splat<V>(0x1.45f306dc9c883p-1));
  V r = fma(-q, splat<V>(piece[0]), x);  // exact, as is the next
  if constexpr (piece[1] != 0) r = fma(-q, splat<V>(piece[1]), r);
  const V third = -q * splat<V>(piece[2]), high = r + third;
  const V low = lost_in_sum(r, third, high) - fma(q, splat<V>(piece[2]), third);
  return {q, high, fma(-q, splat<V>(piece[3]), low)};
}

// Sine and cosine of x - q pi/2, and q modulo a power of two, for |x| up to quadrant_limit.
template <class V>
struct Reduced {
  V sine, cosine;
  bits_t<V> turn;
};
template <class V>
TW_INLINE Reduced<V> reduced(V x) {
  typedef bits_t<V> I;
  const auto [q, r, low] = quadrant(x);
  const V z = r * r;
  V s, c;  // (sin r - r) / r^3 and (cos r - 1 + r^2 / 2) / r^4
  I turn;
  if constexpr (is_float<V>) {
    s = poly(z, -0x1.555556p-3f, 0x1.111176p-7f, -0x1.a05ba8p-13f, 0x1.7ccea2p-19f);
    c = poly(z, 0x1.55554ap-5f, -0x1.6c0c1ap-10f, 0x1.99e0fcp-16f);
    turn = bitcast<I>(q + 0x1.8p23f);
  } else {
    s = poly(z, -0x1.5555555555549p-3, 0x1.111111110f892p-7, -0x1.a01a019c1227bp-13, 0x1.71de3576ca8fep-19,
             -0x1.ae5e64b397373p-26, 0x1.5d9260f01e3a7p-33);
    c = poly(z, 0x1.555555555554cp-5, -0x1.6c16c16c1521p-10, 0x1.a01a019cbcc8bp-16, -0x1.27e4f81037da7p-22,
             0x1.1ee9ef48c3a59p-29, -0x1.8faffc39cc5d2p-37);
    turn = bitcast<I>(q + 0x1.8p52);
  }
  // cos(r + low) = 1 - z/2 + (z^2 c - r low), with what 1 - z/2 rounds away added back.
  const V one = splat<V>(1), half = z * splat<V>(0.5), w = one - half;
  const V sine = r + fma(z * r, s, low);
  const V cosine = w + (((one - w) - half) + fma(z * z, c, -r * low));
  return {sine, cosine, turn};
}

// sin(x + shift pi/2) for |x| up to quadrant_limit.
template <int Shift, class V>
TW_INLINE V sine_near(V x) {
  typedef bits_t<V> I;
  const auto [sine, cosine, from] = reduced(x);
  const I turn = from + Shift;
  const V y = (turn & 1) != 0 ? cosine : sine;
  return bitcast<V>(bitcast<I>(y) ^ ((turn & 2) << (sizeof(element_t<V>) * 8 - 2)));
}

// Huge arguments need pi to hundreds of bits; they are rare and go to the C library lane by lane.
template <int Shift, class V>
__attribute__((noinline)) V sine_far(V x) {
  for (unsigned i = 0; i < sizeof(V) / sizeof(x[0]); ++i)
    x[i] = Shift ? __builtin_cos((double)x[i]) : __builtin_sin((double)x[i]);
  return x;
}
template <int Shift, class V>
TW_INLINE V sine(V x) {
  if (__builtin_expect(any(abs(x) > splat<V>(quadrant_limit<V>)), 0)) return sine_far<Shift>(x);
  const V y = sine_near<Shift>(x);
  if constexpr (Shift == 0) return x == V{} ? x : y;  // keeps the sign of zero
  return y;
}
template <class V>
TW_INLINE V sin(V x) {
  return sine<0>(x);
}
template <class V>
TW_INLINE V cos(V x) {
  return sine<1>(x);
}

template <class V>
__attribute__((noinline)) V tan_far(V x) {
  for (unsigned i = 0; i < sizeof(V) / sizeof(x[0]); ++i) x[i] = __builtin_tan((double)x[i]);
  return x;
}
template <class V>
TW_INLINE V tan(V x) {
  if (__builtin_expect(any(abs(x) > splat<V>(quadrant_limit<V>)), 0)) return tan_far(x);
  const auto [sine, cosine, turn] = reduced(x);
  const auto odd = (turn & 1) != 0;
  const V y = (odd ? cosine : sine) / (odd ? -sine : cosine);
  return x == V{} ? x : y;  // keeps the sign of zero
}

TW_INLINE vd arctan2(vd y, vd x) {
  const vd ax = abs(x), ay = abs(y);
  const auto steep = ay > ax;
  const vd large = steep ? ay : ax, small = steep ? ax : ay;
  vd t = small / large;
  t = large == 0.0 ? vd{} : t;
  t = small == splat<vd>(__builtin_inf()) ? splat<vd>(1) : t;
  const vd z = t * t;
  const vd p = poly(z, -0x1.555555555552ap-2, 0x1.9999999995aebp-3, -0x1.24924923923ebp-3, 0x1.c71c718428673p-4,
                    -0x1.745d11fb3b095p-4, 0x1.3b136a17ec25dp-4, -0x1.110e6d9786199p-4, 0x1.e1bcf7e56233ap-5,
                    -0x1.ae644df0ab682p-5, 0x1.82eeb12e0377bp-5, -0x1.59d7f6a691099p-5, 0x1.2c98231b7b816p-5,
                    -0x1.eb4947472bc6fp-6, 0x1.69d89c161b9b9p-6, -0x1.ca97d4445752p-7, 0x1.dc04c876b09bap-8,
                    -0x1.7ea6bb783e649p-9, 0x1.ba3d33ebb61abp-11, -0x1.44a44b6b852dep-13, 0x1.c4a3a86c7ebb1p-17);
  vd angle = fma(z * t, p, t);
  angle = steep ? 0x1.921fb54442d18p+0 - (angle - 0x1.1a62633145c07p-54) : angle;
  angle = bitcast<vl>(x) < 0 ? 0x1.921fb54442d18p+1 - (angle - 0x1.1a62633145c07p-53) : angle;
  return (x == x) & (y == y) ? copysign(angle, y) : x + y;
}
TW_INLINE vf arctan2(vf y, vf x) {
  return through_double(y, x, [](vd b, vd a) __attribute__((always_inline)) { return arctan2(b, a); });
}

// Angles by arctan2, of sides without cancellation: 1 - x and 1 + x are exact where they are small.
TW_INLINE vd arctan(vd x) { return arctan2(x, splat<vd>(1)); }
TW_INLINE vd arcsin(vd x) { return arctan2(x, sqrt((1.0 - x) * (1.0 + x))); }
TW_INLINE vd arccos(vd x) { return arctan2(sqrt(1.0 - x), sqrt(1.0 + x)) * 2.0; }
#define TW_THROUGH_DOUBLE(name)                                                                   \
  TW_INLINE vf name(vf x) {                                                                       \
    return through_double(x, x, [](vd a, vd) __attribute__((always_inline)) { return name(a); }); \
  }
TW_THROUGH_DOUBLE(arctan)
TW_THROUGH_DOUBLE(arcsin)
TW_THROUGH_DOUBLE(arccos)
#undef TW_THROUGH_DOUBLE

}  // namespace tw::TW_ISA
