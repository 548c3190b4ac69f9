// Arrays out of Python objects.
#pragma once
#include <pybind11/pybind11.h>

#include <optional>

#include "core/array.h"

namespace tw {

// A _core.Array, what wraps one in an attribute `_array`, or an object with the buffer protocol: no copy in any case.
// False for anything else (bytes too).
bool array_from(pybind11::handle object, Array& out);

// Shares the memory of an object with the buffer protocol; read-only where it is. TypeError naming the format where
// there is no dtype for it.
Array from_buffer(pybind11::handle object);

// From nested lists, tuples and ranges of numbers or arrays. Without a dtype, what the entries promote to.
Array from_sequence(pybind11::handle data, std::optional<DType> dtype);

}  // namespace tw
