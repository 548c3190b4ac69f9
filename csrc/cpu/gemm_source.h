// Products whose B is no matrix in memory: a function fills panels of it as they are needed. For the families that are
// built on GEMM.
#pragma once
#include "backend/gemm.h"
#include "cpu/kernels/gemm/gemm.h"

namespace tw::cpu {

// Each thread holds a block of B that is at most kc deep and this many panels wide, whatever the size of B; as much
// of A, where A has to be packed; and the sums of both.
inline constexpr int64_t kSourcePanels = 4;

struct TileShape {
  int64_t row, rows, column, columns, step;
};

// C as functions instead of a matrix in memory. A tile of result `item`, its rows `step` elements apart, begins at
// (row, column): `load` gets the residual of it, if there is one, `store` takes the results. Several threads call at
// once.
struct TileSink {
  typedef void (*Move)(const void* context, int64_t item, const TileShape& shape, void* tile);
  Move store = nullptr, load = nullptr;
  const void* context = nullptr;
};

struct GemmFromSource {
  GemmBatch batch;  // each.b, b_stride and packed_b are not read
  PackSource b;
  int64_t summed = 1;  // so many neighbours of the batch have one C: their products are added in order
  TileSink sink = {};  // where it has a store, each.out.c and its residual are not read, and nothing is summed
};

void gemm(const GemmFromSource&);

}  // namespace tw::cpu
