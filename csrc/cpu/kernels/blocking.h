// Sizes of the register tiles and cache blocks of GEMM for each ISA level: policy, no code.
//
//   mr x nr   the register tile; nr is two vectors wide and mr is as tall as the register file allows
//   kc        depth of a packed block. Sums over one block form one chain, so kc is part of what the bits of a result
//             depend on, and is fixed. It is long: what streams past from L2 costs a fraction of what L2 can give, and
//             each further block costs a pass over C
//   mc x nc   the part of C that one task computes, at most: mc x kc of A stays in L2 while it is used for nc columns.
//             ops/ takes less where the machine's L2 is small
#pragma once
#include "cpu/kernels/vec.h"

namespace tw::TW_ISA {

// T is the type that is computed in: float or double.
template <class T>
struct Blocking {
#if TW_VEC_BYTES == 64
  static constexpr int mr = 14;  // 28 accumulators, 2 of B and a broadcast of A fill 31 of 32 registers
#else
  static constexpr int mr = 6;  // 12 accumulators, 2 of B, a broadcast of A and, without FMA, a product fill 16
#endif
  static constexpr int nv = 2;  // vectors across the tile
  static constexpr int nr = nv * lanes<T>;
  static constexpr int kc = 4096 / sizeof(T);
  static constexpr int mc = 168 / mr * mr;
  static constexpr int nc = 1024 / sizeof(T);
};

}  // namespace tw::TW_ISA
