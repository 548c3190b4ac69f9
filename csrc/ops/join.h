// Several arrays into one.
#pragma once
#include <vector>

#include "core/array.h"

namespace tw {

// Along an existing axis; dtypes are promoted. ValueError naming both shapes where the other axes differ.
Array concatenate(const std::vector<const Array*>& arrays, int64_t axis);
Array stack(const std::vector<const Array*>& arrays, int64_t axis);  // along a new axis; all shapes equal

}  // namespace tw
