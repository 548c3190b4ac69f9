// Elementary functions on vec<float> and vec<double>, one body for both types and for every level.
//
// Each is a range reduction, a minimax polynomial (fitted by Remez exchange with leading coefficients rounded first and
// the rest refitted) and a reconstruction. No tables, no branches. NaN, infinities, zeros of either sign and denormals
// come out as IEEE 754 asks. Measured errors: elementwise/README.md.
#pragma once
#include "cpu/kernels/normal_tail.h"
#include "cpu/kernels/vec.h"

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
using bits_t = vec<typename IntOf<sizeof(element_t<V>)>::utype>;  // the unsigned integers of V's lanes

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

// c - a * b where that cancels almost entirely.
template <class V>
TW_INLINE V residual(V a, V b, V c) {
#if TW_VEC_BYTES > 16
  return fma(-a, b, c);
#else
  const auto [high, low] = two_product(a, b);
  return (c - high) - low;
#endif
}
// a + b = sum + what is returned, exactly.
template <class V>
TW_INLINE V lost_in_sum(V a, V b, V sum) {
  const V back = sum - a;
  return (a - (sum - back)) + (b - back);
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

// e^(x + low) = (1 + m) * 2^n with m in about [-0.3, 0.42]; |x| below about 1100, |low| far below 1. A product with it
// is fma(a, m, a): one rounding.
template <class V>
struct ExpParts {
  V m, n;
};
// r of x + low = n ln 2 + r with |r| <= ln 2 / 2. The high part of ln 2 is short enough that n times it is exact.
template <class V>
TW_INLINE V exp_reduce(V x, V low, V& n) {
  n = round_to<0>(x * splat<V>(0x1.71547652b82fep+0));
  const V r = fma(n, splat<V>(-0x1.63p-1f, -0x1.62e42ffp-1), x);
  return r + fma(n, splat<V>(0x1.bd0106p-13f, 0x1.718432a1b0e26p-35), low);
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
  const V r = exp_reduce(x, low, n);
  return {fma(r * r, exp_tail(r), r), n};
}

template <class V>
TW_INLINE V exp(V x) {
  const auto [m, n] = exp_parts(clamp(x, splat<V>(-104, -746), splat<V>(89, 710)));
  return scale(splat<V>(1) + m, n);
}

// e^x for x from -80 to 80, where no denormal or infinity can arise.
template <class V>
TW_INLINE V exp_bounded(V x) {
  const auto [m, n] = exp_parts(x);
  return (splat<V>(1) + m) * pow2(n);
}

// e^x - 1 = 2^n (e^r - 1 + (1 - 2^-n))
template <class V>
TW_INLINE V expm1(V x) {
  const auto [m, n] = exp_parts(clamp(x, splat<V>(-18, -38), splat<V>(89, 710)));
  const V offset = splat<V>(1) - pow2(-clamp(n, splat<V>(-100), splat<V>(100)));
  return copysign(scale(m + offset, n), x);
}

// ---- logarithms -----------------------------------------------------------------------------------------------------

// x = 2^k (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)), for positive finite x.
template <class V>
struct LogParts {
  V k, f;
};
template <class V>
TW_INLINE LogParts<V> log_split(V x) {
  const auto tiny = x < splat<V>(0x1p-126f, 0x1p-1022);
  x = tiny ? x * splat<V>(0x1p24f, 0x1p54) : x;
  if constexpr (is_float<V>) {
    const uint32_t root = 0x3f3504f3;
    const auto t = bitcast<vec<uint32_t>>(x) - root;
    const V k = __builtin_convertvector((vi)t >> 23, V);
    return {tiny ? k - 24.0f : k, bitcast<V>((t & 0x7fffff) + root) - 1.0f};
  } else {
    const uint64_t root = 0x3fe6a09e667f3bcd;
    const auto t = bitcast<vec<uint64_t>>(x) - root;
    // t + 2^62 is positive, so a logical shift serves, which every level has; 0x433... is 2^52 as a double.
    const auto biased = (t + ((uint64_t)1 << 62)) >> 52;
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
  // What 1 + x loses is given back to f, scaled as the rest of the mantissa is.
  const V u = splat<V>(1) + x;
  auto [k, f] = log_split(u);
  f += lost_in_sum(splat<V>(1), x, u) * pow2(-clamp(k, splat<V>(-100), splat<V>(100)));
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
    const V e = exp_bounded(at_most(a + a, splat<V>(20)));
    const V big = one - splat<V>(2) / (e + one);
    return copysign(a < 0.625f ? fma(x * z, p, x) : big, x);
  } else {
    const V e = expm1(at_most(a + a, splat<V>(40)));
    return copysign(e / (e + 2.0), x);
  }
}

// a / (1 + e) for 0 <= e <= 1, corrected by what the sum and the quotient round away; 1 - e/2 stands in for 1 / (1 + e)
// there.
template <class V>
TW_INLINE V over_one_plus(V a, V e) {
  const V one = splat<V>(1), sum = one + e, q = a / sum;
  const V lost = e - (sum - one);
  return fma(fma(-q, lost, residual(q, sum, a)), fma(e, splat<V>(-0.5), one), q);
}

// 1 / (1 + e^-x) from e^-|x|, which cannot overflow.
template <class V>
TW_INLINE V sigmoid(V x) {
  const V e = exp(-abs(x));
  return over_one_plus(x < V{} ? e : splat<V>(1), e);
}

// ---- erf and its kin ------------------------------------------------------------------------------------------------

// Phi(-a) e^(a^2/2) = p (t + t_low) for 0 <= a <= 38.7 (14.5 in float), where Phi is the normal distribution function
// and p a polynomial in t = 1 / (1 + a/4). Near a = 0 the error of t counts threefold, so what t has lost goes into
// t_low, to first order, with the logarithmic derivative 0.6 + 2.55 t (to 5 %).
template <class V>
struct NormalTail {
  V p, t, t_low;
  TW_INLINE V value() const { return p * (t + t_low); }
};
template <class V>
TW_INLINE NormalTail<V> normal_tail(V a) {
  const V one = splat<V>(1), quarter = splat<V>(0.25), u = fma(a, quarter, one), t = one / u;
  const V lost = fma(-t, fma(a, quarter, one - u), residual(u, t, one));
  const V s = t - splat<V>(0.5625);  // P in powers of t - 9/16, where they add up gently
  V p;
  if constexpr (is_float<V>)
    p = poly(s, 0x1.ace714p-3f, 0x1.6d84e6p-2f, 0x1.d9fd02p-2f, 0x1.bdf3ccp-2f, 0x1.06e192p-2f, 0x1.20882p-5f,
             -0x1.39a32p-4f, -0x1.5a860ep-5f, 0x1.576be6p-6f, 0x1.1b8df8p-6f);
  else
    p = poly(s, 0x1.ace71446617ap-3, 0x1.6d84e693451efp-2, 0x1.d9fce4cefc8d7p-2, 0x1.bdf30d40e3323p-2,
             0x1.06e72f523d6b9p-2, 0x1.2177b3f982631p-5, -0x1.3b4b0f6fd8d7dp-4, -0x1.67529c1e68322p-5,
             0x1.8f7930ecf5dccp-6, 0x1.a2feaa26cddep-6, -0x1.856ff89af528p-7, -0x1.cf105688ea256p-7,
             0x1.2338bfae0b634p-7, 0x1.d6d5aafa1404p-8, -0x1.fdcaebad0f097p-8, -0x1.39bd38d16522dp-9,
             0x1.ac6e52008694ap-8, -0x1.e026c18e0d187p-11, -0x1.3a378c97c7b8dp-8, 0x1.34c0a6cc438f9p-9,
             0x1.7f27b4d99ac6cp-9, -0x1.94f1fe4507c8ap-10, -0x1.46610570f95bfp-10);
  return {p, t, t * lost * fma(t, splat<V>(2.55), splat<V>(0.6))};
}

// Small arguments: x + x q(x^2). Large: 1 - erfc; the few bits that float needs of log erfc are a polynomial.
template <class V>
TW_INLINE V erf(V x) {
  const V a = abs(x), z = x * x, c = at_most(a, splat<V>(4, 6));
  V q, complement;
  if constexpr (is_float<V>) {
    q = poly(z, 0x1.06eba8p-3f, -0x1.81274p-2f, 0x1.ce2d6p-4f, -0x1.b80056p-6f, 0x1.543dfep-8f, -0x1.a57158p-11f,
             0x1.4cccfp-14f);
    complement = exp_bounded(poly(c, -0x1.b65eb4p-14f, -0x1.20c89cp+0f, -0x1.45e5ccp-1f, -0x1.ac2378p-4f,
                                  0x1.70f3dcp-6f, -0x1.98a9bcp-9f, 0x1.ab2332p-13f));
  } else {
    q = poly(z, 0x1.06eba8214db69p-3, -0x1.812746b037a28p-2, 0x1.ce2f21a045cadp-4, -0x1.b82ce3136df43p-6,
             0x1.565bcd30e5d95p-8, -0x1.c02dba074ccccp-11, 0x1.f9a3cdbca30a7p-14, -0x1.f4ddbfafb941dp-17,
             0x1.ba6275ecd0438p-20, -0x1.6272fdc0afdfdp-23, 0x1.05ee0cdce8fd2p-26, -0x1.339b25812d506p-30);
    complement = exp_bounded(-c * c) * normal_tail(c * 0x1.6a09e667f3bcdp+0).value() * 2.0;
  }
  return copysign(a < splat<V>(0.875) ? fma(x, q, x) : splat<V>(1) - complement, x);
}

// x Phi(x) = max(x, 0) - |x| Phi(-|x|): one tail for both signs. a^2 is kept in two parts, for e^(-a^2/2) magnifies its
// error a hundredfold, and so is the product a t p.
template <class V>
TW_INLINE V gelu(V x) {
  const V a = at_most(abs(x), splat<V>(14.5f, 38.7));
  const auto square = two_product(a, a * splat<V>(-0.5));
  const auto [m, n] = exp_parts(square.high, square.low);
  V tail;
  if constexpr (TW_VEC_BYTES == 64 && is_float<V>) {
    const V g = normal_tail_product(a);
    tail = fma(g, m, g);
  } else {
    const auto [p, t, t_low] = normal_tail(a);
    const V at = a * t, at_low = fma(a, t_low, fma(a, t, -at));
    const V g = at * p, g_low = fma(at_low, p, fma(at, p, -g));
    tail = g + fma(g, m, fma(g_low, m, g_low));
  }
  return copysign(at_least(x, V{}) - scale(tail, n), x);
}

// In derivatives of activations `saved` is the function's result where that is cheaper than its argument.
template <class V>
TW_INLINE V relu_backward(V g, V saved) {
  return saved <= V{} ? V{} : g;
}
template <class V>
TW_INLINE V tanh_backward(V g, V saved) {
  return g * (splat<V>(1) - saved * saved);
}
template <class V>
TW_INLINE V sigmoid_backward(V g, V saved) {
  return g * (saved * (splat<V>(1) - saved));
}

// Density and distribution of the standard normal at x, for the derivative of gelu.
template <class V>
TW_INLINE V gelu_derivative(V x) {
  const V a = at_most(abs(x), splat<V>(14.5f, 38.7));
  const V e = exp(a * a * splat<V>(-0.5)), tail = e * normal_tail(a).value();
  const V slope = copysign(a, x) * e * splat<V>(0x1.9884533d43651p-2);
  return (x < V{} ? tail : splat<V>(1) - tail) + slope;
}
template <class V>
TW_INLINE V gelu_backward(V g, V x) {
  return g * gelu_derivative(x);
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
  const V w = linear + c.high;
  const V w_low = lost_in_sum(linear, c.high, w) + (c.low + fma(z.low, cubic, fma(z.high, cubic_low, linear_low)));
  const auto u = two_product(x, w);
  return {u.high, fma(x, w_low, u.low)};
}
template <class V>
TW_INLINE V gelu_tanh(V x) {
  const V a = at_most(abs(x), splat<V>(12, 24));
  const auto [high, low] = gelu_tanh_exponent(a);
  const auto [m, n] = exp_parts(-high, -low);
  const V tail = over_one_plus(scale(fma(a, m, a), n), scale(splat<V>(1) + m, n));
  return copysign(at_least(x, V{}) - tail, x);
}
template <class V>
TW_INLINE V gelu_tanh_derivative(V x) {
  const V c = clamp(x, splat<V>(-24), splat<V>(24));
  const V u = gelu_tanh_exponent(c).high;
  const V slope = fma(c * c, splat<V>(0x1.b6676bf7450fp-3), splat<V>(0x1.9884533d43651p+0));
  const V s = sigmoid(u);
  return s + c * s * sigmoid(-u) * slope;
}
template <class V>
TW_INLINE V gelu_tanh_backward(V g, V x) {
  return g * gelu_tanh_derivative(x);
}

// x sigmoid(x) = max(x, 0) - |x| e^-|x| / (1 + e^-|x|)
template <class V>
TW_INLINE V silu(V x) {
  const V a = at_most(abs(x), splat<V>(110, 760));
  const auto [m, n] = exp_parts(-a);
  const V tail = over_one_plus(scale(fma(a, m, a), n), scale(splat<V>(1) + m, n));
  return copysign(at_least(x, V{}) - tail, x);
}
template <class V>
TW_INLINE V silu_derivative(V x) {
  const V s = sigmoid(x), c = clamp(x, splat<V>(-110, -760), splat<V>(110, 760));
  return fma(s * sigmoid(-x), c, s);
}
template <class V>
TW_INLINE V silu_backward(V g, V x) {
  return g * silu_derivative(x);
}

// max(x, 0) + log(1 + e) with e = e^-|x| in [0, 1]: 1 + e needs no exponent taken apart, and (e - 1) / 2 is all but
// exact.
template <class V>
TW_INLINE V softplus(V x) {
  const V e = exp(-abs(x)), half = splat<V>(0.5), none{};
  const auto upper = e > splat<V>(0.4142);
  const V f = upper ? fma(e, half, -half) : e;
  const V high = upper ? splat<V>(0x1.63p-1f, 0x1.62e42ffp-1) : none;
  const V low = upper ? splat<V>(-0x1.bd0106p-13f, -0x1.718432a1b0e26p-35) : none;
  return at_least(x, none) + (high + (f + (log_tail(f) + low)));
}

}  // namespace tw::TW_ISA
