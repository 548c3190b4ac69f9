// An op as the call path sees it; private to primitive.cpp and mutation.cpp.
#pragma once
#include <vector>

#include "bind/tape.h"

namespace tw {

constexpr int kMaxInputs = 9;  // but of an op on a sequence any number
constexpr int kMaxArgs = 16;
constexpr int kMaxOutputs = 8;  // results and kept values, but for any number of results
constexpr int kAnyNumber = -1;

// What Python gives us once: the slow paths.
struct Hooks {
  PyObject* convert = nullptr;       // convert(primitive, inputs) -> tuple of inputs that the kernel takes, or None
  PyObject* entries = nullptr;       // entries(primitive, sequence) -> list, of what is neither list nor tuple
  PyObject* make_plan = nullptr;     // make_plan(primitive, mask, complex) -> Plan, or None where the tape is cut
  PyObject* note_forward = nullptr;  // note_forward(node, y): anomaly mode
  PyObject* redirect = nullptr;      // redirect(arrays) -> arrays for a kernel to write instead, or None
  PyObject* mark_written = nullptr;  // mark_written(arrays)
  PyObject* frozen_key = nullptr;    // frozen_key(key) -> an index key that backward can rely on
};
extern Hooks python;

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

// What an op does with the dtype of its operands under `autocast`: see _engine/autocast.py.
enum class Cast : int { none, to_bfloat16, to_float32 };

struct PrimitiveObject {
  PyObject_HEAD vectorcallfunc vectorcall;
  PyObject* dict;
  PyObject* name;           // of the op
  PyObject* kernel;         // called with arrays, unless `native` is set
  const NativeOp* native;   // where C++ is called directly
  PyObject* with_keywords;  // called instead where there are keyword arguments; null where the op has none
  int inputs, statics, results, kept;
  bool promotes;                  // tensors among the inputs are given to the kernel with one dtype,
  unsigned apart;                 // but for those of this bit mask
  std::vector<PlanEntry>* plans;  // by bit mask of the inputs that want a gradient, and above it: complex numbers
  PyObject* input_names;
  bool sequence;        // the one input is a sequence, whose entries are unwrapped and given to the kernel as a list
  unsigned mutated;     // bit mask of the inputs that the kernel writes,
  bool allows_overlap;  // which may share memory with those that it reads
  Cast cast;            // under `autocast`
};

// What a call is given.
struct Given {
  PyObject* const* inputs;
  int count;  // of them
  PyObject* const* statics;
  PyObject* sequence;  // the tuple of the inputs where they are entries of a sequence
};

// The inputs of a call, unwrapped, and held: while a kernel runs without the interpreter lock, another thread may give
// the tensors new arrays and nodes.
class Inputs {
 public:
  explicit Inputs(int capacity) : many_(capacity > kMaxInputs ? 2 * static_cast<size_t>(capacity) : 0) {
    if (many_.empty()) return;
    arrays = many_.data();
    nodes = arrays + capacity;
  }
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
  void replace(int i, PyObject* array) {
    Py_DECREF(arrays[i]);
    arrays[i] = Py_NewRef(array);
  }
  PyObject** arrays = few_;              // numbers and None as they are
  PyObject** nodes = few_ + kMaxInputs;  // None for those

 private:
  PyObject* few_[2 * kMaxInputs];
  std::vector<PyObject*> many_;
  int count_ = 0;
};

// ---- mutation.cpp: inputs that the kernel writes --------------------------------------------------------------------

// Before any operand is converted: TypeError where one that is written is no tensor, for the write would be to a copy.
void require_tensors(const PrimitiveObject* self, const Given& given);

// Before the kernel runs: raise where it must not write, and give it other arrays to write where a caller wants that.
// False where Python raised. `written` becomes the mask of the inputs that change.
bool prepare_writes(const PrimitiveObject* self, const Given& given, Inputs& in, bool recorded, unsigned& written);

// After it ran: the storages of these inputs are written now.
bool stamp(const Inputs& in, unsigned written);

}  // namespace tw
