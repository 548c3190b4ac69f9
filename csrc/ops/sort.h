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

}  // namespace tw
