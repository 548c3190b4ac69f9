// One vector body per rule, by the formulas in optim_problem.h; the loop over an array is written once.
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

// The settings in every lane, rounded to T once.
template <class T>
struct Numbers {
#define TW_NUMBER(name, otherwise) vec<T> name;
#define TW_FLAG(name) bool name;
  TW_STEP_NUMBERS(TW_NUMBER)
  TW_STEP_FLAGS(TW_FLAG)
#undef TW_NUMBER
#undef TW_FLAG
  vec<T> fresh1, fresh2;  // 1 - beta
  explicit TW_INLINE Numbers(const StepSettings& a) : fresh1(set1((T)(1 - a.beta1))), fresh2(set1((T)(1 - a.beta2))) {
#define TW_NUMBER(name, otherwise) name = set1((T)a.name);
#define TW_FLAG(name) name = a.name;
    TW_STEP_NUMBERS(TW_NUMBER)
    TW_STEP_FLAGS(TW_FLAG)
#undef TW_NUMBER
#undef TW_FLAG
  }
};

// Rules: step<T, N>(settings, p, g, states) updates N states and gives the new p.
namespace rule {

template <class T>
TW_INLINE void moments(const Numbers<T>& a, vec<T> g, vec<T>* s) {
  s[0] = fma(a.beta1, s[0], a.fresh1 * g);
  s[1] = fma(a.beta2, s[1], a.fresh2 * g * g);
}

struct sgd {
  template <class T, int N>
  static TW_INLINE vec<T> step(const Numbers<T>& a, vec<T> p, vec<T> g, vec<T>* s) {
    if constexpr (N == 1) {
      s[0] = a.first ? g : fma(a.beta1, s[0], a.gain * g);
      g = a.nesterov ? fma(a.beta1, s[0], g) : s[0];
    }
    return p - a.rate * g;
  }
};

struct adam {
  template <class T, int N>
  static TW_INLINE vec<T> step(const Numbers<T>& a, vec<T> p, vec<T> g, vec<T>* s) {
    moments<T>(a, g, s);
    if constexpr (N == 3) s[2] = maximum(s[2], s[1]);
    return p - a.rate * s[0] / (sqrt(s[N - 1] * a.unbias2) + a.eps);
  }
};

struct rmsprop {
  template <class T, int N>
  static TW_INLINE vec<T> step(const Numbers<T>& a, vec<T> p, vec<T> g, vec<T>* s) {
    s[0] = fma(a.beta2, s[0], a.fresh2 * g * g);
    vec<T> v = s[0];
    if (N > 1 && a.centered) {
      s[1] = fma(a.beta2, s[1], a.fresh2 * g);
      v = v - s[1] * s[1];
    }
    vec<T> u = g / (sqrt(v) + a.eps);
    if (N > 1 + (int)a.centered) u = s[N - 1] = fma(a.beta1, s[N - 1], u);
    return p - a.rate * u;
  }
};

struct adagrad {
  template <class T, int N>
  static TW_INLINE vec<T> step(const Numbers<T>& a, vec<T> p, vec<T> g, vec<T>* s) {
    s[0] = fma(g, g, s[0]);
    return p - a.rate * g / (sqrt(s[0]) + a.eps);
  }
};

struct adadelta {
  template <class T, int N>
  static TW_INLINE vec<T> step(const Numbers<T>& a, vec<T> p, vec<T> g, vec<T>* s) {
    s[0] = fma(a.beta2, s[0], a.fresh2 * g * g);
    const vec<T> u = sqrt(s[1] + a.eps) / sqrt(s[0] + a.eps) * g;
    s[1] = fma(a.beta2, s[1], a.fresh2 * u * u);
    return p - a.rate * u;
  }
};

struct adamax {
  template <class T, int N>
  static TW_INLINE vec<T> step(const Numbers<T>& a, vec<T> p, vec<T> g, vec<T>* s) {
    s[0] = fma(a.beta1, s[0], a.fresh1 * g);
    s[1] = maximum(a.beta2 * s[1], abs(g) + a.eps);
    return p - a.rate * s[0] / s[1];
  }
};

struct nadam {
  template <class T, int N>
  static TW_INLINE vec<T> step(const Numbers<T>& a, vec<T> p, vec<T> g, vec<T>* s) {
    moments<T>(a, g, s);
    return p - fma(a.rate, s[0], a.gain * g) / (sqrt(s[1] * a.unbias2) + a.eps);
  }
};

struct radam {
  template <class T, int N>
  static TW_INLINE vec<T> step(const Numbers<T>& a, vec<T> p, vec<T> g, vec<T>* s) {
    moments<T>(a, g, s);
    const vec<T> u = a.rate * s[0];
    return p - (a.rectified ? u / (sqrt(s[1]) + a.eps) : u);
  }
};

struct lion {
  template <class T, int N>
  static TW_INLINE vec<T> step(const Numbers<T>& a, vec<T> p, vec<T> g, vec<T>* s) {
    const vec<T> u = fma(a.beta1, s[0], a.fresh1 * g), one = set1((T)1);
    s[0] = fma(a.beta2, s[0], a.fresh2 * g);
    return p - a.rate * (u > 0 ? one : u < 0 ? -one : u);
  }
};

struct lamb {
  template <class T>
  static TW_INLINE vec<T> update(const Numbers<T>& a, vec<T> p, const vec<T>* s) {
    const vec<T> u = a.unbias1 * s[0] / (sqrt(s[1] * a.unbias2) + a.eps);
    return fma(a.decay, p, u);
  }
  template <class T, int N>
  static TW_INLINE vec<T> step(const Numbers<T>& a, vec<T> p, vec<T>, vec<T>* s) {
    return p - a.rate * update<T>(a, p, s);
  }
};

}  // namespace rule

template <class T, class Rule, int N>
void step_loop(const StepSettings& settings, int64_t n, T* param, const T* grad, void* const* states) {
  const Numbers<T> a(settings);
  const vec<T> sign = set1((T)(a.maximize ? -1 : 1));
  const bool decayed = settings.decay != 0;
  T* state[N + 1];
  for (int k = 0; k < N; ++k) state[k] = static_cast<T*>(states[k]);
  for_each_vector<T>(n, [&](auto load_at, auto store_at) __attribute__((always_inline)) {
    const vec<T> p = load_at(param);
    vec<T> g = load_at(grad) * sign, s[N + 1];
    if (decayed) g = fma(a.decay, p, g);
    for (int k = 0; k < N; ++k) s[k] = load_at(state[k]);
    store_at(param, Rule::template step<T, N>(a, p * a.shrink, g, s));
    for (int k = 0; k < N; ++k) store_at(state[k], s[k]);
  });
}

template <class T, class Rule, int Fewest, int Most>
void step(const StepSettings& a, int64_t n, void* param, const void* grad, void* const* states, int count) {
  if constexpr (Fewest < Most)
    if (count > Fewest) return step<T, Rule, Fewest + 1, Most>(a, n, param, grad, states, count);
  step_loop<T, Rule, Fewest>(a, n, static_cast<T*>(param), static_cast<const T*>(grad), states);
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

// The moments, and the squares of what a rate of 1 would subtract, block by block.
template <class T>
Squares lamb_moments(const StepSettings& settings, int64_t n, const void* param_, const void* grad_,
                     void* const* states) {
  constexpr int64_t kBlock = 512;
  const Numbers<T> a(settings);
  const vec<T> sign = set1((T)(a.maximize ? -1 : 1));
  const T* param = static_cast<const T*>(param_);
  const T* grad = static_cast<const T*>(grad_);
  T *first = static_cast<T*>(states[0]), *second = static_cast<T*>(states[1]);
  T updates[kBlock];
  Squares sum{sum_squares<T>(n, param), 0};
  for (int64_t begin = 0; begin < n; begin += kBlock) {
    const int64_t size = n - begin < kBlock ? n - begin : kBlock;
    const T *p = param + begin, *g = grad + begin;
    T *m = first + begin, *v = second + begin;
    for_each_vector<T>(size, [&](auto load_at, auto store_at) __attribute__((always_inline)) {
      vec<T> s[2] = {load_at(m), load_at(v)};
      rule::moments<T>(a, load_at(g) * sign, s);
      store_at(m, s[0]), store_at(v, s[1]);
      store_at(+updates, rule::lamb::update<T>(a, load_at(p), s));
    });
    sum.update += sum_squares<T>(size, updates);
  }
  return sum;
}

template <class T>
void fill_type(OptimKernels& k, DType d) {
  const int i = (int)d;
#define TW_FILL(name, fewest, most) k.step[(int)StepRule::name][i] = step<T, rule::name, fewest, most>;
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
