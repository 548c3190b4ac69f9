// Elementwise ops: promotion, broadcasting and the walk over strided memory. The kernels do the arithmetic.
#pragma once
#include "kernels/table.h"
#include "ops/operand.h"

namespace tw {

// How the dtype of a result follows from the operands': see TW_UNARY_KERNELS in kernels/table.h.
enum class DTypeRule { same, floating, boolean, comparison, magnitude };

struct ElementwiseOp {
  const char* name;
  DTypeRule rule;
  const ElementwiseFn* row;  // by dtype
};

Array unary(const ElementwiseOp& op, const Array& x, const double* params = nullptr);
Array binary(const ElementwiseOp& op, const Operand& a, const Operand& b, const double* params = nullptr);
// target = op(target, b) in place. ValueError where b does not broadcast to it, TypeError where the result's kind is
// above its.
void binary_inplace(const ElementwiseOp& op, const Array& target, const Operand& b);

Array where(const Operand& condition, const Operand& x, const Operand& y);
// TypeError from complex to real, which would drop the imaginary parts.
Array astype(const Array& x, DType dtype, bool copy = true);
Array contiguous(const Array& x);                       // x itself where it already is
void assign(const Array& target, const Operand& from);  // target[...] = from, broadcasting, with a cast

// For other families: out = fn(in...) over out's shape, inputs already of out's shape (stride 0 where broadcast).
void run_elementwise(ElementwiseFn fn, const Array* const* in, int inputs, const Array& out, const double* params,
                     double ns_per_element);

void require_writable(const char* op, const Array& target);
bool may_overlap(const Array& a, const Array& b);  // by the stretches of memory that they span

}  // namespace tw
