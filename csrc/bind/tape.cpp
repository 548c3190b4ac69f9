#include "bind/tape.h"

#include <structmember.h>  // after Python.h

#include <algorithm>
#include <atomic>
#include <vector>

#include "bind/bind.h"
#include "bind/caster.h"
#include "bind/primitive.h"

namespace tw {
namespace {

thread_local TapeMode mode = TapeMode::on;
thread_local bool casting = false;
std::atomic<long long> last_tick{0};
std::atomic<bool> tape_begun{false};
PyTypeObject* node_type = nullptr;
PyObject* package_folder = nullptr;

long long tick() { return last_tick.fetch_add(1, std::memory_order_relaxed) + 1; }

// ---- Tensor's fields ------------------------------------------------------------------------------------------------

int tensor_traverse(PyObject* self, visitproc visit, void* arg) {
  auto* tensor = reinterpret_cast<TensorObject*>(self);
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(tensor->array);
  Py_VISIT(tensor->node);
  return 0;
}

int tensor_clear(PyObject* self) {
  auto* tensor = reinterpret_cast<TensorObject*>(self);
  Py_CLEAR(tensor->array);
  Py_CLEAR(tensor->node);
  return 0;
}

void tensor_dealloc(PyObject* self) {
  PyTypeObject* type = Py_TYPE(self);
  PyObject_GC_UnTrack(self);
  tensor_clear(self);
  type->tp_free(self);
  Py_DECREF(type);
}

PyMemberDef tensor_members[] = {
    {"_array", T_OBJECT_EX, offsetof(TensorObject, array), 0, "The data: a _core.Array."},
    {"_node", T_OBJECT_EX, offsetof(TensorObject, node), 0, "Place on the tape: a Node, a Leaf, or None."},
    {},
};

PyType_Slot tensor_slots[] = {
    {Py_tp_doc, const_cast<char*>("The fields of tilewright.Tensor.")},
    {Py_tp_members, tensor_members},
    {Py_tp_traverse, reinterpret_cast<void*>(tensor_traverse)},
    {Py_tp_clear, reinterpret_cast<void*>(tensor_clear)},
    {Py_tp_dealloc, reinterpret_cast<void*>(tensor_dealloc)},
    {},
};

PyType_Spec tensor_spec = {"tilewright._core.TensorBase", sizeof(TensorObject), 0,
                           Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, tensor_slots};

// ---- Node -----------------------------------------------------------------------------------------------------------

int node_traverse(PyObject* self, visitproc visit, void* arg) {
  auto* node = reinterpret_cast<NodeObject*>(self);
  Py_VISIT(Py_TYPE(self));
  for (PyObject* field : {node->plan, node->parents, node->saved, node->shape, node->hooks, node->grad, node->origin})
    Py_VISIT(field);
  Py_VISIT(node->code);
  return 0;
}

int node_clear(PyObject* self) {
  auto* node = reinterpret_cast<NodeObject*>(self);
  Py_CLEAR(node->plan);
  Py_CLEAR(node->parents);
  Py_CLEAR(node->saved);
  Py_CLEAR(node->shape);
  Py_CLEAR(node->hooks);
  Py_CLEAR(node->grad);
  Py_CLEAR(node->origin);
  Py_CLEAR(node->code);
  return 0;
}

// A chain of nodes is as long as the computation: the trashcan keeps its end from recursing as deep.
void node_dealloc(PyObject* self) {
  PyTypeObject* type = Py_TYPE(self);
  PyObject_GC_UnTrack(self);
  Py_TRASHCAN_BEGIN(self, node_dealloc) node_clear(self);
  type->tp_free(self);
  Py_DECREF(type);
  Py_TRASHCAN_END
}

PyObject* node_new(PyTypeObject*, PyObject* args, PyObject* keywords) {
  PyObject *plan, *parents, *saved, *shape;
  if (keywords && PyDict_GET_SIZE(keywords)) {
    PyErr_SetString(PyExc_TypeError, "Node takes no keyword arguments");
    return nullptr;
  }
  if (!PyArg_ParseTuple(args, "OOOO:Node", &plan, &parents, &saved, &shape)) return nullptr;
  return make_node(plan, parents, saved, shape);
}

constexpr int kFramesSearched = 8;  // a layer in a layer in a layer: further out, the line says little

// Remember who called: code and instruction, not the frame, which would keep the caller's variables alive.
void note_caller(NodeObject* node) {
  PyFrameObject* frame = PyThreadState_GetFrame(PyThreadState_Get());
  for (int depth = 0; frame && depth < kFramesSearched; ++depth) {
    PyCodeObject* code = PyFrame_GetCode(frame);
    if (!package_folder || !PyUnicode_Tailmatch(code->co_filename, package_folder, 0, PY_SSIZE_T_MAX, -1)) {
      node->code = code;
      node->instruction = PyFrame_GetLasti(frame);
      break;
    }
    Py_DECREF(code);
    PyFrameObject* caller = PyFrame_GetBack(frame);
    Py_DECREF(frame);
    frame = caller;
  }
  Py_XDECREF(frame);
}

PyObject* get_origin(PyObject* self, void*) {
  auto* node = reinterpret_cast<NodeObject*>(self);
  if (node->origin) return Py_NewRef(node->origin);
  if (!node->code) return PyUnicode_FromString("a line inside tilewright");
  return PyUnicode_FromFormat("%U:%d", node->code->co_filename, PyCode_Addr2Line(node->code, node->instruction));
}

int set_origin(PyObject* self, PyObject* value, void*) {
  Py_XSETREF(reinterpret_cast<NodeObject*>(self)->origin, Py_XNewRef(value));
  return 0;
}

PyGetSetDef node_getset[] = {
    {"origin", get_origin, set_origin, "The user's line; in anomaly mode with the path of the layer.", nullptr},
    {},
};

PyMemberDef node_members[] = {
    {"plan", T_OBJECT_EX, offsetof(NodeObject, plan), 0, "The op and which of its inputs want a gradient."},
    {"parents", T_OBJECT_EX, offsetof(NodeObject, parents), 0, "The nodes of those inputs, in order."},
    {"saved", T_OBJECT_EX, offsetof(NodeObject, saved), 0, "What the rules named; None once freed."},
    {"shape", T_OBJECT_EX, offsetof(NodeObject, shape), 0, "Shape of the result."},
    {"hooks", T_OBJECT_EX, offsetof(NodeObject, hooks), 0, "Hooks by key, or None."},
    {"grad", T_OBJECT_EX, offsetof(NodeObject, grad), 0, "The gradient that retain_grad() kept."},
    {"clock", T_LONGLONG, offsetof(NodeObject, clock), 0, "Number of the event that made it."},
    {},
};

PyType_Slot node_slots[] = {
    {Py_tp_doc, const_cast<char*>("One recorded op.")},
    {Py_tp_new, reinterpret_cast<void*>(node_new)},
    {Py_tp_members, node_members},
    {Py_tp_getset, node_getset},
    {Py_tp_traverse, reinterpret_cast<void*>(node_traverse)},
    {Py_tp_clear, reinterpret_cast<void*>(node_clear)},
    {Py_tp_dealloc, reinterpret_cast<void*>(node_dealloc)},
    {},
};

PyType_Spec node_spec = {"tilewright._core.Node", sizeof(NodeObject), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
                         node_slots};

// ---- Backward -------------------------------------------------------------------------------------------------------

constexpr int kMaxSaved = 64;
constexpr int kMaxMade = 8;

struct RuleCall {
  PyObject* rule;
  std::vector<int> takes;  // of what the node saved, after the cotangent
};

struct Made {
  int place;  // in what the node saved
  int index;  // which result it is
};

// Calls an op's rules with what a node saved.
struct BackwardObject {
  PyObject_HEAD vectorcallfunc vectorcall;
  std::vector<RuleCall>* calls;
  std::vector<Made>* made;  // results among the saved values: bare arrays, since a tensor would close a cycle
  int saved;                // how many values these rules may take of those that a node saves
  bool single;              // the op has one result; else what arrives is a list, and rules take a tuple
};

// A result that was saved, as a tensor, with its place on the tape where the walk back is recorded. New reference.
PyObject* as_result(const BackwardObject* self, PyObject* call, PyObject* array, int index) {
  if (tape_mode() == TapeMode::off) return make_tensor(array, Py_None);
  if (self->single) return make_tensor(array, call);
  const Ref node(make_output_node(call, index));
  return node ? make_tensor(array, node.get()) : nullptr;
}

PyObject* call_rules(const BackwardObject* self, PyObject* call, PyObject* g) {
  const Ref saved(Py_NewRef(reinterpret_cast<NodeObject*>(call)->saved));  // a rule may free what the node has
  const Py_ssize_t count = self->saved;
  if (!PyTuple_CheckExact(saved.get()) || PyTuple_GET_SIZE(saved.get()) < count) {
    PyErr_SetString(PyExc_RuntimeError, "backward: the node has not saved what its rules take");
    return nullptr;
  }
  PyObject* values[kMaxSaved];
  for (Py_ssize_t i = 0; i < count; ++i) values[i] = PyTuple_GET_ITEM(saved.get(), i);
  Ref results[kMaxMade];
  int wrapped = 0;
  for (const Made& made : *self->made) {
    Ref& result = results[wrapped++];
    result.reset(as_result(self, call, values[made.place], made.index));
    if (!result) return nullptr;
    values[made.place] = result.get();
  }
  const Ref of_results(self->single ? Py_NewRef(g) : PySequence_Tuple(g));
  Ref cotangents(of_results ? PyTuple_New(static_cast<Py_ssize_t>(self->calls->size())) : nullptr);
  Py_ssize_t to = 0;
  for (const RuleCall& call : *self->calls) {
    PyObject* args[kMaxSaved + 1];
    size_t given = 0;
    args[given++] = of_results.get();
    for (int place : call.takes) args[given++] = values[place];
    PyObject* cotangent = cotangents ? PyObject_Vectorcall(call.rule, args, given, nullptr) : nullptr;
    if (!cotangent) return nullptr;
    PyTuple_SET_ITEM(cotangents.get(), to++, cotangent);
  }
  return cotangents.release();
}

// backward(node, g)
PyObject* backward_vectorcall(PyObject* self, PyObject* const* args, size_t nargsf, PyObject* keywords) {
  const bool two = PyVectorcall_NARGS(nargsf) == 2 && !(keywords && PyTuple_GET_SIZE(keywords));
  if (!two || !Py_IS_TYPE(args[0], node_type)) {
    PyErr_SetString(PyExc_TypeError, "backward: takes a node and a cotangent");
    return nullptr;
  }
  try {
    return call_rules(reinterpret_cast<BackwardObject*>(self), args[0], args[1]);
  } catch (py::error_already_set& error) {
    error.restore();
  } catch (const std::bad_alloc&) {
    PyErr_NoMemory();
  }
  return nullptr;
}

// Backward(rules, takes, made, single): the rules; for each, places in what a node saves; for each result that is saved
// its place and which it is; whether there is one result.
PyObject* backward_new(PyTypeObject* type, PyObject* args, PyObject*) {
  PyObject *rules, *takes, *made;
  int single;
  if (!PyArg_ParseTuple(args, "O!O!O!p:Backward", &PyTuple_Type, &rules, &PyTuple_Type, &takes, &PyTuple_Type, &made,
                        &single))
    return nullptr;
  std::vector<RuleCall> calls;
  std::vector<Made> saved_results;
  int saved = 0;
  try {
    const auto places = py::reinterpret_borrow<py::tuple>(takes), kept = py::reinterpret_borrow<py::tuple>(made);
    for (py::handle rule : py::reinterpret_borrow<py::tuple>(rules)) {
      const py::tuple of_rule = places[calls.size()];
      calls.push_back({rule.ptr(), {}});
      for (py::handle place : of_rule) {
        calls.back().takes.push_back(place.cast<int>());
        saved = std::max(saved, calls.back().takes.back() + 1);
      }
    }
    for (py::handle each : kept) {
      const auto pair = py::reinterpret_borrow<py::tuple>(each);
      saved_results.push_back({pair[0].cast<int>(), pair[1].cast<int>()});
    }
  } catch (py::error_already_set& error) {
    error.restore();
    return nullptr;
  } catch (const py::cast_error&) {
    PyErr_SetString(PyExc_TypeError, "Backward: places are integers");
    return nullptr;
  }
  if (saved > kMaxSaved || saved_results.size() > kMaxMade) {
    PyErr_SetString(PyExc_ValueError, "Backward: too many saved values");
    return nullptr;
  }
  PyObject* object = type->tp_alloc(type, 0);
  if (!object) return nullptr;
  auto* self = reinterpret_cast<BackwardObject*>(object);
  for (const RuleCall& call : calls) Py_INCREF(call.rule);
  self->vectorcall = backward_vectorcall;
  self->calls = new std::vector<RuleCall>(std::move(calls));
  self->made = new std::vector<Made>(std::move(saved_results));
  self->saved = saved;
  self->single = single;
  return object;
}

PyMemberDef backward_members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(BackwardObject, vectorcall), READONLY, nullptr},
    {},
};
PyType_Slot backward_slots[] = {
    {Py_tp_doc, const_cast<char*>("Calls an op's rules with what a node saved: backward(node, g).")},
    {Py_tp_new, reinterpret_cast<void*>(backward_new)},
    {Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
    {Py_tp_members, backward_members},
    {},
};
// Made once per op and inputs that want a gradient, and kept as long as the op, which is for ever: without GC support.
PyType_Spec backward_spec = {"tilewright._core.Backward", sizeof(BackwardObject), 0,
                             Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL, backward_slots};

// ---- the mode, per thread -------------------------------------------------------------------------------------------

PyObject* get_mode(PyObject*, void*) { return PyLong_FromLong(static_cast<int>(mode)); }

int set_mode(PyObject*, PyObject* value, void*) {
  const long wanted = value ? PyLong_AsLong(value) : -1;
  if (wanted < 0 || wanted > 2) {
    if (!PyErr_Occurred()) PyErr_SetString(PyExc_ValueError, "mode must be 0 (off), 1 (on) or 2 (anomaly)");
    return -1;
  }
  mode = static_cast<TapeMode>(wanted);
  return 0;
}

PyObject* get_casting(PyObject*, void*) { return PyBool_FromLong(casting); }

int set_casting(PyObject*, PyObject* value, void*) {
  const int wanted = value ? PyObject_IsTrue(value) : -1;
  if (wanted < 0) {
    if (!PyErr_Occurred()) PyErr_SetString(PyExc_TypeError, "casting cannot be deleted");
    return -1;
  }
  casting = wanted;
  return 0;
}

PyGetSetDef mode_getset[] = {
    {"casting", get_casting, set_casting, "Whether ops choose the dtype of their operands: mixed precision.", nullptr},
    {"mode", get_mode, set_mode, "0: ops are not recorded, 1: they are, 2: and checked for NaN and inf.", nullptr},
    {},
};
PyType_Slot mode_slots[] = {
    {Py_tp_doc, const_cast<char*>("The recording mode of the current thread.")},
    {Py_tp_getset, mode_getset},
    {},
};
PyType_Spec mode_spec = {"tilewright._core.TapeMode", sizeof(PyObject), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
                         mode_slots};

PyTypeObject* add_type(py::module_& m, const char* name, PyType_Spec& spec) {
  PyObject* type = PyType_FromSpec(&spec);
  if (!type) throw py::error_already_set();
  m.attr(name) = py::handle(type);
  return reinterpret_cast<PyTypeObject*>(type);
}

}  // namespace

TapeMode tape_mode() { return mode; }
bool is_casting() { return casting; }

void set_package_folder(PyObject* folder) { package_folder = Py_NewRef(folder); }

PyObject* make_node(PyObject* plan, PyObject* parents, PyObject* saved, PyObject* shape) {
  PyObject* self = node_type->tp_alloc(node_type, 0);
  if (!self) return nullptr;
  auto* node = reinterpret_cast<NodeObject*>(self);
  node->plan = Py_NewRef(plan);
  node->parents = Py_NewRef(parents);
  node->saved = Py_NewRef(saved);
  node->shape = Py_NewRef(shape);
  node->hooks = Py_NewRef(Py_None);
  node->clock = tick();
  note_caller(node);
  tape_begun.store(true, std::memory_order_relaxed);
  return self;
}

bool mark_written(PyObject* const* arrays, int count) {
  if (!tape_begun.load(std::memory_order_relaxed)) {
    const auto now = static_cast<uint64_t>(tick());
    for (int i = 0; i < count; ++i) array_in(arrays[i]).storage->last_write = now;
    return true;
  }
  const Ref list(PyList_New(count));
  if (!list) return false;
  for (int i = 0; i < count; ++i) PyList_SET_ITEM(list.get(), i, Py_NewRef(arrays[i]));
  const Ref done(PyObject_CallOneArg(python.mark_written, list.get()));
  return static_cast<bool>(done);
}

PyObject* make_output_node(PyObject* call, int index) {
  const auto* of_call = reinterpret_cast<const NodeObject*>(call);
  const Ref parents(PyTuple_Pack(1, call)), place(PyLong_FromLong(index));
  if (!parents || !place) return nullptr;
  return make_node(of_call->plan, parents.get(), place.get(), PyTuple_GET_ITEM(of_call->shape, index));
}

void add_tape_types(py::module_& m) {
  add_type(m, "TensorBase", tensor_spec);
  add_type(m, "TapeMode", mode_spec);
  node_type = add_type(m, "Node", node_spec);
  add_type(m, "Backward", backward_spec);
  m.def("tick", &tick);
}

}  // namespace tw
