#include "ops/index.h"

#include <pybind11/stl.h>

#include "bind/index_key.h"
#include "bind/op.h"
#include "ops/along.h"
#include "ops/gather.h"

namespace tw {
namespace {

Array at_key(const Array& x, const py::object& key) { return getitem(x, KeyReader(key)); }

}  // namespace

void bind_index(py::module_& m) {
  m.def("is_basic_index", [](const py::object& key) { return is_basic(KeyReader(key)); });
  def_op<at_key>(m, "getitem");
  m.def("setitem",
        [](const Array& x, const py::object& key, const Operand& value) { setitem(x, KeyReader(key), value); });
  m.def("index_add",
        [](const Array& x, const py::object& key, const Array& value) { index_add(x, KeyReader(key), value); });
  m.def("take", &take);
  m.def("take_add", &take_add);
  m.def("embedding", &embedding);
  m.def("embedding_add", &embedding_add);
  m.def("take_along_axis", [](const Array& x, const Array& indices, int64_t axis) {
    return gather_along("take_along_axis", x, indices, axis);
  });
  m.def("gather",
        [](const Array& x, const Array& indices, int64_t axis) { return gather_along("gather", x, indices, axis); });
  m.def("gather_backward", &gather_along_backward);
  m.def("scatter", &scatter_along);
  m.def("scatter_add", &scatter_add_along);
  m.def("one_hot", &one_hot);
  m.def("nonzero", [](const Array& x) { return py::tuple(py::cast(nonzero(x))); });
}

}  // namespace tw
