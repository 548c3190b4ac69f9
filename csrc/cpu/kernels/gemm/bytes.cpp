// Products of bytes, signed or not, summed in 32 bits: widened to pairs of int16 while they are packed, so that one
// instruction multiplies and adds two of them, exactly.
#include "cpu/kernels/gemm/pack_groups.h"
#include "cpu/kernels/gemm/packed_tile.h"

namespace tw::TW_ISA {
namespace {

struct PairStep {
  typedef Lane lane;
  typedef uint32_t sum;
  static constexpr int group = 2, offset = 0;
  static TW_INLINE vec<sum> multiply_add(vec<lane> a, vec<lane> b, vec<sum> c) {
#if TW_VEC_BYTES == 64
    return (vec<sum>)_mm512_madd_epi16((__m512i)a, (__m512i)b) + c;
#elif TW_VEC_BYTES == 32
    return (vec<sum>)_mm256_madd_epi16((__m256i)a, (__m256i)b) + c;
#else
    return (vec<sum>)_mm_madd_epi16((__m128i)a, (__m128i)b) + c;
#endif
  }
};

void tile(const GemmTile& g) {
  packed_tile<uint32_t, PairStep, false>(
      g, [](const RegisterTile<PairStep>& t) __attribute__((always_inline)) { run_tile<PairStep, false>(t); });
}

template <class A, class B>
void fill_types(PackedGemm& entry) {
  typedef Blocking<uint32_t> Sizes;
  entry = packed_gemm<PairStep>(false, pack_groups<Group<A, int16_t>, Sizes::mr>,
                                pack_groups<Group<B, int16_t>, Sizes::nr>, tile);
}

}  // namespace

void fill_bytes(GemmKernels& table) {
  fill_types<uint8_t, uint8_t>(table.bytes[0][0].packed);
  fill_types<uint8_t, int8_t>(table.bytes[0][1].packed);
  fill_types<int8_t, uint8_t>(table.bytes[1][0].packed);
  fill_types<int8_t, int8_t>(table.bytes[1][1].packed);
}

}  // namespace tw::TW_ISA
