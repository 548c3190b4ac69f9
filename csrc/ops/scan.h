// Sums and products of all elements up to each.
#pragma once
#include "core/array.h"

namespace tw {

// Along an axis, from the end on where `reverse`. Integers and bool give int64 (uint64 of unsigned ones), which wraps;
// floats of 16 bits are added and multiplied in higher precision.
Array cumsum(const Array& x, int64_t axis, bool reverse);
Array cumprod(const Array& x, int64_t axis);

}  // namespace tw
