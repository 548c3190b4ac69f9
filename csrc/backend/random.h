// Random arrays, as devices are given them. Every value is a function of (seed, offset, its position in the array), the
// same on every device: see cpu/kernels/random/README.md.
#pragma once
#include "backend/operands.h"
#include "core/dtype.h"

namespace tw {

struct RandomSource {
  uint64_t seed, offset;
};

struct RandomBitsProblem {
  RandomSource source;
  uint64_t stream;
  int64_t count;
  uint32_t* out;
};

// a + b z with z uniform in [0, 1) or standard normal; no uniform number exceeds `cap`.
struct RandomFloatProblem {
  enum Distribution { uniform, normal } distribution;
  RandomSource source;
  DType dtype;  // floating
  int64_t count;
  double a, b, cap;
  char* out;
};

// low + a number in [0, range); range 0 means 2^64.
struct RandomIntegersProblem {
  RandomSource source;
  int64_t count, low;
  uint64_t range;
  int64_t* out;
};

struct RandomBernoulliProblem {
  RandomSource source;
  int64_t count;
  double p;
  bool* out;
};

struct RandomPermutationProblem {
  RandomSource source;
  int64_t count;
  int64_t* out;
};

// y = x / (1 - p) where mask, else 0. Forward draws the mask, backward reads it.
struct DropoutProblem {
  bool draws;
  RandomSource source;
  DType dtype;  // floating
  int64_t count;
  double p;
  const char* x;
  bool* mask;
  char* y;
};

// Classes drawn by weight, `draws` for each row: independently, or without replacement, each draw among what is left.
// Gives the place of the first weight that is negative or not finite; rows * classes + r where row r has too few
// positive weights; else -1.
struct MultinomialProblem {
  RandomSource source;
  int64_t rows, classes, draws;
  bool replacement;
  const double* weights;
  int64_t* out;
};

template <class F>
void operands(RandomBitsProblem& p, F f) {
  f(Access::writes, p.out);
}
template <class F>
void operands(RandomFloatProblem& p, F f) {
  f(Access::writes, p.out);
}
template <class F>
void operands(RandomIntegersProblem& p, F f) {
  f(Access::writes, p.out);
}
template <class F>
void operands(RandomBernoulliProblem& p, F f) {
  f(Access::writes, p.out);
}
template <class F>
void operands(RandomPermutationProblem& p, F f) {
  f(Access::writes, p.out);
}
template <class F>
void operands(DropoutProblem& p, F f) {
  f(Access::reads, p.x);
  f(p.draws ? Access::writes : Access::reads, p.mask);
  f(Access::writes, p.y);
}
template <class F>
void operands(MultinomialProblem& p, F f) {
  f(Access::reads, p.weights);
  f(Access::writes, p.out);
}

}  // namespace tw
