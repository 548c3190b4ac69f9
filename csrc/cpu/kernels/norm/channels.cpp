// Channels that are normalised over images and places: batch norm. A channel with one place to an image is a column of
// a matrix; lanes are neighbouring columns then, else neighbouring places.
#include "cpu/kernels/norm/strip.h"

namespace tw::TW_ISA {

void fill_norm_rows(NormKernels&);

namespace {

// f(c, first, strip) for every channel, whose first number is at `first`.
template <class F>
TW_INLINE void for_each_channel(const NormChannelsArgs& a, F f) {
  for (int64_t c = 0; c < a.shape.channels; ++c)
    f(c, c * a.shape.spatial, Strip{a.shape.images, a.shape.spatial, a.stride});
}

// ---- columns --------------------------------------------------------------------------------------------------------

// Numbers of W vectors of columns, from c on, in the compute type.
template <class T, int W, class At, class A = compute_t<T>>
struct Columns {
  static constexpr int count = W;
  int64_t c, rows, stride;
  At at;

  // What a number of each column is in every row; `get(i)` for column i.
  template <class F>
  TW_INLINE Several<A, W> each(F get) const {
    A numbers[W * lanes<A>] = {};
    for (int i = 0; i < columns(); ++i) numbers[i] = (A)get(c + i);
    Several<A, W> all;
    for (int w = 0; w < W; ++w) all.v[w] = load(numbers + w * lanes<A>);
    return all;
  }
  int columns() const {
    if constexpr (__is_same(At, Part))
      return at.n;
    else
      return W * lanes<A>;
  }
  // f(i, w) for every vector: it lies at i.
  template <class F>
  TW_INLINE void for_each(F f) const {
    for (int64_t r = 0; r < rows; ++r)
      for (int w = 0; w < W; ++w) f(r * stride + c + w * lanes<A>, w);
  }
  // Sums of f(i, w) over the rows, as doubles at out[c].. .
  template <int N, class F>
  TW_INLINE void add_up(double* const (&out)[N], F f) const {
    constexpr int64_t kBlock = 64;
    Several<A, W> total[N] = {};
    for (int64_t r = 0; r < rows;) {
      const int64_t end = rows - r < kBlock ? rows : r + kBlock;
      Several<A, W> acc[N] = {};
      for (; r < end; ++r)
        for (int w = 0; w < W; ++w) {
          const Several<A, N> terms = f(r * stride + c + w * lanes<A>, w);
          for (int k = 0; k < N; ++k) acc[k].v[w] += terms.v[k];
        }
      for (int k = 0; k < N; ++k)
        for (int w = 0; w < W; ++w) total[k].v[w] += acc[k].v[w];
    }
    A numbers[W * lanes<A>];
    for (int k = 0; k < N; ++k) {
      for (int w = 0; w < W; ++w) store(numbers + w * lanes<A>, total[k].v[w]);
      for (int i = 0; i < columns(); ++i) out[k][c + i] = (double)numbers[i];
    }
  }
};

template <class T, class F>
TW_INLINE void for_each_columns(const NormChannelsArgs& a, F f) {
  const int64_t n = a.shape.channels;
  int64_t c = 0;
  for (; c + 4 * lanes<T> <= n; c += 4 * lanes<T>) f(Columns<T, 4, Whole>{c, a.shape.images, a.stride, {}});
  for (; c < n; c += lanes<T>) {
    const int rest = n - c < lanes<T> ? (int)(n - c) : lanes<T>;
    f(Columns<T, 1, Part>{c, a.shape.images, a.stride, {rest}});
  }
}

// x - mean of columns.
template <class A, int W>
struct Centers {
  Several<A, W> high, low;
  TW_INLINE vec<A> below(vec<A> x, int w) const { return (x - high.v[w]) - low.v[w]; }
};
template <class A, class Of>
TW_INLINE auto centers(const Of& columns, const double* mean) {
  auto low = [mean](int64_t c) __attribute__((always_inline)) {
    const A high = (A)mean[c];
    return high - high == 0 ? mean[c] - (double)high : 0.0;
  };
  return Centers<A, Of::count>{columns.each([mean](int64_t c) { return mean[c]; }), columns.each(low)};
}

template <class T, class A = compute_t<T>>
void column_moments(const NormChannelsArgs& a, double eps, const T* x, double* mean, double* variance, double* rstd) {
  const double n = (double)a.shape.images;
  for_each_columns<T>(a, [&](const auto& columns) __attribute__((always_inline)) {
    const int64_t begin = columns.c, end = begin + columns.columns();
    const auto first = columns.each([&](int64_t c) { return read_one<A>(x + c); });
    columns.template add_up<1>({mean}, [&](int64_t i, int w) __attribute__((always_inline)) {
      return Several<A, 1>{{columns.at.load(x + i) - first.v[w]}};
    });
    for (int64_t c = begin; c < end; ++c) mean[c] = (double)read_one<A>(x + c) + mean[c] / n;
    const auto center = centers<A>(columns, mean);
    columns.template add_up<1>({variance}, [&](int64_t i, int w) __attribute__((always_inline)) {
      const vec<A> d = center.below(columns.at.load(x + i), w);
      return Several<A, 1>{{d * d}};
    });
    for (int64_t c = begin; c < end; ++c) {
      const double v = variance[c] / n;
      const bool vanishes = v < 1e-30 && eps < 1e-25;
      const Moments m = v < 1e300 && !vanishes ? Moments{mean[c], v, 1 / __builtin_sqrt(v + eps)}
                                               : careful_moments(x + c, {a.shape.images, 1, a.stride}, true, eps);
      mean[c] = m.mean, variance[c] = m.variance, rstd[c] = m.rstd;
    }
  });
}

template <class T, class A = compute_t<T>>
void column_apply(const NormChannelsArgs& a, const T* x, const double* mean, const double* rstd, const T* weight,
                  const T* bias, T* y) {
  for_each_columns<T>(a, [&](const auto& columns) __attribute__((always_inline)) {
    const auto center = centers<A>(columns, mean);
    const auto scale = columns.each([&](int64_t c) { return rstd[c] * (double)value_or<T>(1, weight, c); });
    const auto shift = columns.each([&](int64_t c) { return value_or<T>(0, bias, c); });
    columns.for_each([&](int64_t i, int w) __attribute__((always_inline)) {
      columns.at.store(y + i, fma(center.below(columns.at.load(x + i), w), scale.v[w], shift.v[w]));
    });
  });
}

template <class T, class A = compute_t<T>>
void column_sums(const NormChannelsArgs& a, const T* g, const T* x, const double* mean, const double* rstd,
                 double* sum_g, double* sum_gx) {
  for_each_columns<T>(a, [&](const auto& columns) __attribute__((always_inline)) {
    const auto center = centers<A>(columns, mean);
    const auto scale = columns.each([&](int64_t c) { return rstd[c]; });
    columns.template add_up<2>({sum_g, sum_gx}, [&](int64_t i, int w) __attribute__((always_inline)) {
      const vec<A> v = columns.at.load(g + i);
      return Several<A, 2>{{v, v * (center.below(columns.at.load(x + i), w) * scale.v[w])}};
    });
  });
}

template <class T, class A = compute_t<T>>
void column_gradient(const NormChannelsArgs& a, const T* g, const T* x, const double* mean, const double* rstd,
                     const T* weight, const double* mean_g, const double* mean_gx, T* gx) {
  for_each_columns<T>(a, [&](const auto& columns) __attribute__((always_inline)) {
    const auto scale = columns.each([&](int64_t c) { return rstd[c] * (double)value_or<T>(1, weight, c); });
    if (!mean_g)
      return columns.for_each([&](int64_t i, int w) __attribute__((always_inline)) {
        columns.at.store(gx + i, columns.at.load(g + i) * scale.v[w]);
      });
    const auto center = centers<A>(columns, mean);
    const auto rate = columns.each([&](int64_t c) { return rstd[c]; });
    const auto of_g = columns.each([&](int64_t c) { return mean_g[c]; });
    const auto of_gx = columns.each([&](int64_t c) { return mean_gx[c]; });
    columns.for_each([&](int64_t i, int w) __attribute__((always_inline)) {
      const vec<A> xhat = center.below(columns.at.load(x + i), w) * rate.v[w];
      columns.at.store(gx + i, (columns.at.load(g + i) - of_g.v[w] - xhat * of_gx.v[w]) * scale.v[w]);
    });
  });
}

// ---- both -----------------------------------------------------------------------------------------------------------

template <class T>
void moments_of(const NormChannelsArgs& a, double eps, const void* x_, double* mean, double* variance, double* rstd) {
  const T* x = static_cast<const T*>(x_);
  if (a.shape.spatial == 1) return column_moments(a, eps, x, mean, variance, rstd);
  for_each_channel(a, [&](int64_t c, int64_t first, const Strip& strip) {
    const Moments m = moments(x + first, strip, true, eps);
    mean[c] = m.mean, variance[c] = m.variance, rstd[c] = m.rstd;
  });
}

template <class T, class A = compute_t<T>>
void apply(const NormChannelsArgs& a, const void* x_, const double* mean, const double* rstd, const void* weight_,
           const void* bias_, void* y_) {
  const T *x = static_cast<const T*>(x_), *weight = static_cast<const T*>(weight_);
  const T* bias = static_cast<const T*>(bias_);
  T* y = static_cast<T*>(y_);
  if (a.shape.spatial == 1) return column_apply(a, x, mean, rstd, weight, bias, y);
  for_each_channel(a, [&](int64_t c, int64_t first, const Strip& strip) {
    const Parts<A> center(mean[c]);
    const vec<A> scale = set1((A)(rstd[c] * (double)value_or<T>(1, weight, c))), shift = set1(value_or<T>(0, bias, c));
    for_each_vector<T>(strip, [&](int64_t i, auto at) __attribute__((always_inline)) {
      at.store(y + first + i, fma(center.below(at.load(x + first + i)), scale, shift));
    });
  });
}

template <class T, class A = compute_t<T>>
void sums(const NormChannelsArgs& a, const void* g_, const void* x_, const double* mean, const double* rstd,
          double* sum_g, double* sum_gx) {
  const T *g = static_cast<const T*>(g_), *x = static_cast<const T*>(x_);
  if (a.shape.spatial == 1) return column_sums(a, g, x, mean, rstd, sum_g, sum_gx);
  for_each_channel(a, [&](int64_t c, int64_t first, const Strip& strip) {
    const Parts<A> center(mean[c]);
    const vec<A> rate = set1((A)rstd[c]);
    double total[2] = {};
    add_up<2, T>(strip, total, [&](int64_t i, auto at) __attribute__((always_inline)) {
      const vec<A> v = at.load(g + first + i);
      return Several<A, 2>{{v, v * at.keep(center.below(at.load(x + first + i)) * rate, (A)0)}};
    });
    sum_g[c] = total[0], sum_gx[c] = total[1];
  });
}

template <class T, class A = compute_t<T>>
void gradient(const NormChannelsArgs& a, const void* g_, const void* x_, const double* mean, const double* rstd,
              const void* weight_, const double* mean_g, const double* mean_gx, void* gx_) {
  const T *g = static_cast<const T*>(g_), *x = static_cast<const T*>(x_), *weight = static_cast<const T*>(weight_);
  T* gx = static_cast<T*>(gx_);
  if (a.shape.spatial == 1) return column_gradient(a, g, x, mean, rstd, weight, mean_g, mean_gx, gx);
  for_each_channel(a, [&](int64_t c, int64_t first, const Strip& strip) {
    const vec<A> scale = set1((A)(rstd[c] * (double)value_or<T>(1, weight, c)));
    if (!mean_g)
      return for_each_vector<T>(strip, [&](int64_t i, auto at) __attribute__((always_inline)) {
        at.store(gx + first + i, at.load(g + first + i) * scale);
      });
    const Parts<A> center(mean[c]);
    const vec<A> rate = set1((A)rstd[c]), of_g = set1((A)mean_g[c]), of_gx = set1((A)mean_gx[c]);
    for_each_vector<T>(strip, [&](int64_t i, auto at) __attribute__((always_inline)) {
      const vec<A> xhat = center.below(at.load(x + first + i)) * rate;
      at.store(gx + first + i, (at.load(g + first + i) - of_g - xhat * of_gx) * scale);
    });
  });
}

}  // namespace

void fill(NormKernels& table) {
  fill_norm_rows(table);
#define X(T, name)                                 \
  table.moments[(int)DType::name] = moments_of<T>; \
  table.apply[(int)DType::name] = apply<T>;        \
  table.sums[(int)DType::name] = sums<T>;          \
  table.gradient[(int)DType::name] = gradient<T>;
  TW_FOR_EACH_FLOAT(X)
#undef X
}

}  // namespace tw::TW_ISA
