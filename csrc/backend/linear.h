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

// C (m, n) = act(x W^T + bias) in float32; the rows of W, n of k, are codes: bfloat16, or int8 times the scale of the
// row.
struct CompressedLinearProblem {
  int64_t m, n, k;
  DType dtype;        // of the codes
  const char* x;      // (m, k), contiguous
  const char* codes;  // (n, k), contiguous
  const char* scale;  // (n); null without
  const char* bias;   // (n), or null
  Activation activation;
  char* y;  // (m, n)
};

template <class F>
void operands(CompressedLinearProblem& p, F f) {
  for (const char** read : {&p.x, &p.codes, &p.scale, &p.bias}) f(Access::reads, *read);
  f(Access::writes, p.y);
}

}  // namespace tw
