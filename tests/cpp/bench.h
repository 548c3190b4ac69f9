// What the benchmarks share.
#pragma once
#include <cstdint>
#include <ctime>
#include <vector>

namespace tw::test {

inline std::vector<float> draw(int64_t count) {
  std::vector<float> x(static_cast<size_t>(count));
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i * 2654435761u % 1000) / 1000 - 0.5f;
  return x;
}

// Of one thread the CPU's time, in which other processes do not count.
inline double now(int threads) {
  timespec t;
  clock_gettime(threads == 1 ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

}  // namespace tw::test
