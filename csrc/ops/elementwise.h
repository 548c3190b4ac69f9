// Elementwise ops: promotion, broadcasting and the walk over strided memory. The kernels do the arithmetic.
#pragma once
#include <initializer_list>

#include "backend/elementwise_problem.h"
#include "backend/view.h"
#include "ops/operand.h"

namespace tw {

// How the dtype of a result follows from the operands': see backend/elementwise_problem.h.
enum class DTypeRule { same, floating, boolean, comparison, magnitude };

struct ElementwiseOp {
  const char* name;
  DTypeRule rule;
  Elementwise op;
};
// As the lists declare it; of `where`, times_i and `cast` there is none.
const ElementwiseOp& elementwise_op(Elementwise op);
bool takes(Elementwise op, DType dtype);

Array unary(const ElementwiseOp& op, const Array& x, const ElementwiseParams& params = {});
Array binary(const ElementwiseOp& op, const Operand& a, const Operand& b, const ElementwiseParams& params = {});
// target = op(target, b) in place. ValueError where b does not broadcast to it, TypeError where the result's kind is
// above its.
void binary_inplace(const ElementwiseOp& op, const Array& target, const Operand& b);

Array where(const Operand& condition, const Operand& x, const Operand& y);
// TypeError from complex to real, which would drop the imaginary parts.
Array astype(const Array& x, DType dtype, bool copy = true);
Array contiguous(const Array& x);                       // x itself where it already is
void assign(const Array& target, const Operand& from);  // target[...] = from, broadcasting, with a cast

inline View view_of(const Array& x) { return {x.data, x.dtype, x.strides}; }

// For other families: out = op(in..), inputs of out's shape and of a dtype that op takes.
void run_elementwise(Elementwise op, std::initializer_list<const Array*> in, const Array& out,
                     const ElementwiseParams& params = {});

void require_writable(const char* op, const Array& target, const char* name = "the array");
bool may_overlap(const Array& a, const Array& b);  // by the stretches of memory that they span

}  // namespace tw
