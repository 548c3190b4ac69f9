#include "bind/array.h"

#include "bind/bind.h"
#include "bind/caster.h"

namespace tw {

PyTypeObject* array_type = nullptr;

namespace {

PyObject* members[kDTypes];  // of the enum: pybind11 would make an object for each dtype that is asked for

// Arrays that died, to be used again: they are larger than what Python's own allocator is quick with.
constexpr int kMostSpare = 64;
void* spare[kMostSpare];
int spares = 0;

}  // namespace

PyObject* make_array(Array x) {
  void* memory = spares ? spare[--spares] : PyObject_Malloc(sizeof(ArrayObject));
  if (!memory) {
    PyErr_NoMemory();
    throw py::error_already_set();
  }
  auto* self = PyObject_Init(static_cast<PyObject*>(memory), array_type);
  new (&reinterpret_cast<ArrayObject*>(self)->array) Array(std::move(x));
  return self;
}

namespace {

void array_dealloc(PyObject* self) {
  PyTypeObject* type = Py_TYPE(self);
  array_in(self).~Array();
  if (spares < kMostSpare)
    spare[spares++] = self;
  else
    type->tp_free(self);
  Py_DECREF(type);
}

// NumPy comes here only where the buffer protocol refused.
PyObject* array_to_numpy(PyObject* self, PyObject*, PyObject*) {
  const Array& x = array_in(self);
  if (!x.device.is_cpu())
    return PyErr_Format(PyExc_TypeError, "the array is on %s; use numpy(), or to(\"cpu\") first",
                        device_name(x.device).c_str());
  PyErr_Format(PyExc_TypeError, "NumPy has no %s; use astype to float32 first", dtype_name(x.dtype));
  return nullptr;
}

// What Python asks for most, in C: pybind11 takes 0.1 µs for a property.
template <auto kGet>
PyObject* property(PyObject* self, void*) {
  return kGet(array_in(self));
}

PyObject* tuple_of(const Dims& dims) { return py::cast(dims).release().ptr(); }

Dims strides_in_bytes(const Array& x) {
  Dims strides = x.strides;
  for (int64_t& stride : strides) stride *= static_cast<int64_t>(x.itemsize());
  return strides;
}

PyGetSetDef array_getset[] = {
    {"dtype", property<[](const Array& x) { return Py_NewRef(members[static_cast<int>(x.dtype)]); }>, nullptr, nullptr,
     nullptr},
    {"shape", property<[](const Array& x) { return tuple_of(x.shape); }>, nullptr, nullptr, nullptr},
    {"strides", property<[](const Array& x) { return tuple_of(strides_in_bytes(x)); }>, nullptr,
     "In bytes, as NumPy has them.", nullptr},
    {"ndim", property<[](const Array& x) { return PyLong_FromLong(x.ndim()); }>, nullptr, nullptr, nullptr},
    {"size", property<[](const Array& x) { return PyLong_FromLongLong(x.size()); }>, nullptr, nullptr, nullptr},
    {"itemsize", property<[](const Array& x) { return PyLong_FromSize_t(x.itemsize()); }>, nullptr, nullptr, nullptr},
    {}};
PyMethodDef array_methods[] = {
    {"__array__", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(array_to_numpy)),
     METH_VARARGS | METH_KEYWORDS,
     "__array__($self, dtype=None, copy=None)\n--\n\nRaises: what has a buffer never comes here."},
    {}};
PyType_Slot array_slots[] = {
    {Py_tp_methods, array_methods},
    {Py_tp_getset, array_getset},
    {Py_tp_dealloc, reinterpret_cast<void*>(array_dealloc)},
    {Py_bf_getbuffer, reinterpret_cast<void*>(array_getbuffer)},
    {Py_bf_releasebuffer, reinterpret_cast<void*>(array_releasebuffer)},
    {},
};
PyType_Spec array_spec = {"tilewright._core.Array", sizeof(ArrayObject), 0,
                          Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, array_slots};

template <class Get>
void def_property(const char* name, Get get, const py::object& set = py::none()) {
  const py::handle property(reinterpret_cast<PyObject*>(&PyProperty_Type));
  py::handle(reinterpret_cast<PyObject*>(array_type)).attr(name) = property(py::cpp_function(get), set);
}

void bind_array_type(py::module_& m) {
  array_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&array_spec));
  if (!array_type) throw py::error_already_set();
  m.attr("Array") = py::handle(reinterpret_cast<PyObject*>(array_type));
  m.attr("MAX_DIMS") = kMaxDims;
  def_property("device", [](const Array& x) { return x.device; });
  def_property("is_contiguous", &Array::is_contiguous);
  def_property("data_ptr", [](const Array& x) { return reinterpret_cast<uintptr_t>(x.data); });
  def_property("storage_ptr", [](const Array& x) { return reinterpret_cast<uintptr_t>(x.storage->data); });
  def_property("is_shared", [](const Array& x) { return x.storage->refs.load() > 1; });
  def_property(
      "readonly", [](const Array& x) { return x.storage->readonly; },
      py::cpp_function([](const Array& x, bool readonly) { x.storage->readonly = readonly; }));
  def_property("last_write", [](const Array& x) { return x.storage->last_write.load(); });
}

}  // namespace

bool is_dtype(PyObject* object, DType& dtype) {
  for (int code = 0; code < kDTypes; ++code) {
    if (object != members[code]) continue;
    dtype = static_cast<DType>(code);
    return true;
  }
  return false;
}

void bind_array(py::module_& m) {
  py::enum_<DType> dtype(m, "DType");
  for (int code = 0; code < kDTypes; ++code) {
    const auto value = static_cast<DType>(code);
    dtype.value(dtype_name(value), value);
    members[code] = py::object(dtype.attr(dtype_name(value))).release().ptr();
  }
  // pybind11 would make an object of uninitialised memory.
  reinterpret_cast<PyTypeObject*>(dtype.ptr())->tp_new = [](PyTypeObject* type, PyObject*, PyObject*) -> PyObject* {
    PyErr_Format(PyExc_TypeError, "%s cannot be called", type->tp_name);
    return nullptr;
  };
  dtype.def("__reduce__", [](const py::object& self) -> py::tuple {  // so that pickle and copy find the member instead
    const py::object getattr = py::module_::import("builtins").attr("getattr");
    return py::make_tuple(getattr, py::make_tuple(py::type::of(self), self.attr("name")));
  });
  dtype.def_property_readonly("itemsize", &item_size);
  dtype.def_property_readonly("is_floating", &is_floating);
  dtype.def_property_readonly("is_integer", &is_integer);
  dtype.def_property_readonly("is_complex", &is_complex);
  dtype.def_property_readonly("is_inexact", &is_inexact);
  dtype.def_property_readonly("kind", [](DType of) {  // NumPy's letters
    if (of == DType::boolean) return 'b';
    if (is_integer(of)) return dtype_name(of)[0];  // i or u
    return is_complex(of) ? 'c' : 'f';
  });
  m.def("complex_dtype", &complex_of);
  m.def("promote_types", &promote_types);

  bind_array_type(m);
}

}  // namespace tw
