// THE list of scans.
#pragma once
#include "core/dtype.h"

namespace tw {

enum class Scan : uint8_t { sum, prod };

}  // namespace tw
