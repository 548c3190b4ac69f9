// Rows that are normalised each by itself: layer, RMS, group and instance norm.
#include "cpu/kernels/norm/strip.h"

namespace tw::TW_ISA {
namespace {

// What is the same in all vectors of a row, or of a channel in it.
template <class A>
struct Normalizer {
  Parts<A> center;
  vec<A> rstd;
  Normalizer(double mean, double rstd_) : center(mean), rstd(set1((A)rstd_)) {}
  TW_INLINE vec<A> operator()(vec<A> x) const { return center.below(x) * rstd; }
};

// ---- forward --------------------------------------------------------------------------------------------------------

// A weight for each number.
template <class T, class A = compute_t<T>>
TW_INLINE void apply_places(int64_t n, const T* x, const Normalizer<A>& normal, const T* weight, const T* bias, T* y) {
  for_each_vector<T>({1, n, 0}, [&](int64_t i, auto at) __attribute__((always_inline)) {
    vec<A> v = normal(at.load(x + i));
    if (weight)
      v = bias ? fma(v, at.load(weight + i), at.load(bias + i)) : v * at.load(weight + i);
    else if (bias)
      v += at.load(bias + i);
    at.store(y + i, v);
  });
}

// A weight for each stretch of `inner` numbers.
template <class T, class A = compute_t<T>>
TW_INLINE void apply_stretches(int64_t n, int64_t inner, const T* x, double mean, double rstd, const T* weight,
                               const T* bias, T* y) {
  for (int64_t c = 0; c * inner < n; ++c) {
    const Normalizer<A> normal(mean, rstd * value_or<T>(1, weight, c));
    const vec<A> shift = set1(value_or<T>(0, bias, c));
    const T* from = x + c * inner;
    T* to = y + c * inner;
    for_each_vector<T>({1, inner, 0}, [&](int64_t i, auto at) __attribute__((always_inline)) {
      at.store(to + i, fma(normal.center.below(at.load(from + i)), normal.rstd, shift));
    });
  }
}

template <class T>
TW_INLINE void add_row(int64_t n, const T* x, const T* residual, T* sum) {
  for_each_vector<T>({1, n, 0}, [&](int64_t i, auto at) __attribute__((always_inline)) {
    at.store(sum + i, at.load(x + i) + at.load(residual + i));
  });
}

template <class T>
void rows(const NormRowsArgs& a, const void* x_, const void* residual, const void* weight_, const void* bias_,
          void* sum_, void* y_, double* mean, double* rstd) {
  const NormRows& s = a.shape;
  const T *weight = static_cast<const T*>(weight_), *bias = static_cast<const T*>(bias_);
  const int64_t channels = s.n / s.inner;
  for (int64_t r = 0; r < s.rows; ++r) {
    const T* x = static_cast<const T*>(x_) + r * s.n;
    T* y = static_cast<T*>(y_) + r * s.n;
    if (residual) {
      T* sum = static_cast<T*>(sum_) + r * s.n;
      add_row(s.n, x, static_cast<const T*>(residual) + r * s.n, sum);
      x = sum;
    }
    const Moments m = moments(x, {1, s.n, 0}, s.centered, s.eps);
    mean[r] = m.mean;
    rstd[r] = m.rstd;
    const int64_t c = (a.first + r) % s.groups * channels;
    const T *w = weight ? weight + c : nullptr, *b = bias ? bias + c : nullptr;
    if (s.inner == 1)
      apply_places(s.n, x, Normalizer<compute_t<T>>(m.mean, m.rstd), w, b, y);
    else
      apply_stretches(s.n, s.inner, x, m.mean, m.rstd, w, b, y);
  }
}

// ---- backward -------------------------------------------------------------------------------------------------------

// gx = rstd (g weight - mean(g weight) - xhat mean(g weight xhat)), the first mean only where rows are centered.
template <class A>
struct Gradient {
  vec<A> rstd, of_g, of_gx;
  Gradient(double rstd_, double n, const double (&sums)[2], bool centered)
      : rstd(set1((A)rstd_)), of_g(set1((A)(centered ? sums[0] / n : 0))), of_gx(set1((A)(sums[1] / n))) {}
  TW_INLINE vec<A> operator()(vec<A> gw, vec<A> xhat) const { return (gw - of_g - xhat * of_gx) * rstd; }
};

// Sums over rows, in the compute type for some rows and then in double.
template <class A>
struct Weights {
  static constexpr int64_t kRows = 32;
  A *weight, *bias;
  double *gweight, *gbias;
  int64_t channels;

  TW_INLINE void clear() const {
    for (int64_t c = 0; c < channels; ++c) weight[c] = bias[c] = 0;
  }
  TW_INLINE void flush() const {
    for (int64_t c = 0; c < channels; ++c) {
      gweight[c] += (double)weight[c];
      gbias[c] += (double)bias[c];
    }
    clear();
  }
};

template <class T, class A = compute_t<T>>
TW_INLINE void backward_places(const NormRows& s, const T* g, const T* x, const T* weight, const Normalizer<A>& normal,
                               double rstd, const T* added, T* gx, A* gweight, A* gbias) {
  double sums[2] = {};
  const vec<A> one = set1((A)1);
  add_up<2, T>({1, s.n, 0}, sums, [&](int64_t i, auto at) __attribute__((always_inline)) {
    const vec<A> v = at.load(g + i), xhat = at.keep(normal(at.load(x + i)), (A)0);
    const vec<A> gw = v * (weight ? at.load(weight + i) : one);
    if (gweight) {
      at.store(gweight + i, fma(v, xhat, at.load(gweight + i)));
      at.store(gbias + i, at.load(gbias + i) + v);
    }
    return Several<A, 2>{{gw, gw * xhat}};
  });
  const Gradient<A> gradient(rstd, (double)s.n, sums, s.centered);
  for_each_vector<T>({1, s.n, 0}, [&](int64_t i, auto at) __attribute__((always_inline)) {
    const vec<A> gw = at.load(g + i) * (weight ? at.load(weight + i) : one);
    vec<A> v = gradient(gw, normal(at.load(x + i)));
    if (added) v += at.load(added + i);
    at.store(gx + i, v);
  });
}

template <class T, class A = compute_t<T>>
TW_INLINE void backward_stretches(const NormRows& s, const T* g, const T* x, const T* weight,
                                  const Normalizer<A>& normal, double rstd, const T* added, T* gx, double* gweight,
                                  double* gbias) {
  const int64_t channels = s.n / s.inner;
  double sums[2] = {};
  for (int64_t c = 0; c < channels; ++c) {
    const T *gc = g + c * s.inner, *xc = x + c * s.inner;
    double own[2] = {};
    add_up<2, T>({1, s.inner, 0}, own, [&](int64_t i, auto at) __attribute__((always_inline)) {
      const vec<A> v = at.load(gc + i);
      return Several<A, 2>{{v, v * at.keep(normal(at.load(xc + i)), (A)0)}};
    });
    const double w = value_or<T>(1, weight, c);
    for (int k = 0; k < 2; ++k) sums[k] += w * own[k];
    if (!gweight) continue;
    gbias[c] += own[0];
    gweight[c] += own[1];
  }
  const Gradient<A> gradient(rstd, (double)s.n, sums, s.centered);
  for (int64_t c = 0; c < channels; ++c) {
    const T *gc = g + c * s.inner, *xc = x + c * s.inner;
    const T* more = added ? added + c * s.inner : nullptr;
    T* to = gx + c * s.inner;
    const vec<A> w = set1(value_or<T>(1, weight, c));
    for_each_vector<T>({1, s.inner, 0}, [&](int64_t i, auto at) __attribute__((always_inline)) {
      vec<A> v = gradient(at.load(gc + i) * w, normal(at.load(xc + i)));
      if (more) v += at.load(more + i);
      at.store(to + i, v);
    });
  }
}

template <class T, class A = compute_t<T>>
void rows_backward(const NormRowsArgs& a, const void* g_, const void* x_, const void* weight_, const double* mean,
                   const double* rstd, const void* added_, void* gx_, double* gweight, double* gbias, void* scratch) {
  const NormRows& s = a.shape;
  const T* weight = static_cast<const T*>(weight_);
  const bool places = s.inner == 1, wants = gweight != nullptr;
  A* memory = static_cast<A*>(scratch);
  const Weights<A> sums{memory, memory + s.channels(), gweight, gbias, s.channels()};
  if (places && wants) sums.clear();
  for (int64_t r = 0; r < s.rows; ++r) {
    const T *g = static_cast<const T*>(g_) + r * s.n, *x = static_cast<const T*>(x_) + r * s.n;
    const T* added = added_ ? static_cast<const T*>(added_) + r * s.n : nullptr;
    T* gx = static_cast<T*>(gx_) + r * s.n;
    const int64_t c = (a.first + r) % s.groups * (s.n / s.inner);
    const T* w = weight ? weight + c : nullptr;
    const Normalizer<A> normal(mean[r], rstd[r]);
    if (places)
      backward_places(s, g, x, w, normal, rstd[r], added, gx, wants ? sums.weight + c : nullptr, sums.bias + c);
    else
      backward_stretches(s, g, x, w, normal, rstd[r], added, gx, wants ? gweight + c : nullptr, gbias + c);
    if (places && wants && ((r + 1) % (Weights<A>::kRows * s.groups) == 0 || r + 1 == s.rows)) sums.flush();
  }
}

}  // namespace

void fill_norm_rows(NormKernels& table) {
#define X(T, name)                        \
  table.rows[(int)DType::name] = rows<T>; \
  table.rows_backward[(int)DType::name] = rows_backward<T>;
  TW_FOR_EACH_FLOAT(X)
#undef X
}

}  // namespace tw::TW_ISA
