// The call path of an op in C: unwrap the tensors, run the kernel, wrap the result, leave a node on the tape.
//
// With small arrays the Python around a kernel is the program, and this path is most of it. Adding four floats took
// 0.63 of PyTorch's time, and 0.81 with a gradient, with the same steps written in Python; here 0.18 and 0.25 (2-core
// AMD EPYC, python -m bench --only calls, 2026-11-21). The tape itself (rules, the walk back, hooks, anomaly mode) is
// Python, in _engine/ and _vjps/; from here it has what nodes save, and the calls of their rules.
#pragma once
#include <pybind11/pybind11.h>

#include "ops/operand.h"

namespace tw {

// Base class of tilewright.Tensor.
struct TensorObject {
  PyObject_HEAD PyObject* array;  // _core.Array
  PyObject* node;                 // Node, Leaf or None
};

extern PyTypeObject* tensor_type;   // tilewright.Tensor
extern PyTypeObject* ndarray_type;  // tilewright.numpy.ndarray, which is final; null until that is imported

inline bool is_tensor(PyObject* object) { return PyObject_TypeCheck(object, tensor_type); }
inline TensorObject* as_tensor(PyObject* object) { return reinterpret_cast<TensorObject*>(object); }
inline bool is_ndarray(PyObject* object) { return Py_IS_TYPE(object, ndarray_type); }
inline bool any_ndarray(PyObject* const* objects, Py_ssize_t count) {
  for (Py_ssize_t i = 0; i < count; ++i)
    if (is_ndarray(objects[i])) return true;
  return false;
}
PyObject* make_tensor(PyObject* array, PyObject* node,
                      PyTypeObject* type = tensor_type);  // new reference; borrows both

// A number of Python's, in its default dtype; null for others, and for integers beyond int64. New reference.
PyObject* tensor_of_number(PyObject* number);

class Ref {  // an owned reference
 public:
  explicit Ref(PyObject* owned = nullptr) : p_(owned) {}
  ~Ref() { Py_XDECREF(p_); }
  Ref(const Ref&) = delete;
  Ref& operator=(const Ref&) = delete;
  void reset(PyObject* owned) {
    Py_XDECREF(p_);
    p_ = owned;
  }
  PyObject* get() const { return p_; }
  PyObject* release() { return std::exchange(p_, nullptr); }
  explicit operator bool() const { return p_ != nullptr; }

 private:
  PyObject* p_;
};

// One recorded op; its fields are described in _engine/tape.py.
struct NodeObject {
  PyObject_HEAD PyObject* plan;
  PyObject* parents;
  PyObject* saved;
  PyObject* shape;
  PyObject* hooks;
  PyObject* grad;      // absent until retain_grad()
  PyObject* origin;    // absent but in anomaly mode
  PyCodeObject* code;  // of the user's function that called the op, and
  int instruction;     // where in it: the line is worked out when an error names it
  long long clock;
};

// Whether ops are recorded, per thread.
enum class TapeMode : int { off = 0, on = 1, anomaly = 2 };
TapeMode tape_mode();

// Whether ops choose the dtype of their operands, per thread: see _engine/autocast.py.
bool is_casting();

// Python files under this folder are ours: the line that an error names is the innermost one outside it.
void set_package_folder(PyObject* folder);

PyObject* make_node(PyObject* plan, PyObject* parents, PyObject* saved, PyObject* shape);  // new reference; borrows all

// The storages of these arrays are written now. As long as no node was made, nothing can need what they held, and the
// clock's time is all that is kept; then it is noted who wrote. False where Python raised.
bool mark_written(PyObject* const* arrays, int count);

// The node of one of several results of a call: see Node in _engine/tape.py. New reference.
PyObject* make_output_node(PyObject* call, int index);

// A call of an op whose Primitive goes straight to C++ instead of through pybind11, which takes 0.2 µs.
struct NativeCall {
  PyObject* op;              // its name
  PyObject* const* inputs;   // _core.Array, numbers or None
  int count;                 // of them
  PyObject* const* statics;  // as they were given
  const void* data;          // as registered
  bool recorded;             // backward may come: what only that needs is wanted too

  const Array& array(int input) const;  // TypeError where it is none
  const Array* array_or_none(int input) const;
  Operand operand(int input) const;  // an array or a number
};
// The result; into `kept`, where something is kept for the vjp rules beside it, that.
typedef Array (*NativeKernel)(const NativeCall&, Array& kept);

// `optional`: a bit for each input that may be None.
void register_native(const char* op, NativeKernel kernel, const void* data, unsigned optional = 0);

// What Python's functions do, for callables of ours: they are pickled and copied by where they are found
// (`__reduce__`),
PyObject* reduce_to_name(PyObject* self, PyObject*);
// and bind to the instance where they stand in a class (`tp_descr_get`): Tensor.__add__ is a Primitive.
PyObject* bind_to_instance(PyObject* self, PyObject* instance, PyObject*);

void add_tape_types(pybind11::module_& m);
void add_tensor_functions(pybind11::module_& m);
void add_primitive_type(pybind11::module_& m);
void add_function_types(pybind11::module_& m);
void add_shortcut_type(pybind11::module_& m);

}  // namespace tw
