#include "cpu/kernels/probe/probe.h"

#include "cpu/kernels/vec.h"

namespace tw::TW_ISA {
namespace {

// Enough to cover the latency of two pipes (4 cycles each), and few enough for the 16 registers below AVX-512.
constexpr int kChains = 12;

int64_t multiply_add_f32(int64_t rounds, float* sink) {
  vf sum[kChains];
  for (int i = 0; i < kChains; ++i) sum[i] = set1(sink[i]);
  const vf factor = set1(0.999f), term = set1(0.001f);  // towards 1: never denormal, never infinite
  for (int64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 12
    for (int i = 0; i < kChains; ++i) sum[i] = fma(sum[i], factor, term);
  }
  for (int i = 0; i < kChains; ++i) sink[i] = sum[i][0];
  return rounds * kChains * lanes<float> * 2;
}

}  // namespace

void fill(ProbeKernels& table) { table.multiply_add_f32 = multiply_add_f32; }

}  // namespace tw::TW_ISA
