#include "ops/creation.h"

#include <pybind11/stl.h>

#include "bind/op.h"
#include "ops/transfer.h"

namespace tw {
namespace {

const Scalar& number(const char* op, const char* parameter, const Operand& value) {
  if (value.array) fail<TypeError>(op, ": ", parameter, " is an array, but must be a Python number");
  return value.scalar;
}

Array lower_triangle(const Array& x, int64_t k) { return triangle("tril", x, k, false); }
Array upper_triangle(const Array& x, int64_t k) { return triangle("triu", x, k, true); }
Array broadcast(const Array& x, const Dims& shape) { return broadcast_to("broadcast_to", x, shape); }

}  // namespace

void bind_creation(py::module_& m) {
  const auto device = py::arg("device") = Device{};
  m.def(
      "empty", [](const Dims& shape, DType dtype, Device device) { return empty(shape, dtype, device); },
      py::arg("shape"), py::arg("dtype"), device);
  m.def(
      "full",
      [](const Dims& shape, const Operand& value, DType dtype, Device device) {
        return full(shape, number("full", "fill_value", value), dtype, device);
      },
      py::arg("shape"), py::arg("fill_value"), py::arg("dtype"), device);
  m.def(
      "scalar",
      [](const Operand& value, DType dtype, Device device) {
        return value.array ? *value.array : scalar_array("asarray", value.scalar, dtype, device);
      },
      py::arg("value"), py::arg("dtype"), device);
  m.def("full_like",
        [](const Array& x, const Operand& value) { return full(x.shape, value.scalar, x.dtype, x.device); });
  m.def("device", [](Device device) { return device; });
  m.def("to_device", &to_device);
  m.def("to_host", &to_host);
  m.def("host_copies", &host_copies);
  m.def("default_dtype",
        [](const Operand& value) { return value.array ? value.array->dtype : value.scalar.default_dtype(); });
  m.def(
      "arange",
      [](const Operand& start, const Operand& step, int64_t count, DType dtype, Device device) {
        return arange(number("arange", "start", start), number("arange", "step", step), count, dtype, device);
      },
      py::arg("start"), py::arg("step"), py::arg("count"), py::arg("dtype"), device);
  m.def(
      "eye",
      [](int64_t rows, int64_t cols, int64_t diagonal, DType dtype, Device device) {
        return eye(rows, cols, diagonal, dtype, device);
      },
      py::arg("rows"), py::arg("cols"), py::arg("diagonal"), py::arg("dtype"), device);
  def_op<lower_triangle>(m, "tril");
  def_op<upper_triangle>(m, "triu");
  def_op<real>(m, "real");
  def_op<imag>(m, "imag");
  def_op<reshape>(m, "reshape");
  def_op<transpose>(m, "transpose");
  def_op<broadcast>(m, "broadcast_to");
  def_op<expand_axis>(m, "expand_dims");
  def_op<squeeze>(m, "squeeze");
  def_op<flip>(m, "flip");
}

}  // namespace tw
