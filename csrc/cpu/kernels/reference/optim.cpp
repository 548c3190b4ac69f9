// Optimiser steps one element at a time in double: the oracle for kernels/optim.
#include "cpu/kernels/optim/optim.h"

namespace tw::TW_ISA {
namespace {

template <class T>
void sgd(const SgdArgs& a, int64_t n, void* param_, const void* grad_, void* buffer_) {
  T* param = static_cast<T*>(param_);
  const T* grad = static_cast<const T*>(grad_);
  T* buffer = static_cast<T*>(buffer_);
  for (int64_t i = 0; i < n; ++i) {
    double g = a.maximize ? -(double)grad[i] : (double)grad[i];
    if (a.weight_decay != 0) g += a.weight_decay * param[i];
    if (a.momentum != 0) {
      const double b = a.first_step ? g : a.momentum * buffer[i] + (1 - a.dampening) * g;
      buffer[i] = (T)b;
      g = a.nesterov ? g + a.momentum * b : b;
    }
    param[i] = (T)(param[i] - a.lr * g);
  }
}

template <class T>
void adam(const AdamArgs& a, int64_t n, void* param_, const void* grad_, void* exp_avg_, void* exp_avg_sq_,
          void* max_exp_avg_sq_) {
  T* param = static_cast<T*>(param_);
  const T* grad = static_cast<const T*>(grad_);
  T* exp_avg = static_cast<T*>(exp_avg_);
  T* exp_avg_sq = static_cast<T*>(exp_avg_sq_);
  T* max_exp_avg_sq = static_cast<T*>(max_exp_avg_sq_);
  for (int64_t i = 0; i < n; ++i) {
    double p = param[i], g = a.maximize ? -(double)grad[i] : (double)grad[i];
    if (a.decoupled)
      p -= a.lr * a.weight_decay * p;
    else if (a.weight_decay != 0)
      g += a.weight_decay * p;
    const double m = a.beta1 * exp_avg[i] + (1 - a.beta1) * g;
    double v = a.beta2 * exp_avg_sq[i] + (1 - a.beta2) * g * g;
    exp_avg[i] = (T)m;
    exp_avg_sq[i] = (T)v;
    if (max_exp_avg_sq) {
      if (v > max_exp_avg_sq[i] || v != v) max_exp_avg_sq[i] = (T)v;
      v = max_exp_avg_sq[i];
    }
    param[i] = (T)(p - a.lr / a.bias1 * m / (__builtin_sqrt(v / a.bias2) + a.eps));
  }
}

template <class T>
double sum_abs(int64_t n, const void* x) {
  double s = 0;
  for (int64_t i = 0; i < n; ++i) s += __builtin_fabs((double)static_cast<const T*>(x)[i]);
  return s;
}
template <class T>
double sum_squares(int64_t n, const void* x) {
  double s = 0;
  for (int64_t i = 0; i < n; ++i) s += (double)static_cast<const T*>(x)[i] * (double)static_cast<const T*>(x)[i];
  return s;
}
template <class T>
double max_abs(int64_t n, const void* x) {
  double m = 0;
  for (int64_t i = 0; i < n; ++i) {
    const double v = __builtin_fabs((double)static_cast<const T*>(x)[i]);
    if (v > m || v != v) m = v;
    if (m != m) break;
  }
  return m;
}

template <class T>
void fill_type(OptimKernels& k, DType d) {
  const int i = (int)d;
  k.sgd[i] = sgd<T>;
  k.adam[i] = adam<T>;
  k.sum_abs[i] = sum_abs<T>;
  k.sum_squares[i] = sum_squares<T>;
  k.max_abs[i] = max_abs<T>;
}

}  // namespace

void fill(OptimKernels& table) {
  fill_type<float>(table, DType::f32);
  fill_type<double>(table, DType::f64);
}

}  // namespace tw::TW_ISA
