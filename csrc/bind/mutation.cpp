// Ops that write some of their inputs: `@primitive(mutates=..)`.
#include <stdexcept>

#include "bind/bind.h"
#include "bind/primitive.h"
#include "ops/elementwise.h"

namespace tw {
namespace {

const char* input_name(const PrimitiveObject* self, int i) {
  return PyUnicode_AsUTF8(PyTuple_GET_ITEM(self->input_names, i));
}

// Raise where the kernel must not write input i, a tensor.
void check_mutated(const PrimitiveObject* self, const Given& given, const Inputs& in, int i) {
  const char* op = PyUnicode_AsUTF8(self->name);
  const Array& target = array_in(in.arrays[i]);
  if (tape_mode() != TapeMode::off && in.nodes[i] != Py_None)
    fail<std::runtime_error>(
        op, ": ", input_name(self, i), " of shape ", target.shape,
        " requires grad or depends on what does, but the op writes it, which is not recorded; call it "
        "under no_grad(), or pass ",
        input_name(self, i), ".detach()");
  require_writable(op, target, input_name(self, i));
  for (int k = 0; k < given.count; ++k) {
    if (k == i || !is_array(in.arrays[k]) || (self->allows_overlap && !(self->mutated >> k & 1))) continue;
    if (may_overlap(target, array_in(in.arrays[k])))
      fail<ValueError>(op, ": ", input_name(self, i), " of shape ", target.shape, " shares memory with ",
                       input_name(self, k), ", but the op writes it; pass a copy of one of them");
  }
}

}  // namespace

void require_tensors(const PrimitiveObject* self, const Given& given) {
  for (int i = 0; i < given.count; ++i)
    if (self->mutated >> i & 1 && !is_tensor(given.inputs[i]))
      fail<TypeError>(PyUnicode_AsUTF8(self->name), ": ", input_name(self, i), " is a ",
                      Py_TYPE(given.inputs[i])->tp_name, ", but must be a tensor: the op writes it");
}

bool prepare_writes(const PrimitiveObject* self, const Given& given, Inputs& in, bool recorded, unsigned& written) {
  for (int i = 0; i < given.count; ++i)
    if (self->mutated >> i & 1) check_mutated(self, given, in, i);
  if (self->results == 0 && recorded)
    fail<std::runtime_error>(PyUnicode_AsUTF8(self->name),
                             ": an operand requires grad, but the op only writes, which is not recorded; call it under "
                             "no_grad(), or detach() the operand");
  if (self->results == 0) return true;  // nothing but the write: where the caller runs it again, that is meant
  const Ref targets(PyTuple_New(__builtin_popcount(self->mutated)));
  if (!targets) return false;
  for (int i = 0, to = 0; i < given.count; ++i)
    if (self->mutated >> i & 1) PyTuple_SET_ITEM(targets.get(), to++, Py_NewRef(in.arrays[i]));
  const Ref others(PyObject_CallOneArg(python.redirect, targets.get()));
  if (!others) return false;
  for (int i = 0, from = 0; others.get() != Py_None && i < given.count; ++i)
    if (self->mutated >> i & 1) in.replace(i, PyTuple_GET_ITEM(others.get(), from++));
  if (others.get() != Py_None) written = 0;
  return true;
}

bool stamp(const Inputs& in, unsigned written) {
  PyObject* arrays[kMaxInputs];
  int count = 0;
  for (int i = 0; written >> i; ++i)
    if (written >> i & 1) arrays[count++] = in.arrays[i];
  return mark_written(arrays, count);
}

}  // namespace tw
