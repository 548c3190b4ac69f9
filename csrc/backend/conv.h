// Convolutions, as devices are given them: the problems are those that kernels see.
#pragma once
#include "backend/conv_problem.h"
#include "backend/operands.h"

namespace tw {

template <class F>
void operands(ConvProblem& p, F f) {
  f(Access::reads, p.in.data);
  for (const void** read : {&p.weight.data, &p.bias, &p.residual}) f(Access::reads, *read);
  f(Access::writes, p.out.data);
}
template <class F>
void operands(ConvWeightGradientProblem& p, F f) {
  for (ConvImages* images : {&p.g, &p.in}) f(Access::reads, images->data);
  f(p.accumulate ? Access::updates : Access::writes, p.out);
}

}  // namespace tw
