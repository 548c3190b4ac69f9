#include "ops/scan.h"

#include "bind/bind.h"
#include "bind/caster.h"

namespace tw {

void bind_scan(py::module_& m) {
  m.def("cumsum", &cumsum);
  m.def("cumprod", &cumprod);
}

}  // namespace tw
