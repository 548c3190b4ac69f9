// The way back through attention by its definition, in double: the oracle for kernels/attention.
#include "cpu/kernels/attention/attention.h"
#include "cpu/kernels/reference/attention_scores.h"

namespace tw::TW_ISA {
namespace {

template <class T>
int64_t backward_scratch(const AttentionBackward& p) {
  return (p.end + p.size + p.value_size) * (int64_t)sizeof(double);
}

// sum_d dO_id O_id - dlse_i
template <class T>
double delta(const AttentionBackward& p, int64_t i) {
  double sum = p.of_lse.data ? -(double)*at<T>(p.of_lse, 0, i, 0) : 0;
  for (int64_t c = 0; c < p.value_size; ++c)
    sum += (double)*at<T>(p.of_output, 0, i, c) * (double)*at<T>(p.output, 0, i, c);
  return sum;
}

// What the value got; the cotangents of what is added to the score, and of the product of query and key.
struct Pair {
  double weight, of_added, of_product;
};
template <class T>
Pair pair(const AttentionBackward& p, int64_t i, int64_t j, double delta) {
  const AttentionScores& s = p.scores;
  if (!reference_counts<T>(s, 0, i, j)) return {};
  const double lse = *at<T>(p.lse, 0, i, 0);
  const double weight = __builtin_exp(reference_score<T>(s, p.q, p.k, p.size, 0, i, j) - lse);
  const double factor = !s.drops ? 1 : reference_keeps(s, 0, i, j) ? s.factor : 0;
  double of_weight = 0, slope = s.scale;
  for (int64_t c = 0; c < p.value_size && factor != 0; ++c)
    of_weight += factor * (double)*at<T>(p.of_output, 0, i, c) * (double)*at<T>(p.v, 0, j, c);
  if (s.softcap != 0) {
    AttentionScores bare = s;
    bare.added[0].data = bare.added[1].data = nullptr;
    const double t = reference_score<T>(bare, p.q, p.k, p.size, 0, i, j) / s.softcap;
    slope *= 1 - t * t;
  }
  const double of_added = weight * (of_weight - delta);
  return {weight * factor, of_added, of_added * slope};
}

template <class T>
void add(const AttentionWrite& to, int64_t row, int64_t column, double x) {
  T& element = *at<T>(to, 0, row, column);
  element = (T)((double)element + x);
}

// to[row][c] += sum over the others, [from, end), of factor(other) times x[other][c].
template <class T, class Factor>
void add_products(const AttentionWrite& to, int64_t row, const AttentionRead& x, int64_t columns, int64_t from,
                  int64_t end, double* sums, Factor factor) {
  if (!to.data) return;
  for (int64_t c = 0; c < columns; ++c) sums[c] = 0;
  for (int64_t other = from; other < end; ++other) {
    const double times = factor(other);
    for (int64_t c = 0; c < columns && times != 0; ++c) sums[c] += times * (double)*at<T>(x, 0, other, c);
  }
  for (int64_t c = 0; c < columns; ++c) add<T>(to, row, c, sums[c]);
}

template <class T>
void backward(const AttentionBackward& p) {
  double* const deltas = static_cast<double*>(p.scratch);
  double* const sums = deltas + p.end;
  for (int64_t i = p.from; i < p.end; ++i) deltas[i] = delta<T>(p, i);
  for (int64_t i = p.from; i < p.end; ++i)
    add_products<T>(p.of_q, i, p.k, p.size, p.key, p.key_end, sums,
                    [&](int64_t j) { return pair<T>(p, i, j, deltas[i]).of_product; });
  for (int64_t j = p.key; j < p.key_end; ++j) {
    add_products<T>(p.of_k, j, p.q, p.size, p.from, p.end, sums,
                    [&](int64_t i) { return pair<T>(p, i, j, deltas[i]).of_product; });
    add_products<T>(p.of_v, j, p.of_output, p.value_size, p.from, p.end, sums,
                    [&](int64_t i) { return pair<T>(p, i, j, deltas[i]).weight; });
  }
}

template <class T>
void bias_backward(const AttentionBackward& p) {
  for (int64_t i = p.from; i < p.end; ++i)
    for (int64_t j = p.key; j < p.key_end; ++j)
      for (const AttentionWrite& of : p.of_added)
        if (of.data && reference_counts<T>(p.scores, 0, i, j))
          add<T>(of, i, j, pair<T>(p, i, j, delta<T>(p, i)).of_added);
}

}  // namespace

void fill_backward(AttentionKernels& table) {
  table.backward_scratch[(int)DType::f32] = backward_scratch<float>;
  table.backward_scratch[(int)DType::f64] = backward_scratch<double>;
  table.backward[(int)DType::f32] = backward<float>;
  table.backward[(int)DType::f64] = backward<double>;
  table.bias_backward[(int)DType::f32] = bias_backward<float>;
  table.bias_backward[(int)DType::f64] = bias_backward<double>;
}

}  // namespace tw::TW_ISA
