// Reductions over any set of axes of an array with any strides.
#pragma once
#include <optional>

#include "backend/reduce_problem.h"
#include "core/array.h"

namespace tw {

// Over `axes`, or all of them. Sums and products of integers and bool are int64 (uint64 of unsigned ones), means of
// them of default_float(). Over no elements a sum is 0, a product 1, any() false, all() true, a mean NaN; max and min:
// ValueError.
Array reduce(Reduction kind, const Array& x, const std::optional<Dims>& axes, bool keepdims);

// int64 positions along `axis`, or in the flattened array. The first of equals; a NaN counts as the extreme.
Array argmax(const Array& x, std::optional<int64_t> axis, bool keepdims);
Array argmin(const Array& x, std::optional<int64_t> axis, bool keepdims);

}  // namespace tw
