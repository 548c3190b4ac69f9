// Several arrays into one, and one into several.
#pragma once
#include <vector>

#include "core/array.h"

namespace tw {

// Along an existing axis; dtypes are promoted. ValueError naming both shapes where the other axes differ.
Array concatenate(const std::vector<const Array*>& arrays, int64_t axis);
Array stack(const std::vector<const Array*>& arrays, int64_t axis);  // along a new axis; all shapes equal

// Views, from each cut to the next along an axis; cuts rise from 0 to its length.
std::vector<Array> split(const Array& x, const std::vector<int64_t>& cuts, int axis);

}  // namespace tw
