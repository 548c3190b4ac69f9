// Memory of its own for each thread of a loop.
#pragma once
#include <algorithm>

#include "core/divide.h"
#include "core/parallel.h"
#include "core/storage.h"

namespace tw {

// A block of `nbytes`, rounded up to lines, for each thread that shares a parallel_for over at most so many chunks.
// They are one piece of memory, so that in the next call each thread gets the part again that its core has in its
// cache.
class ThreadMemory {
 public:
  ThreadMemory(int64_t nbytes, int64_t chunks)
      : block_(round_up(nbytes, 64)),
        threads_(std::min<int64_t>(get_num_threads(), chunks)),
        memory_(allocate(static_cast<size_t>(block_ * threads_))) {}

  int64_t threads() const { return threads_; }
  char* at(int64_t thread) const { return static_cast<char*>(memory_->data) + thread * block_; }
  char* own() const { return at(thread_index()); }

 private:
  const SteadyThreads steady_;  // a larger team would go beyond the blocks
  const int64_t block_, threads_;
  const StorageRef memory_;
};

}  // namespace tw
