// Optimiser steps: one pass over a parameter, its gradient and its state, all contiguous and of one dtype.
#pragma once
#include "backend/optim_problem.h"

namespace tw {

typedef void (*SgdFn)(const SgdArgs&, int64_t n, void* param, const void* grad, void* buffer);

typedef void (*AdamFn)(const AdamArgs&, int64_t n, void* param, const void* grad, void* exp_avg, void* exp_avg_sq,
                       void* max_exp_avg_sq);

typedef double (*NormFn)(int64_t n, const void* x);  // in double throughout, so that no square overflows

// Indexed by dtype: float32 and float64.
struct OptimKernels {
  SgdFn sgd[kDTypes];
  AdamFn adam[kDTypes];
  NormFn sum_abs[kDTypes];
  NormFn sum_squares[kDTypes];
  NormFn max_abs[kDTypes];
};

}  // namespace tw
