// Cotangents of what is added to scores: sums over what broadcasts, of one head and some of its scores.
#include "cpu/kernels/attention/backward_block.h"

namespace tw::TW_ISA {
namespace {

// to[j step] += x[j]; with a step of 0 their sum.
template <class T>
void add_row(const T* x, Range columns, T* to, int64_t step) {
  constexpr int L = lanes<T>;
  int64_t j = columns.from;
  if (step == 1) {
    for (; j + L <= columns.to; j += L) store(to + j, load(to + j) + load(x + j));
    for (; j < columns.to; ++j) to[j] += x[j];
  } else if (step == 0) {
    vec<T> sums = {};
    T total = 0;
    for (; j + L <= columns.to; j += L) sums += load(x + j);
    for (; j < columns.to; ++j) total += x[j];
    for (int lane = 0; lane < L; ++lane) total += sums[lane];
    *to += total;
  } else {
    for (; j < columns.to; ++j) to[j * step] += x[j];
  }
}

template <class T>
void bias_backward(const AttentionBackwardPart& p) {
  BackwardBlock<T, true> block(p);
  for (int64_t j = p.from; j < p.to; j += block.blocks().keys) {
    const Range keys = {j, p.to - j < block.blocks().keys ? p.to : j + block.blocks().keys};
    const Range all = block.terms().queries_of(keys);
    if (all.empty()) continue;
    block.take_keys(keys);
    for (int64_t i = all.from; i < all.to; i += block.blocks().queries) {
      const Range queries = {i, all.to - i < block.blocks().queries ? all.to : i + block.blocks().queries};
      block.take_queries(queries);
      block.compute();
      for (int64_t n = 0; n < queries.count(); ++n) {
        const T* const cotangents = block.cotangents() + n * block.row();
        const Range seen = block.keys_of({n, n + 1});
        if (seen.empty()) continue;
        if (p.of_bias.data)
          add_row(cotangents, seen,
                  static_cast<T*>(p.of_bias.data) + (i + n) * p.of_bias.row + j * p.of_bias.column, p.of_bias.column);
        if (p.of_relative.data)
          add_row(cotangents, seen, static_cast<T*>(p.of_relative.data) + (j - i - n) * p.of_relative.column,
                  p.of_relative.column);
      }
    }
  }
}

}  // namespace

void fill_bias_backward(AttentionBackwardKernels& table) {
  table.bias_backward[(int)DType::f32] = bias_backward<float>;
  table.bias_backward[(int)DType::f64] = bias_backward<double>;
}

}  // namespace tw::TW_ISA
