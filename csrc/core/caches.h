// Sizes of the data caches of the machine, for block sizes that no result depends on.
#pragma once
#include <cstdint>

namespace tw {

struct CacheSizes {
  int64_t l1, l2, l3;  // bytes that one core sees; usual ones where the system does not tell
};
const CacheSizes& cache_sizes();

}  // namespace tw
