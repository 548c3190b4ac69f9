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

// pi/2 - angle, where the constant has a second part.
template <class V>
TW_INLINE V from_half_pi(V angle) {
  return splat<V>(0x1.921fb6p+0f, 0x1.921fb54442d18p+0) - (angle - splat<V>(-0x1.777a5cp-25f, 0x1.1a62633145c07p-54));
}
template <class V>
TW_INLINE V from_pi(V angle) {
  return splat<V>(0x1.921fb6p+1f, 0x1.921fb54442d18p+1) - (angle - splat<V>(-0x1.777a5cp-24f, 0x1.1a62633145c07p-53));
}

// The angle whose tangent is t, for 0 <= t <= 1.
template <class V>
TW_INLINE V arctan_below_one(V t) {
  const V z = t * t;
  V p;
  if constexpr (is_float<V>)
    p = poly(z, -0x1.5554dcp-2f, 0x1.9978f4p-3f, -0x1.230ad8p-3f, 0x1.b4e112p-4f, -0x1.355682p-4f, 0x1.61fd6p-5f,
             -0x1.0c2b8p-6f, 0x1.7ed10ep-9f);
  else
    p = poly(z, -0x1.555555555552ap-2, 0x1.9999999995aebp-3, -0x1.24924923923ebp-3, 0x1.c71c718428673p-4,
             -0x1.745d11fb3b095p-4, 0x1.3b136a17ec25dp-4, -0x1.110e6d9786199p-4, 0x1.e1bcf7e56233ap-5,
             -0x1.ae644df0ab682p-5, 0x1.82eeb12e0377bp-5, -0x1.59d7f6a691099p-5, 0x1.2c98231b7b816p-5,
             -0x1.eb4947472bc6fp-6, 0x1.69d89c161b9b9p-6, -0x1.ca97d4445752p-7, 0x1.dc04c876b09bap-8,
             -0x1.7ea6bb783e649p-9, 0x1.ba3d33ebb61abp-11, -0x1.44a44b6b852dep-13, 0x1.c4a3a86c7ebb1p-17);
  return fma(z * t, p, t);
}

template <class V>
TW_INLINE V arctan2(V y, V x) {
  typedef vec<mask_t<element_t<V>>> I;
  const V ax = abs(x), ay = abs(y);
  const auto steep = ay > ax;
  const V large = steep ? ay : ax, small = steep ? ax : ay;
  V t = small / large;
  t = large == V{} ? V{} : t;
  t = small == splat<V>(__builtin_inf()) ? splat<V>(1) : t;
  V angle = arctan_below_one(t);
  angle = steep ? from_half_pi(angle) : angle;
  angle = bitcast<I>(x) < 0 ? from_pi(angle) : angle;
  return (x == x) & (y == y) ? copysign(angle, y) : x + y;
}
template <class V>
TW_INLINE V arctan(V x) {
  const V a = abs(x), one = splat<V>(1);
  const auto steep = a > one;
  const V angle = arctan_below_one((steep ? one : a) / (steep ? a : one));
  return copysign(steep ? from_half_pi(angle) : angle, x);
}

// Angles by arctan2, of sides without cancellation: 1 - x and 1 + x are exact where they are small.
TW_INLINE vd arcsin(vd x) { return arctan2(x, sqrt((1.0 - x) * (1.0 + x))); }
TW_INLINE vd arccos(vd x) { return arctan2(sqrt(1.0 - x), sqrt(1.0 + x)) * 2.0; }

// arcsin s = s + tail for 0 <= s <= 1/2. Beyond, arcsin a = pi/2 - 2 arcsin s with s^2 = (1 - a) / 2, which is exact.
struct HalfArcsin {
  vi beyond;
  vf s, tail;
};
TW_INLINE HalfArcsin half_arcsin(vf a) {
  const auto beyond = a > 0.5f;
  const vf z = beyond ? (1.0f - a) * 0.5f : a * a, s = beyond ? sqrt(z) : a;
  const vf p = poly(z, 0x1.5555c8p-3f, 0x1.3301e4p-4f, 0x1.747e48p-5f, 0x1.8c284ep-6f, 0x1.596d1ep-5f);
  return {beyond, s, s * z * p};
}
TW_INLINE vf arcsin(vf x) {
  const auto [beyond, s, tail] = half_arcsin(abs(x));
  const vf far = (0x1.921fb6p+0f - (s + s)) - (tail + tail + 0x1.777a5cp-25f);
  return copysign(beyond ? far : s + tail, x);
}
TW_INLINE vf arccos(vf x) {
  const auto [beyond, s, tail] = half_arcsin(abs(x));
  const vf angle = s + tail, twice = angle + angle;
  return beyond ? (x < 0.0f ? from_pi(twice) : twice) : from_half_pi(copysign(angle, x));
}

}  // namespace tw::TW_ISA
