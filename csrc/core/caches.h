// What the machine says about its caches, for block sizes that no result depends on.
#pragma once
#include <cstdint>

namespace tw {

int64_t l2_bytes();  // of one core; 512 KB where the system does not tell

}  // namespace tw
