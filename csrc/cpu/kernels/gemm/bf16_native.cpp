// bfloat16 by vdpbf16ps, which multiplies pairs and adds both products to a float32 sum. Panels hold the pairs as bits.
#include "cpu/kernels/gemm/pack_groups.h"
#include "cpu/kernels/gemm/packed_tile.h"

namespace tw::TW_ISA {
namespace {

struct PairStep {
  typedef Lane lane;
  typedef float sum;
  static constexpr int group = 2, offset = 0;
  static TW_INLINE vf multiply_add(vec<lane> a, vec<lane> b, vf c) {
    return (vf)_mm512_dpbf16_ps((__m512)c, (__m512bh)a, (__m512bh)b);
  }
};

void tile(const GemmTile& g) {
  packed_tile<bf16, PairStep, true>(
      g, [](const RegisterTile<PairStep>& t) __attribute__((always_inline)) { run_tile<PairStep, true>(t); });
}

}  // namespace

void fill_bf16_native(GemmKernels& table) {
  typedef Blocking<float> Sizes;
  typedef Group<uint16_t, uint16_t> Pair;
  table.packed[static_cast<int>(DType::bf16)] =
      packed_gemm<PairStep>(true, pack_groups<Pair, Sizes::mr>, pack_groups<Pair, Sizes::nr>, tile);
}

}  // namespace tw::TW_ISA
