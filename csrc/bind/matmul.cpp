#include "ops/matmul.h"

#include "bind/bind.h"
#include "bind/caster.h"

namespace tw {
namespace {

Activation activation_named(const std::string& name) {
  constexpr const char* kNames[] = {"none", "relu", "gelu", "gelu_tanh", "tanh", "sigmoid", "silu"};
  for (int i = 0; i < 7; ++i)
    if (name == kNames[i]) return static_cast<Activation>(i);
  fail<ValueError>("linear: activation is '", name,
                   "', but must be none, relu, gelu, gelu_tanh, tanh, sigmoid or silu");
}

}  // namespace

void bind_matmul(py::module_& m) {
  m.def("matmul", &matmul);
  m.def("linear", [](const Array& x, const Array& weight, const Array* bias, const std::string& activation) {
    return linear(x, weight, bias, activation_named(activation));
  });
}

}  // namespace tw
