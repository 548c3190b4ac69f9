// Softmax and cross-entropy by their definitions, in double: the oracle for kernels/softmax.
#include "cpu/kernels/softmax/softmax.h"

namespace tw::TW_ISA {
namespace {

template <class T>
double get(const void* x, int64_t i) {
  return static_cast<const T*>(x)[i];
}
template <class T>
void put(void* out, int64_t i, double v) {
  static_cast<T*>(out)[i] = (T)v;
}

// f(at, sample): place i of the axis is at + i * stride.
void for_each_axis(const SoftmaxArgs& a, auto f) {
  for (int64_t o = 0; o < a.outer; ++o)
    for (int64_t c = 0; c < a.inner; ++c) f(o * a.n * a.stride + c, o * a.stride + c);
}
double sum(int64_t n, auto f) {
  double s = 0;
  for (int64_t i = 0; i < n; ++i) s += f(i);
  return s;
}

struct LogTotal {
  double shift, log_total;
};
template <class T>
LogTotal log_total(const SoftmaxArgs& a, const void* x, int64_t at) {
  double m = -__builtin_inf();
  for (int64_t i = 0; i < a.n; ++i) {
    const double v = get<T>(x, at + i * a.stride);
    if (v > m || v != v) m = v;
    if (m != m) break;
  }
  return {m, __builtin_log(sum(a.n, [&](int64_t i) { return __builtin_exp(get<T>(x, at + i * a.stride) - m); }))};
}

template <class T>
void softmax(const SoftmaxArgs& a, const void* x, void* y) {
  for_each_axis(a, [&](int64_t at, int64_t) {
    const LogTotal l = log_total<T>(a, x, at);
    for (int64_t i = 0; i < a.n; ++i)
      put<T>(y, at + i * a.stride, __builtin_exp(get<T>(x, at + i * a.stride) - l.shift - l.log_total));
  });
}
template <class T>
void log_softmax(const SoftmaxArgs& a, const void* x, void* y) {
  for_each_axis(a, [&](int64_t at, int64_t) {
    const LogTotal l = log_total<T>(a, x, at);
    for (int64_t i = 0; i < a.n; ++i)
      put<T>(y, at + i * a.stride, get<T>(x, at + i * a.stride) - l.shift - l.log_total);
  });
}
template <class T>
void logsumexp(const SoftmaxArgs& a, const void* x, void* y) {
  for_each_axis(a, [&](int64_t at, int64_t sample) {
    const LogTotal l = log_total<T>(a, x, at);
    put<T>(y, sample, __builtin_isinf(l.shift) ? l.shift : l.shift + l.log_total);
  });
}
template <class T>
void softmax_backward(const SoftmaxArgs& a, const void* g, const void* y, void* gx) {
  for_each_axis(a, [&](int64_t at, int64_t) {
    const double dot = sum(a.n, [&](int64_t i) { return get<T>(g, at + i * a.stride) * get<T>(y, at + i * a.stride); });
    for (int64_t i = 0; i < a.n; ++i) {
      const int64_t k = at + i * a.stride;
      put<T>(gx, k, get<T>(y, k) * (get<T>(g, k) - dot));
    }
  });
}
template <class T>
void log_softmax_backward(const SoftmaxArgs& a, const void* g, const void* y, void* gx) {
  for_each_axis(a, [&](int64_t at, int64_t) {
    const double total = sum(a.n, [&](int64_t i) { return get<T>(g, at + i * a.stride); });
    for (int64_t i = 0; i < a.n; ++i) {
      const int64_t k = at + i * a.stride;
      put<T>(gx, k, get<T>(g, k) - __builtin_exp(get<T>(y, k)) * total);
    }
  });
}

template <class T>
void cross_entropy(const CrossEntropyArgs& a, const void* x, const int64_t* target, void* loss, void* shift,
                   void* log_total_, double* sums) {
  const T* weight = static_cast<const T*>(a.weight);
  for_each_axis(a.shape, [&](int64_t at, int64_t sample) {
    const LogTotal l = log_total<T>(a.shape, x, at);
    static_cast<T*>(shift)[sample] = (T)l.shift;
    static_cast<T*>(log_total_)[sample] = (T)l.log_total;
    const int64_t t = target[sample];
    double value = 0;
    if (t != a.ignore_index) {
      const double w = weight ? weight[t] : 1;
      auto distance = [&](int64_t i) { return l.log_total + (l.shift - get<T>(x, at + i * a.shape.stride)); };
      value = (1 - a.smoothing) * w * distance(t);
      if (a.smoothing != 0)
        value += a.smoothing / (double)a.shape.n *
                 sum(a.shape.n, [&](int64_t i) { return (weight ? weight[i] : 1) * distance(i); });
      sums[0] += value;
      sums[1] += w;
    }
    if (loss) static_cast<T*>(loss)[sample] = (T)value;
  });
}

template <class T>
void cross_entropy_backward(const CrossEntropyArgs& a, const void* x, const int64_t* target, const void* shift,
                            const void* log_total_, const void* g, double g_all, void* gx) {
  const T* weight = static_cast<const T*>(a.weight);
  for_each_axis(a.shape, [&](int64_t at, int64_t sample) {
    const int64_t t = target[sample];
    const double gs = g ? static_cast<const T*>(g)[sample] : g_all;
    const double m = static_cast<const T*>(shift)[sample], l = static_cast<const T*>(log_total_)[sample];
    for (int64_t i = 0; i < a.shape.n; ++i) {
      const int64_t k = at + i * a.shape.stride;
      double v = 0;
      if (t != a.ignore_index) {
        const double w = weight ? weight[t] : 1, wi = weight ? weight[i] : 1, p = __builtin_exp(get<T>(x, k) - m - l);
        v = (1 - a.smoothing) * w * (p - (i == t)) + a.smoothing / (double)a.shape.n * (a.weight_sum * p - wi);
        v *= gs;
      }
      put<T>(gx, k, v);
    }
  });
}

}  // namespace

void fill(SoftmaxKernels& k) {
#define X(T, name)                                                    \
  k.softmax[(int)DType::name] = softmax<T>;                           \
  k.log_softmax[(int)DType::name] = log_softmax<T>;                   \
  k.logsumexp[(int)DType::name] = logsumexp<T>;                       \
  k.softmax_backward[(int)DType::name] = softmax_backward<T>;         \
  k.log_softmax_backward[(int)DType::name] = log_softmax_backward<T>; \
  k.cross_entropy[(int)DType::name] = cross_entropy<T>;               \
  k.cross_entropy_backward[(int)DType::name] = cross_entropy_backward<T>;
  X(float, f32)
  X(double, f64)
#undef X
}

}  // namespace tw::TW_ISA
