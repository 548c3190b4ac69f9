// The device "test": the CPU's ops on memory that nothing else may touch. All of it lies in pages that are open only
// while one of its ops, or a copy from or to the host, runs; any other access ends the process. So what passes on this
// device leaves elements to the backend, as it must on a GPU. Built with TILEWRIGHT_TEST_DEVICE=ON, as a part of _core.
#include "guarded_backend.h"

#include <sys/mman.h>

#include <cstring>
#include <map>
#include <mutex>

#include "core/divide.h"
#include "core/error.h"

namespace tw::test {
namespace {

constexpr size_t kReserved = size_t{64} << 30;  // addresses, not memory
constexpr int64_t kPage = 4096;

// One stretch of addresses, so that one call opens and closes all that is in use.
class Pages {
 public:
  StorageRef allocate(size_t nbytes, Device device) {
    std::lock_guard lock(mutex_);
    const auto size = static_cast<size_t>(round_up(static_cast<int64_t>(nbytes) + 1, kPage));
    size_t at = used_;
    if (const auto spare = free_.lower_bound(size); spare != free_.end() && spare->first <= 2 * size) {
      at = spare->second;
      sizes_[at] = spare->first;
      free_.erase(spare);
    } else {
      if (used_ + size > kReserved) fail<MemoryError>("cannot allocate ", nbytes, " bytes on ", device);
      sizes_[at] = size;
      used_ += size;
      if (open_ > 0) protect(PROT_READ | PROT_WRITE);
    }
    StorageRef storage = adopt(base_ + at, nbytes, false, this, [](Storage* dead) {
      static_cast<Pages*>(dead->owner)->release(static_cast<char*>(dead->data));
      delete dead;
    });
    storage->device = device;
    return storage;
  }

  void open() {
    std::lock_guard lock(mutex_);
    if (open_++ == 0) protect(PROT_READ | PROT_WRITE);
  }
  void close() {
    std::lock_guard lock(mutex_);
    if (--open_ == 0) protect(PROT_NONE);
  }

 private:
  void protect(int access) {
    if (used_ > 0 && mprotect(base_, used_, access) != 0) fail<MemoryError>("the test device: mprotect failed");
  }

  void release(char* data) {
    std::lock_guard lock(mutex_);
    const auto entry = sizes_.find(static_cast<size_t>(data - base_));
    // Its pages go back: every op opens and closes all that there are.
    madvise(data, entry->second, MADV_DONTNEED);
    free_.emplace(entry->second, entry->first);
    sizes_.erase(entry);
  }

  static char* reserve() {
    void* memory = mmap(nullptr, kReserved, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) fail<MemoryError>("the test device: no addresses");
    return static_cast<char*>(memory);
  }

  std::mutex mutex_;
  char* const base_ = reserve();
  size_t used_ = 0;
  int open_ = 0;                        // ops that run now
  std::map<size_t, size_t> sizes_;      // of what is allocated, by place
  std::multimap<size_t, size_t> free_;  // places by size
};

Pages& pages() {
  static auto* instance = new Pages;  // never destroyed: arrays may outlive every static
  return *instance;
}

struct Open {
  Open() { pages().open(); }
  ~Open() { pages().close(); }
};

void copy(void* to, const void* from, size_t nbytes) {
  const Open open;
  std::memcpy(to, from, nbytes);
}

}  // namespace

void register_guarded_backend() {
  static Backend guarded{};
  guarded.kind = DeviceKind::test;
  guarded.memory.allocate = [](size_t nbytes, Device device) { return pages().allocate(nbytes, device); };
  guarded.memory.copy_from_host = guarded.memory.copy_to_host = copy;
#define X(family, op)                               \
  guarded.family.op.run = [](const auto& problem) { \
    const Open open;                                \
    return backend(Device{}).family.op(problem);    \
  };
  TW_BACKEND_OPS(X)
#undef X
  set_backend(guarded);
}

}  // namespace tw::test
