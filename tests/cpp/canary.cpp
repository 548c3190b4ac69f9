// Proves that the sanitizers watch: each run commits one crime, in a kernel or beside it, and must not survive.
#include <cstdint>
#include <cstring>
#include <vector>

#include "levels.h"

namespace tw::test {
namespace {

// A kernel that is told of one element more than there is: the read past the end happens in kernel code.
void read_past_the_end() {
  constexpr int64_t kCount = 1000;
  const std::vector<float> x(kCount, 1.0f);
  float y = 0;
  levels().front()->reduce.sum[static_cast<int>(DType::f32)](ReduceArgs{1, kCount + 1, kCount + 1, 1}, x.data(), &y);
  std::printf("not caught: sum %g\n", static_cast<double>(y));
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
  return 0;
}
