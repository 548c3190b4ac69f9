// x[key] with a key of Python's.
#pragma once
#include <pybind11/pybind11.h>

#include <forward_list>

#include "bind/bind.h"
#include "bind/convert.h"
#include "ops/elementwise.h"
#include "ops/index.h"
#include "ops/transfer.h"

namespace tw {

// A Python key as ops/index.h has it, with the arrays that were made on the way.
class KeyReader {
 public:
  explicit KeyReader(py::handle key) {
    if (!PyTuple_Check(key.ptr())) {
      add(key.ptr());
      return;
    }
    const Py_ssize_t count = PyTuple_GET_SIZE(key.ptr());
    if (count > kMaxIndexItems) fail<IndexError>("index", ": too many indices: the key has ", count, " entries");
    for (Py_ssize_t i = 0; i < count; ++i) add(PyTuple_GET_ITEM(key.ptr(), i));
  }
  KeyReader(const KeyReader&) = delete;
  operator const IndexKey&() const { return key_; }

 private:
  void add(PyObject* object) {
    IndexItem& item = key_.items[key_.count++];
    if (PyLong_CheckExact(object)) {
      add_integer(item, object);
    } else if (PySlice_Check(object)) {
      add_slice(item, object);
    } else if (object == Py_None) {
      item.kind = IndexItem::newaxis;
    } else if (object == Py_Ellipsis) {
      item.kind = IndexItem::ellipsis;
    } else if (PyBool_Check(object)) {
      item.kind = IndexItem::boolean;
      item.start = object == Py_True;
    } else {
      add_array(item, object);
    }
  }

  static void add_integer(IndexItem& item, PyObject* object) {
    const auto index = py::reinterpret_steal<py::object>(PyNumber_Index(object));
    if (!index) throw py::error_already_set();
    int overflow = 0;
    item.kind = IndexItem::integer;
    item.start = PyLong_AsLongLongAndOverflow(index.ptr(), &overflow);
    if (overflow) fail<IndexError>("index", ": ", std::string(py::str(index)), " is out of bounds for any axis");
  }

  static void add_slice(IndexItem& item, PyObject* object) {
    Py_ssize_t start, stop, step;
    if (PySlice_Unpack(object, &start, &stop, &step) != 0) throw py::error_already_set();
    item.kind = IndexItem::slice;
    item.start = start;
    item.stop = stop;
    item.step = step;
  }

  // Arrays of any kind, sequences as arrays, and what turns into an integer. Arrays without dimensions are scalars.
  void add_array(IndexItem& item, PyObject* object) {
    Array array;
    if (PyList_Check(object) || PyTuple_Check(object) || PyRange_Check(object)) {
      array = from_sequence(object, std::nullopt);
      if (array.size() == 0) array = astype(array, DType::i64);
    } else if (!array_from(object, array)) {
      if (PyIndex_Check(object)) return add_integer(item, object);
      fail<IndexError>("index", ": a ", Py_TYPE(object)->tp_name,
                       " is not an index; use integers, slices, Ellipsis, None, or integer or bool arrays");
    }
    if (array.ndim() == 0 && (array.dtype == DType::boolean || is_integer(array.dtype))) {
      item.kind = array.dtype == DType::boolean ? IndexItem::boolean : IndexItem::integer;
      item.start = *to_host("index", astype(array, DType::i64, false)).ptr<int64_t>();
      return;
    }
    arrays_.push_front(array);
    item.kind = IndexItem::array;
    item.array_value = &arrays_.front();
  }

  IndexKey key_;
  std::forward_list<Array> arrays_;
};

}  // namespace tw
