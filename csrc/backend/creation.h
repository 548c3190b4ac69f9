// Arrays out of arguments, as devices are given them.
#pragma once
#include <vector>

#include "backend/operands.h"
#include "backend/view.h"

namespace tw {

// out[i] = first + i * step: of int64 and uint64 modulo 2^64, or of float64.
struct ArangeProblem {
  DType dtype;
  int64_t count;
  uint64_t first_bits, step_bits;  // of the integers
  double first, step;              // of float64
  char* out;
};

// Matrices in which the elements above the diagonal number `diagonal` (below it, where `upper`) become 0; the others
// are those of x.
struct TriangleProblem {
  Dims batch;
  int64_t rows, columns, diagonal;
  bool upper;
  int64_t itemsize;
  View x;  // strides of the batch, and of the rows; rows are contiguous
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

template <class F>
void operands(ArangeProblem& p, F f) {
  f(Access::writes, p.out);
}
template <class F>
void operands(TriangleProblem& p, F f) {
  f(Access::reads, p.x.data);
  f(Access::writes, p.out);
}
template <class F>
void operands(JoinProblem& p, F f) {
  for (JoinProblem::Part& part : p.parts) f(Access::reads, part.data);
  f(Access::writes, p.out);
}

}  // namespace tw
