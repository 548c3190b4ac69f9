#include <algorithm>
#include <cstring>
#include <vector>

#include "core/parallel.h"
#include "cpu/cpu.h"

namespace tw::cpu {
namespace {

constexpr int64_t kChunk = 16384;          // elements that a thread takes at a time
constexpr int64_t kChunkBytes = 64 << 10;  // of a join

}  // namespace

void arange(const ArangeProblem& p) {
  parallel_for(p.count, kChunk, 0.3, [&](int64_t begin, int64_t end) {
    if (p.dtype == DType::f64) {
      auto* out = reinterpret_cast<double*>(p.out);
      for (int64_t i = begin; i < end; ++i) out[i] = p.first + static_cast<double>(i) * p.step;
    } else {
      auto* out = reinterpret_cast<uint64_t*>(p.out);
      for (int64_t i = begin; i < end; ++i) out[i] = p.first_bits + static_cast<uint64_t>(i) * p.step_bits;
    }
  });
}

// One pass over the result in equal chunks, whichever part their bytes come from.
void join(const JoinProblem& p) {
  std::vector<int64_t> starts{0};  // of each part in a row
  for (const JoinProblem::Part& part : p.parts) starts.push_back(starts.back() + part.bytes);
  const int64_t row_bytes = starts.back();
  parallel_for(p.rows * row_bytes, kChunkBytes, 0.1, [&](int64_t begin, int64_t end) {
    while (begin < end) {
      const int64_t row = begin / row_bytes, column = begin % row_bytes;
      const auto next = std::upper_bound(starts.begin(), starts.end(), column);
      const auto k = static_cast<size_t>(next - starts.begin() - 1);
      const int64_t bytes = std::min(*next - column, end - begin), length = starts[k + 1] - starts[k];
      std::memcpy(p.out + begin, p.parts[k].data + row * length + column - starts[k], static_cast<size_t>(bytes));
      begin += bytes;
    }
  });
}

// A row is copied up to the diagonal, or from it on, and the rest is zeroed.
void triangle(const TriangleProblem& p) {
  const int64_t bytes = p.columns * p.itemsize,
                per_chunk = std::max<int64_t>(1, kChunkBytes / std::max<int64_t>(1, bytes));
  parallel_for(
      element_count(p.batch) * p.rows, per_chunk, 0.1 * static_cast<double>(bytes), [&](int64_t begin, int64_t end) {
        for (int64_t row = begin; row < end; ++row) {
          const int64_t i = row % p.rows;
          int64_t rest = row / p.rows, at = i * p.x.strides[p.batch.size()];
          for (int axis = p.batch.size() - 1; axis >= 0; rest /= p.batch[axis--])
            at += rest % p.batch[axis] * p.x.strides[axis];
          const char* x = p.x.data + at * p.itemsize;
          char* out = p.out + row * bytes;
          const int64_t kept = p.itemsize * std::clamp<int64_t>(i + p.diagonal + (p.upper ? 0 : 1), 0, p.columns);
          const auto low = static_cast<size_t>(kept), high = static_cast<size_t>(bytes - kept);
          if (p.upper) {
            std::memset(out, 0, low);
            std::memcpy(out + low, x + low, high);
          } else {
            std::memcpy(out, x, low);
            std::memset(out + low, 0, high);
          }
        }
      });
}

}  // namespace tw::cpu
