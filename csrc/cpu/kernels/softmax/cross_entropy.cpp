// Cross-entropy of logits against class indices, without the probabilities ever in memory.
#include "cpu/kernels/softmax/axis.h"
#include "cpu/kernels/softmax/softmax.h"

namespace tw::TW_ISA {
namespace {

template <class T>
void cross_entropy(const CrossEntropyArgs& a, const void* x_, const int64_t* target, void* loss_, void* shift_,
                   void* log_total_, double* sums) {
  const T* weight = static_cast<const T*>(a.weight);
  const T hard = (T)(1 - a.smoothing), soft = (T)(a.smoothing / (double)a.shape.n);
  for_each_axis<T, true>(a.shape, [&](auto axis, int64_t first, int64_t sample) __attribute__((always_inline)) {
    typedef vec<T> V;
    const T* x = static_cast<const T*>(x_) + first;
    const V m = axis.max(x);
    const V log_total = log(sum_exp(axis, x, m));
    axis.put(static_cast<T*>(shift_) + sample, m);
    axis.put(static_cast<T*>(log_total_) + sample, log_total);
    V spread = {};
    if (a.smoothing != 0)
      spread = axis.sum([&](int64_t i, auto at) __attribute__((always_inline)) {
        const V d = log_total + (m - at.load(x + i * axis.stride));
        return weight ? d * axis.per_place(weight, i, at) : d;
      });
    for (int s = 0; s < axis.samples(); ++s) {
      const int64_t t = target[sample + s];
      T loss = 0;
      if (t != a.ignore_index) {
        const T w = weight ? weight[t] : (T)1;
        loss = hard * w * (log_total[s] + (m[s] - x[t * axis.stride + s * axis.apart()]));
        if (a.smoothing != 0) loss += soft * spread[s];
        sums[0] += loss;
        sums[1] += w;
      }
      if (loss_) static_cast<T*>(loss_)[sample + s] = loss;
    }
  });
}

template <class T>
void cross_entropy_backward(const CrossEntropyArgs& a, const void* x_, const int64_t* target, const void* shift_,
                            const void* log_total_, const void* g_, double g_all, void* gx_) {
  const T* weight = static_cast<const T*>(a.weight);
  const T* g = static_cast<const T*>(g_);
  const T hard = (T)(1 - a.smoothing), soft = (T)(a.smoothing / (double)a.shape.n);
  for_each_axis<T>(a.shape, [&](auto axis, int64_t first, int64_t sample) __attribute__((always_inline)) {
    typedef vec<T> V;
    const T* x = static_cast<const T*>(x_) + first;
    T* gx = static_cast<T*>(gx_) + first;
    // gx = of_p * p - of_weight * weight - (at the target) of_target; an ignored sample has no place and only zeros.
    V of_p = {}, of_weight = {}, of_target = {}, shift = {}, log_total = {};
    vec<mask_t<T>> place = {};
    for (int s = 0; s < axis.samples(); ++s) {
      const int64_t t = target[sample + s];
      shift[s] = static_cast<const T*>(shift_)[sample + s];
      log_total[s] = static_cast<const T*>(log_total_)[sample + s];
      const bool counts = t != a.ignore_index;
      const T w = counts && weight ? weight[t] : (T)1, gs = !counts ? (T)0 : g ? g[sample + s] : (T)g_all;
      place[s] = counts ? (mask_t<T>)t : (mask_t<T>)-1;
      of_target[s] = gs * hard * w;
      of_weight[s] = gs * soft;
      of_p[s] = gs * (hard * w + soft * (T)a.weight_sum);
    }
    of_p = axis.all(of_p), of_weight = axis.all(of_weight), of_target = axis.all(of_target);
    shift = axis.all(shift), log_total = axis.all(log_total), place = axis.all(place);
    axis.each([&](int64_t i, auto at) __attribute__((always_inline)) {
      V v = of_p * exp(at.load(x + i * axis.stride) - shift - log_total);
      if (a.smoothing != 0) v -= weight ? of_weight * axis.per_place(weight, i, at) : of_weight;
      v -= axis.is_at(i, place) ? of_target : V{};
      at.store(gx + i * axis.stride, of_p == 0 ? V{} : v);
    });
  });
}

}  // namespace

void fill_cross_entropy(SoftmaxKernels& table) {
#define X(T, name)                                          \
  table.cross_entropy[(int)DType::name] = cross_entropy<T>; \
  table.cross_entropy_backward[(int)DType::name] = cross_entropy_backward<T>;
  X(float, f32)
  X(double, f64)
#undef X
}

}  // namespace tw::TW_ISA
