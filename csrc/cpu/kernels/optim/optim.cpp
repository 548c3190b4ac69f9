// One vector body per optimiser; the flags that do not change within a call are compiled in or hoisted out of the loop.
#include "cpu/kernels/optim/optim.h"

#include "cpu/kernels/reduce/tree.h"
#include "cpu/kernels/vec.h"

namespace tw::TW_ISA {
namespace {

// body(load, store) once for each vector of n elements; load(p) and store(p, v) reach this vector of the array p.
template <class T, class Body>
TW_INLINE void for_each_vector(int64_t n, Body body) {
  int64_t i = 0;
  for (; i + lanes<T> <= n; i += lanes<T>)
    body([&](const T* p) __attribute__((always_inline)) { return load(p + i); },
         [&](T* p, vec<T> v) __attribute__((always_inline)) { store(p + i, v); });
  if (i < n) {
    const int rest = (int)(n - i);
    body([&](const T* p) __attribute__((always_inline)) { return load_n(p + i, rest); },
         [&](T* p, vec<T> v) __attribute__((always_inline)) { store_n(p + i, v, rest); });
  }
}

template <class T, bool Momentum, bool Nesterov>
void sgd_loop(const SgdArgs& a, int64_t n, T* param, const T* grad, T* buffer) {
  const vec<T> lr = set1((T)a.lr), decay = set1((T)a.weight_decay), sign = set1((T)(a.maximize ? -1 : 1));
  const vec<T> momentum = set1((T)a.momentum), fresh = set1((T)(1 - a.dampening));
  const bool decayed = a.weight_decay != 0, first = a.first_step;
  for_each_vector<T>(n, [&](auto load_at, auto store_at) __attribute__((always_inline)) {
    const vec<T> p = load_at(param);
    vec<T> g = load_at(grad) * sign;
    if (decayed) g = fma(decay, p, g);
    if constexpr (Momentum) {
      const vec<T> b = first ? g : fma(momentum, load_at(buffer), fresh * g);
      store_at(buffer, b);
      g = Nesterov ? fma(momentum, b, g) : b;
    }
    store_at(param, p - lr * g);
  });
}

template <class T>
void sgd(const SgdArgs& a, int64_t n, void* param_, const void* grad_, void* buffer_) {
  T* param = static_cast<T*>(param_);
  const T* grad = static_cast<const T*>(grad_);
  T* buffer = static_cast<T*>(buffer_);
  if (a.momentum == 0)
    sgd_loop<T, false, false>(a, n, param, grad, buffer);
  else if (a.nesterov)
    sgd_loop<T, true, true>(a, n, param, grad, buffer);
  else
    sgd_loop<T, true, false>(a, n, param, grad, buffer);
}

template <class T, bool Amsgrad>
void adam_loop(const AdamArgs& a, int64_t n, T* param, const T* grad, T* exp_avg, T* exp_avg_sq, T* max_exp_avg_sq) {
  const vec<T> sign = set1((T)(a.maximize ? -1 : 1));
  const vec<T> coupled = set1((T)a.weight_decay), shrink = set1((T)(1 - a.lr * a.weight_decay));
  const vec<T> beta1 = set1((T)a.beta1), beta2 = set1((T)a.beta2);
  const vec<T> fresh1 = set1((T)(1 - a.beta1)), fresh2 = set1((T)(1 - a.beta2));
  const vec<T> rate = set1((T)(a.lr / a.bias1)), unbias2 = set1((T)(1 / a.bias2)), eps = set1((T)a.eps);
  const bool add_decay = a.weight_decay != 0 && !a.decoupled, multiply_decay = a.weight_decay != 0 && a.decoupled;
  for_each_vector<T>(n, [&](auto load_at, auto store_at) __attribute__((always_inline)) {
    vec<T> p = load_at(param);
    vec<T> g = load_at(grad) * sign;
    if (add_decay) g = fma(coupled, p, g);
    if (multiply_decay) p = p * shrink;
    const vec<T> m = fma(beta1, load_at(exp_avg), fresh1 * g);
    vec<T> v = fma(beta2, load_at(exp_avg_sq), fresh2 * g * g);
    store_at(exp_avg, m);
    store_at(exp_avg_sq, v);
    if constexpr (Amsgrad) {
      v = maximum(load_at(max_exp_avg_sq), v);
      store_at(max_exp_avg_sq, v);
    }
    store_at(param, p - rate * m / (sqrt(v * unbias2) + eps));
  });
}

template <class T>
void adam(const AdamArgs& a, int64_t n, void* param_, const void* grad_, void* exp_avg_, void* exp_avg_sq_,
          void* max_exp_avg_sq_) {
  T* param = static_cast<T*>(param_);
  const T* grad = static_cast<const T*>(grad_);
  T* exp_avg = static_cast<T*>(exp_avg_);
  T* exp_avg_sq = static_cast<T*>(exp_avg_sq_);
  T* max_exp_avg_sq = static_cast<T*>(max_exp_avg_sq_);
  if (max_exp_avg_sq)
    adam_loop<T, true>(a, n, param, grad, exp_avg, exp_avg_sq, max_exp_avg_sq);
  else
    adam_loop<T, false>(a, n, param, grad, exp_avg, exp_avg_sq, max_exp_avg_sq);
}

// Op over f(x) in double: four chains, then the tail one by one.
template <class T, class Op, class F>
TW_INLINE double accumulate(int64_t n, const void* x_, F f) {
  const T* x = static_cast<const T*>(x_);
  vd acc[4] = {};
  int64_t i = 0;
  for (; i + 4 * lanes<double> <= n; i += 4 * lanes<double>)
    for (int k = 0; k < 4; ++k) acc[k] = Op::join(acc[k], f(read<double>(x + i + k * lanes<double>)));
  double result = fold_lanes<Op>(Op::join(Op::join(acc[0], acc[1]), Op::join(acc[2], acc[3])));
  for (; i < n; ++i) result = Op::join(result, f(vd{} + (double)x[i])[0]);
  return result;
}

template <class T>
double sum_abs(int64_t n, const void* x) {
  return accumulate<T, Sum<double>>(n, x, [](vd v) __attribute__((always_inline)) { return abs(v); });
}
template <class T>
double sum_squares(int64_t n, const void* x) {
  return accumulate<T, Sum<double>>(n, x, [](vd v) __attribute__((always_inline)) { return v * v; });
}
template <class T>
double max_abs(int64_t n, const void* x) {
  return accumulate<T, Max<double>>(n, x, [](vd v) __attribute__((always_inline)) { return abs(v); });
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
