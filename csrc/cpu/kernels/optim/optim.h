// Optimiser steps: one pass over a parameter, its gradient and its state, all contiguous and of one dtype.
#pragma once
#include "backend/optim_problem.h"

namespace tw {

// `states`: as many arrays as `count` says.
typedef void (*StepFn)(const StepSettings&, int64_t n, void* param, const void* grad, void* const* states, int count);

// LAMB's first pass: updates its two states; gives the sums of squares of the parameter and of the update, in double.
struct Squares {
  double param, update;
};
typedef Squares (*LambFn)(const StepSettings&, int64_t n, const void* param, const void* grad, void* const* states);

typedef double (*NormFn)(int64_t n, const void* x);  // in double throughout, so that no square overflows

// Indexed by dtype: float32 and float64.
struct OptimKernels {
  StepFn step[kStepRules][kDTypes];  // that of LAMB: its second pass, with the rate of this parameter
  LambFn lamb_moments[kDTypes];
  NormFn sum_abs[kDTypes];
  NormFn sum_squares[kDTypes];
  NormFn max_abs[kDTypes];
};

}  // namespace tw
