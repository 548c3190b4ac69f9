// How Python objects become the arguments of ops/, and back.
#pragma once
#include <cxxabi.h>
#include <pybind11/pybind11.h>

#include <cmath>
#include <cstring>

#include "backend/backend.h"
#include "bind/array.h"
#include "ops/operand.h"

namespace py = pybind11;

namespace tw {

// What a function of Python's in C gives: that of `call`, or null and Python's exception where it throws.
template <class Call>
PyObject* translated(Call call) {
  try {
    return call();
  } catch (py::error_already_set& error) {
    error.restore();
  } catch (abi::__forced_unwind&) {  // the end of the interpreter
    throw;
  } catch (...) {
    py::detail::try_translate_exceptions();
  }
  return nullptr;
}

// A Python bool, int, float or complex, or a subclass of one; but not NumPy's float64 and complex128, which are
// subclasses too: NumPy's scalars have buffers, and are arrays of their dtype.
inline bool is_number(PyObject* object) {
  if (PyFloat_CheckExact(object) || PyLong_CheckExact(object) || PyBool_Check(object)) return true;
  const bool derived = PyFloat_Check(object) || PyLong_Check(object) || PyComplex_Check(object);
  return derived && !PyObject_CheckBuffer(object);
}

// A number as above; false for anything else.
inline bool load_scalar(PyObject* object, Scalar& out) {
  if (!PyFloat_CheckExact(object) && !is_number(object)) return false;
  if (PyFloat_Check(object)) {
    out = {Scalar::floating, 0, PyFloat_AS_DOUBLE(object)};
  } else if (PyBool_Check(object)) {
    out = {Scalar::boolean, object == Py_True};
  } else if (PyLong_Check(object)) {
    int overflow = 0;
    out = {Scalar::integer, PyLong_AsLongLongAndOverflow(object, &overflow)};
    if (overflow == 0) return true;
    out.i = static_cast<int64_t>(PyLong_AsUnsignedLongLong(object));
    out.range = PyErr_Occurred() ? Scalar::beyond : Scalar::in_uint64;
    PyErr_Clear();
    out.f = PyLong_AsDouble(object);
    if (out.f == -1.0 && PyErr_Occurred()) {  // beyond every double
      PyErr_Clear();
      out.f = overflow > 0 ? HUGE_VAL : -HUGE_VAL;
    }
  } else {
    const Py_complex value = PyComplex_AsCComplex(object);
    out = {Scalar::complex, 0, value.real, Scalar::in_int64, value.imag};
  }
  return true;
}

}  // namespace tw

namespace pybind11::detail {

// An Array, or a Python bool, int, float or complex as a weak scalar. Anything else does not load, so the call raises
// TypeError.
template <>
struct type_caster<tw::Operand> {
  PYBIND11_TYPE_CASTER(tw::Operand, const_name("Array | complex"));

  bool load(handle source, bool) {
    if (tw::load_scalar(source.ptr(), value.scalar)) return true;
    if (!tw::is_array(source.ptr())) return false;
    value.array = &tw::operand_in(source.ptr());
    return true;
  }
};

// By name: "cpu", "cuda:0". ValueError where there is none of that name.
template <>
struct type_caster<tw::Device> {
  PYBIND11_TYPE_CASTER(tw::Device, const_name("str"));

  bool load(handle source, bool) {
    if (!PyUnicode_Check(source.ptr())) return false;
    const char* name = PyUnicode_AsUTF8(source.ptr());
    if (!name) throw error_already_set();
    value = tw::Device{};
    if (std::strcmp(name, "cpu") == 0) return true;
    value = tw::device_named(name);
    tw::require_device(value);
    return true;
  }
  static handle cast(tw::Device device, return_value_policy, handle) {
    static PyObject* const cpu = PyUnicode_InternFromString("cpu");
    return device.is_cpu() ? handle(cpu).inc_ref() : pybind11::str(tw::device_name(device)).release();
  }
};

// A shape, axes or strides: an int, or any sequence of ints. TypeError that says what else was given.
template <>
struct type_caster<tw::Dims> {
  PYBIND11_TYPE_CASTER(tw::Dims, const_name("int | Sequence[int]"));

  bool load(handle source, bool) {
    value = tw::Dims();
    PyObject* object = source.ptr();
    if (PyTuple_CheckExact(object)) {
      for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(object); ++i) push(PyTuple_GET_ITEM(object, i));
    } else if (PyIndex_Check(object) && !is_array(object)) {
      push(object);
    } else if (PySequence_Check(object) && !PyUnicode_Check(object) && !PyBytes_Check(object)) {
      const auto entries = reinterpret_steal<object_t>(PySequence_Fast(object, "not a sequence"));
      if (!entries) throw error_already_set();
      for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(entries.ptr()); ++i)
        push(reinterpret_borrow<object_t>(PySequence_Fast_GET_ITEM(entries.ptr(), i)).ptr());
    } else {
      refuse(object);
    }
    return true;
  }
  static handle cast(const tw::Dims& dims, return_value_policy, handle) {
    PyObject* result = PyTuple_New(dims.size());
    for (int i = 0; result && i < dims.size(); ++i) {
      PyObject* number = PyLong_FromLongLong(dims[i]);
      if (!number) Py_CLEAR(result);
      if (result) PyTuple_SET_ITEM(result, i, number);
    }
    return result;
  }

 private:
  using object_t = pybind11::object;

  // What is both an index and a sequence, a tensor or a NumPy array, lists its entries unless it is 0-d.
  static bool is_array(PyObject* object) {
    if (PyLong_Check(object) || !PySequence_Check(object)) return false;
    const bool has_length = PySequence_Size(object) >= 0;
    PyErr_Clear();
    return has_length;
  }
  [[noreturn]] static void refuse(PyObject* given) {
    throw type_error(std::string("shapes and axes are integers or sequences of them, got a ") +
                     Py_TYPE(given)->tp_name);
  }
  void push(PyObject* entry) {
    if (!PyIndex_Check(entry)) refuse(entry);
    const Py_ssize_t extent = PyNumber_AsSsize_t(entry, PyExc_OverflowError);
    if (extent == -1 && PyErr_Occurred()) {
      const bool overflows = PyErr_ExceptionMatches(PyExc_OverflowError);
      if (!overflows && !PyErr_ExceptionMatches(PyExc_TypeError)) throw error_already_set();
      PyErr_Clear();
      if (!overflows) refuse(entry);  // an array of several elements has __index__, too
      throw value_error("shapes and axes must fit 64 bits");
    }
    value.push_back(extent);
  }
};

}  // namespace pybind11::detail

namespace tw {

// None for an array that is not there.
inline py::object or_none(Array& x) { return x.storage.get() ? py::cast(std::move(x)) : py::none(); }

}  // namespace tw
