// How Python objects become the arguments of ops/, and back.
#pragma once
#include <pybind11/pybind11.h>

#include "ops/operand.h"

namespace py = pybind11;

namespace pybind11::detail {

// An Array, or a Python bool, int or float as a weak scalar. Anything else does not load, so the call raises TypeError.
template <>
struct type_caster<tw::Operand> {
  PYBIND11_TYPE_CASTER(tw::Operand, const_name("Array | complex"));

  bool load(handle source, bool) {
    PyObject* object = source.ptr();
    if (PyFloat_Check(object)) {
      value.scalar = {tw::Scalar::floating, 0, PyFloat_AS_DOUBLE(object)};
      return true;
    }
    if (PyBool_Check(object)) {
      value.scalar = {tw::Scalar::boolean, object == Py_True, 0};
      return true;
    }
    if (PyLong_Check(object)) {
      int overflow = 0;
      const long long i = PyLong_AsLongLongAndOverflow(object, &overflow);
      if (overflow) throw py::value_error("Python integer " + std::string(str(source)) + " does not fit 64 bits");
      value.scalar = {tw::Scalar::integer, i, 0};
      return true;
    }
    make_caster<tw::Array> array;
    if (source.is_none() || !array.load(source, false)) return false;
    value.array = &cast_op<const tw::Array&>(array);
    return true;
  }
};

// A shape, axes or strides: an int, or any sequence of ints.
template <>
struct type_caster<tw::Dims> {
  PYBIND11_TYPE_CASTER(tw::Dims, const_name("int | Sequence[int]"));

  bool load(handle source, bool) {
    value = tw::Dims();
    if (PyLong_Check(source.ptr())) return push(source);
    if (!PySequence_Check(source.ptr()) || PyUnicode_Check(source.ptr())) return false;
    for (handle entry : reinterpret_borrow<sequence>(source))
      if (!push(entry)) return false;
    return true;
  }
  static handle cast(const tw::Dims& dims, return_value_policy, handle) {
    PyObject* result = PyTuple_New(dims.size());
    for (int i = 0; i < dims.size(); ++i) PyTuple_SET_ITEM(result, i, PyLong_FromLongLong(dims[i]));
    return result;
  }

 private:
  bool push(handle entry) {
    object index = reinterpret_steal<object>(PyNumber_Index(entry.ptr()));
    if (!index) {
      PyErr_Clear();
      return false;
    }
    const long long extent = PyLong_AsLongLong(index.ptr());
    if (extent == -1 && PyErr_Occurred()) throw error_already_set();
    value.push_back(extent);
    return true;
  }
};

}  // namespace pybind11::detail
