// The way back of one head: a block of keys at a time stays in cache, and all queries walk past it.
#include "cpu/kernels/attention/backward_block.h"

namespace tw::TW_ISA {
namespace {

template <class T>
TW_INLINE T* row_at(const AttentionRows& x, int64_t i) {
  return static_cast<T*>(x.data) + i * x.row;
}

template <class T>
void backward(const AttentionBackwardPart& p) {
  BackwardBlock<T, false> block(p);
  const int64_t row = block.row();
  for (int64_t j = p.from; j < p.to; j += block.blocks().keys) {
    const Range keys = {j, p.to - j < block.blocks().keys ? p.to : j + block.blocks().keys};
    const Range all = block.terms().queries_of(keys);
    if (all.empty()) continue;
    block.take_keys(keys);
    for (int64_t i = all.from; i < all.to; i += block.blocks().queries) {
      const Range queries = {i, all.to - i < block.blocks().queries ? all.to : i + block.blocks().queries};
      block.take_queries(queries);
      block.compute();
      const auto queries_of = [&](Range of) { return block.queries_of(of); };
      if (p.of_v.data)
        add_product(block.weights(), 1, row, keys.count(), block.of_output().data, block.of_output().row, p.value_size,
                    row_at<T>(p.of_v, j), p.of_v.row, queries_of);
      if (p.of_k.data)
        add_product(block.cotangents(), 1, row, keys.count(), block.q().data, block.q().row, p.size,
                    row_at<T>(p.of_k, j), p.of_k.row, queries_of);
      if (p.of_q.data)
        add_product(block.cotangents(), row, 1, queries.count(), block.k().data, block.k().row, p.size,
                    row_at<T>(p.of_q, i), p.of_q.row, [&](Range of) { return block.keys_of(of); });
    }
  }
}

}  // namespace

void fill_bias_backward(AttentionBackwardKernels&);

void fill(AttentionBackwardKernels& table) {
  table.backward[(int)DType::f32] = backward<float>;
  table.backward[(int)DType::f64] = backward<double>;
  fill_bias_backward(table);
}

}  // namespace tw::TW_ISA
