#include "ops/join.h"

#include <pybind11/stl.h>

#include "bind/bind.h"
#include "bind/caster.h"

namespace tw {

void bind_join(py::module_& m) {
  m.def("concatenate", &concatenate);
  m.def("stack", &stack);
}

}  // namespace tw
