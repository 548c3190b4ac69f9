// Scans: sums and products of all elements up to each, as devices are given them.
#pragma once
#include "backend/operands.h"
#include "backend/scan_problem.h"

namespace tw {

// y[o, i, c] = x[o, 0, c] op .. op x[o, i, c], or from x[o, n - 1, c] on where `reverse`. Arrays are contiguous, outer
// x n x inner, of one dtype: float32, float64, int64, uint64 (which wrap), and complex numbers, of which there is only
// prod.
struct ScanProblem {
  Scan op;
  DType dtype;
  bool reverse;
  int64_t outer, n, inner;
  const char* x;
  char* y;
};

template <class F>
void operands(ScanProblem& p, F f) {
  f(Access::reads, p.x);
  f(Access::writes, p.y);
}

}  // namespace tw
