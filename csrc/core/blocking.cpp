#include "core/blocking.h"

namespace tw {
namespace {
BlockingHooks hooks;
}

void set_blocking_hooks(BlockingHooks new_hooks) { hooks = new_hooks; }

namespace detail {
void* release_lock() { return hooks.enter ? hooks.enter() : nullptr; }
void retake_lock(void* state) { hooks.leave(state); }
}  // namespace detail

}  // namespace tw
