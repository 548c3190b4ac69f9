#include "ops/creation.h"

#include "bind/bind.h"
#include "bind/caster.h"

namespace tw {
namespace {

const Scalar& number(const char* op, const char* parameter, const Operand& value) {
  if (value.array) fail<TypeError>(op, ": ", parameter, " is an array, but must be a Python number");
  return value.scalar;
}

}  // namespace

void bind_creation(py::module_& m) {
  m.def("empty", &empty);
  m.def("full", [](const Dims& shape, const Operand& value, DType dtype) {
    return full(shape, number("full", "fill_value", value), dtype);
  });
  m.def("scalar", [](const Operand& value, DType dtype) {
    return value.array ? *value.array : scalar_array("asarray", value.scalar, dtype);
  });
  m.def("default_dtype",
        [](const Operand& value) { return value.array ? value.array->dtype : value.scalar.default_dtype(); });
  m.def("arange", [](const Operand& start, const Operand& step, int64_t count, DType dtype) {
    return arange(number("arange", "start", start), number("arange", "step", step), count, dtype);
  });
  m.def("eye", &eye);
  m.def("real", [](const Array& x) { return real(x); });
  m.def("imag", [](const Array& x) { return imag(x); });
  m.def("reshape", &reshape);
  m.def("transpose", &transpose);
  m.def("broadcast_to", [](const Array& x, const Dims& shape) { return broadcast_to("broadcast_to", x, shape); });
  m.def("expand_dims", &expand_axis);
  m.def("squeeze", &squeeze);
  m.def("flip", &flip);
}

}  // namespace tw
