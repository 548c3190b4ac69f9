// Proves that the sanitizers watch: each run commits one crime, in a kernel or beside it, and must not survive.
#include <atomic>
#include <cstdint>
#include <cstring>
#include <thread>
#include <vector>

#include "core/parallel.h"
#include "levels.h"

namespace tw::test {
namespace {

// A kernel that is told of one element more than there is: the read past the end happens in kernel code.
void read_past_the_end() {
  constexpr int64_t kCount = 1000;
  const std::vector<float> x(kCount, 1.0f);
  float y = 0;
  reference_table().reduce.sum[static_cast<int>(DType::f32)](ReduceArgs{1, kCount + 1, kCount + 1, 1}, x.data(), &y);
  std::printf("not caught: sum %g\n", static_cast<double>(y));
}

// Two threads, there at the same time, add to one variable: often, since two accesses at the very same moment can
// escape the sanitizer.
void race() {
  volatile int64_t sum = 0;
  std::atomic<int> there{0};
  set_num_threads(2);
  parallel_for(2, 1, 1e6, [&](int64_t begin, int64_t) {
    there.fetch_add(1, std::memory_order_relaxed);
    while (there.load(std::memory_order_relaxed) < 2) std::this_thread::yield();
    for (int i = 0; i < 10000; ++i) sum = sum + begin;
  });
  std::printf("not caught: sum %ld\n", static_cast<long>(sum));
}

void overflow() {
  volatile int32_t most = INT32_MAX;
  most = most + 1;
  std::printf("not caught: %d\n", most);
}

}  // namespace
}  // namespace tw::test

int main(int argc, char** argv) {
  if (argc == 2 && !std::strcmp(argv[1], "address")) tw::test::read_past_the_end();
  if (argc == 2 && !std::strcmp(argv[1], "undefined")) tw::test::overflow();
  if (argc == 2 && !std::strcmp(argv[1], "race")) tw::test::race();
  return 0;
}
