#include "ops/pad.h"

#include "bind/op.h"

namespace tw {

void bind_pad(py::module_& m) {
  def_op<pad>(m, "pad");
  def_op<unpad>(m, "unpad");
}

}  // namespace tw
