// The walk over strided memory, for the CPU's other families.
#pragma once
#include "backend/elementwise.h"
#include "cpu/kernels/elementwise/elementwise.h"

namespace tw::cpu {

// out = fn(in...), as a problem has them. ns_per_element: what a serial element costs, roughly; it only decides whether
// waking threads can pay.
void walk(ElementwiseFn fn, const ElementwiseProblem& problem, double ns_per_element);

// The kernels of an op, by dtype; of `cast` none.
const ElementwiseFn* kernels_of(Elementwise op);

// to = from, cast; both of `shape`.
void copy(const Dims& shape, const View& from, const View& to);

}  // namespace tw::cpu
