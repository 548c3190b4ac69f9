// Attention by its definition, in double: the oracle for kernels/attention.
#include "cpu/kernels/attention/attention.h"

#include "cpu/kernels/reference/attention_scores.h"

namespace tw::TW_ISA {
namespace {

template <class T>
int64_t forward_scratch(const AttentionForward& a) {
  return (a.key_end - a.key) * (int64_t)sizeof(double);
}

template <class T>
void forward_row(const AttentionForward& a, int64_t h, int64_t i) {
  double* weights = static_cast<double*>(a.scratch);
  double most = -__builtin_inf(), total = 0;
  for (int64_t j = a.key; j < a.key_end; ++j) {
    double& score = weights[j - a.key];
    score = reference_counts<T>(a.scores, h, i, j) ? reference_score<T>(a.scores, a.q, a.k, a.size, h, i, j)
                                                   : -__builtin_inf();
    if (score > most || score != score) most = score;
  }
  for (int64_t j = a.key; j < a.key_end; ++j) {
    double& weight = weights[j - a.key];
    weight = reference_counts<T>(a.scores, h, i, j) ? __builtin_exp(weight - most) : 0;
    total += weight;
  }
  const bool empty = total == 0;
  *at<T>(a.lse, h, i, 0) = (T)(empty ? -__builtin_inf() : most + __builtin_log(total));
  for (int64_t c = 0; c < a.value_size; ++c) {
    double sum = 0;
    for (int64_t j = a.key; j < a.key_end; ++j)
      if (weights[j - a.key] != 0 && reference_keeps(a.scores, h, i, j))
        sum += weights[j - a.key] * (double)*at<T>(a.v, h, j, c);
    *at<T>(a.output, h, i, c) = (T)(empty ? 0 : sum / total * (a.scores.drops ? a.scores.factor : 1));
  }
}

template <class T>
void forward(const AttentionForward& a) {
  for (int64_t h = 0; h < a.scores.heads; ++h)
    for (int64_t i = a.from; i < a.from + a.rows; ++i) forward_row<T>(a, h, i);
}

}  // namespace

void fill_backward(AttentionKernels&);

void fill(AttentionKernels& table) {
  table.forward_scratch[(int)DType::f32] = forward_scratch<float>;
  table.forward_scratch[(int)DType::f64] = forward_scratch<double>;
  table.forward[(int)DType::f32] = forward<float>;
  table.forward[(int)DType::f64] = forward<double>;
  fill_backward(table);
}

}  // namespace tw::TW_ISA
