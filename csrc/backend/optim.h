// Optimiser steps over all parameters at once, as devices are given them. Arrays are contiguous.
#pragma once
#include <vector>

#include "backend/operands.h"
#include "backend/optim_problem.h"

namespace tw {

struct SgdProblem {
  struct Tensor {
    DType dtype;
    int64_t size;
    char* param;
    const char* grad;
    char* buffer;  // null without momentum
  };
  SgdArgs args;
  std::vector<Tensor> tensors;
};

struct AdamProblem {
  struct Tensor {
    DType dtype;
    int64_t size;
    char* param;
    const char* grad;
    char *exp_avg, *exp_avg_sq, *max_exp_avg_sq;  // the last null without AMSGrad
    double bias1, bias2;                          // corrections by its number of steps
  };
  AdamArgs args;
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
void operands(SgdProblem& p, F f) {
  for (SgdProblem::Tensor& t : p.tensors) {
    f(Access::reads, t.grad);
    f(Access::updates, t.param);
    f(p.args.first_step ? Access::writes : Access::updates, t.buffer);
  }
}
template <class F>
void operands(AdamProblem& p, F f) {
  for (AdamProblem::Tensor& t : p.tensors) {
    f(Access::reads, t.grad);
    for (char** state : {&t.param, &t.exp_avg, &t.exp_avg_sq, &t.max_exp_avg_sq}) f(Access::updates, *state);
  }
}
template <class F>
void operands(NormProblem& p, F f) {
  for (NormProblem::Tensor& t : p.tensors) f(Access::reads, t.data);
}

}  // namespace tw
