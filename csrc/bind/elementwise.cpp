#include "ops/elementwise.h"

#include <string>

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

template <int Params>
void def_unary(py::module_& m, const ElementwiseOp& op) {
  if constexpr (Params == 0) {
    const auto kernel = [](const NativeCall& c, Array&) {
      return unary(*static_cast<const ElementwiseOp*>(c.data), c.array(0));
    };
    register_native(op.name, kernel, &op);
    m.def(op.name, [&op](const Array& x) { return unary(op, x); });
  } else {
    m.def(op.name, [&op](const Array& x, double param) { return unary(op, x, param); });
  }
}

template <int Params>
void def_binary(py::module_& m, const ElementwiseOp& op) {
  if constexpr (Params == 0) {
    const auto kernel = [](const NativeCall& c, Array&) {
      return binary(*static_cast<const ElementwiseOp*>(c.data), c.operand(0), c.operand(1));
    };
    register_native(op.name, kernel, &op);
    m.def(op.name, [&op](const Operand& a, const Operand& b) {
      const bool has_gradient = op.rule != DTypeRule::comparison && op.rule != DTypeRule::boolean;
      if (has_gradient) require_one_dtype(op.name, a, b);
      return binary(op, a, b);
    });
    m.def((std::string(op.name) + "_").c_str(),
          [&op](const Array& target, const Operand& other) { binary_inplace(op, target, other); });
  } else {
    m.def(op.name, [&op](const Operand& a, const Operand& b, double param) {
      require_one_dtype(op.name, a, b);
      return binary(op, a, b, param);
    });
  }
}

}  // namespace

void bind_elementwise(py::module_& m) {
#define X(name, rule, dtypes, params) def_unary<params>(m, elementwise_op(Elementwise::name));
  TW_UNARY_OPS(X)
#undef X
#define X(name, rule, dtypes, params) def_binary<params>(m, elementwise_op(Elementwise::name));
  TW_BINARY_OPS(X)
#undef X
  m.def("where", [](const Operand& condition, const Operand& x, const Operand& y) {
    require_one_dtype("where", x, y);
    return where(condition, x, y);
  });
  m.def("astype", [](const Array& x, DType dtype, bool copy) { return astype(x, dtype, copy); });
  m.def("contiguous", &contiguous);
  m.def("assign", &assign);
}

}  // namespace tw
