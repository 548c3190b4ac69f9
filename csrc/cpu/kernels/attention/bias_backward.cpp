// The cotangents of what is added to scores, of one head; sums over what broadcasts.
#include "cpu/kernels/attention/backward_block.h"

namespace tw::TW_ISA {
namespace {

// to[j step] += x[j]; with a step of 0 their sum.
template <class T>
void add_row(const T* x, Range columns, T* to, int64_t step) {
  constexpr int L = lanes<T>;
  int64_t j = columns.from;
  if (step == 0) {
    vec<T> sums = {};
    for (; j + L <= columns.to; j += L) sums += load(x + j);
    if (j < columns.to) sums += load_n(x + j, (int)(columns.to - j));
    for (int lane = 0; lane < L; ++lane) *to += sums[lane];
    return;
  }
  for (; step == 1 && j + L <= columns.to; j += L) store(to + j, load(to + j) + load(x + j));
  for (; j < columns.to; ++j) to[j * step] += x[j];
}

template <class T>
void bias_backward(const AttentionBackward& p) {
  BackwardBlock<T, true> block(p);
  block.for_each([&](Range queries, Range keys) {
    for (int64_t i = 0; i < count(queries); ++i) {
      const Range seen = block.keys_of({i, i + 1});
      for (const AttentionWrite& of : p.of_added)
        if (of.data && !seen.empty())
          add_row(block.cotangents().at(i), seen, at<T>(of, 0, queries.from + i) + keys.from * of.column, of.column);
    }
  });
}

}  // namespace

void fill_bias_backward(AttentionKernels& table) {
  table.bias_backward[(int)DType::f32] = bias_backward<float>;
  table.bias_backward[(int)DType::f64] = bias_backward<double>;
}

}  // namespace tw::TW_ISA
