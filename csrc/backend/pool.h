// Pooling: one number for each window of a plane, as devices are given it. Arrays are contiguous and floating: planes
// of elements, or of windows.
#pragma once
#include "backend/pool_problem.h"

namespace tw {

// The largest element of each window, a NaN where there is one. With equal elements the first counts, of NaNs the last.
struct MaxPoolProblem {
  DType dtype;
  PoolWindows windows;
  int64_t planes;
  const char* x;
  char* y;
  PoolPlaces places;
};

// scatter: to (of elements) = 0, then to[place] += from, of each window in C order. gather: to = from[place].
// Both give the first window whose place is outside the plane, or -1.
struct PoolPickProblem {
  DType dtype;
  PoolWindows windows;
  int64_t planes;
  const char* from;
  PoolPlaces places;  // read only
  char* to;
};

// average: y = the sum of a window / its divisor. average_backward: its transpose, from windows x to elements y.
struct AveragePoolProblem {
  DType dtype;
  PoolWindows windows;
  PoolDivisor divisor;
  int64_t planes;
  const char* x;
  char* y;
};

}  // namespace tw
