// Elementwise ops, as devices are given them.
#pragma once
#include "backend/elementwise_problem.h"
#include "backend/operands.h"
#include "backend/view.h"

namespace tw {

// out = op(in[0], in[1], ..; params). Inputs are broadcast: their strides are 0 where they repeat. `out` may be exactly
// one of the inputs, else they do not overlap. Inputs have one dtype, but for the condition of `where`.
struct ElementwiseProblem {
  static constexpr int kMaxInputs = 3;

  Elementwise op;
  int inputs;
  ElementwiseParams params = {};
  Dims shape;
  View out, in[kMaxInputs];
  alignas(16) char number[kMaxInputs][16];  // in place of an input without data: one element of its dtype
};

template <class F>
void operands(ElementwiseProblem& p, F f) {
  for (int k = 0; k < p.inputs; ++k) f(Access::reads, p.in[k].data);
  f(Access::writes, p.out.data);
}

}  // namespace tw
