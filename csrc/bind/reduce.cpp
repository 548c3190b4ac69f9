#include "ops/reduce.h"

#include <pybind11/stl.h>

#include "bind/op.h"

namespace tw {
namespace {

template <Reduction kind>
Array reduction(const Array& x, const std::optional<Dims>& axes, bool keepdims) {
  return reduce(kind, x, axes, keepdims);
}

template <Reduction kind>
void def(py::module_& m, const char* name) {
  def_op<reduction<kind>>(m, name, py::arg("x"), py::arg("axes") = py::none(), py::arg("keepdims") = false);
}

}  // namespace

void bind_reduce(py::module_& m) {
  def<Reduction::sum>(m, "sum");
  def<Reduction::prod>(m, "prod");
  def<Reduction::mean>(m, "mean");
  def<Reduction::max>(m, "max");
  def<Reduction::min>(m, "min");
  def<Reduction::any>(m, "any");
  def<Reduction::all>(m, "all");
  m.def("argmax", &argmax, py::arg("x"), py::arg("axis") = py::none(), py::arg("keepdims") = false);
  m.def("argmin", &argmin, py::arg("x"), py::arg("axis") = py::none(), py::arg("keepdims") = false);
}

}  // namespace tw
