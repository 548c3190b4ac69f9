#include "ops/resample.h"

#include "bind/op.h"

namespace tw {

void bind_resample(py::module_& m) { def_op<resample_by_name>(m, "resample"); }

}  // namespace tw
