#include "ops/unfold.h"

#include "bind/op.h"

namespace tw {

void bind_unfold(py::module_& m) {
  def_op<unfold>(m, "unfold");
  def_op<fold>(m, "fold");
}

}  // namespace tw
