// softmax, log_softmax, logsumexp and the gradients of the first two.
#include "cpu/kernels/softmax/softmax.h"

#include "cpu/kernels/softmax/axis.h"

namespace tw::TW_ISA {
namespace {

template <class T>
void softmax(const SoftmaxArgs& a, const void* x_, void* y_) {
  for_each_axis<T>(a, [&](auto axis, int64_t first, int64_t) __attribute__((always_inline)) {
    typedef typename decltype(axis)::V V;
    const T* x = static_cast<const T*>(x_) + first;
    T* y = static_cast<T*>(y_) + first;
    const V m = axis.max(x);
    const V total = axis.sum([&](int64_t i, auto at) __attribute__((always_inline)) {
      axis.ahead(x + i * axis.stride);
      axis.ahead(y + i * axis.stride);
      const V e = exp(at.load(x + i * axis.stride) - m);
      at.store(y + i * axis.stride, e);
      return e;
    });
    const V inverse = 1 / total;
    axis.each([&](int64_t i, auto at) __attribute__((always_inline)) {
      at.store(y + i * axis.stride, at.load(y + i * axis.stride) * inverse);
    });
  });
}

template <class T>
void log_softmax(const SoftmaxArgs& a, const void* x_, void* y_) {
  for_each_axis<T, true>(a, [&](auto axis, int64_t first, int64_t) __attribute__((always_inline)) {
    typedef typename decltype(axis)::V V;
    const T* x = static_cast<const T*>(x_) + first;
    T* y = static_cast<T*>(y_) + first;
    const V m = axis.max(x);
    const V log_total = log(sum_exp(axis, x, m, y));
    axis.each([&](int64_t i, auto at) __attribute__((always_inline)) {
      at.store(y + i * axis.stride, at.load(x + i * axis.stride) - m - log_total);
    });
  });
}

template <class T>
void logsumexp(const SoftmaxArgs& a, const void* x_, void* y_) {
  for_each_axis<T, true>(a, [&](auto axis, int64_t first, int64_t sample) __attribute__((always_inline)) {
    typedef typename decltype(axis)::V V;
    const T* x = static_cast<const T*>(x_) + first;
    V m = axis.max(x);
    m = abs(m) < highest<T>() ? m : V{};  // inf - inf would be NaN
    const V total = sum_exp(axis, x, m);
    axis.put(static_cast<T*>(y_) + sample, m + log(total));
  });
}

template <class T>
void softmax_backward(const SoftmaxArgs& a, const void* g_, const void* y_, void* gx_) {
  for_each_axis<T>(a, [&](auto axis, int64_t first, int64_t) __attribute__((always_inline)) {
    const T *g = static_cast<const T*>(g_) + first, *y = static_cast<const T*>(y_) + first;
    T* gx = static_cast<T*>(gx_) + first;
    const auto dot = axis.sum([&](int64_t i, auto at) __attribute__((always_inline)) {
      return at.load(g + i * axis.stride) * at.load(y + i * axis.stride);
    });
    axis.each([&](int64_t i, auto at) __attribute__((always_inline)) {
      at.store(gx + i * axis.stride, at.load(y + i * axis.stride) * (at.load(g + i * axis.stride) - dot));
    });
  });
}

template <class T>
void log_softmax_backward(const SoftmaxArgs& a, const void* g_, const void* y_, void* gx_) {
  for_each_axis<T>(a, [&](auto axis, int64_t first, int64_t) __attribute__((always_inline)) {
    const T *g = static_cast<const T*>(g_) + first, *y = static_cast<const T*>(y_) + first;
    T* gx = static_cast<T*>(gx_) + first;
    const auto total =
        axis.sum([&](int64_t i, auto at) __attribute__((always_inline)) { return at.load(g + i * axis.stride); });
    axis.each([&](int64_t i, auto at) __attribute__((always_inline)) {
      axis.ahead(g + i * axis.stride);
      axis.ahead(y + i * axis.stride);
      const auto p = exp(at.load(y + i * axis.stride));
      at.store(gx + i * axis.stride, at.load(g + i * axis.stride) - p * total);
    });
  });
}

}  // namespace

void fill_cross_entropy(SoftmaxKernels&);

void fill(SoftmaxKernels& k) {
#define X(T, name)                                            \
  k.softmax[(int)DType::name] = softmax<T>;                   \
  k.log_softmax[(int)DType::name] = log_softmax<T>;           \
  k.logsumexp[(int)DType::name] = logsumexp<T>;               \
  k.softmax_backward[(int)DType::name] = softmax_backward<T>; \
  k.log_softmax_backward[(int)DType::name] = log_softmax_backward<T>;
  X(float, f32)
  X(double, f64)
#undef X
  fill_cross_entropy(k);
}

}  // namespace tw::TW_ISA
