// vec.h at one level (-DTW_ISA=v2, v3 or v4): bounds of partial loads and stores, conversions of the half types over
// all their bit patterns and at rounding ties, rounding, comparisons and folds.
#include "cpu/kernels/vec.h"

#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>
#include <vector>

namespace tw::TW_ISA {
namespace {

long passed = 0, failed = 0;
void check(bool ok, const char* what, double a = 0, double b = 0) {
  if (ok) {
    ++passed;
  } else if (++failed <= 40) {
    std::printf("%s: %.9g %.9g\n", what, a, b);
  }
}

const float kInf = std::numeric_limits<float>::infinity(), kNan = std::numeric_limits<float>::quiet_NaN();

template <class V, class T>
V filled(T (*value)(int)) {
  T x[sizeof(V) / sizeof(T)];
  for (unsigned i = 0; i < sizeof x / sizeof *x; ++i) x[i] = value(static_cast<int>(i));
  V v;
  std::memcpy(&v, x, sizeof v);
  return v;
}

// ---- loads and stores -----------------------------------------------------------------------------------------------

template <class T>
void partial(const char* what) {
  constexpr int L = lanes<T>;
  typedef compute_t<T> C;
  for (int n = 0; n < L; ++n)
    for (int skew = n == 0; skew < 3; ++skew) {
      // The source ends with its allocation, so that a sanitizer build sees any read past it.
      std::vector<T> source(n + skew);
      for (int i = 0; i < n + skew; ++i) {
        const auto bits = static_cast<uint64_t>(0x3c01 + 257 * i);
        std::memcpy(&source[i], &bits, sizeof(T));
      }
      C lane[L];
      const auto v = load_n(source.data() + skew, n);
      std::memcpy(lane, &v, sizeof lane);
      bool zero = true;
      for (int i = n; i < L; ++i) zero = zero && lane[i] == 0;
      check(zero, what, n);

      std::vector<unsigned char> target((n + skew) * sizeof(T) + 64, 0xA5);
      T* p = reinterpret_cast<T*>(target.data()) + skew;
      store_n(p, v, n);
      check(std::memcmp(p, source.data() + skew, n * sizeof(T)) == 0, what, n, skew);
      bool intact = true;
      for (size_t i = 0; i < skew * sizeof(T); ++i) intact = intact && target[i] == 0xA5;
      for (size_t i = (skew + n) * sizeof(T); i < target.size(); ++i) intact = intact && target[i] == 0xA5;
      check(intact, what, n, skew);
    }
  std::vector<T> whole(L + 1), copy(L + 1);
  for (int i = 0; i <= L; ++i) {
    const auto bits = static_cast<uint64_t>(0x3c01 + 3 * i);
    std::memcpy(&whole[i], &bits, sizeof(T));
  }
  store(copy.data() + 1, load(whole.data() + 1));
  check(std::memcmp(&copy[1], &whole[1], L * sizeof(T)) == 0, what);
}

// ---- the half types -------------------------------------------------------------------------------------------------

struct Format {
  int mantissa, lowest;  // stored bits of it, and the exponent of the smallest normal number
};
template <class H>
constexpr Format format = {10, -14};
template <>
constexpr Format format<bf16> = {7, -126};

template <class H>
double decode(uint16_t bits) {
  const auto [mantissa, lowest] = format<H>;
  const int field = (bits & 0x7fff) >> mantissa, fraction = bits & ((1 << mantissa) - 1);
  double x;
  if (field == 0x7fff >> mantissa)
    x = fraction ? kNan : kInf;
  else
    x = std::ldexp(field ? fraction + (1 << mantissa) : fraction, lowest - mantissa + (field ? field - 1 : 0));
  return bits & 0x8000 ? -x : x;
}

template <class H>
float widened(uint16_t bits) {
  H in[lanes<float>];
  for (H& x : in) x.bits = bits;
  return load(in)[lanes<float> - 1];
}
template <class H>
uint16_t narrowed(float x) {
  H out[lanes<float>];
  store(out, set1(x));
  return out[lanes<float> - 1].bits;
}

template <class H>
void half(const char* what) {
  const auto [mantissa, lowest] = format<H>;
  const uint16_t infinity = 0x7fff >> mantissa << mantissa;
  for (int i = 0; i < 65536; ++i) {
    const auto bits = static_cast<uint16_t>(i);
    const double exact = decode<H>(bits);
    const float x = widened<H>(bits);
    if (std::isnan(exact)) {
      const uint16_t back = narrowed<H>(x);
      check(std::isnan(x) && (back & 0x7fff) > infinity && (back & 0x8000) == (bits & 0x8000), what, i, back);
      continue;
    }
    check(x == exact && std::signbit(x) == std::signbit(exact), what, i, x);
    check(narrowed<H>(x) == bits, what, i, narrowed<H>(x));
    if ((bits & 0x7fff) >= infinity) continue;
    // Between this number and the next, away from zero: the tie goes to the even one, its neighbours to the nearer.
    const auto next = static_cast<uint16_t>(bits + 1);
    const bool last = (next & 0x7fff) == infinity;
    const double above = last ? 2 * exact - decode<H>(bits - 1) : decode<H>(next);
    const double middle = (exact + above) / 2;
    const auto tie = static_cast<float>(middle);
    if (tie != middle) continue;  // bfloat16's last subnormal steps are float's own
    check(narrowed<H>(tie) == (bits & 1 ? next : bits), what, i, tie);
    check(narrowed<H>(std::nextafterf(tie, bits & 0x8000 ? kInf : -kInf)) == bits, what, i, tie);
    check(narrowed<H>(std::nextafterf(tie, bits & 0x8000 ? -kInf : kInf)) == next, what, i, tie);
  }
  check(narrowed<H>(std::numeric_limits<float>::max()) == infinity, what);
}

// ---- arithmetic -----------------------------------------------------------------------------------------------------

template <class T>
void arithmetic(const char* what) {
  typedef vec<T> V;
  constexpr int L = lanes<T>;
  const T inf = static_cast<T>(kInf), nan = static_cast<T>(kNan);
  const T values[] = {0,
                      static_cast<T>(-0.0),
                      1,
                      -1,
                      static_cast<T>(0.5),
                      static_cast<T>(-0.5),
                      static_cast<T>(1.5),
                      static_cast<T>(2.5),
                      static_cast<T>(-2.5),
                      1e30f,
                      -1e30f,
                      inf,
                      -inf,
                      nan,
                      static_cast<T>(0.49999997),
                      7};
  const auto same = [](T a, T b) {
    return (std::isnan(a) && std::isnan(b)) || (a == b && std::signbit(a) == std::signbit(b));
  };
  for (T a : values) {
    const V v = set1(a);
    check(same(round_to<0>(v)[L - 1], std::nearbyint(a)), what, a);
    check(same(round_to<1>(v)[0], std::floor(a)), what, a);
    check(same(round_to<2>(v)[0], std::ceil(a)), what, a);
    check(same(round_to<3>(v)[0], std::trunc(a)), what, a);
    check(same(sqrt(v)[0], std::sqrt(a)) || a < 0, what, a);
    check(same(abs(v)[L - 1], std::fabs(a)), what, a);
    for (T b : values) {
      const V w = set1(b);
      const T high = maximum(v, w)[L - 1], low = minimum(v, w)[0];
      const bool unordered = std::isnan(a) || std::isnan(b);
      check(unordered ? std::isnan(high) : high == std::fmax(a, b), what, a, b);
      check(unordered ? std::isnan(low) : low == std::fmin(a, b), what, a, b);
      check(same(copysign(v, w)[0], std::copysign(a, b)) || std::isnan(a), what, a, b);
      check(same(at_most(v, w)[0], b < a ? b : a) || std::isnan(b) || a == b, what, a, b);
      check(same(at_least(v, w)[0], b > a ? b : a) || std::isnan(b) || a == b, what, a, b);
    }
  }
  check(std::isnan(clamp(set1(nan), set1<T>(-1), set1<T>(1))[0]), what);
  check(fma(set1<T>(3), set1<T>(4), set1<T>(5))[L - 1] == 17, what);
#if TW_VEC_BYTES > 16
  const T e = std::numeric_limits<T>::epsilon();
  check(fma(set1<T>(1 + e), set1<T>(1 - e), set1<T>(-1))[0] == -e * e, "fma rounds once", e);
#endif
}

template <class T>
void masks(const char* what) {
  constexpr int L = lanes<T>;
  for (int pattern = 0; pattern < 64; ++pattern) {
    T x[L];
    bool some = false;
    for (int i = 0; i < L; ++i) {
      const bool on = (pattern >> (i % 6) & 1) != 0;
      x[i] = static_cast<T>(on ? 5 : 3);
      some = some || on;
    }
    const auto mask = load(x) > set1<T>(4);
    const auto bytes = truth_bytes<T>(mask);
    int8_t got[sizeof bytes];
    std::memcpy(got, &bytes, sizeof got);
    bool right = sizeof bytes == L;
    for (int i = 0; i < L; ++i) right = right && got[i] == (x[i] == 5);
    check(right, what, pattern);
    check(any(mask) == some, what, pattern);
  }
}

int run() {
#if TW_VEC_BYTES == 64
  const bool runs = __builtin_cpu_supports("x86-64-v4");
#elif TW_VEC_BYTES == 32
  const bool runs = __builtin_cpu_supports("x86-64-v3");
#else
  const bool runs = __builtin_cpu_supports("x86-64-v2");
#endif
  if (!runs) {
    std::printf("0 passed, 0 failed: this machine is below the level\n");
    return 0;
  }
#define X(T, name) partial<T>("load_n, store_n " #name);
  TW_FOR_EACH_INTEGER(X)
  TW_FOR_EACH_FLOAT(X)
#undef X
  half<f16>("f16");
  half<bf16>("bf16");
  arithmetic<float>("float");
  arithmetic<double>("double");
#define X(T, name) masks<T>("mask " #name);
  TW_FOR_EACH_INTEGER(X)
  X(float, f32)
  X(double, f64)
#undef X
  std::printf("%ld passed, %ld failed\n", passed, failed);
  return failed != 0;
}

}  // namespace
}  // namespace tw::TW_ISA

int main() { return tw::TW_ISA::run(); }
