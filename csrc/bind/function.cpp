// _core.Function: a public function whose parameters have names, at no cost for calls that do not use them.
// _core.Operator: a function as an operator of Tensor, which leaves to other classes what they define.
#include "bind/callable.h"

#include <cstring>

#include "bind/bind.h"
#include "bind/caster.h"

namespace tw {

PyObject* reduce_to_name(PyObject* self, PyObject*) { return PyObject_GetAttrString(self, "__qualname__"); }

PyObject* bind_to_instance(PyObject* self, PyObject* instance, PyObject*) {
  return instance && instance != Py_None ? PyMethod_New(self, instance) : Py_NewRef(self);
}

namespace {

struct FunctionObject {
  PyObject_HEAD vectorcallfunc vectorcall;
  PyObject* dict;
  PyObject* by_position;  // called where no argument has a name,
  vectorcallfunc call;    // by its own way in,
  PyObject* by_name;      // and where one has
  PyObject* synonyms;     // tuple of (synonym, name, position) of parameters of by_name
};

// -1 where Python raised.
int position_of(PyObject* name, PyObject* names) {
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(names); ++i) {
    const int equal = PyUnicode_Compare(PyTuple_GET_ITEM(names, i), name);
    if (equal == 0) return static_cast<int>(i);
  }
  return -1;
}

// The names of a call with those that are synonyms replaced; null where Python raised.
PyObject* renamed(const FunctionObject* self, PyObject* names, Py_ssize_t given) {
  Ref result(Py_NewRef(names));
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(self->synonyms); ++i) {
    PyObject *synonym, *name;
    Py_ssize_t position;
    if (!PyArg_ParseTuple(PyTuple_GET_ITEM(self->synonyms, i), "UUn:synonym", &synonym, &name, &position))
      return nullptr;
    const int at = position_of(synonym, result.get());
    if (at < 0) continue;
    if (given > position || position_of(name, result.get()) >= 0) {
      const Ref function(PyObject_GetAttrString(self->by_name, "__name__"));
      if (function)
        PyErr_Format(PyExc_TypeError, "%U: got both %U and %U, two names of one argument", function.get(), name,
                     synonym);
      return nullptr;
    }
    Ref changed(PyTuple_New(PyTuple_GET_SIZE(names)));
    if (!changed) return nullptr;
    for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(names); ++k)
      PyTuple_SET_ITEM(changed.get(), k, Py_NewRef(k == at ? name : PyTuple_GET_ITEM(result.get(), k)));
    result.reset(changed.release());
  }
  return result.release();
}

PyObject* function_vectorcall(PyObject* callable, PyObject* const* args, size_t nargsf, PyObject* names) {
  const auto* self = reinterpret_cast<FunctionObject*>(callable);
  if (!names || !PyTuple_GET_SIZE(names)) return self->call(self->by_position, args, nargsf, nullptr);
  if (!PyTuple_GET_SIZE(self->synonyms)) return PyObject_Vectorcall(self->by_name, args, nargsf, names);
  const Ref instead(renamed(self, names, PyVectorcall_NARGS(nargsf)));
  return instead ? PyObject_Vectorcall(self->by_name, args, nargsf, instead.get()) : nullptr;
}

// Function(by_position, by_name, synonyms)
PyObject* function_new(PyTypeObject* type, PyObject* args, PyObject*) {
  PyObject *by_position, *by_name, *synonyms;
  if (!PyArg_ParseTuple(args, "OOO!:Function", &by_position, &by_name, &PyTuple_Type, &synonyms)) return nullptr;
  const vectorcallfunc call = PyVectorcall_Function(by_position);
  if (!call) return PyErr_Format(PyExc_TypeError, "Function: takes functions");
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(synonyms); ++i)
    if (!PyTuple_Check(PyTuple_GET_ITEM(synonyms, i)))
      return PyErr_Format(PyExc_TypeError, "Function: a synonym is a tuple (synonym, name, position)");
  PyObject* object = type->tp_alloc(type, 0);
  if (!object) return nullptr;
  auto* self = reinterpret_cast<FunctionObject*>(object);
  self->vectorcall = function_vectorcall;
  self->by_position = Py_NewRef(by_position);
  self->call = call;
  self->by_name = Py_NewRef(by_name);
  self->synonyms = Py_NewRef(synonyms);
  return object;
}

// ---- operators ------------------------------------------------------------------------------------------------------

bool has_attribute(PyTypeObject* type, const char* name) {
  const Ref found(PyObject_GetAttrString(reinterpret_cast<PyObject*>(type), name));
  if (!found) PyErr_Clear();
  return static_cast<bool>(found);
}

// Whether `asarray` takes objects of this class, whatever it makes of this one.
bool is_array_like(PyObject* x) {
  if (is_tensor(x) || is_array(x) || is_number(x) || PyObject_CheckBuffer(x)) return true;
  if (PyList_Check(x) || PyTuple_Check(x)) return true;
  for (const char* protocol : {"__array__", "__array_interface__", "__dlpack__"})
    if (has_attribute(Py_TYPE(x), protocol)) return true;
  return false;
}

bool is_builtin(PyTypeObject* type) {
  return !PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE) && !std::strchr(type->tp_name, '.');
}

// Whether x is of a class that is no array and has a method of this name: the operator is that method's affair. Of
// Python's own classes none knows arrays, and our errors say more than theirs.
bool defines(PyObject* x, const char* method) {
  PyTypeObject* type = Py_TYPE(x);
  if (is_builtin(type) || is_array_like(x) || !has_attribute(type, method)) return false;
  const Ref its(PyObject_GetAttrString(reinterpret_cast<PyObject*>(type), method));
  const Ref of_all(PyObject_GetAttrString(reinterpret_cast<PyObject*>(&PyBaseObject_Type), method));
  PyErr_Clear();  // object has comparisons alone
  return its.get() != of_all.get();
}

// Whether the class of x says by `__array_ufunc__ = None`, as NumPy has it, that it knows arrays better than they know
// it.
bool opts_out(PyObject* x) {
  if (is_tensor(x) || is_array(x) || is_number(x) || is_builtin(Py_TYPE(x))) return false;
  const Ref found(PyObject_GetAttrString(reinterpret_cast<PyObject*>(Py_TYPE(x)), "__array_ufunc__"));
  if (!found) PyErr_Clear();
  return found.get() == Py_None;
}

struct OperatorObject {
  PyObject_HEAD vectorcallfunc vectorcall;
  PyObject* dict;
  PyObject* function;
  vectorcallfunc call;    // its own
  const char* reflected;  // method of the other operand that may know more; null where that one was asked before
};

PyObject* operator_vectorcall(PyObject* callable, PyObject* const* args, size_t nargsf, PyObject* names) {
  const auto* self = reinterpret_cast<OperatorObject*>(callable);
  if (PyVectorcall_NARGS(nargsf) != 2) return self->call(self->function, args, nargsf, names);
  if (opts_out(args[1])) Py_RETURN_NOTIMPLEMENTED;
  if (!self->reflected) {
    PyObject* swapped[] = {args[1], args[0]};
    return self->call(self->function, swapped, 2, names);
  }
  PyObject* result = self->call(self->function, args, nargsf, names);
  if (result || !PyErr_ExceptionMatches(PyExc_TypeError)) return result;
  PyObject *type, *error, *trace;
  PyErr_Fetch(&type, &error, &trace);
  if (!defines(args[1], self->reflected)) {
    PyErr_Restore(type, error, trace);
    return nullptr;
  }
  Py_XDECREF(type);
  Py_XDECREF(error);
  Py_XDECREF(trace);
  Py_RETURN_NOTIMPLEMENTED;
}

// Operator(function, reflected)
PyObject* operator_new(PyTypeObject* type, PyObject* args, PyObject*) {
  PyObject* function;
  const char* reflected;
  if (!PyArg_ParseTuple(args, "Oz:Operator", &function, &reflected)) return nullptr;
  const vectorcallfunc call = PyVectorcall_Function(function);
  if (!call) return PyErr_Format(PyExc_TypeError, "Operator: takes a function");
  PyObject* object = type->tp_alloc(type, 0);
  if (!object) return nullptr;
  auto* self = reinterpret_cast<OperatorObject*>(object);
  self->vectorcall = operator_vectorcall;
  self->function = Py_NewRef(function);
  self->call = call;
  self->reflected = reflected ? strdup(reflected) : nullptr;
  return object;
}

}  // namespace

void add_function_types(py::module_& m) {
  add_callable_type<FunctionObject>(m, "tilewright._core.Function", function_new);
  add_callable_type<OperatorObject>(m, "tilewright._core.Operator", operator_new);
  m.def("defines", [](const py::object& x, const char* method) { return defines(x.ptr(), method); });
}

}  // namespace tw
