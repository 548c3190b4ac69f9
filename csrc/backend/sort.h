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

// For each of the needles how many of the sorted row x of n come before it, or before and with it where `right`, in the
// same order.
struct SearchProblem {
  DType dtype;  // real
  bool right;
  int64_t n, count;
  const char *x, *needles;
  int64_t* places;
};

template <class F>
void operands(SortProblem& p, F f) {
  f(Access::reads, p.x);
  f(Access::writes, p.values);
  f(Access::writes, p.positions);
}
template <class F>
void operands(SearchProblem& p, F f) {
  f(Access::reads, p.x);
  f(Access::reads, p.needles);
  f(Access::writes, p.places);
}

}  // namespace tw
