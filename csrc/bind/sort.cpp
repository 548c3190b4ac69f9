#include "ops/sort.h"

#include "bind/bind.h"
#include "bind/caster.h"

namespace tw {

void bind_sort(py::module_& m) {
  const auto both = [](Sorted sorted) { return py::make_tuple(std::move(sorted.values), std::move(sorted.positions)); };
  m.def("sort", &sort);
  m.def("argsort", &argsort);
  m.def("sort_with_positions", [both](const Array& x, int64_t axis, bool descending) {
    return both(sort_with_positions(x, axis, descending));
  });
  m.def("partition", [](const Array& x, int64_t k, int64_t axis) { return partition(x, k, axis, false).values; });
  m.def("argpartition", [](const Array& x, int64_t k, int64_t axis) { return partition(x, k, axis, true).positions; });
  m.def("searchsorted", &search);
  m.def("topk",
        [both](const Array& x, int64_t k, int64_t axis, bool largest) { return both(topk(x, k, axis, largest)); });
}

}  // namespace tw
