// _core.Primitive: a callable op. See bind/tape.h for why this is not Python.
#include "bind/tape.h"

#include <cxxabi.h>
#include <structmember.h>  // after Python.h

#include <map>
#include <string>
#include <vector>

#include "bind/bind.h"
#include "bind/caster.h"

namespace tw {
namespace {

constexpr int kMaxInputs = 8;
constexpr int kMaxArgs = 16;
constexpr int kMaxOutputs = 8;  // results and kept values

// What Python gives us once: the slow paths.
struct Hooks {
  PyObject* convert = nullptr;       // convert(primitive, inputs) -> tuple of inputs that the kernel takes, or None
  PyObject* make_plan = nullptr;     // make_plan(primitive, mask, complex) -> Plan, or None where the tape is cut
  PyObject* note_forward = nullptr;  // note_forward(node, y): anomaly mode
  PyObject* frozen_key = nullptr;    // frozen_key(key) -> an index key that backward can rely on
} python;

// One of the values that a node saves: what of which operand, static parameter, result or kept value, counted through.
struct Slot {
  enum Kind { value, shape, dtype, key, device } kind;
  int index;
};

struct PlanEntry {
  PyObject* plan = nullptr;  // None where the tape is cut
  std::vector<Slot> slots;   // what its nodes save,
  PyObject* save = nullptr;  // or, where that takes a decision: save(*inputs, *statics, *results, *kept) -> tuple
};

struct NativeOp {
  NativeKernel kernel;
  const void* data;
  unsigned optional;
};

struct PrimitiveObject {
  PyObject_HEAD vectorcallfunc vectorcall;
  PyObject* dict;
  PyObject* name;           // of the op
  PyObject* kernel;         // called with arrays, unless `native` is set
  const NativeOp* native;   // where C++ is called directly
  PyObject* with_keywords;  // called instead where there are keyword arguments; null where the op has none
  int inputs, statics, results, kept;
  bool promotes;                  // tensors among the inputs are given to the kernel with one dtype,
  unsigned conditions;            // but for those of this bit mask
  std::vector<PlanEntry>* plans;  // by bit mask of the inputs that want a gradient, and above it: complex numbers
};

std::map<std::string, NativeOp>& native_ops() {
  static std::map<std::string, NativeOp> ops;
  return ops;
}

// The inputs of a call, unwrapped, and held: while a kernel runs without the interpreter lock, another thread may give
// the tensors new arrays and nodes.
class Inputs {
 public:
  Inputs() = default;
  ~Inputs() {
    for (int i = 0; i < count_; ++i) {
      Py_DECREF(arrays[i]);
      Py_DECREF(nodes[i]);
    }
  }
  Inputs(const Inputs&) = delete;
  Inputs& operator=(const Inputs&) = delete;

  void add(PyObject* array, PyObject* node) {
    arrays[count_] = Py_NewRef(array);
    nodes[count_++] = Py_NewRef(node);
  }
  PyObject* arrays[kMaxInputs];  // numbers and None as they are
  PyObject* nodes[kMaxInputs];   // None for those

 private:
  int count_ = 0;
};

// What a kernel gives: results, then what it keeps for the rules, None where that was not made.
struct Outputs {
  Ref values[kMaxOutputs];
  PyObject* operator[](int i) const { return values[i].get(); }
};

void call_native(const PrimitiveObject* self, PyObject* const* args, PyObject* const* arrays, bool recorded,
                 Outputs& got) {
  const NativeOp& native = *self->native;
  Array kept;
  got.values[0].reset(
      make_array(native.kernel({self->name, arrays, args + self->inputs, native.data, recorded}, kept)));
  if (self->kept) got.values[1].reset(kept.storage.get() ? make_array(std::move(kept)) : Py_NewRef(Py_None));
}

// False where Python raised.
bool call_kernel(const PrimitiveObject* self, PyObject* const* args, PyObject* const* arrays, bool recorded,
                 Outputs& got) {
  if (self->native) {
    call_native(self, args, arrays, recorded, got);
    return true;
  }
  PyObject* unwrapped[kMaxArgs];
  for (int i = 0; i < self->inputs + self->statics; ++i) unwrapped[i] = i < self->inputs ? arrays[i] : args[i];
  Ref y(PyObject_Vectorcall(self->kernel, unwrapped, static_cast<size_t>(self->inputs + self->statics), nullptr));
  if (!y) return false;
  const int count = self->results + self->kept;
  if (count == 1) {
    got.values[0].reset(y.release());
  } else {
    if (!PyTuple_CheckExact(y.get()) || PyTuple_GET_SIZE(y.get()) != count)
      fail<TypeError>(PyUnicode_AsUTF8(self->name), ": the kernel must give a tuple of ", count, " arrays");
    for (int i = 0; i < count; ++i) got.values[i].reset(Py_NewRef(PyTuple_GET_ITEM(y.get(), i)));
  }
  for (int i = 0; i < self->results; ++i)
    if (!is_array(got[i]))
      fail<TypeError>(PyUnicode_AsUTF8(self->name), ": the kernel gave a ", Py_TYPE(got[i])->tp_name, ", no array");
  return true;
}

// False where Python raised.
bool read_slots(PyObject* given, std::vector<Slot>& slots) {
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(given); ++i) {
    int kind, index;
    if (!PyArg_ParseTuple(PyTuple_GET_ITEM(given, i), "ii:slot", &kind, &index)) return false;
    slots.push_back({static_cast<Slot::Kind>(kind), index});
  }
  return true;
}

const PlanEntry* plan_for(PrimitiveObject* self, unsigned mask) {
  PlanEntry& entry = (*self->plans)[mask];
  if (entry.plan) return &entry;
  Ref wants(PyTuple_New(self->inputs));
  if (!wants) return nullptr;
  for (int i = 0; i < self->inputs; ++i) PyTuple_SET_ITEM(wants.get(), i, PyBool_FromLong(mask >> i & 1));
  PyObject* args[] = {reinterpret_cast<PyObject*>(self), wants.get(), mask >> self->inputs & 1 ? Py_True : Py_False};
  Ref plan(PyObject_Vectorcall(python.make_plan, args, 3, nullptr));
  if (!plan) return nullptr;
  Ref save;
  std::vector<Slot> slots;
  if (plan.get() != Py_None) {
    save.reset(PyObject_GetAttrString(plan.get(), "save"));
    if (!save) return nullptr;
    if (PyTuple_CheckExact(save.get())) {
      if (!read_slots(save.get(), slots)) return nullptr;
      save.reset(nullptr);
    }
  }
  if (entry.plan) return &entry;  // another thread made one meanwhile
  entry.slots = std::move(slots);
  entry.save = save.release();
  entry.plan = plan.release();
  return &entry;
}

bool note_in_anomaly_mode(PyObject* node, PyObject* y) {
  if (tape_mode() != TapeMode::anomaly) return true;
  PyObject* noted[] = {node, y};
  const Ref done(PyObject_Vectorcall(python.note_forward, noted, 2, nullptr));
  return static_cast<bool>(done);
}

PyObject* in_slot(Slot slot, PyObject* const* values, const Inputs& in) {
  PyObject* value = values[slot.index];
  const bool of_array = slot.kind != Slot::value && slot.kind != Slot::key;
  if (of_array && !is_array(in.arrays[slot.index]))
    fail<TypeError>("vjp: a ", Py_TYPE(value)->tp_name, " has no shape, dtype or device that a rule could take");
  switch (slot.kind) {
    case Slot::shape:
      return py::cast(array_in(in.arrays[slot.index]).shape).release().ptr();
    case Slot::dtype:
      return PyObject_GetAttrString(in.arrays[slot.index], "dtype");
    case Slot::device:
      return PyObject_GetAttrString(in.arrays[slot.index], "device");
    case Slot::key:
      return PyLong_CheckExact(value) ? Py_NewRef(value) : PyObject_CallOneArg(python.frozen_key, value);
    default:
      return Py_NewRef(value);
  }
}

// What a node keeps for backward. New reference. (Out of line: else ops that save nothing take 3 % longer.)
[[gnu::noinline]] PyObject* saved_by(const PrimitiveObject* self, const PlanEntry& entry, PyObject* const* args,
                                     const Inputs& in, const Outputs& got) {
  PyObject* values[kMaxArgs + kMaxOutputs];
  int count = 0;
  for (int i = 0; i < self->inputs + self->statics; ++i) values[count++] = args[i];
  for (int i = 0; i < self->results + self->kept; ++i) values[count++] = got[i];
  if (entry.save) return PyObject_Vectorcall(entry.save, values, static_cast<size_t>(count), nullptr);
  Ref saved(PyTuple_New(static_cast<Py_ssize_t>(entry.slots.size())));
  for (size_t i = 0; saved && i < entry.slots.size(); ++i) {
    PyObject* kept = in_slot(entry.slots[i], values, in);
    if (!kept) return nullptr;
    PyTuple_SET_ITEM(saved.get(), static_cast<Py_ssize_t>(i), kept);
  }
  return saved.release();
}

// The node of this call, or None where the op cuts the tape. New reference.
PyObject* record(PrimitiveObject* self, PyObject* const* args, const Inputs& in, unsigned mask, const Outputs& got) {
  // A real result of complex operands is a part or the length of a single one.
  bool complex = self->inputs == 1 && is_complex(array_in(in.arrays[0]).dtype);
  for (int i = 0; i < self->results; ++i) complex |= is_complex(array_in(got[i]).dtype);
  const PlanEntry* entry = plan_for(self, mask | static_cast<unsigned>(complex) << self->inputs);
  if (!entry) return nullptr;
  if (entry->plan == Py_None) return Py_NewRef(Py_None);
  Ref parents(PyTuple_New(__builtin_popcount(mask)));
  if (!parents) return nullptr;
  for (int i = 0, to = 0; i < self->inputs; ++i)
    if (mask >> i & 1) PyTuple_SET_ITEM(parents.get(), to++, Py_NewRef(in.nodes[i]));
  const bool saves = entry->save || !entry->slots.empty();
  const Ref saved(saves ? saved_by(self, *entry, args, in, got) : PyTuple_New(0));
  if (!saved) return nullptr;
  const Ref shape(self->results == 1 ? py::cast(array_in(got[0]).shape).release().ptr() : Py_NewRef(Py_None));
  Ref node(make_node(entry->plan, parents.get(), saved.get(), shape.get()));
  if (node && self->results == 1 && !note_in_anomaly_mode(node.get(), got[0])) return nullptr;
  return node.release();
}

// The node of one of several results, or None. New reference.
PyObject* output_node(const PrimitiveObject* self, PyObject* call, int index, PyObject* y) {
  if (call == Py_None || !is_inexact(array_in(y).dtype)) return Py_NewRef(Py_None);
  Ref node(make_output_node(call, index, self->results, y));
  if (node && !note_in_anomaly_mode(node.get(), y)) return nullptr;
  return node.release();
}

// The tensors that a call gives: one, or a tuple.
PyObject* wrapped(const PrimitiveObject* self, const Outputs& got, PyObject* call, PyTypeObject* type) {
  if (self->results == 1) return make_tensor(got[0], call, type);
  Ref all(PyTuple_New(self->results));
  for (int i = 0; all && i < self->results; ++i) {
    const Ref node(output_node(self, call, i, got[i]));
    PyObject* y = node ? make_tensor(got[i], node.get(), type) : nullptr;
    if (!y) return nullptr;
    PyTuple_SET_ITEM(all.get(), i, y);
  }
  return all.release();
}

// Inputs as the kernel takes them, by way of Python: array-likes become tensors, two dtypes become one. Null where
// there is nothing to convert; with an exception set where that failed.
PyObject* converted(const PrimitiveObject* self, PyObject* const* args) {
  Ref inputs(PyTuple_New(self->inputs));
  if (!inputs) return nullptr;
  for (int i = 0; i < self->inputs; ++i) PyTuple_SET_ITEM(inputs.get(), i, Py_NewRef(args[i]));
  PyObject* given[] = {reinterpret_cast<PyObject*>(const_cast<PrimitiveObject*>(self)), inputs.get()};
  Ref result(PyObject_Vectorcall(python.convert, given, 2, nullptr));
  if (!result || result.get() == Py_None) return nullptr;
  return result.release();
}

// Where two dtypes meet, the conversion is an op of its own, so that the cotangent is converted back.
bool of_one_dtype(const PrimitiveObject* self, PyObject* const* arrays) {
  const Array* first = nullptr;
  for (int i = 0; i < self->inputs; ++i) {
    if (!is_array(arrays[i]) || self->conditions >> i & 1) continue;
    const Array& array = array_in(arrays[i]);
    if (first && array.dtype != first->dtype) return false;
    first = &array;
  }
  return true;
}

PyObject* call(PrimitiveObject* self, PyObject* const* args, PyTypeObject* type);

PyObject* call_converted(PrimitiveObject* self, PyObject* const* args, PyObject* inputs, PyTypeObject* type) {
  PyObject* replaced[kMaxArgs];
  for (int i = 0; i < self->inputs + self->statics; ++i)
    replaced[i] = i < self->inputs ? PyTuple_GET_ITEM(inputs, i) : args[i];
  return call(self, replaced, type);
}

// pybind11 answers wrong types with C++ signatures, and the readers of shapes and of array-likes do not know for whom
// they read; the caller is told the op and what it was given.
void restate_refusal(const PrimitiveObject* self, PyObject* const* args) {
  static constexpr std::string_view kReader = "asarray: ";
  py::error_already_set error;
  const std::string text = py::str(error.value());
  if (text.starts_with("shape") || text.starts_with("arrays have") || text.starts_with(kReader)) {
    const size_t from = text.starts_with(kReader) ? kReader.size() : 0;
    PyErr_Format(error.type().ptr(), "%U: %s", self->name, text.c_str() + from);
    return;
  }
  if (text.find("incompatible function arguments") == std::string::npos) return error.restore();
  std::string given;
  for (int i = 0; i < self->inputs + self->statics; ++i)
    given += (i ? ", " : "") + (is_tensor(args[i])  ? "a tensor"
                                : is_array(args[i]) ? "an array"
                                                    : std::string(py::repr(args[i])));
  PyErr_Format(PyExc_TypeError, "%U: cannot take (%s)", self->name, given.c_str());
}

// Gives results of the class `type`.
PyObject* call(PrimitiveObject* self, PyObject* const* args, PyTypeObject* type) {
  Inputs in;
  unsigned mask = 0;
  bool ready = false;           // some input is a tensor, and none needs conversion
  bool complex_number = false;  // which makes tensors complex
  for (int i = 0; i < self->inputs; ++i) {
    if (is_tensor(args[i])) {
      const TensorObject* tensor = as_tensor(args[i]);
      if (!tensor->array || !tensor->node || !is_array(tensor->array))
        fail<TypeError>(PyUnicode_AsUTF8(self->name), ": an operand is a Tensor without data; asarray makes tensors");
      in.add(tensor->array, tensor->node);
      mask |= static_cast<unsigned>(tensor->node != Py_None) << i;
      ready = true;
    } else if (is_number(args[i]) || (args[i] == Py_None && (!self->native || self->native->optional >> i & 1))) {
      in.add(args[i], Py_None);  // None, an operand that is left out, is for kernels that say so themselves
      complex_number |= PyComplex_Check(args[i]);
    } else {
      ready = false;
      break;
    }
  }
  if (ready && self->promotes) ready = of_one_dtype(self, in.arrays);
  for (int i = 0; ready && self->promotes && complex_number && i < self->inputs; ++i)
    ready = !is_array(in.arrays[i]) || self->conditions >> i & 1 || !is_floating(array_in(in.arrays[i]).dtype);
  if (!ready) {
    const Ref inputs(converted(self, args));
    if (inputs) return call_converted(self, args, inputs.get(), type);
    if (!PyErr_Occurred())
      PyErr_Format(PyExc_TypeError, "%U: an operand is None, but must be an array or a number", self->name);
    else if (PyErr_ExceptionMatches(PyExc_TypeError) || PyErr_ExceptionMatches(PyExc_ValueError))
      restate_refusal(self, args);
    return nullptr;
  }

  const bool recorded = mask && tape_mode() != TapeMode::off;
  Outputs got;
  if (!call_kernel(self, args, in.arrays, recorded, got)) {
    if (PyErr_ExceptionMatches(PyExc_TypeError) || PyErr_ExceptionMatches(PyExc_ValueError))
      restate_refusal(self, args);
    return nullptr;
  }
  const Ref node(recorded ? record(self, args, in, mask, got) : Py_NewRef(Py_None));
  return node ? wrapped(self, got, node.get(), type) : nullptr;
}

[[gnu::noinline]] PyObject* call_under_numpy_rules(PrimitiveObject* self, PyObject* const* args) {
  const UnderDTypeRules rules(DTypeRules::numpy);
  return call(self, args, ndarray_type);
}

PyObject* primitive_vectorcall(PyObject* callable, PyObject* const* args, size_t nargsf, PyObject* keywords) {
  auto* self = reinterpret_cast<PrimitiveObject*>(callable);
  if (keywords && PyTuple_GET_SIZE(keywords) && self->with_keywords)
    return PyObject_Vectorcall(self->with_keywords, args, nargsf, keywords);
  const Py_ssize_t given = PyVectorcall_NARGS(nargsf), wanted = self->inputs + self->statics;
  if (given != wanted || (keywords && PyTuple_GET_SIZE(keywords))) {
    PyErr_Format(PyExc_TypeError, "%U: takes %zd positional arguments, got %zd%s", self->name, wanted, given,
                 keywords && PyTuple_GET_SIZE(keywords) ? " and keyword arguments" : "");
    return nullptr;
  }
  try {
    for (int i = 0; i < self->inputs; ++i)
      if (is_ndarray(args[i])) return call_under_numpy_rules(self, args);
    return call(self, args, tensor_type);
  } catch (py::error_already_set& error) {
    error.restore();
  } catch (abi::__forced_unwind&) {
    throw;
  } catch (...) {
    py::detail::try_translate_exceptions();
  }
  return nullptr;
}

// Primitive(name, kernel, inputs, statics, results, kept, with_keywords, promotes, conditions)
PyObject* primitive_new(PyTypeObject* type, PyObject* args, PyObject*) {
  PyObject *name, *kernel, *with_keywords;
  int inputs, statics, results, kept, promotes;
  unsigned conditions;
  if (!PyArg_ParseTuple(args, "UOiiiiOpI:Primitive", &name, &kernel, &inputs, &statics, &results, &kept, &with_keywords,
                        &promotes, &conditions))
    return nullptr;
  const bool fits = inputs >= 1 && inputs <= kMaxInputs && statics >= 0 && statics <= kMaxArgs - inputs;
  if (!fits || results < 1 || kept < 0 || results + kept > kMaxOutputs) {
    PyErr_SetString(PyExc_ValueError, "Primitive: too many parameters or results");
    return nullptr;
  }
  PyObject* object = type->tp_alloc(type, 0);
  if (!object) return nullptr;
  auto* self = reinterpret_cast<PrimitiveObject*>(object);
  const auto native = native_ops().find(PyUnicode_AsUTF8(name));
  self->vectorcall = primitive_vectorcall;
  self->name = Py_NewRef(name);
  self->kernel = Py_NewRef(kernel);
  self->with_keywords = with_keywords == Py_None ? nullptr : Py_NewRef(with_keywords);
  self->native = native == native_ops().end() ? nullptr : &native->second;
  self->inputs = inputs;
  self->statics = statics;
  self->results = results;
  self->kept = kept;
  self->promotes = promotes && inputs > 1;
  self->conditions = conditions;
  self->plans = new std::vector<PlanEntry>(size_t{2} << inputs);
  return object;
}

// Pickled and copied as functions are: by where they are found.
PyObject* primitive_reduce(PyObject* self, PyObject*) { return PyObject_GetAttrString(self, "__qualname__"); }
PyMethodDef primitive_methods[] = {{"__reduce__", primitive_reduce, METH_NOARGS, nullptr}, {}};

// As a function in a class, it binds to the instance: Tensor.__add__ is one of these.
PyObject* primitive_get(PyObject* self, PyObject* instance, PyObject*) {
  return instance && instance != Py_None ? PyMethod_New(self, instance) : Py_NewRef(self);
}

PyMemberDef primitive_members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(PrimitiveObject, vectorcall), READONLY, nullptr},
    {"__dictoffset__", T_PYSSIZET, offsetof(PrimitiveObject, dict), READONLY, nullptr},
    {},
};
PyGetSetDef primitive_getset[] = {
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, nullptr, nullptr},
    {},
};
PyType_Slot primitive_slots[] = {
    {Py_tp_new, reinterpret_cast<void*>(primitive_new)},
    {Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
    {Py_tp_descr_get, reinterpret_cast<void*>(primitive_get)},
    {Py_tp_members, primitive_members},
    {Py_tp_methods, primitive_methods},
    {Py_tp_getset, primitive_getset},
    {},
};
// Made once per op at import and never collected, so without GC support.
PyType_Spec primitive_spec = {"tilewright._core.Primitive", sizeof(PrimitiveObject), 0,
                              Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_METHOD_DESCRIPTOR,
                              primitive_slots};

}  // namespace

const Array& NativeCall::array(int input) const {
  PyObject* object = inputs[input];
  if (!is_array(object))
    fail<TypeError>(PyUnicode_AsUTF8(op), ": an operand is a ", Py_TYPE(object)->tp_name, ", but must be an array");
  return array_in(object);
}

const Array* NativeCall::array_or_none(int input) const { return inputs[input] == Py_None ? nullptr : &array(input); }

Operand NativeCall::operand(int input) const {
  PyObject* object = inputs[input];
  Operand operand;
  if (is_array(object)) {
    operand.array = &array_in(object);
  } else if (!load_scalar(object, operand.scalar)) {
    fail<TypeError>(PyUnicode_AsUTF8(op), ": an operand is a ", Py_TYPE(object)->tp_name,
                    ", but must be an array or a number");
  }
  return operand;
}

void register_native(const char* op, NativeKernel kernel, const void* data, unsigned optional) {
  native_ops()[op] = {kernel, data, optional};
}

void add_primitive_type(py::module_& m) {
  PyObject* type = PyType_FromSpec(&primitive_spec);
  if (!type) throw py::error_already_set();
  m.attr("Primitive") = py::handle(type);
  m.def("set_python_hooks", [](py::type tensor, py::function convert, py::function make_plan, py::function note_forward,
                               py::object output_plan, py::function frozen_key, py::str package_folder) {
    set_package_folder(package_folder.ptr());
    tensor_type = reinterpret_cast<PyTypeObject*>(tensor.release().ptr());
    python.convert = convert.release().ptr();
    python.make_plan = make_plan.release().ptr();
    python.note_forward = note_forward.release().ptr();
    set_output_plan(output_plan.release().ptr());
    python.frozen_key = frozen_key.release().ptr();
  });
}

}  // namespace tw
