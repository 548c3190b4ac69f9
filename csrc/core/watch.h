// Who is told of the memory that a thread works on, while what it asks of a device is recorded (backend/record.h).
#pragma once
#include <atomic>
#include <cstddef>

#include "core/storage.h"

namespace tw {

class MemoryWatch {
 public:
  virtual ~MemoryWatch() = default;
  virtual void made(const StorageRef&, size_t nbytes) = 0;               // fresh memory; so much was asked for
  virtual void met(const StorageRef&) = 0;                               // an op is given memory that may be older
  virtual void filled(const StorageRef&) = 0;                            // the host wrote to it
  virtual void read_by_host(const char* reader, const StorageRef&) = 0;  // and reads it
};

namespace detail {
extern std::atomic<int> watched_threads;
MemoryWatch* watch_of_thread();
}  // namespace detail

// That of this thread, or null: one load where no thread has any.
inline MemoryWatch* memory_watch() {
  return detail::watched_threads.load(std::memory_order_relaxed) ? detail::watch_of_thread() : nullptr;
}

// Sets it for a scope; null pauses.
class WatchMemory {
 public:
  explicit WatchMemory(MemoryWatch* watch);
  ~WatchMemory();
  WatchMemory(const WatchMemory&) = delete;
  WatchMemory& operator=(const WatchMemory&) = delete;

 private:
  MemoryWatch* before_;
};

}  // namespace tw
