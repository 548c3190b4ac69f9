// An op bound once for both who call it: `_core.<name>`, through pybind11, and its Primitive, directly, which spares a
// call 0.2 µs.
#pragma once
#include <type_traits>
#include <utility>

#include "bind/bind.h"
#include "bind/caster.h"
#include "bind/tape.h"

namespace tw {

// How parameter number `i` of an op's function, of type T, is read from a call: arrays come first, then what is static.
template <class T>
struct Parameter {
  typedef std::remove_cvref_t<T> Value;
  static constexpr bool may_be_none = false;
  static Value get(const NativeCall& call, int i) {
    const py::handle given(call.statics[i - call.count]);
    const char* op = PyUnicode_AsUTF8(call.op);
    try {
      return py::cast<Value>(given);
    } catch (const py::cast_error&) {
      fail<TypeError>(op, ": cannot take a ", Py_TYPE(given.ptr())->tp_name, " for parameter ", i + 1);
    } catch (const py::type_error& error) {  // of the casters, which do not know who asks
      fail<TypeError>(op, ": ", error.what());
    } catch (const py::value_error& error) {
      fail<ValueError>(op, ": ", error.what());
    } catch (const ValueError& error) {
      fail<ValueError>(op, ": ", error.what());
    }
  }
};
template <>
struct Parameter<const Array&> {
  static constexpr bool may_be_none = false;
  static const Array& get(const NativeCall& call, int i) { return call.array(i); }
};
template <>
struct Parameter<const Array*> {
  static constexpr bool may_be_none = true;
  static const Array* get(const NativeCall& call, int i) { return call.array_or_none(i); }
};

template <auto op, class... P, size_t... I>
Array call_op(const NativeCall& call, std::index_sequence<I...>) {
  return op(Parameter<P>::get(call, static_cast<int>(I))...);
}

template <auto op, class... P, class... Extra>
void def_function(py::module_& m, const char* name, Array (*function)(P...), const Extra&... extra) {
  unsigned optional = 0, bit = 1;
  ((optional |= Parameter<P>::may_be_none ? bit : 0, bit *= 2), ...);
  const auto kernel = [](const NativeCall& call, Array&) {
    return call_op<op, P...>(call, std::index_sequence_for<P...>{});
  };
  register_native(name, kernel, nullptr, optional);
  m.def(name, function, extra...);
}

// Of a function Array (arrays.., static parameters..); `extra` is what pybind11 takes: names and defaults.
template <auto op, class... Extra>
void def_op(py::module_& m, const char* name, const Extra&... extra) {
  def_function<op>(m, name, op, extra...);
}

}  // namespace tw
