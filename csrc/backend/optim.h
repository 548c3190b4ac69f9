// Optimiser steps over all parameters at once, as devices are given them. Arrays are contiguous.
#pragma once
#include <vector>

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

}  // namespace tw
