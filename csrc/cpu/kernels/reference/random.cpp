// Philox4x32-10 one position at a time, and numbers made of it in double: the oracle for kernels/random. Bits,
// integers, masks, permutations and uniform numbers agree with the other levels exactly, normal ones to rounding.
#include "cpu/kernels/random/random.h"

#include "cpu/kernels/reference/philox.h"
#include "cpu/kernels/vec.h"

namespace tw::TW_ISA {
namespace {

template <class T>
void put(void* out, int64_t i, double v) {
  if constexpr (sizeof(T) == 2)
    static_cast<T*>(out)[i].bits = narrow(set1((float)v), T{})[0];
  else
    static_cast<T*>(out)[i] = (T)v;
}
template <class T>
double get(const void* x, int64_t i) {
  if constexpr (sizeof(T) == 2) {
    vecn<uint16_t, lanes<float>> bits = {static_cast<const T*>(x)[i].bits};
    return widen(bits, T{})[0];
  } else {
    return static_cast<const T*>(x)[i];
  }
}

void bits(RandomState s, int64_t n, uint32_t* out) {
  for (int64_t i = 0; i < n; ++i) out[i] = word(s, i);
}

// Rounded to the type's own arithmetic after every operation, as the other levels do.
template <class T>
void uniform(RandomState s, int64_t n, double a, double b, double cap, void* out) {
  typedef compute_t<T> A;
  for (int64_t i = 0; i < n; ++i) {
    A u;
    if constexpr (__is_same(T, double))
      u = (double)(word64(s, i) >> 11) * 0x1p-53;
    else
      u = (float)(word(s, i) >> 8) * 0x1p-24f;
    const A scaled = u * (A)b;
    const A v = scaled + (A)a;
    put<T>(out, i, v < (A)cap ? v : (A)cap);
  }
}

template <class T>
void normal(RandomState s, int64_t n, double a, double b, double, void* out) {
  for (int64_t i = 0; i < n; ++i) {
    double u, turn;
    if constexpr (__is_same(T, double)) {
      const Position x = philox(s, s.position + (uint64_t)i / 2);
      u = (double)(x.word64(0) >> 11) * 0x1p-53 + 0x1p-54;
      turn = (double)(x.word64(1) >> 62) / 4 + (double)(x.word64(1) << 2 >> 11) * 0x1p-55 - 0.125;
    } else {
      const int64_t pair = i / 2 * 2;
      const uint32_t r = word(s, pair), t = word(s, pair + 1);
      u = (double)(float)(r >> 1) * 0x1p-31 + 0x1p-32;
      turn = (double)t * 0x1p-32 - 0.125;
    }
    const double radius = __builtin_sqrt(-2 * __builtin_log(u)), angle = turn * 0x1.921fb54442d18p+2;
    put<T>(out, i, a + b * radius * (i % 2 ? __builtin_sin(angle) : __builtin_cos(angle)));
  }
}

uint64_t bounded(RandomState s, int64_t i, uint64_t range) {
  for (;; ++s.stream) {
    const uint64_t w = word64(s, i);
    if (range == 0) return w;
    const unsigned __int128 product = (unsigned __int128)w * range;
    if ((uint64_t)product >= -range % range) return (uint64_t)(product >> 64);
  }
}

void integers(RandomState s, int64_t n, int64_t low, uint64_t range, int64_t* out) {
  for (int64_t i = 0; i < n; ++i) out[i] = (int64_t)((uint64_t)low + bounded(s, i, range));
}

void bernoulli(RandomState s, int64_t n, uint64_t threshold, uint8_t* out) {
  for (int64_t i = 0; i < n; ++i) out[i] = word(s, i) < threshold;
}

void permutation(RandomState s, int64_t n, int64_t* out) {
  for (int64_t i = 0; i < n; ++i) {
    const int64_t other = (int64_t)bounded(s, i, (uint64_t)i + 1);
    out[i] = out[other];
    out[other] = i;
  }
}

template <class T>
void masked_scale(int64_t n, const uint8_t* mask, double scale, const void* x, void* y) {
  for (int64_t i = 0; i < n; ++i) put<T>(y, i, mask[i] ? get<T>(x, i) * scale : 0);
}

}  // namespace

void fill(RandomKernels& k) {
  k.bits = bits;
  k.integers = integers;
  k.bernoulli = bernoulli;
  k.permutation = permutation;
#define X(T, name)                          \
  k.uniform[(int)DType::name] = uniform<T>; \
  k.normal[(int)DType::name] = normal<T>;   \
  k.masked_scale[(int)DType::name] = masked_scale<T>;
  TW_FOR_EACH_FLOAT(X)
#undef X
}

}  // namespace tw::TW_ISA
