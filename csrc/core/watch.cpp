#include "core/watch.h"

namespace tw {
namespace {

thread_local MemoryWatch* current = nullptr;

MemoryWatch* set(MemoryWatch* watch) {
  MemoryWatch* const before = current;
  detail::watched_threads += static_cast<int>(watch != nullptr) - static_cast<int>(before != nullptr);
  current = watch;
  return before;
}

}  // namespace

namespace detail {
std::atomic<int> watched_threads{0};
MemoryWatch* watch_of_thread() { return current; }
}  // namespace detail

WatchMemory::WatchMemory(MemoryWatch* watch) : before_(set(watch)) {}
WatchMemory::~WatchMemory() { set(before_); }

}  // namespace tw
