// _core.Shortcut: a function of tilewright.numpy whose everyday calls are answered in C, where NumPy's take 50 to 150
// ns and a function in Python alone that much. All other calls, and every error, are the function's.
#include <cstring>
#include <string_view>

#include "bind/bind.h"
#include "bind/callable.h"
#include "bind/caster.h"
#include "bind/index_key.h"
#include "bind/tape.h"
#include "ops/creation.h"
#include "ops/elementwise.h"

namespace tw {
namespace {

// The answer, or null where the function is to be called, an exception set or not. NumPy's dtype rules hold.
typedef PyObject* (*Answer)(PyObject* const* args, Py_ssize_t count);

PyObject* as_result(Array x) {
  const Ref array(make_array(std::move(x)));
  return array ? make_tensor(array.get(), Py_None, ndarray_type) : nullptr;
}

// The array of a tensor that is on no tape, else null. It is held: while a kernel runs without the interpreter lock,
// another thread may give the tensor a new one.
class Plain {
 public:
  explicit Plain(PyObject* x)
      : held_(is_tensor(x) && as_tensor(x)->node == Py_None ? Py_XNewRef(as_tensor(x)->array) : nullptr) {}
  explicit operator bool() const { return static_cast<bool>(held_); }
  const Array& operator*() const { return operand_in(held_.get()); }
  PyObject* object() const { return held_.get(); }

 private:
  Ref held_;
};

// An int, or several in a tuple or one after the other, none of them negative.
bool read_shape(PyObject* const* args, Py_ssize_t count, Dims& shape) {
  if (count == 1 && PyTuple_CheckExact(args[0])) {
    count = PyTuple_GET_SIZE(args[0]);
    args = PySequence_Fast_ITEMS(args[0]);
  }
  if (count > kMaxDims) return false;
  for (Py_ssize_t i = 0; i < count; ++i) {
    const Py_ssize_t extent = PyLong_CheckExact(args[i]) ? PyLong_AsSsize_t(args[i]) : -1;
    if (extent < 0) return false;
    shape.push_back(extent);
  }
  return true;
}

PyObject* named_dtypes = nullptr;  // dict: a name, or one of Python's types of numbers, to a _core.DType

bool read_dtype(PyObject* object, DType& dtype) {
  if (is_dtype(object, dtype)) return true;
  if (!PyUnicode_CheckExact(object) && !PyType_Check(object)) return false;
  PyObject* found = PyDict_GetItemWithError(named_dtypes, object);
  return found && is_dtype(found, dtype);
}

// ---- methods --------------------------------------------------------------------------------------------------------

bool has_ellipsis(PyObject* key) {
  if (key == Py_Ellipsis) return true;
  if (!PyTuple_CheckExact(key)) return false;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(key); ++i)
    if (PyTuple_GET_ITEM(key, i) == Py_Ellipsis) return true;
  return false;
}

// An element is in memory of its own, as NumPy's numbers are.
Array element(const Array& y) {
  if (!y.device.is_cpu() || memory_watch()) return astype(y, y.dtype);
  const Array x = empty({}, y.dtype);
  std::memcpy(x.data, y.data, y.itemsize());
  return x;
}

PyObject* getitem_of(PyObject* const* args, Py_ssize_t count) {
  if (count != 2) return nullptr;
  const Plain x(args[0]);
  if (!x) return nullptr;
  Array y = getitem(*x, KeyReader(args[1]));
  return as_result(y.ndim() == 0 && !has_ellipsis(args[1]) ? element(y) : std::move(y));
}

PyObject* setitem_of(PyObject* const* args, Py_ssize_t count) {
  if (count != 3) return nullptr;
  const Plain x(args[0]), array(args[2]);
  Operand value;
  if (array) value.array = &*array;
  if (!x || (!array && !load_scalar(args[2], value.scalar))) return nullptr;
  setitem(*x, KeyReader(args[1]), value);
  PyObject* const written = x.object();
  return mark_written(&written, 1) ? Py_NewRef(Py_None) : nullptr;
}

PyObject* len_of(PyObject* const* args, Py_ssize_t count) {
  if (count != 1) return nullptr;
  const Plain x(args[0]);
  return x && (*x).ndim() ? PyLong_FromLongLong((*x).shape[0]) : nullptr;
}

PyObject* copy_of(PyObject* const* args, Py_ssize_t count) {
  if (count != 1) return nullptr;
  const Plain x(args[0]);
  return x ? as_result(astype(*x, (*x).dtype)) : nullptr;
}

PyObject* astype_of(PyObject* const* args, Py_ssize_t count) {
  DType dtype;
  if (count != 2 || !read_dtype(args[1], dtype)) return nullptr;
  const Plain x(args[0]);
  return x ? as_result(astype(*x, dtype)) : nullptr;
}

PyObject* reshape_of(PyObject* const* args, Py_ssize_t count) {
  if (count < 2) return nullptr;
  const Plain x(args[0]);
  Dims shape;
  return x && read_shape(args + 1, count - 1, shape) ? as_result(reshape(*x, shape)) : nullptr;
}

PyObject* flatten_of(PyObject* const* args, Py_ssize_t count) {
  if (count != 1) return nullptr;
  const Plain x(args[0]);
  return x ? as_result(reshape(astype(*x, (*x).dtype), {(*x).size()})) : nullptr;
}

PyObject* ravel_of(PyObject* const* args, Py_ssize_t count) {
  if (count != 1 || !is_ndarray(args[0])) return nullptr;
  const Plain x(args[0]);
  return x ? as_result(reshape(*x, {(*x).size()})) : nullptr;
}

// ---- functions ------------------------------------------------------------------------------------------------------

// zeros(shape) and the like: of float64, or of a dtype that is given
bool read_new(PyObject* const* args, Py_ssize_t count, Dims& shape, DType& dtype) {
  dtype = DType::f64;
  return (count == 1 || (count == 2 && read_dtype(args[1], dtype))) && read_shape(args, 1, shape);
}

template <int value>
PyObject* filled(PyObject* const* args, Py_ssize_t count) {
  Dims shape;
  DType dtype;
  if (!read_new(args, count, shape, dtype)) return nullptr;
  return as_result(full(shape, {Scalar::integer, value}, dtype));
}

PyObject* empty_of(PyObject* const* args, Py_ssize_t count) {
  Dims shape;
  DType dtype;
  return read_new(args, count, shape, dtype) ? as_result(empty(shape, dtype)) : nullptr;
}

PyObject* arange_of(PyObject* const* args, Py_ssize_t count) {
  int64_t bounds[] = {0, 0};
  if (count < 1 || count > 2) return nullptr;
  for (Py_ssize_t i = 0; i < count; ++i) {
    int overflow = 0;
    if (!PyLong_CheckExact(args[i])) return nullptr;
    bounds[i + 2 - count] = PyLong_AsLongLongAndOverflow(args[i], &overflow);
    if (overflow) return nullptr;
  }
  int64_t length = 0;
  if (__builtin_sub_overflow(bounds[1], bounds[0], &length)) return nullptr;
  const Scalar start{Scalar::integer, bounds[0]}, step{Scalar::integer, 1};
  return as_result(arange(start, step, length < 0 ? 0 : length, DType::i64));
}

// Of numbers, and lists of them.
PyObject* array_of(PyObject* const* args, Py_ssize_t count) {
  std::optional<DType> dtype;
  if (count == 2 && !read_dtype(args[1], dtype.emplace())) return nullptr;
  if (count < 1 || count > 2) return nullptr;
  Scalar number;
  if (load_scalar(args[0], number))
    return as_result(scalar_array("array", number, dtype ? *dtype : number.default_dtype()));
  const bool listed = PyList_CheckExact(args[0]) || PyTuple_CheckExact(args[0]);
  return listed ? as_result(from_sequence(args[0], dtype)) : nullptr;
}

PyObject* asarray_of(PyObject* const* args, Py_ssize_t count) {
  return count == 1 && is_ndarray(args[0]) ? Py_NewRef(args[0]) : array_of(args, count);
}

struct Known {
  std::string_view name;
  Answer answer;
  bool takes_dtype = false;  // as a second argument, which may have its name
};
constexpr Known kKnown[] = {
    {"__getitem__", getitem_of}, {"__setitem__", setitem_of},   {"__len__", len_of},       {"arange", arange_of},
    {"array", array_of, true},   {"asarray", asarray_of, true}, {"astype", astype_of},     {"copy", copy_of},
    {"empty", empty_of, true},   {"flatten", flatten_of},       {"ones", filled<1>, true}, {"ravel", ravel_of},
    {"reshape", reshape_of},     {"zeros", filled<0>, true},
};

// ---- the type -------------------------------------------------------------------------------------------------------

struct ShortcutObject {
  PyObject_HEAD vectorcallfunc vectorcall;
  PyObject* dict;
  PyObject* function;
  const Known* known;
};

// Values of named arguments follow the others.
bool names_dtype(PyObject* names, Py_ssize_t count) {
  static PyObject* const dtype = PyUnicode_InternFromString("dtype");
  return count == 1 && PyTuple_GET_SIZE(names) == 1 && PyTuple_GET_ITEM(names, 0) == dtype;
}

PyObject* shortcut_vectorcall(PyObject* callable, PyObject* const* args, size_t nargsf, PyObject* names) {
  const auto* self = reinterpret_cast<ShortcutObject*>(callable);
  const Py_ssize_t count = PyVectorcall_NARGS(nargsf);
  const Py_ssize_t named = names ? PyTuple_GET_SIZE(names) : 0;
  if (!named || (self->known->takes_dtype && names_dtype(names, count))) {
    PyObject* result = translated([&] {
      const UnderDTypeRules rules(DTypeRules::numpy);
      return self->known->answer(args, count + named);
    });
    if (result || (PyErr_Occurred() && !PyErr_ExceptionMatches(PyExc_Exception))) return result;  // an interrupt
    PyErr_Clear();
  }
  return PyObject_Vectorcall(self->function, args, nargsf, names);
}

// Shortcut(function): for the function of this name
PyObject* shortcut_new(PyTypeObject* type, PyObject* args, PyObject*) {
  PyObject* function;
  if (!PyArg_ParseTuple(args, "O:Shortcut", &function)) return nullptr;
  const Ref name(PyObject_GetAttrString(function, "__name__"));
  const char* text = name ? PyUnicode_AsUTF8(name.get()) : nullptr;
  if (!text) return nullptr;
  for (const Known& known : kKnown) {
    if (known.name != text) continue;
    PyObject* object = type->tp_alloc(type, 0);
    if (!object) return nullptr;
    auto* self = reinterpret_cast<ShortcutObject*>(object);
    self->vectorcall = shortcut_vectorcall;
    self->function = Py_NewRef(function);
    self->known = &known;
    return object;
  }
  return PyErr_Format(PyExc_ValueError, "Shortcut: there is none for %s", text);
}

}  // namespace

void add_shortcut_type(py::module_& m) {
  add_callable_type<ShortcutObject>(m, "tilewright._core.Shortcut", shortcut_new);
  m.def("set_dtypes_of_shortcuts", [](py::dict dtypes) { named_dtypes = dtypes.release().ptr(); });
}

}  // namespace tw
