// Sorting along an axis: equals keep their order, -0 equals 0, NaN is above all numbers. The results lie in C order.
#pragma once
#include "core/array.h"

namespace tw {

struct Sorted {
  Array values;     // x's dtype
  Array positions;  // int64, along the axis
};

Array sort(const Array& x, int64_t axis, bool descending);
Array argsort(const Array& x, int64_t axis, bool descending);
Sorted sort_with_positions(const Array& x, int64_t axis, bool descending);

// The k first in descending order, or in ascending order where the smallest are wanted. ValueError unless 0 <= k <= the
// axis' length.
Sorted topk(const Array& x, int64_t k, int64_t axis, bool largest);

// All elements, those before the one of rank k first, then those equal to it, then those after it; or their positions.
// Short rows are sorted.
// ValueError unless k is on the axis.
Sorted partition(const Array& x, int64_t k, int64_t axis, bool positions);

// For each needle how many of the sorted x (n,) come before it, or before and with it where `right`; in the dtype that
// both are promoted to.
Array search(const Array& x, const Array& needles, bool right);

}  // namespace tw
