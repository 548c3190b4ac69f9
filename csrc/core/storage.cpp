#include "core/storage.h"

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <mutex>
#include <new>

#include "core/error.h"
#include "core/watch.h"

namespace tw {
namespace {

constexpr size_t kAlignment = 64;
constexpr size_t kHeader = 64;                 // the Storage itself, behind its data
constexpr size_t kSmall = 4096;                // up to here one class per 64 bytes, above four per power of two
constexpr size_t kHugePage = size_t{2} << 20;  // blocks from here up are aligned to, and ask for, huge pages
// Blocks from two pages up start a page. A load that agrees with an earlier store in its last 12 bits waits for it:
// were results a vector or two further into a page than operands, an elementwise loop would take up to three times as
// long.
constexpr size_t kPage = 4096;
constexpr int kClasses = kSmall / kAlignment + 4 * 52;
static_assert(sizeof(Storage) <= kHeader);

struct SizeClass {
  int index;
  size_t nbytes;  // what a block of the class holds, header included
};

SizeClass size_class(size_t nbytes) {
  if (nbytes <= kSmall) {
    const size_t units = (nbytes + kAlignment - 1) / kAlignment;
    return {static_cast<int>(units) - 1, units * kAlignment};
  }
  const int log2 = std::bit_width(nbytes - 1) - 1;  // 2^log2 < nbytes <= 2^(log2+1)
  const size_t quarter = size_t{1} << (log2 - 2);
  const size_t steps = (nbytes - (size_t{1} << log2) + quarter - 1) / quarter;  // 1..4
  return {static_cast<int>(kSmall / kAlignment + 4 * (log2 - 12) + steps - 1), (size_t{1} << log2) + steps * quarter};
}

size_t physical_memory() {
  return static_cast<size_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

// Freed blocks wait in a list of their size class; the link sits in the dead Storage's `owner`.
class Cache {
 public:
  // A cached block, or null.
  Storage* take(SizeClass cls) {
    std::lock_guard lock(mutex_);
    Storage* block = free_[cls.index];
    if (!block) return nullptr;
    free_[cls.index] = static_cast<Storage*>(block->owner);
    stats_.cached -= static_cast<int64_t>(cls.nbytes);
    ++stats_.reuses;
    count(cls);
    return block;
  }

  void count_fresh(SizeClass cls) {
    std::lock_guard lock(mutex_);
    count(cls);
  }

  void give(Storage* block, SizeClass cls) {
    std::lock_guard lock(mutex_);
    stats_.in_use -= static_cast<int64_t>(cls.nbytes);
    if (static_cast<int64_t>(cls.nbytes) > stats_.cache_limit) {
      std::free(block->data);
      return;
    }
    block->owner = free_[cls.index];
    free_[cls.index] = block;
    stats_.cached += static_cast<int64_t>(cls.nbytes);
    shrink(stats_.cache_limit);
  }

  memory::Stats stats() {
    std::lock_guard lock(mutex_);
    return stats_;
  }
  void reset_peak() {
    std::lock_guard lock(mutex_);
    stats_.peak = stats_.in_use;
  }
  void limit(int64_t nbytes) {
    std::lock_guard lock(mutex_);
    stats_.cache_limit = nbytes;
    shrink(nbytes);
  }
  void release() {
    std::lock_guard lock(mutex_);
    shrink(0);
  }

  std::mutex& mutex() { return mutex_; }

 private:
  void count(SizeClass cls) {
    ++stats_.allocations;
    stats_.in_use += static_cast<int64_t>(cls.nbytes);
    stats_.peak = std::max(stats_.peak, stats_.in_use);
  }

  // Frees cached blocks, the largest classes first, until at most `nbytes` are held.
  void shrink(int64_t nbytes) {
    for (int i = kClasses - 1; i >= 0 && stats_.cached > nbytes; --i) {
      while (free_[i] && stats_.cached > nbytes) {
        Storage* block = free_[i];
        free_[i] = static_cast<Storage*>(block->owner);
        stats_.cached -= static_cast<int64_t>(size_class(block->nbytes + kHeader).nbytes);
        std::free(block->data);
      }
    }
  }

  std::mutex mutex_;
  Storage* free_[kClasses] = {};
  memory::Stats stats_{0, 0, 0, 0, 0, static_cast<int64_t>(std::min(physical_memory() / 8, size_t{2} << 30))};
};

// Never destroyed: arrays may outlive every static at interpreter exit. Locked across fork so that the child finds it
// whole.
Cache& cache() {
  static Cache* instance = [] {
    static Cache* made = new Cache;
    pthread_atfork([] { made->mutex().lock(); }, [] { made->mutex().unlock(); }, [] { made->mutex().unlock(); });
    return made;
  }();
  return *instance;
}

void release_cached_block(Storage* block) { cache().give(block, size_class(block->nbytes + kHeader)); }

char* data_of(Storage* block, SizeClass cls) { return reinterpret_cast<char*>(block) + kHeader - cls.nbytes; }

Storage* fresh_block(SizeClass cls) {
  const bool huge = cls.nbytes >= kHugePage;
  const size_t alignment = huge ? kHugePage : cls.nbytes >= 2 * kPage ? kPage : kAlignment;
  void* memory = std::aligned_alloc(alignment, (cls.nbytes + alignment - 1) / alignment * alignment);
  if (!memory) return nullptr;
  if (huge) madvise(memory, cls.nbytes, MADV_HUGEPAGE);
  return reinterpret_cast<Storage*>(static_cast<char*>(memory) + cls.nbytes - kHeader);
}

}  // namespace

StorageRef allocate(size_t nbytes) {
  if (nbytes > SIZE_MAX / 4) fail<MemoryError>("cannot allocate ", nbytes, " bytes: more than the address space holds");
  const SizeClass cls = size_class(nbytes + kHeader);
  Storage* block = cache().take(cls);
  if (!block) {
    block = fresh_block(cls);
    if (!block) {
      memory::release_cached();
      block = fresh_block(cls);
    }
    if (!block) fail<MemoryError>("cannot allocate ", nbytes, " bytes (", memory::stats().in_use, " bytes in use)");
    cache().count_fresh(cls);
  }
  new (block) Storage;
  block->data = data_of(block, cls);
  block->nbytes = cls.nbytes - kHeader;
  block->release = release_cached_block;
  StorageRef made(block);
  if (MemoryWatch* watch = memory_watch()) watch->made(made, nbytes);
  return made;
}

namespace {
AllocateFn allocators[kDeviceKinds] = {};
}

void set_allocator(DeviceKind kind, AllocateFn allocate) { allocators[static_cast<int>(kind)] = allocate; }

StorageRef allocate(size_t nbytes, Device device) {
  if (device.is_cpu()) return allocate(nbytes);
  const AllocateFn from = allocators[static_cast<int>(device.kind)];
  if (!from) fail<ValueError>("device is ", device, ", but there is no memory of that kind");
  StorageRef made = from(nbytes, device);
  if (MemoryWatch* watch = memory_watch()) watch->made(made, nbytes);
  return made;
}

StorageRef adopt(void* data, size_t nbytes, bool readonly, void* owner, void (*release)(Storage*)) {
  auto* storage = new Storage;
  storage->data = data;
  storage->nbytes = nbytes;
  storage->readonly = readonly;
  storage->owner = owner;
  storage->release = release;
  StorageRef adopted(storage);
  if (MemoryWatch* watch = memory_watch()) watch->met(adopted);
  return adopted;
}

namespace memory {
Stats stats() { return cache().stats(); }
void reset_peak() { cache().reset_peak(); }
void set_cache_limit(int64_t nbytes) {
  if (nbytes < 0) fail<ValueError>("memory.set_cache_limit: nbytes is ", nbytes, ", but must not be negative");
  cache().limit(nbytes);
}
void release_cached() { cache().release(); }
}  // namespace memory
}  // namespace tw
