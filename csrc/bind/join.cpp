#include "ops/join.h"

#include <pybind11/stl.h>

#include "bind/bind.h"
#include "bind/caster.h"
#include "bind/tape.h"

namespace tw {
namespace {

typedef Array (*Join)(const std::vector<const Array*>&, int64_t axis);

// Of the arrays of a call, along the axis that is its static parameter.
template <Join join>
Array joined(const NativeCall& c, Array&) {
  std::vector<const Array*> arrays;
  for (int i = 0; i < c.count; ++i) arrays.push_back(&c.array(i));
  return join(arrays, py::cast<int64_t>(py::handle(c.statics[0])));
}

}  // namespace

void bind_join(py::module_& m) {
  register_native("concatenate", &joined<concatenate>, nullptr);
  register_native("stack", &joined<stack>, nullptr);
  m.def("concatenate", &concatenate);
  m.def("stack", &stack);
  m.def("split", &split);
}

}  // namespace tw
