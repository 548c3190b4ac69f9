#include "cpu/probe.h"

#include <atomic>

#include "core/error.h"
#include "core/parallel.h"
#include "cpu/dispatch/dispatch.h"

namespace tw::cpu {

int64_t multiply_add_at_peak(int64_t rounds) {
  if (rounds < 1) fail<ValueError>("multiply_add_at_peak: rounds is ", rounds, ", but must be at least 1");
  std::atomic<int64_t> operations{0};
  parallel_for(get_num_threads(), 1, static_cast<double>(rounds), [&](int64_t, int64_t) {
    float sink[12] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    operations += kernels().probe.multiply_add_f32(rounds, sink);
  });
  return operations;
}

}  // namespace tw::cpu
