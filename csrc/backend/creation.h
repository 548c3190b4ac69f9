// Arrays out of arguments, as devices are given them.
#pragma once
#include <vector>

#include "core/dtype.h"

namespace tw {

// out[i] = first + i * step: of int64 and uint64 modulo 2^64, or of float64.
struct ArangeProblem {
  DType dtype;
  int64_t count;
  uint64_t first_bits, step_bits;  // of the integers
  double first, step;              // of float64
  char* out;
};

// Rows of `out` are one row of each part behind the other; all is contiguous.
struct JoinProblem {
  struct Part {
    const char* data;
    int64_t bytes;  // of a row
  };
  std::vector<Part> parts;
  int64_t rows;
  char* out;
};

}  // namespace tw
