// Which of many entries, looked at by several threads, is the first that is refused.
#pragma once
#include <atomic>
#include <cstdint>

namespace tw::cpu {

// The smallest of the positions that several threads report; -1 reports none.
class FirstBad {
 public:
  void report(int64_t position) {
    if (position < 0) return;
    int64_t seen = first_;
    while (position < seen && !first_.compare_exchange_weak(seen, position)) {
    }
  }
  int64_t position() const { return first_ == INT64_MAX ? -1 : first_.load(); }

 private:
  std::atomic<int64_t> first_{INT64_MAX};
};

}  // namespace tw::cpu
