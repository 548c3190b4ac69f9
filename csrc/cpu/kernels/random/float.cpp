// Uniform and normal floating-point numbers.
//
// Only operations that IEEE 754 rounds in one way are used (no fma, no library function), so every vector width gives
// the same bits for the same seed.
#include "cpu/kernels/random/philox.h"
#include "cpu/kernels/random/random.h"

namespace tw::TW_ISA {
namespace {

// ---- words to numbers -----------------------------------------------------------------------------------------------

TW_INLINE vf to_float(vi k) { return __builtin_convertvector(k, vf); }

// k < 2^53, exactly: its halves are put into the mantissas of 2^84 and 2^52, which are then taken off.
TW_INLINE vd to_double(vu k) {
  const vd high = bitcast<vd>((k >> 32) | 0x4530000000000000ull) - 0x1.00000001p84;
  return high + bitcast<vd>((k & 0xffffffffull) | 0x4330000000000000ull);
}

// [0, 1) in steps of 2^-24 and 2^-53.
TW_INLINE vf unit(vu32 w) { return to_float(bitcast<vi>(w >> 8)) * 0x1p-24f; }
TW_INLINE vd unit(vu w) { return to_double(w >> 11) * 0x1p-53; }

// (0, 1] down to 2^-32 and 2^-54: what a logarithm is taken of.
TW_INLINE vf positive_unit(vu32 w) { return to_float(bitcast<vi>(w >> 1)) * 0x1p-31f + 0x1p-32f; }
TW_INLINE vd positive_unit(vu w) { return to_double(w >> 11) * 0x1p-53 + 0x1p-54; }

// ---- logarithm and circle -------------------------------------------------------------------------------------------

// c[0] + c[1] x + ..
template <class V, class T, int n>
TW_INLINE V polynomial(V x, const T (&c)[n]) {
  V y = x * c[n - 1] + c[n - 2];
  for (int i = n - 3; i >= 0; --i) y = y * x + c[i];
  return y;
}

// x = 2^e m with m in [sqrt(1/2), sqrt(2)); log m = 2 artanh(s), s = (m - 1) / (m + 1), by its series.
// x in (0, 1], a normal number.
TW_INLINE vf log_unit(vf x) {
  const vi offset = bitcast<vi>(x) - 0x3f3504f3;
  const vf e = to_float(offset >> 23);
  const vf m = bitcast<vf>((offset & 0x7fffff) + 0x3f3504f3);
  const vf s = (m - 1.0f) / (m + 1.0f);
  constexpr float c[] = {2.0f, 2.0f / 3, 2.0f / 5, 2.0f / 7, 2.0f / 9, 2.0f / 11};
  return e * 0x1.62e43p-1f + s * polynomial(s * s, c);
}
TW_INLINE vd log_unit(vd x) {
  // As 64-bit lanes have no arithmetic shift before AVX-512, -e is made as a nonnegative number.
  const vu offset = 0x3fe6a09e667f3bcdull - bitcast<vu>(x) + 0xfffffffffffffull;
  const vu e = offset >> 52;
  const vd m = bitcast<vd>(bitcast<vu>(x) + (e << 52));
  const vd s = (m - 1.0) / (m + 1.0);
  constexpr double c[] = {2.0,      2.0 / 3,  2.0 / 5,  2.0 / 7,  2.0 / 9,  2.0 / 11,
                          2.0 / 13, 2.0 / 15, 2.0 / 17, 2.0 / 19, 2.0 / 21, 2.0 / 23};
  return s * polynomial(s * s, c) - to_double(e) * 0x1.62e42fefa39efp-1;
}

template <class V>
struct Direction {
  V cosine, sine;
};

// A point of the circle: the top two bits of w choose the quarter, the others an angle in [-pi/4, pi/4) within it.
TW_INLINE Direction<vf> direction(vu32 w) {
  constexpr float s[] = {1.0f, -1.0f / 6, 1.0f / 120, -1.0f / 5040, 1.0f / 362880};
  constexpr float c[] = {1.0f, -1.0f / 2, 1.0f / 24, -1.0f / 720, 1.0f / 40320, -1.0f / 3628800};
  const vf angle = to_float(bitcast<vi>(w & 0x3fffffff) - 0x20000000) * 0x1.921fb6p-30f;
  const vf sine = angle * polynomial(angle * angle, s), cosine = polynomial(angle * angle, c);
  const auto odd = bitcast<vi>(w << 1) < 0;
  const vu32 sine_sign = w & 0x80000000u, cosine_sign = (w ^ w << 1) & 0x80000000u;
  return {bitcast<vf>(bitcast<vu32>(odd ? sine : cosine) ^ cosine_sign),
          bitcast<vf>(bitcast<vu32>(odd ? cosine : sine) ^ sine_sign)};
}
TW_INLINE Direction<vd> direction(vu w) {
  constexpr double s[] = {1.0,
                          -1.0 / 6,
                          1.0 / 120,
                          -1.0 / 5040,
                          1.0 / 362880,
                          -1.0 / 39916800,
                          1.0 / 6227020800,
                          -1.0 / 1307674368000,
                          1.0 / 355687428096000};
  constexpr double c[] = {1.0,
                          -1.0 / 2,
                          1.0 / 24,
                          -1.0 / 720,
                          1.0 / 40320,
                          -1.0 / 3628800,
                          1.0 / 479001600,
                          -1.0 / 87178291200,
                          1.0 / 20922789888000};
  const vd angle = (to_double(w << 2 >> 11) - 0x1p52) * 0x1.921fb54442d18p-53;
  const vd sine = angle * polynomial(angle * angle, s), cosine = polynomial(angle * angle, c);
  const auto odd = (w << 1 >> 63) != 0;
  const vu sign = set1<uint64_t>(1ull << 63);
  return {bitcast<vd>(bitcast<vu>(odd ? sine : cosine) ^ ((w ^ w << 1) & sign)),
          bitcast<vd>(bitcast<vu>(odd ? cosine : sine) ^ (w & sign))};
}

// Two independent standard normal numbers from two words (Box and Muller, 1958).
template <class T, class W>
TW_INLINE Halves<vec<T>> normals(W radius_word, W angle_word) {
  const vec<T> radius = sqrt(log_unit(positive_unit(radius_word)) * (T)-2);
  const auto d = direction(angle_word);
  return interleave<T>(radius * d.cosine, radius * d.sine);
}

// ---- kernels --------------------------------------------------------------------------------------------------------

template <class T>
void uniform(RandomState s, int64_t n, double a, double b, double cap, void* out) {
  typedef compute_t<T> A;
  constexpr int per = __is_same(T, double) ? kWords / 2 : kWords;
  const vec<A> low = set1<A>((A)a), width = set1<A>((A)b), highest = set1<A>((A)cap);
  generate<per>(s, n, static_cast<T*>(out), [&](const Words& x, T* p) __attribute__((always_inline)) {
    typedef vec<typename IntOf<sizeof(A)>::utype> W;
    const auto [first, second] = in_order(x);
    const vec<A> u = unit(bitcast<W>(first)) * width + low, v = unit(bitcast<W>(second)) * width + low;
    store(p, u < highest ? u : highest);
    store(p + per / 2, v < highest ? v : highest);
  });
}

template <class T>
void normal(RandomState s, int64_t n, double a, double b, double, void* out) {
  typedef compute_t<T> A;
  constexpr int per = __is_same(T, double) ? kWords / 2 : kWords;
  const vec<A> mean = set1<A>((A)a), deviation = set1<A>((A)b);
  generate<per>(s, n, static_cast<T*>(out), [&](const Words& x, T* p) __attribute__((always_inline)) {
    Halves<vec<A>> z;
    if constexpr (__is_same(A, double))
      z = normals<A>(x.w[0] | x.w[1] << 32, x.w[2] | x.w[3] << 32);
    else
      z = normals<A>(bitcast<vu32>(x.w[0] | x.w[2] << 32), bitcast<vu32>(x.w[1] | x.w[3] << 32));
    store(p, z.first * deviation + mean);
    store(p + per / 2, z.second * deviation + mean);
  });
}

}  // namespace

void fill_float(RandomKernels& table) {
#define X(T, name)                              \
  table.uniform[(int)DType::name] = uniform<T>; \
  table.normal[(int)DType::name] = normal<T>;
  TW_FOR_EACH_FLOAT(X)
#undef X
}

}  // namespace tw::TW_ISA
