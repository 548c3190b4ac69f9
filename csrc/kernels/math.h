// Elementary functions on vec<float> and vec<double>, one body for both types and for every level.
//
// Each is a range reduction, a minimax polynomial (fitted by Remez exchange with leading coefficients rounded first and
// the rest refitted) and a reconstruction. No tables, no branches except for huge arguments of sin and cos. NaN,
// infinities, zeros of either sign and denormals come out as IEEE 754 asks. Measured errors: elementwise/README.md.
#pragma once
#include "kernels/vec.h"

namespace tw::TW_ISA {

template <class V>
struct ElementOf;
template <>
struct ElementOf<vf> {
  typedef float type;
};
template <>
struct ElementOf<vd> {
  typedef double type;
};
template <class V>
using element_t = typename ElementOf<V>::type;
template <class V>
using bits_t = vec<mask_t<element_t<V>>>;  // the integer vector of V's lanes

template <class V>
constexpr bool is_float = sizeof(element_t<V>) == 4;

// All lanes x; of `single` or `wide` by V's element type.
template <class V>
TW_INLINE V splat(double x) {
  return set1<element_t<V>>((element_t<V>)x);
}
template <class V>
TW_INLINE V splat(float single, double wide) {
  return splat<V>(is_float<V> ? (double)single : wide);
}

// c0 + c1 x + c2 x^2 + ...
template <class V, class C, class... Rest>
TW_INLINE V poly(V x, C c0, Rest... rest) {
  if constexpr (sizeof...(rest) == 0)
    return splat<V>(c0);
  else
    return fma(poly(x, rest...), x, splat<V>(c0));
}

// a * b exactly, as high + low. |a|, |b| below 2^100 (float) where the level has no FMA.
template <class V>
struct Pair {
  V high, low;
};
template <class V>
TW_INLINE Pair<V> two_product(V a, V b) {
  const V high = a * b;
#if TW_VEC_BYTES > 16
  return {high, fma(a, b, -high)};
#else
  const V split = splat<V>(0x1.002p12f, 0x1.0000002p27);
  const V ta = a * split, tb = b * split;
  const V ah = ta - (ta - a), bh = tb - (tb - b), al = a - ah, bl = b - bh;
  return {high, ((ah * bh - high) + ah * bl + al * bh) + al * bl};
#endif
}

// ---- powers of two --------------------------------------------------------------------------------------------------

// 2^n for integral n in the range of normal numbers: the integer lands in the low bits of n + 1.5 * 2^mantissa.
template <class V>
TW_INLINE V pow2(V n) {
  if constexpr (is_float<V>)
    return bitcast<V>((bitcast<bits_t<V>>(n + 0x1.8p23f) + 127) << 23);
  else
    return bitcast<V>((bitcast<bits_t<V>>(n + 0x1.8p52) + 1023) << 52);
}

// p * 2^n for integral n, rounded once, into denormals or infinity where it must be.
template <class V>
TW_INLINE V scale(V p, V n) {
#if TW_VEC_BYTES == 64
  if constexpr (is_float<V>)
    return (V)_mm512_scalef_ps((__m512)p, (__m512)n);
  else
    return (V)_mm512_scalef_pd((__m512d)p, (__m512d)n);
#else
  const V half = round_to<1>(n * splat<V>(0.5));
  return p * pow2(half) * pow2(n - half);
#endif
}

// e^(x + low) = p * 2^n with p near [0.7, 1.42]; |x| below about 1100, |low| far below 1.
template <class V>
struct ExpParts {
  V p, n;
};
// r of x = n ln 2 + r with |r| <= ln 2 / 2. The high part of ln 2 is short enough that n times it is exact.
template <class V>
TW_INLINE V exp_reduce(V x, V& n) {
  n = round_to<0>(x * splat<V>(0x1.71547652b82fep+0));
  const V r = fma(n, splat<V>(-0x1.63p-1f, -0x1.62e42ffp-1), x);
  return fma(n, splat<V>(0x1.bd0106p-13f, 0x1.718432a1b0e26p-35), r);
}
// (e^r - 1 - r) / r^2
template <class V>
TW_INLINE V exp_tail(V r) {
  if constexpr (is_float<V>)
    return poly(r, 0x1p-1f, 0x1.5554b4p-3f, 0x1.55550ep-5f, 0x1.122afap-7f, 0x1.6d96fp-10f);
  else
    return poly(r, 0x1p-1, 0x1.5555555555559p-3, 0x1.5555555555559p-5, 0x1.111111110f816p-7, 0x1.6c16c16c14ac2p-10,
                0x1.a01a01af73061p-13, 0x1.a01a01af62dacp-16, 0x1.71ddf93a9b8cfp-19, 0x1.27e4c7a74e9aep-22,
                0x1.af5d7e24c60d3p-26, 0x1.1f9311d1a22b7p-29);
}
template <class V>
TW_INLINE ExpParts<V> exp_parts(V x, V low = V{}) {
  V n;
  const V r = exp_reduce(x, n) + low;
  return {fma(r * r, exp_tail(r), r) + splat<V>(1), n};
}

template <class V>
TW_INLINE V exp(V x) {
  const auto [p, n] = exp_parts(clamp(x, splat<V>(-104, -746), splat<V>(89, 710)));
  return scale(p, n);
}

// e^x for x from -80 to 80, where no denormal or infinity can arise.
template <class V>
TW_INLINE V exp_bounded(V x) {
  const auto [p, n] = exp_parts(x);
  return p * pow2(n);
}

// e^x - 1 = 2^n (e^r - 1 + (1 - 2^-n))
template <class V>
TW_INLINE V expm1(V x) {
  V n;
  const V r = exp_reduce(clamp(x, splat<V>(-18, -38), splat<V>(89, 710)), n);
  const V offset = splat<V>(1) - pow2(-clamp(n, splat<V>(-100), splat<V>(100)));
  return copysign(scale(fma(r * r, exp_tail(r), r) + offset, n), x);
}

// ---- logarithms -----------------------------------------------------------------------------------------------------

// x = 2^k (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)), for positive finite x.
template <class V>
struct LogParts {
  V k, f;
};
template <class V>
TW_INLINE LogParts<V> log_split(V x) {
  typedef bits_t<V> I;
  const auto tiny = x < splat<V>(0x1p-126f, 0x1p-1022);
  x = tiny ? x * splat<V>(0x1p24f, 0x1p54) : x;
  if constexpr (is_float<V>) {
    const int32_t root = 0x3f3504f3;
    const I t = bitcast<I>(x) - root;
    const V k = __builtin_convertvector(t >> 23, V);
    return {tiny ? k - 24.0f : k, bitcast<V>((t & 0x7fffff) + root) - 1.0f};
  } else {
    const int64_t root = 0x3fe6a09e667f3bcd;
    const I t = bitcast<I>(x) - root;
    // t + 2^62 is positive, so a logical shift serves, which every level has; 0x433... is 2^52 as a double.
    const I biased = (I)((vec<uint64_t>)(t + ((int64_t)1 << 62)) >> 52);
    const V k = bitcast<V>(biased | 0x4330000000000000) - (0x1p52 + 1024);
    return {tiny ? k - 54.0 : k, bitcast<V>((t & 0xfffffffffffff) + root) - 1.0};
  }
}
// log(1 + f) - f on [sqrt(1/2) - 1, sqrt(2) - 1]
template <class V>
TW_INLINE V log_tail(V f) {
  const V half_square = f * f * splat<V>(0.5);
  if constexpr (is_float<V>) {
    const V p = poly(f, 0x1.55554ap-2f, -0x1.fffff4p-3f, 0x1.99a2f6p-3f, -0x1.55637cp-3f, 0x1.23602cp-3f,
                     -0x1.fb2b68p-4f, 0x1.e3b02ap-4f, -0x1.e32846p-4f, 0x1.218578p-4f);
    return fma(f * f * f, p, -half_square);
  } else {
    // log(1 + f) = 2 atanh(s), s = f / (2 + f), rearranged so that f itself is exact.
    const V s = f / (f + 2.0), z = s * s;
    const V p = poly(z, 0x1.5555555555595p-1, 0x1.999999997ee68p-2, 0x1.24924942da1cep-2, 0x1.c71c513fa98ffp-3,
                     0x1.74666ab01989fp-3, 0x1.399d16558d8p-3, 0x1.2f365e36362ddp-3);
    return fma(s, fma(z, p, half_square), -half_square);
  }
}
// The values outside the positive finite numbers: -inf at 0, NaN below, inf and NaN kept.
template <class V>
TW_INLINE V log_special(V x, V result) {
  const V inf = splat<V>(__builtin_inf());
  result = x == inf ? inf : result;
  const V outside = x == V{} ? -inf : splat<V>(__builtin_nan(""));
  return x > V{} ? result : outside;
}

template <class V>
TW_INLINE V log(V x) {
  const auto [k, f] = log_split(x);
  const V low = fma(k, splat<V>(-0x1.bd0106p-13f, -0x1.718432a1b0e26p-35), log_tail(f));
  return log_special(x, fma(k, splat<V>(0x1.63p-1f, 0x1.62e42ffp-1), f + low));
}

// f * scale in two parts: high_scale + low_scale is the factor from natural logarithms, unit that of one power of two.
template <class V>
TW_INLINE V log_scaled(V f, V tail, V high_scale, V low_scale) {
  const auto [high, low] = two_product(f, high_scale);
  return high + fma(tail, high_scale, fma(f + tail, low_scale, low));
}
template <class V>
TW_INLINE V log2(V x) {
  const auto [k, f] = log_split(x);
  const V y = log_scaled(f, log_tail(f), splat<V>(0x1.715476p+0f, 0x1.71547652b82fep+0),
                         splat<V>(0x1.4ae0cp-26f, 0x1.777d0ffda0d24p-56));
  return log_special(x, k + y);
}
template <class V>
TW_INLINE V log10(V x) {
  const auto [k, f] = log_split(x);
  const V y = log_scaled(f, log_tail(f), splat<V>(0x1.bcb7b2p-2f, 0x1.bcb7b1526e50ep-2),
                         splat<V>(-0x1.5b235ep-27f, 0x1.95355baaafad3p-57));
  const V low = fma(k, splat<V>(0x1.3509f8p-18f, -0x1.0c0219dc1da99p-39), y);
  return log_special(x, fma(k, splat<V>(0x1.344p-2f, 0x1.3441350ap-2), low));
}

template <class V>
TW_INLINE V log1p(V x) {
  // u = 1 + x loses `lost`; f gets it back, scaled as the rest of the mantissa is.
  const V one = splat<V>(1), u = one + x, back = u - one;
  const V lost = (one - (u - back)) + (x - back);
  auto [k, f] = log_split(u);
  f += lost * pow2(-clamp(k, splat<V>(-100), splat<V>(100)));
  const V low = fma(k, splat<V>(-0x1.bd0106p-13f, -0x1.718432a1b0e26p-35), log_tail(f));
  const V y = fma(k, splat<V>(0x1.63p-1f, 0x1.62e42ffp-1), f + low);
  return copysign(log_special(u, y), x);
}

// ---- hyperbolic and logistic ----------------------------------------------------------------------------------------

template <class V>
TW_INLINE V tanh(V x) {
  const V a = abs(x), one = splat<V>(1);
  if constexpr (is_float<V>) {
    const V z = x * x;
    const V p = poly(z, -0x1.555534p-2f, 0x1.11075ep-3f, -0x1.b842c4p-5f, 0x1.524c4p-6f, -0x1.767a0ap-8f);
    const V e = exp_bounded(clamp(a + a, V{}, splat<V>(20)));
    const V big = one - splat<V>(2) / (e + one);
    return copysign(a < 0.625f ? fma(x * z, p, x) : big, x);
  } else {
    const V e = expm1(clamp(a + a, V{}, splat<V>(40)));
    return copysign(e / (e + 2.0), x);
  }
}

// 1 / (1 + e^-x) from e^-|x|, which cannot overflow.
template <class V>
TW_INLINE V sigmoid(V x) {
  const V e = exp(-abs(x)), one = splat<V>(1);
  return (x < V{} ? e : one) / (one + e);
}

// ---- erf and its kin ------------------------------------------------------------------------------------------------

// Phi(-a) e^(a^2/2) for 0 <= a <= 38.7 (14.5 in float), where Phi is the normal distribution function.
template <class V>
TW_INLINE V normal_tail(V a) {
  const V t = splat<V>(1) / fma(a, splat<V>(0.25), splat<V>(1));
  if constexpr (is_float<V>)
    return t * poly(t, 0x1.98903cp-4f, 0x1.97983cp-4f, 0x1.86a852p-4f, 0x1.29755ep-4f, 0x1.5be928p-4f, 0x1.028308p-6f,
                    0x1.97c9c2p-6f, 0x1.bc29eep-5f, -0x1.0586a6p-4f, 0x1.12bcb6p-6f);
  else
    return t * poly(t, 0x1.9884533d6d6dap-4, 0x1.988453310a196p-4, 0x1.7efc0fab9792ep-4, 0x1.4beb617eeca1fp-4,
                    0x1.041e29c66ec3dp-4, 0x1.621aef0d98722p-5, 0x1.81d571dd79ec2p-6, 0x1.9b14393800371p-8,
                    0x1.5256ba38e874p-10, -0x1.78e2d36f71a21p-6, 0x1.6544cf89bcb94p-5, -0x1.cf3e1ddd05d18p-4,
                    0x1.98bbc02d68108p-3, -0x1.eaff508be3639p-3, 0x1.46b6653c4215cp-3, 0x1.5ebc0f1602c42p-4,
                    -0x1.82ac8035596ecp-2, 0x1.0167d38c86014p-1, -0x1.99f644a56a9fp-2, 0x1.aa25581efa3dbp-3,
                    -0x1.1e05d1d1013ep-4, 0x1.c640ef8efd84p-7, -0x1.4661c3de01865p-10);
}

template <class V>
TW_INLINE V erf(V x) {
  const V a = abs(x), z = x * x;
  V q;  // erf(x) / x - 1
  if constexpr (is_float<V>)
    q = poly(z, 0x1.06eba8p-3f, -0x1.81274p-2f, 0x1.ce2d6p-4f, -0x1.b80056p-6f, 0x1.543dfep-8f, -0x1.a57158p-11f,
             0x1.4cccfp-14f);
  else
    q = poly(z, 0x1.06eba8214db69p-3, -0x1.812746b037a28p-2, 0x1.ce2f21a045cadp-4, -0x1.b82ce3136df43p-6,
             0x1.565bcd30e5d95p-8, -0x1.c02dba074ccccp-11, 0x1.f9a3cdbca30a7p-14, -0x1.f4ddbfafb941dp-17,
             0x1.ba6275ecd0438p-20, -0x1.6272fdc0afdfdp-23, 0x1.05ee0cdce8fd2p-26, -0x1.339b25812d506p-30);
  const V c = clamp(a, V{}, splat<V>(4, 6));
  const V complement = exp_bounded(-c * c) * normal_tail(c * splat<V>(0x1.6a09e667f3bcdp+0));
  const V big = fma(complement, splat<V>(-2), splat<V>(1));
  return a < splat<V>(0.875) ? fma(x, q, x) : copysign(big, x);
}

// x Phi(x) = max(x, 0) - |x| Phi(-|x|): one tail for both signs. a^2 is kept in two parts, for e^(-a^2/2) magnifies its
// error a hundredfold.
template <class V>
TW_INLINE V gelu(V x) {
  const V a = clamp(abs(x), V{}, splat<V>(14.5f, 38.7));
  const auto [high, low] = two_product(a, a);
  const auto [p, n] = exp_parts(high * splat<V>(-0.5), low * splat<V>(-0.5));
  const V tail = scale(a * normal_tail(a) * p, n);
  return copysign((x > V{} ? x : V{}) - tail, x);
}

// Density and distribution of the standard normal at x, for the derivative of gelu.
template <class V>
TW_INLINE V gelu_derivative(V x) {
  const V a = clamp(abs(x), V{}, splat<V>(14.5f, 38.7));
  const V e = exp(a * a * splat<V>(-0.5)), tail = e * normal_tail(a);
  const V slope = copysign(a, x) * e * splat<V>(0x1.9884533d43651p-2);
  return (x < V{} ? tail : splat<V>(1) - tail) + slope;
}

// The exponent 2u of gelu_tanh(x) = x sigmoid(2u), 2u = 2 sqrt(2/pi) (x + 0.044715 x^3) = x (linear + cubic x^2), in
// two parts.
template <class V>
TW_INLINE Pair<V> gelu_tanh_exponent(V x) {
  const V linear = splat<V>(0x1.988454p+0f, 0x1.9884533d43651p+0);
  const V linear_low = splat<V>(-0x1.857936p-25f, -0x1.cbc0d30ebfd15p-54);
  const V cubic = splat<V>(0x1.2444f2p-4f, 0x1.2444f2a4d8b4bp-4);
  const V cubic_low = splat<V>(0x1.49b16ap-29f, -0x1.6c843a29d1c7p-61);
  const auto z = two_product(x, x), c = two_product(z.high, cubic);
  const V w = linear + c.high, back = w - linear;
  const V lost = (linear - (w - back)) + (c.high - back);
  const V w_low = lost + (c.low + fma(z.low, cubic, fma(z.high, cubic_low, linear_low)));
  const auto u = two_product(x, w);
  return {u.high, fma(x, w_low, u.low)};
}
template <class V>
TW_INLINE V gelu_tanh(V x) {
  const V a = clamp(abs(x), V{}, splat<V>(12, 24));
  const auto [high, low] = gelu_tanh_exponent(a);
  const auto [p, n] = exp_parts(-high, -low);
  const V tail = scale(a * p, n) / (splat<V>(1) + scale(p, n));
  return copysign((x > V{} ? x : V{}) - tail, x);
}
template <class V>
TW_INLINE V gelu_tanh_derivative(V x) {
  const V c = clamp(x, splat<V>(-24), splat<V>(24));
  const V u = gelu_tanh_exponent(c).high;
  const V slope = fma(c * c, splat<V>(0x1.b6676bf7450fp-3), splat<V>(0x1.9884533d43651p+0));
  const V s = sigmoid(u);
  return s + c * s * sigmoid(-u) * slope;
}

// x sigmoid(x) = max(x, 0) - |x| e^-|x| / (1 + e^-|x|)
template <class V>
TW_INLINE V silu(V x) {
  const V a = clamp(abs(x), V{}, splat<V>(110, 760));
  const auto [p, n] = exp_parts(-a);
  const V tail = scale(a * p, n) / (splat<V>(1) + scale(p, n));
  return copysign((x > V{} ? x : V{}) - tail, x);
}
template <class V>
TW_INLINE V silu_derivative(V x) {
  const V s = sigmoid(x), c = clamp(x, splat<V>(-110, -760), splat<V>(110, 760));
  return fma(s * sigmoid(-x), c, s);
}

template <class V>
TW_INLINE V softplus(V x) {
  return (x > V{} ? x : V{}) + log1p(exp(-abs(x)));
}

// ---- trigonometric --------------------------------------------------------------------------------------------------

// x = q pi/2 + high + low with |high| <= pi/4, for |x| up to quadrant_limit.
template <class V>
struct Quadrant {
  V q, high, low;
};
#if TW_VEC_BYTES > 16
template <class V>
constexpr double quadrant_limit = is_float<V> ? 0x1p20 : 0x1p30;
template <class V>
TW_INLINE Quadrant<V> quadrant(V x) {
  const V q = round_to<0>(x * splat<V>(0x1.45f306dc9c883p-1));
  const V c = splat<V>(-0x1.777a5cp-25f, 0x1.1a62633145c07p-54);
  const V r = fma(q, splat<V>(-0x1.921fb6p+0f, -0x1.921fb54442d18p+0), x);  // exact
  const V high = fma(-q, c, r);
  const V low = fma(-q, c, r - high);
  return {q, high, fma(q, splat<V>(0x1.ee59dap-50f, 0x1.f1976b7ed8fbcp-110), low)};
}
#else
// Without FMA the pieces of pi/2 are short, so that q times each is exact.
template <class V>
constexpr double quadrant_limit = is_float<V> ? 0x1p13 : 0x1p20;
template <class V>
TW_INLINE Quadrant<V> quadrant(V x) {
  const V q = round_to<0>(x * splat<V>(0x1.45f306dc9c883p-1));
  V r = x - q * splat<V>(0x1.92p+0f, 0x1.921fb544p+0);
  if constexpr (is_float<V>) r -= q * 0x1.fb4p-12f;
  const V piece = q * splat<V>(0x1.444p-24f, 0x1.0b4611a6p-34);
  const V high = r - piece;
  const V low = (r - high) - piece;
  return {q, high, low - q * splat<V>(0x1.68c234p-39f, 0x1.3198a2e037073p-69)};
}
#endif

// sin(x + shift pi/2) for |x| up to quadrant_limit.
template <int Shift, class V>
TW_INLINE V sine_near(V x) {
  typedef bits_t<V> I;
  const auto [q, r, low] = quadrant(x);
  const V z = r * r;
  V s, c;  // (sin r - r) / r^3 and (cos r - 1 + r^2 / 2) / r^4
  I turn;
  if constexpr (is_float<V>) {
    s = poly(z, -0x1.555556p-3f, 0x1.111176p-7f, -0x1.a05ba8p-13f, 0x1.7ccea2p-19f);
    c = poly(z, 0x1.55554ap-5f, -0x1.6c0c1ap-10f, 0x1.99e0fcp-16f);
    turn = bitcast<I>(q + 0x1.8p23f) + Shift;
  } else {
    s = poly(z, -0x1.5555555555549p-3, 0x1.111111110f892p-7, -0x1.a01a019c1227bp-13, 0x1.71de3576ca8fep-19,
             -0x1.ae5e64b397373p-26, 0x1.5d9260f01e3a7p-33);
    c = poly(z, 0x1.555555555554cp-5, -0x1.6c16c16c1521p-10, 0x1.a01a019cbcc8bp-16, -0x1.27e4f81037da7p-22,
             0x1.1ee9ef48c3a59p-29, -0x1.8faffc39cc5d2p-37);
    turn = bitcast<I>(q + 0x1.8p52) + Shift;
  }
  // cos(r + low) = 1 - z/2 + (z^2 c - r low), with what 1 - z/2 rounds away added back.
  const V one = splat<V>(1), half = z * splat<V>(0.5), w = one - half;
  const V sine = r + fma(z * r, s, low);
  const V cosine = w + (((one - w) - half) + fma(z * z, c, -r * low));
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

// ---- functions of two arguments: float goes through double, half a vector at a time
// ----------------------------------

template <class F>
TW_INLINE vf through_double(vf a, vf b, F f) {
  typedef vecn<float, lanes<double>> half;
  half x[2], y[2];
  __builtin_memcpy(x, &a, sizeof a);
  __builtin_memcpy(y, &b, sizeof b);
  for (int i = 0; i < 2; ++i)
    x[i] = __builtin_convertvector(f(__builtin_convertvector(x[i], vd), __builtin_convertvector(y[i], vd)), half);
  __builtin_memcpy(&a, x, sizeof a);
  return a;
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
  return x == x ? copysign(angle, y) : x;
}
TW_INLINE vf arctan2(vf y, vf x) {
  return through_double(y, x, [](vd b, vd a) __attribute__((always_inline)) { return arctan2(b, a); });
}

// x^y for floats widened to double: 2^(y log2 |x|), then the sign and the exceptions of IEEE 754 (pow).
TW_INLINE vd power_of_floats(vd x, vd y) {
  const vd ax = abs(x), one = splat<vd>(1);
  const vd t = clamp(y * log2(ax), splat<vd>(-300), splat<vd>(300));
  const vd n = round_to<0>(t), r = (t - n) * 0x1.62e42fefa39efp-1;
  vd result = (fma(r * r, exp_tail(r), r) + 1.0) * pow2(n);
  result = (ax == 1.0) & (y == y) ? one : result;
  const vd half = y * 0.5;
  const auto integral = round_to<3>(y) == y, odd = integral & (round_to<3>(half) != half);
  result = odd ? copysign(result, x) : result;
  const auto undefined = (x < 0.0) & (ax < splat<vd>(__builtin_inf())) & ~integral;
  result = undefined ? splat<vd>(__builtin_nan("")) : result;
  return (x == 1.0) | (y == 0.0) ? one : result;
}
TW_INLINE vf power(vf x, vf y) {
  return through_double(x, y, [](vd a, vd b) __attribute__((always_inline)) { return power_of_floats(a, b); });
}
// Needs log2 to more than 64 bits; the C library has that, a lane at a time.
TW_INLINE vd power(vd x, vd y) {
  for (int i = 0; i < lanes<double>; ++i) x[i] = __builtin_pow(x[i], y[i]);
  return x;
}

}  // namespace tw::TW_ISA
