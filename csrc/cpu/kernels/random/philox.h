// Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3, SC 2011), one counter per
// lane.
#pragma once
#include "cpu/kernels/random/random.h"
#include "cpu/kernels/vec.h"

namespace tw::TW_ISA {

using vu = vec<uint64_t>;
using vu32 = vec<uint32_t>;

constexpr int kPositions = lanes<uint64_t>;  // that one call of philox() works on
constexpr int kWords = 4 * kPositions;

// The four words of each position: in lane i those of position + i, each in the low half of a 64-bit lane.
struct Words {
  vu w[4];
};

// Low halves multiplied to 64 bits.
TW_INLINE vu multiply_low(vu a, vu b) {
#if TW_VEC_BYTES == 64
  return (vu)_mm512_mul_epu32((__m512i)a, (__m512i)b);
#elif TW_VEC_BYTES == 32
  return (vu)_mm256_mul_epu32((__m256i)a, (__m256i)b);
#else
  return (vu)_mm_mul_epu32((__m128i)a, (__m128i)b);
#endif
}

TW_INLINE Words philox(const RandomState& s, uint64_t position) {
  vu lane;
  for (int i = 0; i < kPositions; ++i) lane[i] = (uint64_t)i;
  const vu low_half = set1<uint64_t>(0xffffffff);
  const vu m0 = set1<uint64_t>(0xD2511F53), m1 = set1<uint64_t>(0xCD9E8D57);
  const vu counter = lane + position;
  // The high halves of x0 .. x3 hold rubbish between the rounds: a product only reads the low ones.
  vu x0 = counter, x1 = counter >> 32;
  vu x2 = set1<uint64_t>(s.stream & 0xffffffff), x3 = set1<uint64_t>(s.stream >> 32);
  uint32_t k0 = (uint32_t)s.seed, k1 = (uint32_t)(s.seed >> 32);
  for (int round = 0; round < 10; ++round) {
    const vu p0 = multiply_low(x0, m0), p1 = multiply_low(x2, m1);
    x0 = (p1 >> 32) ^ x1 ^ set1<uint64_t>(k0);
    x2 = (p0 >> 32) ^ x3 ^ set1<uint64_t>(k1);
    x1 = p1;
    x3 = p0;
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  return {x0 & low_half, x1 & low_half, x2 & low_half, x3 & low_half};
}

// a0 b0 a1 b1 ..: the first half of the result and the second.
template <class V>
struct Halves {
  V first, second;
};
template <class T>
TW_INLINE Halves<vec<T>> interleave(vec<T> a, vec<T> b) {
  typedef mask_t<T> I;
  vec<I> first, second;
  for (int i = 0; i < lanes<T>; ++i) {
    first[i] = (I)(i / 2 + i % 2 * lanes<T>);
    second[i] = (I)(first[i] + lanes<T> / 2);
  }
  return {__builtin_shuffle(a, b, first), __builtin_shuffle(a, b, second)};
}

// The words of kPositions positions in order, as two vectors of 64-bit words (low word first).
TW_INLINE Halves<vu> in_order(const Words& x) {
  return interleave<uint64_t>(x.w[0] | x.w[1] << 32, x.w[2] | x.w[3] << 32);
}

// Calls emit(words, out) for whole groups of `per` elements, kPositions positions each; the last, partial one goes
// through a buffer.
template <int per, class T, class Emit>
TW_INLINE void generate(const RandomState& s, int64_t n, T* out, Emit emit) {
  uint64_t position = s.position;
  int64_t i = 0;
  for (; i + per <= n; i += per, position += kPositions) emit(philox(s, position), out + i);
  if (i < n) {
    T buffer[per];
    emit(philox(s, position), buffer);
    for (int k = 0; i < n; ++i, ++k) out[i] = buffer[k];
  }
}

}  // namespace tw::TW_ISA
