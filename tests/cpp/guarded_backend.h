#pragma once
#include "backend/backend.h"

namespace tw::test {

void register_guarded_backend();  // once the CPU's is registered

}  // namespace tw::test
