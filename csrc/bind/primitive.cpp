// _core.Primitive: a callable op. See bind/tape.h for why this is not Python.
#include "bind/primitive.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "bind/bind.h"
#include "bind/callable.h"
#include "bind/caster.h"

namespace tw {

Hooks python;

namespace {

std::map<std::string, NativeOp>& native_ops() {
  static std::map<std::string, NativeOp> ops;
  return ops;
}

// What a kernel gives: results, then what it keeps for the rules, None where that was not made.
struct Outputs {
  Ref one, kept;  // where that is all there can be,
  Ref all;        // else a tuple
  int results = 1;

  PyObject* operator[](int i) const { return all ? PyTuple_GET_ITEM(all.get(), i) : i == 0 ? one.get() : kept.get(); }
};

void call_native(const PrimitiveObject* self, const Given& given, PyObject* const* arrays, bool recorded,
                 Outputs& got) {
  const NativeOp& native = *self->native;
  Array kept;
  got.one.reset(
      make_array(native.kernel({self->name, arrays, given.count, given.statics, native.data, recorded}, kept)));
  if (self->kept) got.kept.reset(kept.storage.get() ? make_array(std::move(kept)) : Py_NewRef(Py_None));
}

// Sort what a kernel in Python or pybind11 gave; TypeError where it is not what was declared.
void take_outputs(const PrimitiveObject* self, PyObject* y, Outputs& got) {
  const char* op = PyUnicode_AsUTF8(self->name);
  const int count = self->results + self->kept;
  if (self->results == kAnyNumber) {
    if (!PyTuple_CheckExact(y) && !PyList_CheckExact(y)) fail<TypeError>(op, ": the kernel must give a list of arrays");
    got.all.reset(PySequence_Tuple(y));
    if (!got.all) throw py::error_already_set();
    got.results = static_cast<int>(PyTuple_GET_SIZE(got.all.get()));
  } else if (self->results == 1 && count == 1) {
    got.one.reset(Py_NewRef(y));
  } else if (count == 0) {
    if (y != Py_None) fail<TypeError>(op, ": the kernel must give nothing");
    got.results = 0;
  } else {
    if (!PyTuple_CheckExact(y) || PyTuple_GET_SIZE(y) != count)
      fail<TypeError>(op, ": the kernel must give a tuple of ", count, " arrays");
    got.all.reset(Py_NewRef(y));
    got.results = self->results;
  }
  for (int i = 0; i < got.results; ++i)
    if (!is_array(got[i])) fail<TypeError>(op, ": the kernel gave a ", Py_TYPE(got[i])->tp_name, ", no array");
}

// False where Python raised.
bool call_kernel(const PrimitiveObject* self, const Given& given, PyObject* const* arrays, bool recorded,
                 Outputs& got) {
  if (self->native)
    return translated([&] {
      call_native(self, given, arrays, recorded, got);
      return Py_None;
    });
  PyObject* unwrapped[kMaxArgs];
  int count = 0;
  Ref list(given.sequence ? PyList_New(given.count) : nullptr);
  if (given.sequence) {
    if (!list) return false;
    for (int i = 0; i < given.count; ++i) PyList_SET_ITEM(list.get(), i, Py_NewRef(arrays[i]));
    unwrapped[count++] = list.get();
  } else {
    for (int i = 0; i < given.count; ++i) unwrapped[count++] = arrays[i];
  }
  for (int i = 0; i < self->statics; ++i) unwrapped[count++] = given.statics[i];
  const Ref y(PyObject_Vectorcall(self->kernel, unwrapped, static_cast<size_t>(count), nullptr));
  if (!y) return false;
  take_outputs(self, y.get(), got);
  return true;
}

// ---- the tape -------------------------------------------------------------------------------------------------------

// What is recorded: of each input whether it wants a gradient, as a bit mask. Of a sequence 1 stands for all entries,
// and 2 for some.
constexpr unsigned kAllEntries = 1, kSomeEntries = 2;

// False where Python raised.
bool read_slots(PyObject* given, std::vector<Slot>& slots) {
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(given); ++i) {
    int kind, index;
    if (!PyArg_ParseTuple(PyTuple_GET_ITEM(given, i), "ii:slot", &kind, &index)) return false;
    slots.push_back({static_cast<Slot::Kind>(kind), index});
  }
  return true;
}

PyObject* make_plan(PrimitiveObject* self, const Given& given, const Inputs& in, bool all, bool complex) {
  const Ref wants(PyTuple_New(given.count));
  if (!wants) return nullptr;
  for (int i = 0; i < given.count; ++i)
    PyTuple_SET_ITEM(wants.get(), i, PyBool_FromLong(all || in.nodes[i] != Py_None));
  PyObject* args[] = {reinterpret_cast<PyObject*>(self), wants.get(), complex ? Py_True : Py_False};
  return PyObject_Vectorcall(python.make_plan, args, 3, nullptr);
}

// Of a sequence the plan for all entries; null where Python raised.
const PlanEntry* plan_for(PrimitiveObject* self, const Given& given, const Inputs& in, unsigned mask, bool complex) {
  const unsigned key = self->sequence ? kAllEntries : mask;
  PlanEntry& entry = (*self->plans)[key | static_cast<unsigned>(complex) << self->inputs];
  if (entry.plan) return &entry;
  Ref plan(make_plan(self, given, in, self->sequence, complex));
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

// Of the result, or a tuple of those of the results.
PyObject* shape_of(const PrimitiveObject* self, const Outputs& got) {
  if (self->results == 1) return py::cast(array_in(got[0]).shape).release().ptr();
  PyObject* shapes = PyTuple_New(got.results);
  for (int i = 0; shapes && i < got.results; ++i)
    PyTuple_SET_ITEM(shapes, i, py::cast(array_in(got[i]).shape).release().ptr());
  return shapes;
}

// The shape, dtype or device of an operand.
PyObject* property(const PrimitiveObject* self, Slot::Kind kind, PyObject* operand) {
  if (!is_array(operand))
    fail<TypeError>(PyUnicode_AsUTF8(self->name), ": a ", Py_TYPE(operand)->tp_name,
                    " has no shape, dtype or device that a rule could take");
  if (kind == Slot::shape) return py::cast(array_in(operand).shape).release().ptr();
  return PyObject_GetAttrString(operand, kind == Slot::dtype ? "dtype" : "device");
}

PyObject* in_slot(const PrimitiveObject* self, Slot slot, PyObject* const* values, const Given& given,
                  const Inputs& in) {
  PyObject* value = values[slot.index];
  if (slot.kind == Slot::value) return Py_NewRef(value);
  if (slot.kind == Slot::key)
    return PyLong_CheckExact(value) ? Py_NewRef(value) : PyObject_CallOneArg(python.frozen_key, value);
  if (!given.sequence) return property(self, slot.kind, in.arrays[slot.index]);
  Ref all(PyTuple_New(given.count));
  for (int i = 0; all && i < given.count; ++i) {
    PyObject* of_entry = property(self, slot.kind, in.arrays[i]);
    if (!of_entry) return nullptr;
    PyTuple_SET_ITEM(all.get(), i, of_entry);
  }
  return all.release();
}

// What a node keeps for backward. New reference. (Out of line: else ops that save nothing take 3 % longer.)
[[gnu::noinline]] PyObject* saved_by(const PrimitiveObject* self, const PlanEntry& entry, const Given& given,
                                     const Inputs& in, const Outputs& got) {
  PyObject* values[kMaxArgs + kMaxOutputs];
  int count = 0;
  if (given.sequence) values[count++] = given.sequence;
  for (int i = 0; i < given.count && !given.sequence; ++i) values[count++] = given.inputs[i];
  for (int i = 0; i < self->statics; ++i) values[count++] = given.statics[i];
  if (self->results == kAnyNumber) values[count++] = got.all.get();
  for (int i = 0; i < self->results + self->kept; ++i) values[count++] = got[i];
  if (entry.save) return PyObject_Vectorcall(entry.save, values, static_cast<size_t>(count), nullptr);
  Ref saved(PyTuple_New(static_cast<Py_ssize_t>(entry.slots.size())));
  for (size_t i = 0; saved && i < entry.slots.size(); ++i) {
    PyObject* kept = in_slot(self, entry.slots[i], values, given, in);
    if (!kept) return nullptr;
    PyTuple_SET_ITEM(saved.get(), static_cast<Py_ssize_t>(i), kept);
  }
  return saved.release();
}

// The node of this call, or None where the op cuts the tape. New reference.
PyObject* record(PrimitiveObject* self, const Given& given, const Inputs& in, unsigned mask, const Outputs& got) {
  // A real result of complex operands is a part or the length of a single one.
  bool complex = self->inputs == 1 && given.count && is_complex(array_in(in.arrays[0]).dtype);
  for (int i = 0; i < got.results; ++i) complex |= is_complex(array_in(got[i]).dtype);
  const PlanEntry* entry = plan_for(self, given, in, mask, complex);
  if (!entry) return nullptr;
  if (entry->plan == Py_None) return Py_NewRef(Py_None);
  const bool some = self->sequence && mask == kSomeEntries;  // in too many ways to keep a plan for each
  const Ref plan(some ? make_plan(self, given, in, false, complex) : Py_NewRef(entry->plan));
  if (!plan) return nullptr;
  int count = 0;
  for (int i = 0; i < given.count; ++i) count += in.nodes[i] != Py_None;
  Ref parents(PyTuple_New(count));
  if (!parents) return nullptr;
  for (int i = 0, to = 0; i < given.count; ++i)
    if (in.nodes[i] != Py_None) PyTuple_SET_ITEM(parents.get(), to++, Py_NewRef(in.nodes[i]));
  const bool saves = entry->save || !entry->slots.empty();
  const Ref saved(saves ? saved_by(self, *entry, given, in, got) : PyTuple_New(0));
  if (!saved) return nullptr;
  const Ref shape(shape_of(self, got));
  if (!shape) return nullptr;
  Ref node(make_node(plan.get(), parents.get(), saved.get(), shape.get()));
  if (node && self->results == 1 && !note_in_anomaly_mode(node.get(), got[0])) return nullptr;
  return node.release();
}

// The node of one of several results, or None. New reference.
PyObject* output_node(PyObject* call, int index, PyObject* y) {
  if (call == Py_None || !is_inexact(array_in(y).dtype)) return Py_NewRef(Py_None);
  Ref node(make_output_node(call, index));
  if (node && !note_in_anomaly_mode(node.get(), y)) return nullptr;
  return node.release();
}

// The tensors that a call gives: one, or a tuple; where there is no result the first that the kernel wrote.
PyObject* wrapped(const PrimitiveObject* self, const Given& given, const Outputs& got, PyObject* call,
                  PyTypeObject* type) {
  if (self->results == 1) return make_tensor(got[0], call, type);
  if (self->results == 0) return Py_NewRef(given.inputs[__builtin_ctz(self->mutated)]);
  Ref all(PyTuple_New(got.results));
  for (int i = 0; all && i < got.results; ++i) {
    const Ref node(output_node(call, i, got[i]));
    PyObject* y = node ? make_tensor(got[i], node.get(), type) : nullptr;
    if (!y) return nullptr;
    PyTuple_SET_ITEM(all.get(), i, y);
  }
  return all.release();
}

// Inputs as the kernel takes them, by way of Python: array-likes become tensors, two dtypes become one. Null where
// there is nothing to convert; with an exception set where that failed.
PyObject* converted(const PrimitiveObject* self, const Given& given) {
  Ref inputs(PyTuple_New(given.count));
  if (!inputs) return nullptr;
  for (int i = 0; i < given.count; ++i) PyTuple_SET_ITEM(inputs.get(), i, Py_NewRef(given.inputs[i]));
  PyObject* args[] = {reinterpret_cast<PyObject*>(const_cast<PrimitiveObject*>(self)), inputs.get()};
  Ref result(PyObject_Vectorcall(python.convert, args, 2, nullptr));
  if (!result || result.get() == Py_None) return nullptr;
  return result.release();
}

// Where two dtypes meet, the conversion is an op of its own, so that the cotangent is converted back.
bool of_one_dtype(const PrimitiveObject* self, const Given& given, PyObject* const* arrays) {
  const Array* first = nullptr;
  for (int i = 0; i < given.count; ++i) {
    if (!is_array(arrays[i]) || (self->apart && self->apart >> i & 1)) continue;
    const Array& array = array_in(arrays[i]);
    if (first && array.dtype != first->dtype) return false;
    first = &array;
  }
  return true;
}

// Whether the operands have a dtype that the op does not want under `autocast`; float64 and complex numbers stay.
bool of_another_precision(const PrimitiveObject* self, const Given& given, PyObject* const* arrays) {
  for (int i = 0; i < given.count; ++i) {
    if (!is_array(arrays[i]) || self->apart >> i & 1) continue;
    const DType dtype = array_in(arrays[i]).dtype;
    if (self->cast == Cast::to_bfloat16 ? dtype == DType::f32 : dtype == DType::bf16 || dtype == DType::f16)
      return true;
  }
  return false;
}

// pybind11 answers wrong types with C++ signatures, and the readers of shapes and of array-likes do not know for whom
// they read; the caller is told the op and what it was given.
void restate_refusal(const PrimitiveObject* self, const Given& args) {
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
  for (int i = 0; i < args.count + self->statics; ++i) {
    PyObject* arg = i < args.count ? args.inputs[i] : args.statics[i - args.count];
    given += (i ? ", " : "") + (is_tensor(arg) ? "a tensor" : is_array(arg) ? "an array" : std::string(py::repr(arg)));
  }
  PyErr_Format(PyExc_TypeError, "%U: cannot take (%s)", self->name, given.c_str());
}

// Unwrap the inputs, and say in `mask` which want a gradient. False where some have to be converted first.
bool unwrap(const PrimitiveObject* self, const Given& given, Inputs& in, unsigned& mask) {
  bool ready = given.count == 0;  // some input is a tensor
  bool complex_number = false;    // which makes tensors complex
  for (int i = 0; i < given.count; ++i) {
    PyObject* input = given.inputs[i];
    if (is_tensor(input)) {
      const TensorObject* tensor = as_tensor(input);
      if (!tensor->array || !tensor->node || !is_array(tensor->array))
        fail<TypeError>(PyUnicode_AsUTF8(self->name), ": an operand is a Tensor without data; asarray makes tensors");
      in.add(tensor->array, tensor->node);
      const bool wants = tensor->node != Py_None;
      if (self->sequence)
        mask = wants && (i == 0 || mask == kAllEntries) ? kAllEntries : wants || mask ? kSomeEntries : 0;
      else
        mask |= static_cast<unsigned>(wants) << i;
      ready = true;
    } else if (!self->sequence &&
               (is_number(input) || (input == Py_None && (!self->native || self->native->optional >> i & 1)))) {
      in.add(input, Py_None);  // None, an operand that is left out, is for kernels that say so themselves
      complex_number |= PyComplex_Check(input);
    } else {
      return false;
    }
  }
  if (ready && self->cast != Cast::none && is_casting() && of_another_precision(self, given, in.arrays)) return false;
  if (!ready || !self->promotes) return ready;
  if (!of_one_dtype(self, given, in.arrays)) return false;
  for (int i = 0; complex_number && i < given.count; ++i)
    if (is_array(in.arrays[i]) && !(self->apart >> i & 1) && is_floating(array_in(in.arrays[i]).dtype)) return false;
  return true;
}

// Of operands that are Python numbers, all of them: the first as a tensor, as `convert` has it. Null for others.
PyObject* first_of_numbers(const Given& given) {
  const bool all = !given.sequence && std::all_of(given.inputs, given.inputs + given.count, is_number);
  return all ? tensor_of_number(given.inputs[0]) : nullptr;
}

PyObject* call(PrimitiveObject* self, const Given& given, PyTypeObject* type) {
  if (self->mutated) require_tensors(self, given);
  Inputs in(given.count);
  unsigned mask = 0;
  if (!unwrap(self, given, in, mask)) {
    PyObject* others[kMaxInputs];
    const Ref first(first_of_numbers(given));
    if (first) {
      std::copy_n(given.inputs, given.count, others);
      others[0] = first.get();
      return call(self, {others, given.count, given.statics, nullptr}, type);
    }
    const Ref inputs(converted(self, given));
    if (inputs) {
      const Given instead{PySequence_Fast_ITEMS(inputs.get()), given.count, given.statics,
                          given.sequence ? inputs.get() : nullptr};
      return call(self, instead, type);
    }
    if (!PyErr_Occurred())
      PyErr_Format(PyExc_TypeError, "%U: an operand is None, but must be an array or a number", self->name);
    else if (PyErr_ExceptionMatches(PyExc_TypeError) || PyErr_ExceptionMatches(PyExc_ValueError))
      restate_refusal(self, given);
    return nullptr;
  }

  const bool recorded = mask && tape_mode() != TapeMode::off;
  unsigned written = self->mutated;
  if (written && !prepare_writes(self, given, in, recorded, written)) return nullptr;
  Outputs got;
  if (!call_kernel(self, given, in.arrays, recorded, got)) {
    if (PyErr_ExceptionMatches(PyExc_TypeError) || PyErr_ExceptionMatches(PyExc_ValueError))
      restate_refusal(self, given);
    return nullptr;
  }
  if (written && !stamp(in, written)) return nullptr;
  const Ref node(recorded ? record(self, given, in, mask, got) : Py_NewRef(Py_None));
  return node ? wrapped(self, given, got, node.get(), type) : nullptr;
}

[[gnu::noinline]] PyObject* call_among_ndarrays(PrimitiveObject* self, const Given& given) {
  const UnderDTypeRules rules(DTypeRules::numpy);
  return call(self, given, ndarray_type);
}

// Gives ndarrays where one is among the operands.
inline PyObject* call(PrimitiveObject* self, const Given& given) {
  return any_ndarray(given.inputs, given.count) ? call_among_ndarrays(self, given) : call(self, given, tensor_type);
}

// Of an op on a sequence: its entries are the inputs.
PyObject* call_on_entries(PrimitiveObject* self, PyObject* const* args) {
  Ref entries;
  if (PyList_CheckExact(args[0]) || PyTuple_CheckExact(args[0])) {
    entries.reset(PySequence_Tuple(args[0]));  // a list can change meanwhile
  } else {
    PyObject* asked[] = {reinterpret_cast<PyObject*>(self), args[0]};
    const Ref list(PyObject_Vectorcall(python.entries, asked, 2, nullptr));
    if (list) entries.reset(PySequence_Tuple(list.get()));
  }
  if (!entries) return nullptr;
  const Py_ssize_t count = PyTuple_GET_SIZE(entries.get());
  return call(self, {PySequence_Fast_ITEMS(entries.get()), static_cast<int>(count), args + 1, entries.get()});
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
  return translated([&] {
    if (self->sequence) return call_on_entries(self, args);
    return call(self, {args, self->inputs, args + self->inputs, nullptr});
  });
}

// Primitive(name, kernel, input_names, statics, results, kept, with_keywords, promotes, apart, sequence, mutated,
// allows_overlap, cast)
PyObject* primitive_new(PyTypeObject* type, PyObject* args, PyObject*) {
  PyObject *name, *kernel, *input_names, *with_keywords;
  int statics, results, kept, promotes, sequence, allows_overlap, cast;
  unsigned apart, mutated;
  if (!PyArg_ParseTuple(args, "UOO!iiiOpIpIpi:Primitive", &name, &kernel, &PyTuple_Type, &input_names, &statics,
                        &results, &kept, &with_keywords, &promotes, &apart, &sequence, &mutated, &allows_overlap,
                        &cast))
    return nullptr;
  const int inputs = static_cast<int>(PyTuple_GET_SIZE(input_names));
  const bool fits = inputs >= 1 && inputs <= kMaxInputs && statics >= 0 && statics <= kMaxArgs - inputs;
  if (!fits || results < kAnyNumber || kept < 0 || results + kept > kMaxOutputs) {
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
  self->promotes = promotes && (inputs > 1 || sequence);
  self->apart = apart;
  self->input_names = Py_NewRef(input_names);
  self->sequence = sequence;
  self->mutated = mutated;
  self->allows_overlap = allows_overlap;
  self->cast = static_cast<Cast>(cast);
  self->plans = new std::vector<PlanEntry>(size_t{2} << inputs);
  return object;
}

}  // namespace

void register_native(const char* op, NativeKernel kernel, const void* data, unsigned optional) {
  native_ops()[op] = {kernel, data, optional};
}

void add_primitive_type(py::module_& m) {
  add_callable_type<PrimitiveObject>(m, "tilewright._core.Primitive", primitive_new);
  m.def("set_python_hooks", [](py::type tensor, py::function convert, py::function entries, py::function make_plan,
                               py::function note_forward, py::function redirect, py::function mark_written,
                               py::function frozen_key, py::str package_folder) {
    set_package_folder(package_folder.ptr());
    tensor_type = reinterpret_cast<PyTypeObject*>(tensor.release().ptr());
    python.convert = convert.release().ptr();
    python.entries = entries.release().ptr();
    python.make_plan = make_plan.release().ptr();
    python.note_forward = note_forward.release().ptr();
    python.redirect = redirect.release().ptr();
    python.mark_written = mark_written.release().ptr();
    python.frozen_key = frozen_key.release().ptr();
  });
}

}  // namespace tw
