#include "ops/conv.h"

#include "bind/op.h"

namespace tw {

void bind_conv(py::module_& m) {
  def_op<conv>(m, "conv");
  def_op<conv_transpose>(m, "conv_transpose");
  def_op<conv_weight_gradient>(m, "conv_weight_gradient");
  m.def("conv_weight_gradient_add_", &conv_weight_gradient_add);
  m.def("set_winograd_", &set_winograd);
}

}  // namespace tw
