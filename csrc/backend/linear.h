// What linear layers need beside GEMM.
#pragma once
#include "backend/gemm_problem.h"
#include "backend/operands.h"
#include "backend/view.h"

namespace tw {

// z = g act'(saved) and its sums over the rows: the gradients of an activation's argument and of the bias in it.
struct BiasActivationBackwardProblem {
  Activation activation;
  int64_t rows, cols;
  View g, saved, z;  // (rows, cols) of one floating dtype, `saved` as TW_ACTIVATIONS says; z is contiguous
  View bias;         // (cols,), of that dtype
};

template <class F>
void operands(BiasActivationBackwardProblem& p, F f) {
  for (View* view : {&p.g, &p.saved}) f(Access::reads, view->data);
  for (View* view : {&p.z, &p.bias}) f(Access::writes, view->data);
}

}  // namespace tw
