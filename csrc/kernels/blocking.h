// Sizes of the register tiles and cache blocks of GEMM for each ISA level: policy, no code.
//
//   mr x nr   the register tile; nr is two vectors wide and mr is as tall as the register file allows
//   kc        depth of a packed block: a panel of B, kc x nr, stays in L1 while the rows of A stream past it
//   mc x nc   the part of C that one task computes: mc x kc of A stays in L2 while it is used for nc columns
#pragma once
#include "kernels/vec.h"

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
  static constexpr int kc = 384;
  static constexpr int mc = 168 / mr * mr;
  static constexpr int nc = 1024 / sizeof(T);
};

}  // namespace tw::TW_ISA
