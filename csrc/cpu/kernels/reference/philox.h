// Philox4x32-10 one position at a time.
#pragma once
#include "cpu/kernels/random/random.h"

namespace tw::TW_ISA {

struct Position {
  uint32_t word[4];
  uint64_t word64(int half) const { return word[2 * half] | (uint64_t)word[2 * half + 1] << 32; }
};

inline Position philox(const RandomState& s, uint64_t position) {
  uint32_t x0 = (uint32_t)position, x1 = (uint32_t)(position >> 32);
  uint32_t x2 = (uint32_t)s.stream, x3 = (uint32_t)(s.stream >> 32);
  uint32_t k0 = (uint32_t)s.seed, k1 = (uint32_t)(s.seed >> 32);
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = 0xD2511F53ull * x0, p1 = 0xCD9E8D57ull * x2;
    const uint32_t y0 = (uint32_t)(p1 >> 32) ^ x1 ^ k0, y2 = (uint32_t)(p0 >> 32) ^ x3 ^ k1;
    x0 = y0, x1 = (uint32_t)p1, x2 = y2, x3 = (uint32_t)p0;
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  return {{x0, x1, x2, x3}};
}

inline uint32_t word(const RandomState& s, int64_t i) { return philox(s, s.position + (uint64_t)i / 4).word[i % 4]; }
inline uint64_t word64(const RandomState& s, int64_t i) {
  return philox(s, s.position + (uint64_t)i / 2).word64(i % 2);
}

}  // namespace tw::TW_ISA
