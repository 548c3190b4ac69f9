// _core.Array: an Array in a Python object, and how pybind11 passes it. A type of our own, since every op makes one:
// pybind11 finds its instances again by address and C++ type, which was a third of the instructions of a small add.
#pragma once
#include <pybind11/pybind11.h>

#include <utility>

#include "core/array.h"
#include "core/watch.h"

namespace tw {

struct ArrayObject {
  PyObject_HEAD Array array;
};

extern PyTypeObject* array_type;  // final, so an exact comparison tells

inline bool is_array(PyObject* object) { return Py_IS_TYPE(object, array_type); }
inline Array& array_in(PyObject* object) { return reinterpret_cast<ArrayObject*>(object)->array; }

PyObject* make_array(Array x);  // new reference

// Whether the object is a member of _core.DType, and which.
bool is_dtype(PyObject* object, DType& dtype);

// Of an operand: memory that a recording has to know (core/watch.h).
inline Array& operand_in(PyObject* object) {
  Array& array = array_in(object);
  if (MemoryWatch* watch = memory_watch()) watch->met(array.storage);
  return array;
}

// The buffer protocol: slots of the type.
int array_getbuffer(PyObject* self, Py_buffer* view, int flags);
void array_releasebuffer(PyObject* self, Py_buffer* view);

}  // namespace tw

namespace pybind11::detail {

// As an argument `const Array&`, or `const Array*` where None is allowed.
template <>
class type_caster<tw::Array> {
 public:
  static constexpr auto name = const_name("Array");
  template <class T>
  using cast_op_type = detail::cast_op_type<T>;

  bool load(handle source, bool) {
    array_ = source.is_none() || !tw::is_array(source.ptr()) ? nullptr : &tw::operand_in(source.ptr());
    return source.is_none() || array_;
  }
  operator tw::Array*() { return array_; }
  operator tw::Array&() {
    if (!array_) throw reference_cast_error();
    return *array_;
  }
  static handle cast(tw::Array x, return_value_policy, handle) { return tw::make_array(std::move(x)); }

 private:
  tw::Array* array_ = nullptr;
};

}  // namespace pybind11::detail
