#include "ops/elementwise.h"

#include <string>
#include <utility>

#include "bind/bind.h"
#include "bind/caster.h"
#include "bind/tape.h"

namespace tw {
namespace {

// Where there is a gradient, two arrays must come with one dtype: the Python layer converts on the tape, where
// gradients are converted back.
void require_one_dtype(const char* op, const Operand& a, const Operand& b) {
  if (a.array && b.array && a.array->dtype != b.array->dtype)
    fail<TypeError>(op, ": operands are ", a.array->dtype, " and ", b.array->dtype, ", but must have one dtype");
}

// A double for each of so many indices.
template <size_t>
using Double = double;

double number(PyObject* static_argument) { return py::cast<double>(py::handle(static_argument)); }

template <size_t... Params>
void def_unary(py::module_& m, const ElementwiseOp& op, std::index_sequence<Params...>) {
  const auto kernel = [](const NativeCall& c, Array&) {
    return unary(*static_cast<const ElementwiseOp*>(c.data), c.array(0), {{number(c.statics[Params])...}});
  };
  register_native(op.name, kernel, &op);
  m.def(op.name, [&op](const Array& x, Double<Params>... params) { return unary(op, x, {{params...}}); });
}

template <size_t... Params>
void def_binary(py::module_& m, const ElementwiseOp& op, std::index_sequence<Params...>) {
  const auto kernel = [](const NativeCall& c, Array&) {
    const ElementwiseParams params{{number(c.statics[Params])...}};
    return binary(*static_cast<const ElementwiseOp*>(c.data), c.operand(0), c.operand(1), params);
  };
  register_native(op.name, kernel, &op);
  m.def(op.name, [&op](const Operand& a, const Operand& b, Double<Params>... params) {
    const bool has_gradient = op.rule != DTypeRule::comparison && op.rule != DTypeRule::boolean;
    if (has_gradient) require_one_dtype(op.name, a, b);
    return binary(op, a, b, {{params...}});
  });
  if constexpr (sizeof...(Params) == 0)
    m.def((std::string(op.name) + "_").c_str(),
          [&op](const Array& target, const Operand& other) { binary_inplace(op, target, other); });
}

}  // namespace

void bind_elementwise(py::module_& m) {
#define X(name, rule, dtypes, params) \
  def_unary(m, elementwise_op(Elementwise::name), std::make_index_sequence<params>());
  TW_UNARY_OPS(X)
#undef X
#define X(name, rule, dtypes, params) \
  def_binary(m, elementwise_op(Elementwise::name), std::make_index_sequence<params>());
  TW_BINARY_OPS(X)
#undef X
  m.def("where", [](const Operand& condition, const Operand& x, const Operand& y) {
    require_one_dtype("where", x, y);
    return where(condition, x, y);
  });
  def_op<astype>(m, "astype");
  m.def("contiguous", &contiguous);
  m.def("assign", &assign);
}

}  // namespace tw
