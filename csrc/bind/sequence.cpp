// Arrays from nested Python sequences.
#include <cstring>
#include <string>
#include <vector>

#include "bind/caster.h"
#include "bind/convert.h"
#include "bind/tape.h"
#include "core/watch.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/join.h"
#include "ops/transfer.h"

namespace tw {
namespace {

bool is_sequence(PyObject* object) { return PyList_Check(object) || PyTuple_Check(object) || PyRange_Check(object); }

bool wants_gradient(PyObject* object) {
  static PyObject* const attribute = PyUnicode_InternFromString("_node");
  const auto node = py::reinterpret_steal<py::object>(PyObject_GetAttr(object, attribute));
  if (!node) PyErr_Clear();
  return node && !node.is_none();
}

// Reads the nesting once: the shape from the first entries on the way down, then every leaf in order, checked against
// it.
class SequenceReader {
 public:
  explicit SequenceReader(py::handle data) {
    auto first = py::reinterpret_borrow<py::object>(data);
    while (is_sequence(first.ptr())) {
      const Py_ssize_t length = PySequence_Size(first.ptr());
      if (shape_.size() == kMaxDims)
        fail<ValueError>("asarray: lists are nested deeper than arrays, which have at most ", kMaxDims, " dimensions");
      shape_.push_back(length);
      if (length == 0) break;
      first = py::reinterpret_steal<py::object>(PySequence_GetItem(first.ptr(), 0));
      if (!first) throw py::error_already_set();
    }
    read(data.ptr());
  }

  Array array(std::optional<DType> wanted) const {
    const DType dtype = wanted ? *wanted : inferred();
    const bool stacks = !arrays_.empty() && arrays_[0].ndim() > 0;
    return stacks ? stacked(dtype) : filled(dtype);
  }

 private:
  struct Leaf {
    Scalar scalar;
    bool is_array;  // the next of arrays_
  };

  void read(PyObject* object) {
    const int depth = static_cast<int>(path_.size());
    if (depth == shape_.size()) {
      if (is_sequence(object))
        fail<ValueError>("asarray: ragged nesting: ", where(), " is a sequence, its neighbours are not");
      return leaf(object);
    }
    if (!is_sequence(object))
      fail<ValueError>("asarray: ragged nesting: ", where(), " is a ", Py_TYPE(object)->tp_name,
                       ", its neighbours are sequences");
    const auto entries = py::reinterpret_steal<py::object>(PySequence_Fast(object, "asarray: not a sequence"));
    if (!entries) throw py::error_already_set();
    const Py_ssize_t length = PySequence_Fast_GET_SIZE(entries.ptr());
    if (length != shape_[depth])
      fail<ValueError>("asarray: ragged nesting: ", where(), " has ", length,
                       " entries, but the first at its depth has ", shape_[depth]);
    path_.push_back(0);
    for (Py_ssize_t i = 0; i < length; ++i) {
      path_.back() = i;
      // An entry's own __float__ may change the list that it is in.
      if (i >= PySequence_Fast_GET_SIZE(entries.ptr()))
        fail<ValueError>("asarray: a list became shorter while it was read");
      const auto entry = py::reinterpret_borrow<py::object>(PySequence_Fast_GET_ITEM(entries.ptr(), i));
      read(entry.ptr());
    }
    path_.pop_back();
  }

  void leaf(PyObject* object) {
    Scalar scalar;
    if (load_scalar(object, scalar)) return push(scalar);
    Array array;
    if (array_from(object, array)) {
      if (tape_mode() != TapeMode::off && wants_gradient(object))
        fail<std::runtime_error>("asarray: ", where(),
                                 " requires grad, which a list does not carry; use stack or concatenate, or detach it");
      if (!arrays_.empty() && arrays_[0].shape != array.shape)
        fail<ValueError>("asarray: ragged nesting: ", where(), " has shape ", array.shape,
                         ", but the first array in it has ", arrays_[0].shape);
      arrays_.push_back(to_host("asarray", array));
      leaves_.push_back({{}, true});
      return;
    }
    if (PyIndex_Check(object)) {
      const auto index = py::reinterpret_steal<py::object>(PyNumber_Index(object));
      if (!index) throw py::error_already_set();
      load_scalar(index.ptr(), scalar);
      return push(scalar);
    }
    const PyNumberMethods* number = Py_TYPE(object)->tp_as_number;
    if (!number || !number->nb_float)
      fail<TypeError>("asarray: ", where(), " is a ", Py_TYPE(object)->tp_name, ", not a number");
    const double value = PyFloat_AsDouble(object);
    if (value == -1.0 && PyErr_Occurred()) throw py::error_already_set();
    push({Scalar::floating, 0, value});
  }

  void push(const Scalar& scalar) {
    leaves_.push_back({scalar, false});
    const auto rank = [](const Scalar& s) { return std::pair(s.kind, s.range); };
    if (!has_scalars_ || rank(scalar) > rank(widest_)) {
      widest_ = scalar;
      widest_at_ = where();
    }
    has_scalars_ = true;
  }

  // Arrays decide, Python numbers are weak.
  DType inferred() const {
    if (leaves_.empty()) return default_float();
    if (widest_.kind == Scalar::integer && widest_.range == Scalar::beyond)
      fail<ValueError>("asarray: ", widest_at_, " is a Python integer that does not fit 64 bits");
    if (arrays_.empty()) return widest_.default_dtype();
    Array strong;
    strong.dtype = arrays_[0].dtype;
    for (const Array& array : arrays_) strong.dtype = promote_types(strong.dtype, array.dtype);
    return has_scalars_ ? result_type({&strong, {}}, {nullptr, widest_}) : strong.dtype;
  }

  Array stacked(DType dtype) const {
    if (has_scalars_)
      fail<ValueError>("asarray: ragged nesting: some entries are numbers, others arrays of shape ", arrays_[0].shape);
    std::vector<const Array*> parts;
    for (const Array& array : arrays_) parts.push_back(&array);
    Dims shape = shape_;
    for (const int64_t extent : arrays_[0].shape) shape.push_back(extent);
    return reshape(astype(stack(parts, 0), dtype, false), shape);
  }

  Array filled(DType dtype) const {
    const Array out = empty(shape_, dtype);
    char* to = out.data;
    auto array = arrays_.begin();
    for (const Leaf& leaf : leaves_) {
      if (leaf.is_array) {
        std::memcpy(to, astype(*array++, dtype, false).data, out.itemsize());
      } else {
        write_scalar("asarray", leaf.scalar, dtype, to);
      }
      to += out.itemsize();
    }
    if (MemoryWatch* watch = memory_watch()) watch->filled(out.storage);
    return out;
  }

  std::string where() const {
    if (path_.empty()) return "the argument";
    std::string text = "item ";
    for (const Py_ssize_t i : path_) text += "[" + std::to_string(i) + "]";
    return text;
  }

  Dims shape_;
  std::vector<Py_ssize_t> path_;  // of the entry being read
  std::vector<Leaf> leaves_;
  std::vector<Array> arrays_;
  Scalar widest_;
  std::string widest_at_;
  bool has_scalars_ = false;
};

}  // namespace

Array from_sequence(py::handle data, std::optional<DType> dtype) { return SequenceReader(data).array(dtype); }

}  // namespace tw
