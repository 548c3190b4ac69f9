#include "cpu/probe.h"

#include "bind/bind.h"

namespace tw {

void bind_probe(py::module_& m) { m.def("multiply_add_at_peak", &cpu::multiply_add_at_peak); }

}  // namespace tw
