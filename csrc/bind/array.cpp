#include "core/array.h"

#include "bind/bind.h"
#include "bind/caster.h"

namespace tw {
namespace {

// pybind11 would make an object of uninitialised memory.
template <class Bound>
void forbid_call(Bound& bound) {
  reinterpret_cast<PyTypeObject*>(bound.ptr())->tp_new = [](PyTypeObject* type, PyObject*, PyObject*) -> PyObject* {
    PyErr_Format(PyExc_TypeError, "%s cannot be called", type->tp_name);
    return nullptr;
  };
}

}  // namespace

void bind_array(py::module_& m) {
  py::enum_<DType> dtype(m, "DType");
  for (int code = 0; code < kDTypes; ++code) {
    const auto value = static_cast<DType>(code);
    dtype.value(dtype_name(value), value);
  }
  forbid_call(dtype);
  dtype.def("__reduce__", [](const py::object& self) -> py::tuple {  // so that pickle and copy find the member instead
    const py::object getattr = py::module_::import("builtins").attr("getattr");
    return py::make_tuple(getattr, py::make_tuple(py::type::of(self), self.attr("name")));
  });
  dtype.def_property_readonly("itemsize", &item_size);
  dtype.def_property_readonly("is_floating", &is_floating);
  dtype.def_property_readonly("is_integer", &is_integer);
  dtype.def_property_readonly("is_complex", &is_complex);
  dtype.def_property_readonly("is_inexact", &is_inexact);
  m.def("component_dtype", &component_of);
  m.def("complex_dtype", &complex_of);
  m.def("promote_types", &promote_types);

  py::class_<Array> array(m, "Array", py::buffer_protocol(), py::is_final());
  forbid_call(array);
  array.def_readonly("dtype", &Array::dtype)
      .def_property_readonly("shape", [](const Array& x) { return x.shape; })
      .def_property_readonly("strides",  // in bytes, as NumPy has them
                             [](const Array& x) {
                               Dims strides = x.strides;
                               for (int64_t& stride : strides) stride *= static_cast<int64_t>(x.itemsize());
                               return strides;
                             })
      .def_property_readonly("ndim", &Array::ndim)
      .def_property_readonly("size", &Array::size)
      .def_property_readonly("itemsize", &Array::itemsize)
      .def_property_readonly("is_contiguous", &Array::is_contiguous)
      .def_property_readonly("data_ptr", [](const Array& x) { return reinterpret_cast<uintptr_t>(x.data); })
      .def_property_readonly("storage_ptr", [](const Array& x) { return reinterpret_cast<uintptr_t>(x.storage->data); })
      .def_property_readonly("is_shared", [](const Array& x) { return x.storage->refs.load() > 1; })
      .def_property(
          "readonly", [](const Array& x) { return x.storage->readonly; },
          [](Array& x, bool readonly) { x.storage->readonly = readonly; })
      .def_property(
          "last_write", [](const Array& x) { return x.storage->last_write.load(); },
          [](Array& x, uint64_t clock) { x.storage->last_write = clock; });
  bind_buffer(m, array);
}

}  // namespace tw
