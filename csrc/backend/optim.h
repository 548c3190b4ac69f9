// Optimiser steps over all parameters at once, as devices are given them. Arrays are contiguous.
#pragma once
#include <vector>

#include "backend/operands.h"
#include "backend/optim_problem.h"

namespace tw {

struct StepProblem {
  struct Tensor {
    DType dtype;
    int64_t size;
    char* param;
    const char* grad;
    char* states[kMostStates];  // null from the first that the rule does not keep
    size_t settings;            // which of the problem's: parameters may differ in their number of steps
  };
  StepRule rule;
  int states;
  std::vector<StepSettings> settings;
  std::vector<Tensor> tensors;
};

// Of all arrays as one vector, in double.
struct NormProblem {
  enum Kind { sum_abs, sum_squares, max_abs };  // the result is one of these, without the root
  struct Tensor {
    DType dtype;
    int64_t size;
    const char* data;
  };
  Kind kind;
  std::vector<Tensor> tensors;
};

template <class F>
void operands(StepProblem& p, F f) {
  for (StepProblem::Tensor& t : p.tensors) {
    f(Access::reads, t.grad);
    f(Access::updates, t.param);
    for (char*& state : t.states) f(Access::updates, state);
  }
}
template <class F>
void operands(NormProblem& p, F f) {
  for (NormProblem::Tensor& t : p.tensors) f(Access::reads, t.data);
}

}  // namespace tw
