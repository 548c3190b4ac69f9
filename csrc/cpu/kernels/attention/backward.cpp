// The cotangents of queries, keys and values: a block of keys stays in cache while all queries walk past it.
#include "cpu/kernels/attention/backward_block.h"

namespace tw::TW_ISA {
namespace {

template <class T>
int64_t backward_scratch(const AttentionBackward& p) {
  return BackwardBlock<T, false>::scratch_bytes(p);
}

template <class T>
void backward(const AttentionBackward& p) {
  BackwardBlock<T, false> block(p);
  block.for_each([&](Range queries, Range keys) {
    const auto queries_of = [&](Range of) { return block.queries_of(of); };
    const auto keys_of = [&](Range of) { return block.keys_of(of); };
    const Rows<T> weights = block.weights(), cotangents = block.cotangents();
    if (p.of_v.data)
      add_product(weights.data, 1, weights.row, count(keys), block.of_output().data, block.of_output().row,
                  p.value_size, at<T>(p.of_v, 0, keys.from), p.of_v.row, queries_of);
    if (p.of_k.data)
      add_product(cotangents.data, 1, cotangents.row, count(keys), block.q().data, block.q().row, p.size,
                  at<T>(p.of_k, 0, keys.from), p.of_k.row, queries_of);
    if (p.of_q.data)
      add_product(cotangents.data, cotangents.row, 1, count(queries), block.k().data, block.k().row, p.size,
                  at<T>(p.of_q, 0, queries.from), p.of_q.row, keys_of);
  });
}

}  // namespace

void fill_bias_backward(AttentionKernels&);

void fill_backward(AttentionKernels& table) {
  table.backward_scratch[(int)DType::f32] = backward_scratch<float>;
  table.backward_scratch[(int)DType::f64] = backward_scratch<double>;
  table.backward[(int)DType::f32] = backward<float>;
  table.backward[(int)DType::f64] = backward<double>;
  fill_bias_backward(table);
}

}  // namespace tw::TW_ISA
