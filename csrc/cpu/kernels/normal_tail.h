// a Phi(-a) e^(a^2/2) by table, for sixteen floats at a time: what gelu needs, without the division of normal_tail().
#pragma once
#include "cpu/kernels/vec.h"

#if TW_VEC_BYTES == 64
namespace tw::TW_ISA {

// 32 intervals of a in [0, 15), eight to each doubling of 1 + a; on each a polynomial of degree 5 in the distance from
// its left end, least squares in the relative error (2^-28), the coefficients rounded one after the other and the rest
// refitted. Column i belongs to the 1 + a whose bits, shifted right by 20, end in i: column 24 begins at a = 0, column
// 0 at a = 1.
alignas(64) const float kNormalTail[6][32] = {
    {0x1.0bdb2ep-2f, 0x1.275f8ap-2f, 0x1.3c144p-2f,  0x1.4bef66p-2f, 0x1.5845dcp-2f,
     0x1.62039ap-2f, 0x1.69cee6p-2f, 0x1.701efp-2f,  0x1.754a76p-2f, 0x1.7d241ap-2f,
     0x1.82b4bcp-2f, 0x1.86c626p-2f, 0x1.89d3acp-2f, 0x1.8c2b88p-2f, 0x1.8e010ep-2f,
     0x1.8f76dep-2f, 0x1.90a4fcp-2f, 0x1.926972p-2f, 0x1.93a64ep-2f, 0x1.948c6ep-2f,
     0x1.95389ep-2f, 0x1.95bcb4p-2f, 0x1.96242ep-2f, 0x1.9676b8p-2f, 0,
     0x1.d0af2cp-5f, 0x1.a7f808p-4f, 0x1.238944p-3f, 0x1.66027ap-3f, 0x1.9de55ap-3f,
     0x1.cd2836p-3f, 0x1.f5595p-3f},
    {0x1.fcc81cp-4f, 0x1.7b7ac6p-4f,  0x1.204072p-4f,  0x1.bd44c8p-5f,  0x1.5d31bap-5f,  0x1.15a9a2p-5f,
     0x1.bf3d52p-6f, 0x1.6c5ec4p-6f,  0x1.2c067p-6f,   0x1.a2a1dap-7f,  0x1.2dd7b6p-7f,  0x1.bfc3bep-8f,
     0x1.542966p-8f, 0x1.07e9acp-8f,  0x1.a0de44p-9f,  0x1.4eb24ep-9f,  0x1.106b2p-9f,   0x1.76296ap-10f,
     0x1.0b7bdp-10f, 0x1.8ae2cep-11f, 0x1.2b8f9cp-11f, 0x1.d0e138p-12f, 0x1.6fd63ep-12f, 0x1.27d41ap-12f,
     0x1p-1f,        0x1.a4e154p-2f,  0x1.5c5676p-2f,  0x1.222f48p-2f,  0x1.e68266p-3f,  0x1.9a4556p-3f,
     0x1.5bf774p-3f, 0x1.28be4ep-3f},
    {-0x1.343e64p-4f,  -0x1.aef76p-5f,   -0x1.332942p-5f,  -0x1.bdde6ap-6f,  -0x1.49d27ep-6f,  -0x1.ee50bap-7f,
     -0x1.794322p-7f,  -0x1.22c0a8p-7f,  -0x1.c5d256p-8f,  -0x1.1f1e04p-8f,  -0x1.78913ep-9f,  -0x1.011112p-9f,
     -0x1.66c5e4p-10f, -0x1.0300fp-10f,  -0x1.786f58p-11f, -0x1.1eda22p-11f, -0x1.b3c716p-12f, -0x1.0972dep-12f,
     -0x1.571106p-13f, -0x1.c5c8e6p-14f, -0x1.3ad494p-14f, -0x1.c0390ap-15f, -0x1.4adebep-15f, -0x1.ea62f4p-16f,
     -0x1.988436p-2f,  -0x1.441e3ap-2f,  -0x1.02fbbp-2f,   -0x1.a0ba92p-3f,  -0x1.517d48p-3f,  -0x1.12dd14p-3f,
     -0x1.c29a3ap-4f,  -0x1.737f1ep-4f},
    {0x1.2ef292p-5f,  0x1.92b6bcp-6f,  0x1.0de5a4p-6f,  0x1.6e1b46p-7f,  0x1.084b76p-7f,  0x1.6b8b2p-8f,
     0x1.16876p-8f,   0x1.8af9ep-9f,   0x1.1f2b82p-9f,  0x1.53a3e6p-10f, 0x1.8c3f3ep-11f, 0x1.0af08ap-11f,
     0x1.43e5c2p-12f, 0x1.dacf8p-13f,  0x1.ee76bp-14f,  0x1.fb39aap-14f, 0x1.3a70cep-14f, 0x1.4eb9bep-15f,
     0x1.a91e2p-16f,  0x1.9ed62ep-17f, 0x1.03e292p-17f, 0x1.315fc4p-18f, 0x1.eab25ep-19f, 0x1.e41f32p-20f,
     0x1.ffeec4p-3f,  0x1.897f3ap-3f,  0x1.31281p-3f,   0x1.de03c2p-4f,  0x1.79665p-4f,   0x1.2551dep-4f,
     0x1.d01372p-5f,  0x1.70817p-5f},
    {-0x1.fb6354p-7f,  -0x1.573accp-7f,  -0x1.a340dcp-8f, -0x1.d8a9b2p-9f,  -0x1.ba933p-9f,   -0x1.91ce8ap-10f,
     -0x1.05c76p-9f,   -0x1.05194p-10f,  -0x1.25cbcp-11f, -0x1.7c1328p-12f, -0x1.4366d4p-13f, -0x1.4f608cp-13f,
     -0x1.db13e2p-15f, -0x1.3b204ap-14f, 0x1.a5156ep-16f, -0x1.e26938p-15f, -0x1.d67e24p-17f, -0x1.9ac458p-18f,
     -0x1.706204p-18f, -0x1.02c1aep-23f, 0x1.fe9b76p-24f, 0x1.6c8e3p-21f,   -0x1.3bec62p-24f, 0x1.7fce6ep-21f,
     -0x1.0ebbb8p-3f,  -0x1.8f9d88p-4f,  -0x1.31923cp-4f, -0x1.edea2ep-5f,  -0x1.9920ccp-5f,  -0x1.d5124cp-6f,
     -0x1.3f092ep-6f,  -0x1.8d8ceep-7f},
    {0x1.366ba6p-8f,  0x1.04cdap-8f,    0x1.091c0ep-9f,   0x1.cb77eep-12f,  0x1.b89856p-10f,  0x1.20474ap-16f,
     0x1.663a4ep-10f, 0x1.7ab3f6p-12f,  0x1.4daedap-14f,  0x1.681038p-14f,  0x1.77989cp-17f,  0x1.daf2a8p-15f,
     0x1.3342a8p-18f, 0x1.07fddp-15f,   -0x1.17d422p-15f, 0x1.0a3c28p-15f,  0x1.2f6fd8p-19f,  0x1.a7ce32p-21f,
     0x1.47a0c6p-20f, -0x1.abe2cap-22f, -0x1.49e4c8p-22f, -0x1.b91fd2p-22f, -0x1.511f04p-24f, -0x1.61e15cp-22f,
     0x1.c1eeb4p-5f,  0x1.264e58p-5f,   0x1.e3f28p-6f,    0x1.0bc4b8p-5f,   0x1.25aa7p-5f,    -0x1.65dabap-10f,
     -0x1.2bba1cp-7f, -0x1.08d8bep-6f},
};

// 0 <= a < 15
TW_INLINE vf normal_tail_product(vf a) {
  const auto bits = bitcast<vec<uint32_t>>(a + 1.0f);
  const __m512i column = (__m512i)(bits >> 20);
  const vf d = a - (bitcast<vf>(bits & 0xfff00000) - 1.0f);  // exact
  const auto coefficient = [&](int j) __attribute__((always_inline)) {
    return (vf)_mm512_permutex2var_ps(_mm512_load_ps(kNormalTail[j]), column, _mm512_load_ps(kNormalTail[j] + 16));
  };
  vf p = coefficient(5);
  for (int j = 4; j > 0; --j) p = fma(p, d, coefficient(j));
  return fma(p, d, coefficient(0));
}

}  // namespace tw::TW_ISA
#endif
