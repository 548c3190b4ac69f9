// Convolutions, as devices are given them: the problems are those that kernels see.
#pragma once
#include "backend/conv_problem.h"
#include "backend/operands.h"

namespace tw {

// The weight of a convolution, to be packed once for many: all but where images, bias and residual lie is theirs.
struct ConvPackProblem {
  ConvProblem conv;
  bool transpose;  // as given to `conv_transpose`
};

template <class F>
void operands(ConvProblem& p, F f) {
  const void** const weight = p.packed_weight ? &p.packed_weight : &p.weight.data;
  f(Access::reads, p.in.data);
  for (const void** read : {weight, &p.bias, &p.residual}) f(Access::reads, *read);
  f(Access::writes, p.out.data);
}
template <class F>
void operands(ConvPackProblem& p, F f) {
  f(Access::reads, p.conv.weight.data);
}
template <class F>
void operands(ConvWeightGradientProblem& p, F f) {
  for (ConvImages* images : {&p.g, &p.in}) f(Access::reads, images->data);
  f(p.accumulate ? Access::updates : Access::writes, p.out);
}

}  // namespace tw
