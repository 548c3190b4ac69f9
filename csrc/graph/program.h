// A computation that is made again on other inputs, call by call, without whoever asked for it first.
#pragma once
#include <mutex>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace tw::graph {

// Where temporaries lie in one block of memory.
struct MemoryPlan {
  std::vector<int64_t> offsets;  // by buffer; -1 for those that are no temporaries
  int64_t nbytes = 0;            // of the block
  int64_t sum = 0;               // of all temporaries, each in memory of its own
};
MemoryPlan plan_memory(Graph&);

class Program {
 public:
  // The graph has been rewritten as far as it will be. RecordingError where it works on several devices.
  explicit Program(Graph&&);

  // Whether memory has been written to whose contents were used beforehand.
  bool is_stale() const;

  // The results for inputs of the shapes, strides and dtypes that were recorded. False where a step gives the host
  // another answer than then, and whoever asked first has to be asked again. Any number of threads may call it.
  bool run(const std::vector<Array>& inputs, std::vector<Array>& results);

  std::string describe() const;
  int64_t calls() const { return static_cast<int64_t>(wanted_.size()); }
  int64_t planned_bytes() const { return plan_bytes_; }
  int64_t unplanned_bytes() const { return sum_bytes_; }

 private:
  // Addresses in the problems of one copy of the calls.
  struct Place {
    Pointer pointer;
    int64_t offset;  // in the buffer
  };
  struct Moving {  // a buffer that lies elsewhere in each call
    char* at = nullptr;
    std::vector<Place> places;
  };
  struct Copy {
    std::vector<std::unique_ptr<Call>> calls;
    std::vector<Moving> moving;  // the arena, the inputs, then what results lie in
  };
  class Lease;

  std::unique_ptr<Copy> make_copy() const;
  static void move(Moving&, char* to);

  // Where an address leads: into which moving buffer, or where that is -1, to memory that stays.
  struct Link {
    int moving;
    int64_t offset;
  };
  static Link link(int buffer, const char* address, const Graph&, const std::vector<int>& moving, const MemoryPlan&);

  Device device_;
  std::vector<std::unique_ptr<Call>> calls_;  // as recorded: copies are made of them
  std::vector<int64_t> wanted_;               // what each gives the host
  std::vector<std::vector<Link>> links_;      // of the pointers of each call, in order
  std::vector<int64_t> input_offsets_;        // of the first element, in the input's buffer
  std::vector<size_t> fresh_;                 // bytes of what results lie in
  std::vector<Array> results_;                // as recorded; without storage, but where that stays
  std::vector<Link> result_links_;
  std::vector<StorageRef> constants_;
  std::vector<Graph::Watched> watched_;
  int64_t plan_bytes_ = 0, sum_bytes_ = 0;
  double ns_ = 0;
  std::string text_;
  std::mutex mutex_;  // of idle_
  std::vector<std::unique_ptr<Copy>> idle_;
};

}  // namespace tw::graph
