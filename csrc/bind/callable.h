// Types of C whose instances stand for functions: they have a dict for what functools.update_wrapper copies, and are
// pickled, and bound to instances of classes, as functions are.
#pragma once
#include <pybind11/pybind11.h>

#include <structmember.h>  // after Python.h

#include <cstddef>
#include <cstring>

#include "bind/tape.h"

namespace tw {

// Adds the type `name` ("tilewright._core.Name") to the module. Object is PyObject_HEAD, the members
// `vectorcallfunc vectorcall` and `PyObject* dict`, and more; `make` is its __new__. Instances are made once each, at
// import, and never collected: so without GC support.
template <class Object>
void add_callable_type(pybind11::module_& m, const char* name, newfunc make) {
  static PyMethodDef methods[] = {{"__reduce__", reduce_to_name, METH_NOARGS, nullptr}, {}};
  static PyMemberDef members[] = {
      {"__vectorcalloffset__", T_PYSSIZET, offsetof(Object, vectorcall), READONLY, nullptr},
      {"__dictoffset__", T_PYSSIZET, offsetof(Object, dict), READONLY, nullptr},
      {},
  };
  static PyGetSetDef getset[] = {{"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, nullptr, nullptr}, {}};
  PyType_Slot slots[] = {
      {Py_tp_new, reinterpret_cast<void*>(make)},
      {Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
      {Py_tp_descr_get, reinterpret_cast<void*>(bind_to_instance)},
      {Py_tp_members, members},
      {Py_tp_methods, methods},
      {Py_tp_getset, getset},
      {},
  };
  PyType_Spec spec = {name, sizeof(Object), 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_METHOD_DESCRIPTOR, slots};
  PyObject* type = PyType_FromSpec(&spec);
  if (!type) throw pybind11::error_already_set();
  m.attr(std::strrchr(name, '.') + 1) = pybind11::handle(type);
}

}  // namespace tw
