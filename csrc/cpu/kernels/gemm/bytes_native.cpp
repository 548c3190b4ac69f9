// Products of bytes by vpdpbusd, which multiplies four unsigned bytes by four signed ones and adds the products to a
// sum of 32 bits, exactly. Where A and B are of the same kind, A's bytes are moved to the other by adding 128 or taking
// it away while they are packed; B's column sums make good for it.
#include "cpu/kernels/gemm/pack_groups.h"
#include "cpu/kernels/gemm/packed_tile.h"

namespace tw::TW_ISA {
namespace {

template <bool kASigned, bool kBSigned>
struct QuadStep {
  typedef Lane lane;
  typedef uint32_t sum;
  static constexpr int group = 4;
  static constexpr int offset = kASigned != kBSigned ? 0 : kASigned ? -128 : 128;
  static TW_INLINE vec<sum> multiply_add(vec<lane> a, vec<lane> b, vec<sum> c) {
    // Assembly, since GCC 12 keeps a copy of every sum on the stack for the intrinsic.
    if constexpr (kBSigned)
      __asm__("vpdpbusd %2, %1, %0" : "+v"(c) : "v"(a), "v"(b));
    else
      __asm__("vpdpbusd %2, %1, %0" : "+v"(c) : "v"(b), "v"(a));
    return c;
  }
};

template <class Step>
void tile(const GemmTile& g) {
  packed_tile<uint32_t, Step, false>(
      g, [](const RegisterTile<Step>& t) __attribute__((always_inline)) { run_tile<Step, false>(t); });
}

template <bool kASigned, bool kBSigned>
void fill_types(PackedGemm& entry) {
  typedef Blocking<uint32_t> Sizes;
  typedef QuadStep<kASigned, kBSigned> Step;
  typedef Group<uint8_t, uint8_t, Step::offset ? 0x80808080u : 0u> OfA;
  entry = packed_gemm<Step>(false, pack_groups<OfA, Sizes::mr>, pack_groups<Group<uint8_t, uint8_t>, Sizes::nr>,
                            tile<Step>);
}

}  // namespace

void fill_bytes_native(GemmKernels& table) {
  fill_types<false, false>(table.bytes[0][0].packed);
  fill_types<false, true>(table.bytes[0][1].packed);
  fill_types<true, false>(table.bytes[1][0].packed);
  fill_types<true, true>(table.bytes[1][1].packed);
}

}  // namespace tw::TW_ISA
