#include "ops/elementwise.h"

#include "bind/bind.h"
#include "bind/caster.h"
#include "dispatch/dispatch.h"

namespace tw {
namespace {

template <int Params, class Op>
void def_unary(py::module_& m, const char* name, Op op) {
  if constexpr (Params == 0) {
    m.def(name, [op](const Array& x) { return unary(op(), x); });
  } else {
    m.def(name, [op](const Array& x, double param) { return unary(op(), x, &param); });
  }
}

// Two arrays must come with one dtype: the Python layer converts on the tape, where gradients are converted back.
void require_one_dtype(const char* op, const Operand& a, const Operand& b) {
  if (a.array && b.array && a.array->dtype != b.array->dtype)
    fail<TypeError>(op, ": operands are ", a.array->dtype, " and ", b.array->dtype, ", but must have one dtype");
}

template <int Params, class Op>
void def_binary(py::module_& m, const char* name, Op op) {
  if constexpr (Params == 0) {
    m.def(name, [name, op](const Operand& a, const Operand& b) {
      require_one_dtype(name, a, b);
      return binary(op(), a, b);
    });
  } else {
    m.def(name, [name, op](const Operand& a, const Operand& b, double param) {
      require_one_dtype(name, a, b);
      return binary(op(), a, b, &param);
    });
  }
}

}  // namespace

void bind_elementwise(py::module_& m) {
#define X(name, rule, params) \
  def_unary<params>(m, #name, [] { return ElementwiseOp{#name, DTypeRule::rule, kernels().name}; });
  TW_UNARY_KERNELS(X)
#undef X
#define X(name, rule, params) \
  def_binary<params>(m, #name, [] { return ElementwiseOp{#name, DTypeRule::rule, kernels().name}; });
  TW_BINARY_KERNELS(X)
#undef X
#define X(name, rule, params)                                                  \
  if constexpr (params == 0)                                                   \
    m.def(#name "_", [](const Array& target, const Operand& other) {           \
      binary_inplace({#name, DTypeRule::rule, kernels().name}, target, other); \
    });
  TW_BINARY_KERNELS(X)
#undef X
  m.def("where", [](const Array& condition, const Operand& x, const Operand& y) {
    require_one_dtype("where", x, y);
    return where(condition, x, y);
  });
  m.def("astype", [](const Array& x, DType dtype, bool copy) { return astype(x, dtype, copy); });
  m.def("contiguous", &contiguous);
  m.def("assign", &assign);
}

}  // namespace tw
