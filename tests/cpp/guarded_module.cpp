// What Python tests of the device "test" call: it is made known, and reads that must not happen are made to happen.
#include "bind/bind.h"
#include "guarded_backend.h"
#include "ops/creation.h"
#include "ops/elementwise.h"

namespace tw::test {
namespace {

// As an op that asks for an element between two calls of the backend would.
Array stray_read_in_op(const Array& x) {
  const Array y = unary(elementwise_op(Elementwise::square), x);
  const float first = *y.ptr<float>();
  return full(x.shape, {Scalar::floating, 0, first}, DType::f32, x.device);
}

}  // namespace

void bind_guarded_backend(py::module_& m) {
  register_guarded_backend();
  m.def("stray_read_in_op", &stray_read_in_op);
  m.def("stray_read_in_binding", [](const Array& x) { return *x.ptr<float>(); });
}

}  // namespace tw::test
