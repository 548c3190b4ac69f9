// The register tile of GEMM: R rows by W vectors of C, held in registers over the whole depth.
#pragma once
#include "kernels/blocking.h"
#include "kernels/vec.h"

namespace tw::TW_ISA {

// One tile. A is read element by element (element (i, p) at a[i * a_row + p * a_col]), B in whole vectors:
// row p starts at b + p * b_row and is nr wide, zero-padded where the tile is narrower.
template <class T>
struct MicroTile {
  int64_t k;
  const T* a;
  int64_t a_row, a_col;
  const T* b;
  int64_t b_row;
  T* c;
  int64_t c_row;
  const T* bias;     // of the tile's columns, or null
  const T* a_ahead;  // what comes next; fetched into L2 meanwhile, a_col and b_ahead_step elements
  const T* b_ahead;  // for each step of the depth
  int64_t b_ahead_step;
  int rows;      // 1..mr
  int cols;      // 1..nr
  const T* add;  // a tile to add, which may be c itself, or null
  int64_t add_row;
  bool relu;
};

void micro(const MicroTile<float>&);
void micro(const MicroTile<double>&);

}  // namespace tw::TW_ISA
