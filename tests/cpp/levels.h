// What the kernel tests share: the tables of all levels this machine can run, a counter of checks, guarded buffers.
#pragma once
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <random>
#include <vector>

#include "cpu/dispatch/dispatch.h"

namespace tw::test {

inline int passed = 0, failed = 0;

// Counts one check; prints the first failures.
__attribute__((format(printf, 2, 3))) inline void check(bool ok, const char* format, ...) {
  if (ok) {
    ++passed;
    return;
  }
  if (++failed > 40) return;
  va_list args;
  va_start(args, format);
  std::vprintf(format, args);
  va_end(args);
  std::printf("\n");
}

inline int report() {
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed != 0;
}

// The tables of all levels that this CPU supports, the best last.
inline const std::vector<KernelTable>& all_levels() {
  static const std::vector<KernelTable> tables = [] {
    std::vector<KernelTable> all;
    for (const Level& level : isa_levels())
      if (level.supported) level.fill(all.emplace_back());
    return all;
  }();
  return tables;
}

inline const KernelTable& reference_table() { return all_levels().front(); }

// v4dot, if this CPU supports it: as v4, but for bfloat16 products and those of bytes.
inline const KernelTable* dot_level() {
  const KernelTable& best = all_levels().back();
  return std::strcmp(best.level, "v4dot") ? nullptr : &best;
}

// The other optimised levels that this CPU supports.
inline const std::vector<const KernelTable*>& levels() {
  static const std::vector<const KernelTable*> optimised = [] {
    std::vector<const KernelTable*> some;
    for (const KernelTable& table : all_levels())
      if (&table != &reference_table() && &table != dot_level()) some.push_back(&table);
    return some;
  }();
  return optimised;
}

inline std::mt19937_64& rng() {
  static std::mt19937_64 engine(20240131);
  return engine;
}
inline double uniform(double low, double high) { return std::uniform_real_distribution<double>(low, high)(rng()); }

// n elements of T with guard bytes on both sides, starting `skew` elements past an aligned address.
template <class T>
class Guarded {
 public:
  explicit Guarded(int64_t n, int skew = 0) : n_(n), bytes_(2 * kGuard + (n + skew) * sizeof(T) + 64, kFill) {
    auto address = reinterpret_cast<uintptr_t>(bytes_.data()) + kGuard;
    data_ = reinterpret_cast<T*>((address + 63) / 64 * 64) + skew;
  }
  T* data() { return data_; }
  T& operator[](int64_t i) { return data_[i]; }
  int64_t size() const { return n_; }
  bool intact() const {
    const auto* begin = reinterpret_cast<const unsigned char*>(data_);
    const auto* end = reinterpret_cast<const unsigned char*>(data_ + n_);
    for (const auto* p = bytes_.data(); p < begin; ++p)
      if (*p != kFill) return false;
    for (const auto* p = end; p < bytes_.data() + bytes_.size(); ++p)
      if (*p != kFill) return false;
    return true;
  }

 private:
  static constexpr int kGuard = 128;
  static constexpr unsigned char kFill = 0xA5;
  int64_t n_;
  std::vector<unsigned char> bytes_;
  T* data_;
};

}  // namespace tw::test
