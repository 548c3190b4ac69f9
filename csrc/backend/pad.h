// Padding, as devices are given it.
#pragma once
#include "backend/pad_problem.h"
#include "backend/view.h"

namespace tw {

// out[i, j, ..] = x[i - before[0], j - before[1], ..], where that lies outside as the mode says. `before` may be
// negative: elements are left out. Neither x nor out is empty but with PadMode::constant, where x may be.
struct PadProblem {
  PadMode mode;
  int64_t itemsize;
  Dims shape, extents, before;  // of out, of x
  View x;                       // contiguous along the last axis
  char value[16];
  char* out;  // contiguous
};

}  // namespace tw
