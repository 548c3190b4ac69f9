// Softmax along an axis and cross-entropy fused with it, as devices are given them. Arrays are contiguous and floating.
#pragma once
#include "backend/operands.h"
#include "backend/softmax_problem.h"

namespace tw {

// outer x n x inner, reduced over n.
struct SoftmaxShape {
  int64_t outer, n, inner;
};

struct SoftmaxProblem {
  Softmax op;
  DType dtype;
  SoftmaxShape shape;
  const char* x;
  char* y;  // of logsumexp without the n axis
};

// Of softmax y (g - sum g y), of log_softmax g - exp(y) sum g.
struct SoftmaxBackwardProblem {
  Softmax op;
  DType dtype;
  SoftmaxShape shape;
  const char *g, *y;
  char* gx;
};

// What cross-entropy is computed and kept in: the compute type.
constexpr DType compute_type(DType logits) { return logits == DType::f64 ? DType::f64 : DType::f32; }

// Samples are outer x inner, classes n.
struct CrossEntropyInputs {
  DType dtype;         // of the logits x
  SoftmaxShape shape;  // of x
  const char* x;
  const int64_t* target;  // a class or ignore_index for each sample
  const char* weight;     // of each class, in the compute type, or null for 1
  int64_t ignore_index;
  double smoothing;
  LossReduction reduction;
};

// Both give the first sample whose target is no class, and then write nothing; or -1.
struct CrossEntropyProblem {
  CrossEntropyInputs in;
  char* loss;   // of each sample without a reduction, else one; in the compute type
  char* saved;  // for the way back, in the compute type: shift and log_total of each sample, then the divisor
};
struct CrossEntropyBackwardProblem {
  CrossEntropyInputs in;
  const char* saved;
  const char* g;  // as loss
  char* gx;
};

template <class F>
void operands(SoftmaxProblem& p, F f) {
  f(Access::reads, p.x);
  f(Access::writes, p.y);
}
template <class F>
void operands(SoftmaxBackwardProblem& p, F f) {
  for (const char** read : {&p.g, &p.y}) f(Access::reads, *read);
  f(Access::writes, p.gx);
}
template <class F>
void operands(CrossEntropyInputs& p, F f) {
  for (const char** read : {&p.x, &p.weight}) f(Access::reads, *read);
  f(Access::reads, p.target);
}
template <class F>
void operands(CrossEntropyProblem& p, F f) {
  operands(p.in, f);
  for (char** written : {&p.loss, &p.saved}) f(Access::writes, *written);
}
template <class F>
void operands(CrossEntropyBackwardProblem& p, F f) {
  operands(p.in, f);
  for (const char** read : {&p.saved, &p.g}) f(Access::reads, *read);
  f(Access::writes, p.gx);
}

}  // namespace tw
