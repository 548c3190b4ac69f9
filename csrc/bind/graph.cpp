// Recordings of what a module asks of a device, and programs made of them: see nn/fuse.py.
#include <structmember.h>  // after Python.h

#include <memory>
#include <optional>
#include <vector>

#include "bind/bind.h"
#include "bind/caster.h"
#include "bind/tape.h"
#include "core/watch.h"
#include "graph/program.h"
#include "ops/elementwise.h"

namespace tw {
namespace {

// ---- Program --------------------------------------------------------------------------------------------------------

// What a tensor has to be to take the place of the one that was recorded.
struct Signature {
  PyTypeObject* type;
  DType dtype;
  Device device;
  Dims shape, strides;

  bool fits(PyObject* object, const Array& x) const {
    return Py_IS_TYPE(object, type) && x.dtype == dtype && x.device == device && x.shape == shape &&
           x.strides == strides;
  }
};

// Something of the model that the program was made from: an entry of a dict, and if that is a tensor, its array; or,
// without a key, how many entries there are.
struct Part {
  PyObject *dict, *key, *value, *array;
  Py_ssize_t count;

  bool holds() const {
    if (!key) return PyDict_GET_SIZE(dict) == count;
    PyObject* now = PyDict_GetItemWithError(dict, key);
    return now == value && (!array || as_tensor(now)->array == array);
  }
};

struct ProgramObject {
  PyObject_HEAD vectorcallfunc vectorcall;
  graph::Program* program;
  std::vector<Signature>* inputs;
  std::vector<PyTypeObject*>* results;
  std::vector<Part>* parts;
};

PyTypeObject* program_type = nullptr;

ProgramObject* as_program(PyObject* object) { return reinterpret_cast<ProgramObject*>(object); }

bool parts_hold(const ProgramObject* self) {
  for (const Part& part : *self->parts)
    if (!part.holds()) return false;
  return !self->program->is_stale();
}

// The tensors' arrays; false where they are not what was recorded.
bool take_inputs(const ProgramObject* self, PyObject* const* args, size_t count, std::vector<Array>& arrays) {
  if (count != self->inputs->size()) return false;
  arrays.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    if (!is_tensor(args[i])) return false;
    const TensorObject* tensor = as_tensor(args[i]);
    if (tensor->node != Py_None && tape_mode() != TapeMode::off) return false;
    if (!tensor->array || !(*self->inputs)[i].fits(args[i], array_in(tensor->array))) return false;
    arrays.push_back(array_in(tensor->array));
  }
  return true;
}

PyObject* run_program(const ProgramObject* self, PyObject* const* args, size_t count) {
  std::vector<Array> inputs, results;
  if (memory_watch() || !take_inputs(self, args, count, inputs) || !parts_hold(self)) {
    if (PyErr_Occurred()) return nullptr;
    return Py_NewRef(Py_NotImplemented);
  }
  if (!self->program->run(inputs, results)) return Py_NewRef(Py_NotImplemented);
  Ref all(PyTuple_New(static_cast<Py_ssize_t>(results.size())));
  if (!all) return nullptr;
  for (size_t i = 0; i < results.size(); ++i) {
    const Ref array(make_array(std::move(results[i])));
    PyObject* tensor = make_tensor(array.get(), Py_None, (*self->results)[i]);
    if (!tensor) return nullptr;
    if (results.size() == 1) return tensor;
    PyTuple_SET_ITEM(all.get(), static_cast<Py_ssize_t>(i), tensor);
  }
  return all.release();
}

PyObject* program_vectorcall(PyObject* self, PyObject* const* args, size_t nargsf, PyObject* keywords) {
  if (keywords && PyTuple_GET_SIZE(keywords)) {
    PyErr_SetString(PyExc_TypeError, "Program: takes no keyword arguments");
    return nullptr;
  }
  return translated(
      [&] { return run_program(as_program(self), args, static_cast<size_t>(PyVectorcall_NARGS(nargsf))); });
}

int program_traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  for (const Part& part : *as_program(self)->parts) {
    Py_VISIT(part.dict);
    Py_VISIT(part.value);
  }
  return 0;
}

int program_clear(PyObject* self) {
  for (const Part& part : std::exchange(*as_program(self)->parts, {}))
    for (PyObject* held : {part.dict, part.key, part.value, part.array}) Py_XDECREF(held);
  return 0;
}

void program_dealloc(PyObject* self) {
  PyTypeObject* type = Py_TYPE(self);
  PyObject_GC_UnTrack(self);
  program_clear(self);
  delete as_program(self)->program;
  delete as_program(self)->inputs;
  delete as_program(self)->results;
  delete as_program(self)->parts;
  type->tp_free(self);
  Py_DECREF(type);
}

PyObject* describe_program(PyObject* self, PyObject*) {
  const std::string text = as_program(self)->program->describe();
  return PyUnicode_FromStringAndSize(text.data(), static_cast<Py_ssize_t>(text.size()));
}

PyObject* program_statistics(PyObject* self, PyObject*) {
  const graph::Program& program = *as_program(self)->program;
  return Py_BuildValue("{s:L,s:L,s:L}", "calls", static_cast<long long>(program.calls()), "planned_bytes",
                       static_cast<long long>(program.planned_bytes()), "unplanned_bytes",
                       static_cast<long long>(program.unplanned_bytes()));
}

PyObject* program_holds(PyObject* self, PyObject*) {
  const bool holds = parts_hold(as_program(self));
  return PyErr_Occurred() ? nullptr : PyBool_FromLong(holds);
}

PyMethodDef program_methods[] = {
    {"describe", describe_program, METH_NOARGS, "describe(): the calls, and what rewrites made of them."},
    {"statistics", program_statistics, METH_NOARGS, "statistics(): calls and bytes."},
    {"holds", program_holds, METH_NOARGS, "holds(): whether the model still is what was recorded."},
    {}};
PyMemberDef program_members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(ProgramObject, vectorcall), READONLY, nullptr},
    {},
};
PyType_Slot program_slots[] = {
    {Py_tp_doc, const_cast<char*>("Makes recorded calls again: program(*tensors), NotImplemented where they differ.")},
    {Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
    {Py_tp_traverse, reinterpret_cast<void*>(program_traverse)},
    {Py_tp_clear, reinterpret_cast<void*>(program_clear)},
    {Py_tp_dealloc, reinterpret_cast<void*>(program_dealloc)},
    {Py_tp_methods, program_methods},
    {Py_tp_members, program_members},
    {},
};
PyType_Spec program_spec = {
    "tilewright._core.Program", sizeof(ProgramObject), 0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    program_slots};

// ---- Recording ------------------------------------------------------------------------------------------------------

// Memory of its own, so that an address says which input it is of; laid out as x.
Array apart(const Array& x) {
  if (x.size() == 0) return empty(x.shape, x.dtype, x.device);
  const Extent extent = extent_of(x);
  Array bytes = x;
  bytes.data = const_cast<char*>(extent.low);
  bytes.dtype = DType::u8;
  bytes.shape = {extent.high - extent.low};
  bytes.strides = {1};
  const Array copy = astype(bytes, DType::u8, true);
  Array result = x;
  result.storage = copy.storage;
  result.data = copy.data + (x.data - extent.low);
  return result;
}

class Recording {
 public:
  explicit Recording(const std::vector<const Array*>& inputs) {
    for (const Array* input : inputs) {
      inputs_.push_back(apart(*input));
      recorder_.add_input(inputs_.back().storage);
    }
  }

  std::vector<Array> inputs() const { return inputs_; }
  void start() { watch_.emplace(&recorder_); }
  void stop() { watch_.reset(); }

  // Tensors that are given, those of the results, and the parts of the model: see Part.
  py::object program(const py::list& given, const py::list& results, const py::list& parts, bool exact);

 private:
  std::vector<Array> outputs(const py::list& results);

  Recorder recorder_;
  std::vector<Array> inputs_;
  std::optional<WatchMemory> watch_;
};

// What the results lie in; what the host wrote is copied in each call, since results belong to the caller.
std::vector<Array> Recording::outputs(const py::list& results) {
  const WatchMemory watching(&recorder_);
  std::vector<Array> outputs;
  for (const py::handle result : results) {
    const Array& x = operand_in(as_tensor(result.ptr())->array);
    const RecordedBuffer& buffer = recorder_.buffers[static_cast<size_t>(recorder_.find(x.storage->data))];
    const bool unwritten = buffer.kind == RecordedBuffer::temporary && !buffer.written;
    outputs.push_back(unwritten ? astype(x, x.dtype, true) : x);
  }
  return outputs;
}

py::object Recording::program(const py::list& given, const py::list& results, const py::list& parts, bool exact) {
  recorder_.require_whole();
  std::vector<Array> lie_in = outputs(results);
  graph::Graph g(std::move(recorder_), inputs_, std::move(lie_in));
  graph::fold_constants(g);
  if (!exact) {
    graph::fold_norms(g);
    graph::drop_taps(g);
    graph::fuse_epilogues(g);
    graph::pack_weights(g);
  }
  graph::write_in_place(g);
  auto program = std::make_unique<graph::Program>(std::move(g));

  PyObject* object = program_type->tp_alloc(program_type, 0);
  if (!object) throw py::error_already_set();
  const auto made = py::reinterpret_steal<py::object>(object);
  ProgramObject* self = as_program(object);
  self->vectorcall = program_vectorcall;
  self->program = program.release();
  self->inputs = new std::vector<Signature>;
  self->results = new std::vector<PyTypeObject*>;
  self->parts = new std::vector<Part>;
  for (const py::handle tensor : given) {
    const Array& x = array_in(as_tensor(tensor.ptr())->array);
    self->inputs->push_back({Py_TYPE(tensor.ptr()), x.dtype, x.device, x.shape, x.strides});
  }
  for (const py::handle tensor : results)
    self->results->push_back(is_ndarray(tensor.ptr()) ? ndarray_type : tensor_type);
  for (const py::handle entry : parts) {
    const auto part = py::cast<py::tuple>(entry);
    PyObject *dict = part[0].ptr(), *key = part[1].ptr();
    if (key == Py_None) {
      self->parts->push_back({Py_NewRef(dict), nullptr, nullptr, nullptr, PyDict_GET_SIZE(dict)});
      continue;
    }
    PyObject* value = part[2].ptr();
    PyObject* array = is_tensor(value) ? Py_NewRef(as_tensor(value)->array) : nullptr;
    self->parts->push_back({Py_NewRef(dict), Py_NewRef(key), Py_NewRef(value), array, 0});
  }
  return made;
}

}  // namespace

void bind_graph(py::module_& m) {
  py::register_exception<RecordingError>(m, "RecordingError", PyExc_RuntimeError);
  program_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&program_spec));
  if (!program_type) throw py::error_already_set();
  m.attr("Program") = py::handle(reinterpret_cast<PyObject*>(program_type));
  m.def("is_recording", [] { return memory_watch() != nullptr; });
  py::class_<Recording>(m, "Recording")
      .def(py::init<const std::vector<const Array*>&>(), py::arg("inputs"))
      .def_property_readonly("inputs", &Recording::inputs)
      .def("start", &Recording::start)
      .def("stop", &Recording::stop)
      .def("program", &Recording::program, py::arg("given"), py::arg("results"), py::arg("parts"), py::arg("exact"));
}

}  // namespace tw
