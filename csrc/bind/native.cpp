// What the kernels that are called without pybind11 are given: see NativeCall in bind/tape.h.
#include "bind/bind.h"
#include "bind/caster.h"
#include "bind/tape.h"

namespace tw {

const Array& NativeCall::array(int input) const {
  PyObject* object = inputs[input];
  if (!is_array(object))
    fail<TypeError>(PyUnicode_AsUTF8(op), ": an operand is a ", Py_TYPE(object)->tp_name, ", but must be an array");
  return operand_in(object);
}

const Array* NativeCall::array_or_none(int input) const { return inputs[input] == Py_None ? nullptr : &array(input); }

Operand NativeCall::operand(int input) const {
  PyObject* object = inputs[input];
  Operand operand;
  if (is_array(object)) {
    operand.array = &operand_in(object);
  } else if (!load_scalar(object, operand.scalar)) {
    fail<TypeError>(PyUnicode_AsUTF8(op), ": an operand is a ", Py_TYPE(object)->tp_name,
                    ", but must be an array or a number");
  }
  return operand;
}

}  // namespace tw
