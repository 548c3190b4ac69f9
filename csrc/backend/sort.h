// Sorting, as devices are given it.
#pragma once
#include "backend/operands.h"
#include "core/dtype.h"

namespace tw {

// The k first of each row of n elements in sorted order: their values, their positions in the row, or both (null where
// they are not wanted). Equals keep their order, -0 equals 0, NaN is above all numbers. Rows lie contiguous, one after
// the other; 0 <= k <= n.
struct SortProblem {
  DType dtype;  // real
  bool descending;
  int64_t rows, n, k;
  const char* x;
  char* values;
  int64_t* positions;
};

template <class F>
void operands(SortProblem& p, F f) {
  f(Access::reads, p.x);
  f(Access::writes, p.values);
  f(Access::writes, p.positions);
}

}  // namespace tw
