// Normalisation by its definition, in double: the oracle for kernels/norm.
#include "cpu/kernels/norm/norm.h"

#include "core/half.h"
#include "cpu/kernels/vec.h"

namespace tw::TW_ISA {
namespace {

template <class T>
double get(const void* x, int64_t i) {
  if constexpr (sizeof(T) == 2) {
    vecn<uint16_t, lanes<float>> bits = {static_cast<const T*>(x)[i].bits};
    return widen(bits, T{})[0];
  } else {
    return static_cast<const T*>(x)[i];
  }
}
template <class T>
double get_or(const void* x, int64_t i, double without) {
  return x ? get<T>(x, i) : without;
}
template <class T>
void put(void* out, int64_t i, double v) {
  if constexpr (__is_same(T, f16))
    static_cast<T*>(out)[i] = to_f16(v);
  else if constexpr (__is_same(T, bf16))
    static_cast<T*>(out)[i] = to_bf16(v);
  else
    static_cast<T*>(out)[i] = (T)v;
}

// Of n numbers at(i); without the mean, about 0. In long double, for squares that overflow.
struct Moments {
  double mean, variance, rstd;
};
template <class T>
Moments moments(const void* x, int64_t n, bool centered, double eps, auto at) {
  long double sum = 0, squares = 0;
  for (int64_t i = 0; i < n && centered; ++i) sum += get<T>(x, at(i));
  const long double mean = sum / n;
  for (int64_t i = 0; i < n; ++i) squares += (get<T>(x, at(i)) - mean) * (get<T>(x, at(i)) - mean);
  const long double variance = squares / n;
  return {(double)mean, (double)variance, (double)(1 / __builtin_sqrtl(variance + eps))};
}

int64_t channel_of(const NormRowsArgs& a, int64_t r, int64_t i) {
  return (a.first + r) % a.shape.groups * (a.shape.n / a.shape.inner) + i / a.shape.inner;
}

template <class T>
void rows(const NormRowsArgs& a, const void* x, const void* residual, const void* weight, const void* bias, void* sum,
          void* y, double* mean, double* rstd) {
  const NormRows& s = a.shape;
  for (int64_t i = 0; i < s.rows * s.n && residual; ++i) put<T>(sum, i, get<T>(x, i) + get<T>(residual, i));
  if (residual) x = sum;
  for (int64_t r = 0; r < s.rows; ++r) {
    const Moments m = moments<T>(x, s.n, s.centered, s.eps, [&](int64_t i) { return r * s.n + i; });
    mean[r] = m.mean, rstd[r] = m.rstd;
    for (int64_t i = 0; i < s.n; ++i) {
      const int64_t c = channel_of(a, r, i), k = r * s.n + i;
      put<T>(y, k, (get<T>(x, k) - m.mean) * m.rstd * get_or<T>(weight, c, 1) + get_or<T>(bias, c, 0));
    }
  }
}

template <class T>
void rows_backward(const NormRowsArgs& a, const void* g, const void* x, const void* weight, const double* mean,
                   const double* rstd, const void* added, void* gx, double* gweight, double* gbias, void*) {
  const NormRows& s = a.shape;
  for (int64_t r = 0; r < s.rows; ++r) {
    double of_g = 0, of_gx = 0;
    auto xhat = [&](int64_t i) { return (get<T>(x, r * s.n + i) - mean[r]) * rstd[r]; };
    auto scaled = [&](int64_t i) { return get<T>(g, r * s.n + i) * get_or<T>(weight, channel_of(a, r, i), 1); };
    for (int64_t i = 0; i < s.n; ++i) {
      of_g += scaled(i), of_gx += scaled(i) * xhat(i);
      if (!gweight) continue;
      gweight[channel_of(a, r, i)] += get<T>(g, r * s.n + i) * xhat(i);
      gbias[channel_of(a, r, i)] += get<T>(g, r * s.n + i);
    }
    const double n = (double)s.n;
    for (int64_t i = 0; i < s.n; ++i) {
      const double gradient = rstd[r] * (scaled(i) - (s.centered ? of_g / n : 0) - xhat(i) * of_gx / n);
      put<T>(gx, r * s.n + i, gradient + get_or<T>(added, r * s.n + i, 0));
    }
  }
}

// Where number i of channel c lies, of images * spatial.
auto place(const NormChannelsArgs& a, int64_t c) {
  return [=](int64_t i) { return i / a.shape.spatial * a.stride + c * a.shape.spatial + i % a.shape.spatial; };
}
int64_t count(const NormChannelsArgs& a) { return a.shape.images * a.shape.spatial; }

template <class T>
void channel_moments(const NormChannelsArgs& a, double eps, const void* x, double* mean, double* variance,
                     double* rstd) {
  for (int64_t c = 0; c < a.shape.channels; ++c) {
    const Moments m = moments<T>(x, count(a), true, eps, place(a, c));
    mean[c] = m.mean, variance[c] = m.variance, rstd[c] = m.rstd;
  }
}

template <class T>
void apply(const NormChannelsArgs& a, const void* x, const double* mean, const double* rstd, const void* weight,
           const void* bias, void* y) {
  for (int64_t c = 0; c < a.shape.channels; ++c)
    for (int64_t i = 0; i < count(a); ++i) {
      const int64_t k = place(a, c)(i);
      put<T>(y, k, (get<T>(x, k) - mean[c]) * rstd[c] * get_or<T>(weight, c, 1) + get_or<T>(bias, c, 0));
    }
}

template <class T>
void sums(const NormChannelsArgs& a, const void* g, const void* x, const double* mean, const double* rstd,
          double* sum_g, double* sum_gx) {
  for (int64_t c = 0; c < a.shape.channels; ++c) {
    sum_g[c] = sum_gx[c] = 0;
    for (int64_t i = 0; i < count(a); ++i) {
      const int64_t k = place(a, c)(i);
      sum_g[c] += get<T>(g, k);
      sum_gx[c] += get<T>(g, k) * (get<T>(x, k) - mean[c]) * rstd[c];
    }
  }
}

template <class T>
void gradient(const NormChannelsArgs& a, const void* g, const void* x, const double* mean, const double* rstd,
              const void* weight, const double* mean_g, const double* mean_gx, void* gx) {
  for (int64_t c = 0; c < a.shape.channels; ++c)
    for (int64_t i = 0; i < count(a); ++i) {
      const int64_t k = place(a, c)(i);
      double v = get<T>(g, k);
      if (mean_g) v -= mean_g[c] + (get<T>(x, k) - mean[c]) * rstd[c] * mean_gx[c];
      put<T>(gx, k, rstd[c] * get_or<T>(weight, c, 1) * v);
    }
}

}  // namespace

void fill(NormKernels& k) {
#define X(T, name)                                      \
  k.rows[(int)DType::name] = rows<T>;                   \
  k.rows_backward[(int)DType::name] = rows_backward<T>; \
  k.moments[(int)DType::name] = channel_moments<T>;     \
  k.apply[(int)DType::name] = apply<T>;                 \
  k.sums[(int)DType::name] = sums<T>;                   \
  k.gradient[(int)DType::name] = gradient<T>;
  TW_FOR_EACH_FLOAT(X)
#undef X
}

}  // namespace tw::TW_ISA
