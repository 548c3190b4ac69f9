// Naive connectionist temporal classification: each state by itself, in double.
#include "cpu/kernels/ctc/ctc.h"

namespace tw::TW_ISA {
namespace {

constexpr double kNever = -__builtin_inf();

double log_add(double a, double b) {
  if (a != a || b != b) return a + b;
  const double high = a > b ? a : b, low = a > b ? b : a;
  return low == kNever ? high : high + __builtin_log1p(__builtin_exp(low - high));
}
int64_t class_of(const CtcArgs& a, const int64_t* labels, int64_t state) {
  return state % 2 ? labels[state / 2] : a.blank;
}
bool may_skip(const int64_t* labels, int64_t state) {  // from two states before
  return state % 2 && state > 1 && labels[state / 2] != labels[state / 2 - 1];
}

template <class T>
double forward(const CtcArgs& a, const void* log_probs, const int64_t* labels, void* log_alpha, double* row) {
  const int64_t count = 2 * a.labels + 1;
  for (int64_t s = 0; s < count; ++s) row[s] = s ? kNever : 0;
  double total = 0;
  for (int64_t t = 0; t < a.steps; ++t) {
    double most = kNever;
    for (int64_t s = count - 1; s >= 0; --s) {
      double sum = row[s];
      if (s > 0) sum = log_add(sum, row[s - 1]);
      if (may_skip(labels, s)) sum = log_add(sum, row[s - 2]);
      row[s] = sum + static_cast<const T*>(log_probs)[t * a.stride + class_of(a, labels, s)];
      if (row[s] > most) most = row[s];
    }
    for (int64_t s = 0; s < count; ++s) {
      if (most > kNever) row[s] -= most;
      static_cast<T*>(log_alpha)[t * count + s] = (T)row[s];
    }
    if (most > kNever) total += most;
  }
  return 0 - (log_add(row[count - 1], count > 1 ? row[count - 2] : kNever) + total);
}

template <class T>
void backward(const CtcArgs& a, const void* log_probs, const int64_t* labels, const void* log_alpha, double g, void* gx,
              double* row) {
  const int64_t count = 2 * a.labels + 1;
  double* posterior = row + count;
  for (int64_t t = 0; t < a.all_steps; ++t)
    for (int64_t c = 0; c < a.classes; ++c) static_cast<T*>(gx)[t * a.stride + c] = 0;
  for (int64_t s = 0; s < count; ++s) row[s] = s + 1 < count ? kNever : 0;
  for (int64_t t = a.steps - 1; t >= 0; --t) {
    double sum = kNever, most = kNever;
    for (int64_t s = 0; s < count; ++s) {
      if (s + 1 < count) row[s] = log_add(row[s], row[s + 1]);
      if (s + 2 < count && may_skip(labels, s + 2)) row[s] = log_add(row[s], row[s + 2]);
      posterior[s] = row[s] + static_cast<const T*>(log_alpha)[t * count + s];
      sum = log_add(sum, posterior[s]);
    }
    if (sum == kNever) return;  // no alignment: as in every other step
    for (int64_t s = 0; s < count; ++s) {
      static_cast<T*>(gx)[t * a.stride + class_of(a, labels, s)] -= (T)(g * __builtin_exp(posterior[s] - sum));
      row[s] += static_cast<const T*>(log_probs)[t * a.stride + class_of(a, labels, s)];
      if (row[s] > most) most = row[s];
    }
    for (int64_t s = 0; s < count; ++s)
      if (most > kNever) row[s] -= most;
  }
}

}  // namespace

void fill(CtcKernels& k) {
  k.forward[(int)DType::f32] = forward<float>;
  k.forward[(int)DType::f64] = forward<double>;
  k.backward[(int)DType::f32] = backward<float>;
  k.backward[(int)DType::f64] = backward<double>;
}

}  // namespace tw::TW_ISA
