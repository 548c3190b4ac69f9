// Optimiser steps one element at a time in double: the oracle for kernels/optim.
#include "cpu/kernels/optim/optim.h"

namespace tw::TW_ISA {
namespace {

double root(double x) { return __builtin_sqrt(x); }
double mean(double beta, double& state, double x) { return state = beta * state + (1 - beta) * x; }

double lamb_update(const StepSettings& a, double p, const double* s) {
  return a.unbias1 * s[0] / (root(a.unbias2 * s[1]) + a.eps) + a.decay * p;
}

// How far the parameter moves, for a gradient to which the decay is added; `s` are the `count` states.
double sgd(const StepSettings& a, double, double g, double* s, int count) {
  if (count == 0) return a.rate * g;
  s[0] = a.first ? g : a.beta1 * s[0] + a.gain * g;
  return a.rate * (a.nesterov ? g + a.beta1 * s[0] : s[0]);
}
double adam(const StepSettings& a, double, double g, double* s, int count) {
  mean(a.beta1, s[0], g);
  double v = mean(a.beta2, s[1], g * g);
  if (count == 3) {
    if (v > s[2] || v != v) s[2] = v;
    v = s[2];
  }
  return a.rate * s[0] / (root(a.unbias2 * v) + a.eps);
}
double rmsprop(const StepSettings& a, double, double g, double* s, int count) {
  double v = mean(a.beta2, s[0], g * g);
  int used = 1;
  if (a.centered) {
    const double m = mean(a.beta2, s[used++], g);
    v -= m * m;
  }
  double u = g / (root(v) + a.eps);
  if (used < count) u = s[used] = a.beta1 * s[used] + u;
  return a.rate * u;
}
double adagrad(const StepSettings& a, double, double g, double* s, int) {
  s[0] += g * g;
  return a.rate * g / (root(s[0]) + a.eps);
}
double adadelta(const StepSettings& a, double, double g, double* s, int) {
  const double v = mean(a.beta2, s[0], g * g), u = root(s[1] + a.eps) / root(v + a.eps) * g;
  mean(a.beta2, s[1], u * u);
  return a.rate * u;
}
double adamax(const StepSettings& a, double, double g, double* s, int) {
  mean(a.beta1, s[0], g);
  const double kept = a.beta2 * s[1], fresh = __builtin_fabs(g) + a.eps;
  s[1] = kept > fresh || kept != kept ? kept : fresh;
  return a.rate * s[0] / s[1];
}
double nadam(const StepSettings& a, double, double g, double* s, int) {
  mean(a.beta1, s[0], g);
  mean(a.beta2, s[1], g * g);
  return (a.rate * s[0] + a.gain * g) / (root(a.unbias2 * s[1]) + a.eps);
}
double radam(const StepSettings& a, double, double g, double* s, int) {
  mean(a.beta1, s[0], g);
  mean(a.beta2, s[1], g * g);
  return a.rectified ? a.rate * s[0] / (root(s[1]) + a.eps) : a.rate * s[0];
}
double lion(const StepSettings& a, double, double g, double* s, int) {
  const double u = a.beta1 * s[0] + (1 - a.beta1) * g;
  mean(a.beta2, s[0], g);
  return u > 0 ? a.rate : u < 0 ? -a.rate : u;
}
double lamb(const StepSettings& a, double p, double, double* s, int) { return a.rate * lamb_update(a, p, s); }

template <class T, double (*Rule)(const StepSettings&, double, double, double*, int)>
void step(const StepSettings& a, int64_t n, void* param_, const void* grad_, void* const* states, int count) {
  T* param = static_cast<T*>(param_);
  const T* grad = static_cast<const T*>(grad_);
  for (int64_t i = 0; i < n; ++i) {
    double s[kMostStates], g = a.maximize ? -(double)grad[i] : (double)grad[i];
    for (int k = 0; k < count; ++k) s[k] = static_cast<T*>(states[k])[i];
    if (a.decay != 0) g += a.decay * param[i];
    const double p = a.shrink * param[i];
    param[i] = (T)(p - Rule(a, p, g, s, count));
    for (int k = 0; k < count; ++k) static_cast<T*>(states[k])[i] = (T)s[k];
  }
}

template <class T>
Squares lamb_moments(const StepSettings& a, int64_t n, const void* param_, const void* grad_, void* const* states) {
  const T* param = static_cast<const T*>(param_);
  const T* grad = static_cast<const T*>(grad_);
  Squares sum{0, 0};
  for (int64_t i = 0; i < n; ++i) {
    const double p = param[i], g = a.maximize ? -(double)grad[i] : (double)grad[i];
    T *first = static_cast<T*>(states[0]) + i, *second = static_cast<T*>(states[1]) + i;
    double s[2] = {(double)*first, (double)*second};
    *first = (T)mean(a.beta1, s[0], g);
    *second = (T)mean(a.beta2, s[1], g * g);
    const double u = lamb_update(a, p, s);
    sum = {sum.param + p * p, sum.update + u * u};
  }
  return sum;
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
#define TW_FILL(name, fewest, most) k.step[(int)StepRule::name][i] = step<T, name>;
  TW_STEP_RULES(TW_FILL)
#undef TW_FILL
  k.lamb_moments[i] = lamb_moments<T>;
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
