// Memory: a refcounted block with a deleter, and the caching allocator behind it.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "core/device.h"

namespace tw {

// A block of memory and who frees it. Always held through StorageRef.
struct Storage {
  std::atomic<int64_t> refs{1};
  void* data = nullptr;
  size_t nbytes = 0;
  bool readonly = false;
  Device device = {};
  std::atomic<uint64_t> last_write{0};  // the tape's clock at the latest in-place write (see _engine/tape.py)
  void (*release)(Storage*) = nullptr;  // frees data and the Storage itself
  void* owner = nullptr;                // for foreign memory: what keeps it alive
};

class StorageRef {
 public:
  StorageRef() = default;
  explicit StorageRef(Storage* adopted) : p_(adopted) {}
  StorageRef(const StorageRef& o) : p_(o.p_) {
    if (p_) p_->refs.fetch_add(1, std::memory_order_relaxed);
  }
  StorageRef(StorageRef&& o) noexcept : p_(std::exchange(o.p_, nullptr)) {}
  StorageRef& operator=(StorageRef o) noexcept {
    std::swap(p_, o.p_);
    return *this;
  }
  ~StorageRef() {
    if (p_ && (is_last() || p_->refs.fetch_sub(1, std::memory_order_acq_rel) == 1)) p_->release(p_);
  }
  Storage* operator->() const { return p_; }
  Storage* get() const { return p_; }

 private:
  // Nobody else can make a reference from none: spares the locked subtraction.
  bool is_last() const { return p_->refs.load(std::memory_order_acquire) == 1; }

  Storage* p_ = nullptr;
};

// A 64-byte aligned, uninitialised block of the CPU's memory, from the caching allocator. MemoryError with the bytes
// asked for and in use.
StorageRef allocate(size_t nbytes);

// The same on any device. Each device but the CPU brings its own allocator; ValueError where there is none.
typedef StorageRef (*AllocateFn)(size_t nbytes, Device);
StorageRef allocate(size_t nbytes, Device device);
void set_allocator(DeviceKind kind, AllocateFn allocate);

// Foreign memory that lives as long as `owner`; `release` is called with it once.
StorageRef adopt(void* data, size_t nbytes, bool readonly, void* owner, void (*release)(Storage*));

namespace memory {

struct Stats {
  int64_t in_use;       // bytes in live blocks
  int64_t peak;         // the most in_use has been since the last reset_peak()
  int64_t cached;       // bytes held for reuse
  int64_t allocations;  // blocks handed out so far
  int64_t reuses;       // of those, served from the cache
  int64_t cache_limit;  // cap on `cached`
};
Stats stats();
void reset_peak();
void set_cache_limit(int64_t bytes);
void release_cached();

}  // namespace memory
}  // namespace tw
