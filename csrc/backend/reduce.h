// Reductions, as devices are given them.
#pragma once
#include "backend/operands.h"
#include "backend/reduce_problem.h"
#include "backend/view.h"

namespace tw {

// How far out in memory an axis lies. A broadcast axis repeats what is inside of it: it goes outermost.
inline uint64_t memory_rank(int64_t stride) { return static_cast<uint64_t>(stride < 0 ? -stride : stride) - 1; }

// out = x reduced over the axes whose bit is set; there is at least one output. out's strides stand for x's axes, 0
// where reduced: the kept axes lie contiguous in memory, those of higher memory_rank() in x outside.
struct ReduceProblem {
  Reduction kind;
  Dims shape;  // of x
  uint32_t axes;
  View x, out;
};

// out = int64 positions along `axis` of the largest or the smallest: the first of equals, a NaN before any number. The
// axis is not empty; out as above.
struct ArgReduceProblem {
  bool largest;
  Dims shape;  // of x
  int axis;
  View x, out;
};

template <class F>
void operands(ReduceProblem& p, F f) {
  f(Access::reads, p.x.data);
  f(Access::writes, p.out.data);
}
template <class F>
void operands(ArgReduceProblem& p, F f) {
  f(Access::reads, p.x.data);
  f(Access::writes, p.out.data);
}

}  // namespace tw
