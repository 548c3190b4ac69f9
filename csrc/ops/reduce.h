// Reductions over any set of axes of an array with any strides.
#pragma once
#include <optional>

#include "core/array.h"
#include "kernels/table.h"

namespace tw {

enum class Reduction { sum, prod, mean, max, min, any, all, sum_of_squares };

// Over `axes`, or all of them. Sums and products of integers and bool are int64 (uint64 of unsigned ones), means of
// them float32. Over no elements a sum is 0, a product 1, any() false, all() true, a mean NaN; max and min: ValueError.
Array reduce(Reduction kind, const Array& x, const std::optional<Dims>& axes, bool keepdims);

// y = map(in..) for a C-contiguous y (rows, cols) and `inputs` arrays of its shape and dtype, and on the way the sum
// over the rows: the same bits as reduce() gives. ns_per_element is what map takes.
Array map_sum(ElementwiseFn map, const Array* const* in, int inputs, const Array& y, double ns_per_element);

// int64 positions along `axis`, or in the flattened array. The first of equals; a NaN counts as the extreme.
Array argmax(const Array& x, std::optional<int64_t> axis, bool keepdims);
Array argmin(const Array& x, std::optional<int64_t> axis, bool keepdims);

}  // namespace tw
