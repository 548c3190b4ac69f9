#include "core/caches.h"

#include <unistd.h>

namespace tw {

int64_t l2_bytes() {
  static const int64_t reported = sysconf(_SC_LEVEL2_CACHE_SIZE);
  return reported > 0 ? reported : 512 << 10;
}

}  // namespace tw
