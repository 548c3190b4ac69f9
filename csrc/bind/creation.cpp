#include "ops/creation.h"

#include "bind/bind.h"
#include "bind/caster.h"

namespace tw {

void bind_creation(py::module_& m) {
  m.def("empty", &empty);
  m.def("full", [](const Dims& shape, const Operand& value, DType dtype) {
    if (value.array) fail<TypeError>("full: the fill value must be a Python number");
    return full(shape, value.scalar, dtype);
  });
  m.def("scalar", [](const Operand& value, DType dtype) {
    return value.array ? *value.array : scalar_array("asarray", value.scalar, dtype);
  });
  m.def("default_dtype",
        [](const Operand& value) { return value.array ? value.array->dtype : value.scalar.default_dtype(); });
  m.def("arange", &arange);
  m.def("eye", &eye);
  m.def("reshape", &reshape);
  m.def("transpose", &transpose);
  m.def("broadcast_to", [](const Array& x, const Dims& shape) { return broadcast_to("broadcast_to", x, shape); });
  m.def("expand_dims", &expand_axis);
  m.def("squeeze", &squeeze);
  m.def("flip", &flip);
}

}  // namespace tw
