// The buffer protocol in both directions, and Python numbers out of arrays.
#include <pybind11/complex.h>
#include <pybind11/stl.h>

#include <cstring>
#include <memory>
#include <vector>

#include "bind/bind.h"
#include "bind/caster.h"
#include "bind/convert.h"
#include "ops/elementwise.h"
#include "ops/transfer.h"

namespace tw {
namespace {

constexpr const char* kFormats[kDTypes] = {"?", "B", "b",     "H", "h", "I",  "i", "L",
                                           "l", "e", nullptr, "f", "d", "Zf", "Zd"};
static_assert(sizeof(long) == 8, "64-bit integers are exported as C longs");

bool sized_dtype(bool (*kind)(DType), Py_ssize_t itemsize, DType& out) {
  for (int code = 0; code < kDTypes; ++code) {
    out = static_cast<DType>(code);
    if (out != DType::bf16 && kind(out) && static_cast<Py_ssize_t>(item_size(out)) == itemsize) return true;
  }
  return false;
}

// By kind and size, since what a letter's size is depends on the prefix.
bool format_dtype(const char* format, Py_ssize_t itemsize, DType& out) {
  if (*format == '@' || *format == '=' || *format == '<') ++format;  // x86-64 is little-endian
  if (format[0] == 'Z') {
    ++format;
    return (*format == 'f' || *format == 'd') && format[1] == '\0' && sized_dtype(is_complex, itemsize, out);
  }
  if (format[0] == '\0' || format[1] != '\0') return false;
  switch (*format) {
    case '?':
      out = DType::boolean;
      return itemsize == 1;
    case 'b':
    case 'h':
    case 'i':
    case 'l':
    case 'q':
    case 'n':
      return sized_dtype(is_signed, itemsize, out);
    case 'B':
    case 'H':
    case 'I':
    case 'L':
    case 'Q':
    case 'N':
      return sized_dtype([](DType dtype) { return is_integer(dtype) && !is_signed(dtype); }, itemsize, out);
    case 'e':
    case 'f':
    case 'd':
      return sized_dtype(is_floating, itemsize, out);
    default:
      return false;
  }
}

// The last reference may fall on any thread. After the interpreter's end nobody is left to hand the buffer back to.
void release_buffer(Storage* storage) {
  auto* view = static_cast<Py_buffer*>(storage->owner);
  if (Py_IsInitialized()) {
    const PyGILState_STATE state = PyGILState_Ensure();
    PyBuffer_Release(view);
    PyGILState_Release(state);
  }
  delete view;
  delete storage;
}

// What a Py_buffer of ours points to.
struct Extents {
  Py_ssize_t shape[kMaxDims], strides[kMaxDims];  // in bytes
};

// Whether several elements share memory, so that writing through a plain view of it would surprise.
bool has_repeats(const Array& x) {
  for (int i = 0; i < x.ndim(); ++i)
    if (x.strides[i] == 0 && x.shape[i] > 1) return true;
  return false;
}

py::object to_number(const char* at, DType dtype) {
  switch (dtype) {
    case DType::boolean:
      return py::bool_(*reinterpret_cast<const bool*>(at));
#define X(T, name)                         \
  case DType::name: {                      \
    T value;                               \
    std::memcpy(&value, at, sizeof value); \
    return py::int_(value);                \
  }
      TW_FOR_EACH_INTEGER(X)
#undef X
    case DType::f64: {
      double value;
      std::memcpy(&value, at, sizeof value);
      return py::float_(value);
    }
    case DType::c64: {
      c64 value;
      std::memcpy(&value, at, sizeof value);
      return py::cast(std::complex<double>(value.re, value.im));
    }
    case DType::c128: {
      c128 value;
      std::memcpy(&value, at, sizeof value);
      return py::cast(std::complex<double>(value.re, value.im));
    }
    default: {
      float value;
      std::memcpy(&value, at, sizeof value);
      return py::float_(value);
    }
  }
}

py::object nested_list(const Array& x, const char* at, int axis) {
  if (axis == x.ndim()) return to_number(at, x.dtype);
  py::list result(x.shape[axis]);
  for (int64_t i = 0; i < x.shape[axis]; ++i, at += x.strides[axis] * static_cast<int64_t>(x.itemsize()))
    PyList_SET_ITEM(result.ptr(), i, nested_list(x, at, axis + 1).release().ptr());
  return result;
}

// Python has no 16-bit floats: as float32, which holds all of them.
Array readable(const Array& x) {
  return astype(x, is_floating(x.dtype) && x.itemsize() == 2 ? DType::f32 : x.dtype, false);
}

PyObject* item(PyObject*, PyObject* array) {
  if (!is_array(array)) return PyErr_Format(PyExc_TypeError, "item: takes an array");
  return translated([array] {
    const Array& x = operand_in(array);
    if (x.size() != 1) fail<ValueError>("item: an array of shape ", x.shape, " has ", x.size(), " elements, not one");
    const Array only = readable(to_host("item", x));
    return to_number(only.data, only.dtype).release().ptr();
  });
}
PyMethodDef functions[] = {{"item", item, METH_O, "item(x): the only element as a Python number."}, {}};

py::object tolist(const Array& x) {
  const Array source = readable(to_host("tolist", x));
  return nested_list(source, source.data, 0);
}

}  // namespace

Array from_buffer(py::handle object) {
  if (!PyObject_CheckBuffer(object.ptr()))
    fail<TypeError>("asarray: a ", Py_TYPE(object.ptr())->tp_name, " has no buffer protocol");
  auto view = std::make_unique<Py_buffer>();
  if (PyObject_GetBuffer(object.ptr(), view.get(), PyBUF_RECORDS_RO) != 0) {
    const py::error_already_set refused;
    fail<TypeError>("asarray: a ", Py_TYPE(object.ptr())->tp_name,
                    " whose buffer cannot be read: ", std::string(py::str(refused.value())));
  }
  Py_buffer& buffer = *view;
  Array x;
  x.storage = adopt(buffer.buf, static_cast<size_t>(buffer.len), buffer.readonly, view.release(), release_buffer);
  x.data = static_cast<char*>(buffer.buf);
  const char* format = buffer.format ? buffer.format : "B";
  if (!format_dtype(format, buffer.itemsize, x.dtype))
    fail<TypeError>("asarray: there is no dtype for items of format '", format, "' and ", buffer.itemsize, " bytes");
  for (int i = 0; i < buffer.ndim; ++i) x.shape.push_back(buffer.shape[i]);
  element_count(x.shape);
  x.strides = contiguous_strides(x.shape);
  // An empty array's strides mean nothing, and ctypes gives none.
  for (int i = 0; i < buffer.ndim && buffer.strides && x.size() > 0; ++i) {
    if (buffer.strides[i] % buffer.itemsize != 0 && buffer.shape[i] > 1)
      fail<TypeError>("asarray: items of format '", format, "' lie ", buffer.strides[i], " bytes apart along axis ", i,
                      ", which is not a multiple of their ", buffer.itemsize, " bytes; copy them first");
    x.strides[i] = buffer.strides[i] / buffer.itemsize;
  }
  return x;
}

bool array_from(py::handle object, Array& out) {
  static PyObject* const attribute = PyUnicode_InternFromString("_array");
  if (is_array(object.ptr())) {
    out = operand_in(object.ptr());
    return true;
  }
  const auto wrapped = py::reinterpret_steal<py::object>(PyObject_GetAttr(object.ptr(), attribute));
  if (!wrapped) PyErr_Clear();
  if (wrapped && is_array(wrapped.ptr())) {
    out = operand_in(wrapped.ptr());
    return true;
  }
  if (!PyObject_CheckBuffer(object.ptr()) || PyBytes_Check(object.ptr())) return false;
  out = from_buffer(object);
  return true;
}

int array_getbuffer(PyObject* self, Py_buffer* view, int flags) {
  const Array& x = array_in(self);
  const auto asks = [&](int flag) { return (flags & flag) == flag; };
  view->obj = nullptr;  // where it is refused
  const auto refuse = [&](const char* why) {
    PyErr_SetString(PyExc_BufferError, why);
    return -1;
  };
  const char* format = kFormats[static_cast<int>(x.dtype)];
  if (!x.device.is_cpu()) {
    PyErr_Format(PyExc_BufferError, "the array is on %s; use to(\"cpu\") first", device_name(x.device).c_str());
    return -1;
  }
  if (!format) {
    PyErr_Format(PyExc_BufferError, "the buffer protocol has no %s; use astype to float32 first", dtype_name(x.dtype));
    return -1;
  }
  const bool readonly = x.storage->readonly || has_repeats(x);
  if (asks(PyBUF_WRITABLE) && readonly) return refuse("the array is read-only, or several elements share memory");
  auto extents = std::make_unique<Extents>();
  const auto itemsize = static_cast<Py_ssize_t>(x.itemsize());
  for (int i = 0; i < x.ndim(); ++i) {
    extents->shape[i] = x.shape[i];
    extents->strides[i] = x.strides[i] * itemsize;
  }
  *view = {x.data,
           nullptr,
           x.size() * itemsize,
           itemsize,
           readonly,
           x.ndim(),
           asks(PyBUF_FORMAT) ? const_cast<char*>(format) : nullptr,
           extents->shape,
           extents->strides,
           nullptr,
           nullptr};
  // Who asks for no strides takes C order for granted.
  const char order = asks(PyBUF_C_CONTIGUOUS) || !asks(PyBUF_STRIDES) ? 'C'
                     : asks(PyBUF_F_CONTIGUOUS)                       ? 'F'
                     : asks(PyBUF_ANY_CONTIGUOUS)                     ? 'A'
                                                                      : '\0';
  if (order && !PyBuffer_IsContiguous(view, order)) return refuse("the array is not contiguous as asked for");
  if (!asks(PyBUF_STRIDES)) view->strides = nullptr;
  if (!asks(PyBUF_ND)) {  // plain bytes
    view->shape = nullptr;
    view->ndim = 1;
  }
  view->internal = extents.release();
  view->obj = Py_NewRef(self);
  return 0;
}

void array_releasebuffer(PyObject*, Py_buffer* view) { delete static_cast<Extents*>(view->internal); }

void bind_buffer(py::module_& m) {
  m.def(
      "from_buffer",
      [](const py::object& object, bool copy) {
        const Array x = from_buffer(object);
        return copy ? astype(x, x.dtype, true) : x;
      },
      py::arg("object"), py::arg("copy") = false);
  m.def("from_sequence", &from_sequence, py::arg("data"), py::arg("dtype") = py::none());
  m.def("tolist", &tolist);
  if (PyModule_AddFunctions(m.ptr(), functions) != 0) throw py::error_already_set();
}

}  // namespace tw
