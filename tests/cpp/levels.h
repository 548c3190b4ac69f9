// What the kernel tests share: the tables of all levels this machine can run, a counter of checks, guarded buffers.
#pragma once
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <random>
#include <vector>

#include "cpu/kernels/table.h"

namespace tw::reference {
void fill(KernelTable&);
}
namespace tw::v2 {
void fill(KernelTable&);
}
namespace tw::v3 {
void fill(KernelTable&);
}
namespace tw::v4 {
void fill(KernelTable&);
}

namespace tw::v4dot {
void fill(KernelTable&);
}

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

inline KernelTable filled(void (*fill)(KernelTable&)) {
  KernelTable table{};
  fill(table);
  return table;
}

inline const KernelTable& reference_table() {
  static const KernelTable table = filled(reference::fill);
  return table;
}

// v4dot, if this CPU supports it: as v4, but for bfloat16 products and those of bytes.
inline const KernelTable* dot_level() {
  if (!__builtin_cpu_supports("x86-64-v4") || !__builtin_cpu_supports("avx512bf16") ||
      !__builtin_cpu_supports("avx512vnni"))
    return nullptr;
  static const KernelTable table = filled(v4dot::fill);
  return &table;
}

// The other optimised levels that this CPU supports.
inline const std::vector<const KernelTable*>& levels() {
  static KernelTable tables[3];
  static const std::vector<const KernelTable*> supported = [] {
    std::vector<const KernelTable*> all;
    auto add = [&](void (*fill)(KernelTable&)) {
      KernelTable& t = tables[all.size()];
      fill(t);
      all.push_back(&t);
    };
    add(v2::fill);
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) add(v3::fill);
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl"))
      add(v4::fill);
    return all;
  }();
  return supported;
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
