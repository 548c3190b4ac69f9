#include "ops/linear.h"

#include <cstring>

#include "bind/bind.h"
#include "bind/caster.h"
#include "bind/tape.h"

namespace tw {
namespace {

#define X(name, saved) #name,
constexpr const char* kActivations[] = {"none", TW_ACTIVATIONS(X)};
#undef X

Activation activation_named(const char* name) {
  int code = 0;
  for (const char* known : kActivations) {
    if (std::strcmp(name, known) == 0) return static_cast<Activation>(code);
    ++code;
  }
  std::string all;
  for (const char* known : kActivations) all += (all.empty() ? "" : ", ") + std::string(known);
  fail<ValueError>("linear: activation is '", name, "', but must be one of ", all);
}

// Name -> whether the derivative is computed from the argument, not the result.
py::dict activations() {
  py::dict table;
  int code = 0;
  for (const char* name : kActivations) table[name] = derives_from_argument(static_cast<Activation>(code++));
  return table;
}

const char* text(PyObject* object) {
  const char* utf8 = PyUnicode_Check(object) ? PyUnicode_AsUTF8(object) : nullptr;
  if (!utf8) {
    PyErr_Clear();
    fail<TypeError>("linear: activation is a ", Py_TYPE(object)->tp_name, ", but must be a string");
  }
  return utf8;
}

Array call_linear(const NativeCall& c, Array& kept) {
  return linear(c.array(0), c.array(1), c.array_or_none(2), activation_named(text(c.statics[0])),
                c.recorded ? &kept : nullptr);
}

}  // namespace

void bind_linear(py::module_& m) {
  m.def("activations", &activations);
  register_native("linear", call_linear, nullptr, 1 << 2);
  m.def("linear", [](const Array& x, const Array& weight, const Array* bias, const char* activation) {
    return linear(x, weight, bias, activation_named(activation));
  });
  m.def("compressed_linear",
        [](const Array& x, const Array& codes, const Array* scale, const Array* bias, const char* activation) {
          return compressed_linear(x, codes, scale, bias, activation_named(activation));
        });
  py::class_<PackedWeight>(m, "PackedWeight")
      .def(py::init<const Array&>())
      .def_property_readonly("nbytes", &PackedWeight::nbytes)
      .def("linear", [](const PackedWeight& weight, const Array& x, const Array* bias, const char* activation) {
        return linear(x, weight, bias, activation_named(activation));
      });
  m.def("bias_activation_backward", [](const Array& g, const Array& saved, const char* activation) {
    BiasActivationGradients gradients = bias_activation_backward(g, saved, activation_named(activation));
    return py::make_tuple(std::move(gradients.z), std::move(gradients.bias));
  });
}

}  // namespace tw
