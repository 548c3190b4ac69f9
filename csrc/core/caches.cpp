#include "core/caches.h"

#include <unistd.h>

namespace tw {

const CacheSizes& cache_sizes() {
  static const CacheSizes sizes = [] {
    const auto ask = [](int name, int64_t usual) {
      const int64_t reported = sysconf(name);
      return reported > 0 ? reported : usual;
    };
    return CacheSizes{ask(_SC_LEVEL1_DCACHE_SIZE, 32 << 10), ask(_SC_LEVEL2_CACHE_SIZE, 512 << 10),
                      ask(_SC_LEVEL3_CACHE_SIZE, 8 << 20)};
  }();
  return sizes;
}

}  // namespace tw
