// THE list of reductions.
#pragma once
#include "core/dtype.h"

namespace tw {

// Sums and products of integers and bool are int64 (uint64 of unsigned ones), means of them float32; any and all are
// bool; else the result has x's dtype. Floats of 16 bits are summed in float32. Of
// complex numbers there is only prod: the others are made of their parts.
enum class Reduction : uint8_t { sum, prod, mean, max, min, any, all };

}  // namespace tw
