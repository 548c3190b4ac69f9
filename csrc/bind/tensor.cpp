// What Python asks about tensors, in C: the answers are few instructions, a call through pybind11 is 0.2 µs.
#include "bind/bind.h"
#include "bind/caster.h"
#include "bind/tape.h"

namespace tw {

PyTypeObject* tensor_type = nullptr;
PyTypeObject* ndarray_type = nullptr;

PyObject* make_tensor(PyObject* array, PyObject* node, PyTypeObject* type) {
  PyObject* result = type->tp_alloc(type, 0);
  if (!result) return nullptr;
  as_tensor(result)->array = Py_NewRef(array);
  as_tensor(result)->node = Py_NewRef(node);
  return result;
}

PyObject* tensor_of_number(PyObject* object) {
  Scalar number;
  if (!load_scalar(object, number) || number.range != Scalar::in_int64) return nullptr;
  const Ref array(make_array(scalar_array("asarray", number, number.default_dtype())));
  return array ? make_tensor(array.get(), Py_None) : nullptr;
}

namespace {

// Of an op on these operands.
DTypeRules rules_of(PyObject* const* operands, Py_ssize_t count) {
  return any_ndarray(operands, count) ? DTypeRules::numpy : dtype_rules();
}

// wrap(array, node=None, *operands): a tensor, of the class that an op on the operands gives.
PyObject* wrap(PyObject*, PyObject* const* args, Py_ssize_t count) {
  if (count < 1) {
    PyErr_SetString(PyExc_TypeError, "wrap: takes an array, a node and operands");
    return nullptr;
  }
  if (!is_array(args[0])) {
    PyErr_Format(PyExc_TypeError, "wrap: got a %s, but needs an Array", Py_TYPE(args[0])->tp_name);
    return nullptr;
  }
  PyTypeObject* type = any_ndarray(args + 2, count - 2) ? ndarray_type : tensor_type;
  return make_tensor(args[0], count > 1 ? args[1] : Py_None, type);
}

// like(x, y): the tensor y, in the class that an op on x gives: y itself, or another tensor in the same place.
PyObject* like(PyObject*, PyObject* const* args, Py_ssize_t count) {
  if (count != 2 || !is_tensor(args[1])) {
    PyErr_SetString(PyExc_TypeError, "like: takes anything and a tensor");
    return nullptr;
  }
  const TensorObject* y = as_tensor(args[1]);
  if (is_ndarray(args[0]) == is_ndarray(args[1])) return Py_NewRef(args[1]);
  return make_tensor(y->array, y->node, is_ndarray(args[0]) ? ndarray_type : tensor_type);
}

// as_ndarray(y): a tensor as an ndarray; anything else as it is.
PyObject* as_ndarray(PyObject*, PyObject* y) {
  if (!is_tensor(y) || is_ndarray(y)) return Py_NewRef(y);
  return make_tensor(as_tensor(y)->array, as_tensor(y)->node, ndarray_type);
}

// under_rules_of(operands, f, *args): f(*args) under the dtype rules of an op on the operands.
PyObject* under_rules_of(PyObject*, PyObject* const* args, Py_ssize_t count) {
  if (count < 2 || !(PyTuple_Check(args[0]) || PyList_Check(args[0]))) {
    PyErr_SetString(PyExc_TypeError, "under_rules_of: takes a tuple or list, a function and its arguments");
    return nullptr;
  }
  const UnderDTypeRules rules(rules_of(PySequence_Fast_ITEMS(args[0]), PySequence_Fast_GET_SIZE(args[0])));
  return PyObject_Vectorcall(args[1], args + 2, static_cast<size_t>(count - 2), nullptr);
}

// under_numpy_rules(f, args, keywords): f(*args, **keywords) under NumPy's dtype rules; a tensor comes as an ndarray.
PyObject* under_numpy_rules(PyObject*, PyObject* const* args, Py_ssize_t count) {
  if (count != 3 || !PyTuple_Check(args[1]) || !PyDict_Check(args[2])) {
    PyErr_SetString(PyExc_TypeError, "under_numpy_rules: takes a function, a tuple and a dict");
    return nullptr;
  }
  const UnderDTypeRules rules(DTypeRules::numpy);
  const Ref result(PyObject_Call(args[0], args[1], args[2]));
  return result ? as_ndarray(nullptr, result.get()) : nullptr;
}

// default_float(*operands): of an op on them.
PyObject* default_float_of(PyObject*, PyObject* const* args, Py_ssize_t count) {
  const UnderDTypeRules rules(rules_of(args, count));
  return py::cast(default_float()).release().ptr();
}

// is_private(leaf, g): whether leaf.grad is plain memory that only the leaf refers to, so that g can be added in place.
PyObject* is_private(PyObject*, PyObject* const* args, Py_ssize_t count) {
  static PyObject* const grad = PyUnicode_InternFromString("grad");
  if (count != 2 || !is_tensor(args[1])) {
    PyErr_SetString(PyExc_TypeError, "is_private: takes a leaf and a tensor");
    return nullptr;
  }
#ifdef Py_GIL_DISABLED
  // A count of references says nothing where another thread can take one meanwhile. Such builds of CPython enable the
  // lock for this module, which does not declare that it can do without; were that to change, nothing is reused.
  Py_RETURN_FALSE;
#endif
  const Ref total(PyObject_GetAttr(args[0], grad));
  if (!total) return nullptr;
  if (!is_tensor(total.get()) || Py_REFCNT(total.get()) != 2) Py_RETURN_FALSE;  // the leaf's and ours
  const TensorObject *to = as_tensor(total.get()), *from = as_tensor(args[1]);
  // detach() shares the _core.Array, and so does NumPy
  if (to->node != Py_None || from->node != Py_None || Py_REFCNT(to->array) != 1) Py_RETURN_FALSE;
  const Array &x = array_in(to->array), &g = array_in(from->array);
  return PyBool_FromLong(x.dtype == g.dtype && x.is_contiguous() && x.storage->refs.load() == 1 &&
                         !x.storage->readonly);
}

// is_looked_at(x): whether a tensor that is no detached view of x may look at its memory: by a view, or, where x is on
// no tape and so may be the detached one itself, by the same _core.Array.
PyObject* is_looked_at(PyObject*, PyObject* x) {
  if (!is_tensor(x)) return PyErr_Format(PyExc_TypeError, "is_looked_at: takes a tensor");
  const TensorObject* tensor = as_tensor(x);
  const bool viewed = array_in(tensor->array).storage->refs.load() > 1;
  return PyBool_FromLong(viewed || (tensor->node == Py_None && Py_REFCNT(tensor->array) > 1));
}

// stamp(arrays): the storages of these are written now. A node on no tape, which knows the time and the user's line.
PyObject* stamp(PyObject*, PyObject* arrays) {
  static PyObject* const write = PyUnicode_InternFromString("write");
  const Ref list(PySequence_Fast(arrays, "stamp: takes arrays")), nothing(PyTuple_New(0));
  if (!list || !nothing) return nullptr;
  PyObject* node = make_node(write, nothing.get(), nothing.get(), nothing.get());
  if (!node) return nullptr;
  const auto clock = static_cast<uint64_t>(reinterpret_cast<NodeObject*>(node)->clock);
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(list.get()); ++i) {
    PyObject* array = PySequence_Fast_GET_ITEM(list.get(), i);
    if (!is_array(array)) {
      Py_DECREF(node);
      return PyErr_Format(PyExc_TypeError, "stamp: got a %s, but needs an Array", Py_TYPE(array)->tp_name);
    }
    array_in(array).storage->last_write = clock;
  }
  return node;
}

// What the tensors among the operands of an op promote to, beside the numbers among them; None where they agree.
py::object meeting_dtype(const py::list& operands) {
  const Array* first = nullptr;
  bool agree = true, complex_number = false;
  DType common = DType::boolean;
  for (const py::handle operand : operands) {
    complex_number |= PyComplex_Check(operand.ptr());
    if (!is_tensor(operand.ptr())) continue;
    const Array& array = array_in(as_tensor(operand.ptr())->array);
    common = first ? promote_types(common, array.dtype) : array.dtype;
    agree &= !first || array.dtype == first->dtype;
    first = &array;
  }
  if (!first) return py::none();
  const bool lifts = complex_number && is_floating(common);
  return agree && !lifts ? py::none() : py::cast(lifts ? complex_of(common) : common);
}

template <class Function>
PyCFunction as_method(Function* function) {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function));
}

PyMethodDef functions[] = {
    {"wrap", as_method(wrap), METH_FASTCALL,
     "wrap(array, node=None, *operands): a tensor, of the class that an op on the operands gives."},
    {"like", as_method(like), METH_FASTCALL, "like(x, y): the tensor y in the class that an op on x gives."},
    {"as_ndarray", as_ndarray, METH_O, "as_ndarray(y): a tensor as an ndarray; anything else as it is."},
    {"under_rules_of", as_method(under_rules_of), METH_FASTCALL,
     "under_rules_of(operands, f, *args): f(*args) under the dtype rules of an op on the operands."},
    {"under_numpy_rules", as_method(under_numpy_rules), METH_FASTCALL,
     "under_numpy_rules(f, args, keywords): f(*args, **keywords) under NumPy's dtype rules; a tensor comes as an "
     "ndarray."},
    {"default_float", as_method(default_float_of), METH_FASTCALL,
     "default_float(*operands): what integers become in an op on them that needs floating numbers."},
    {"is_private", as_method(is_private), METH_FASTCALL,
     "is_private(leaf, g): whether g can be added to leaf.grad in place, unseen."},
    {"is_looked_at", is_looked_at, METH_O, "is_looked_at(x): whether another tensor may look at the memory of x."},
    {"stamp", stamp, METH_O,
     "stamp(arrays): the storages of these are written now. The node that says when and where."},
    {"is_number", [](PyObject*, PyObject* object) { return PyBool_FromLong(is_number(object)); }, METH_O,
     "is_number(x): whether x is a Python number, which is weak; NumPy's scalars are arrays."},
    {},
};

}  // namespace

void add_tensor_functions(py::module_& m) {
  if (PyModule_AddFunctions(m.ptr(), functions) != 0) throw py::error_already_set();
  m.def("meeting_dtype", &meeting_dtype);
  m.def("set_ndarray_type",
        [](py::type ndarray) { ndarray_type = reinterpret_cast<PyTypeObject*>(ndarray.release().ptr()); });
}

}  // namespace tw
