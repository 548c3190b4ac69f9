// Gradients of depthwise convolutions: with respect to the input where a stride is not 1, and to the weights.
#include "cpu/kernels/conv/conv.h"
#include "cpu/kernels/conv/depthwise_plane.h"
#include "cpu/kernels/gemm/epilogue.h"

namespace tw::TW_ISA {
namespace {

// ---- the input, strided: elements of a row that are a stride apart meet neighbours in g, with the same taps ---------

template <class S>
class StridedTranspose {
  typedef compute_t<S> T;
  static constexpr int L = lanes<T>;

 public:
  StridedTranspose(const ConvProblem& p, T* scratch)
      : p_(p),
        y_(p.shape.axes[1]),
        x_(p.shape.axes[2]),
        taps_(y_.kernel * x_.kernel),
        weights_(scratch),
        row_(weights_ + whole_vectors<T>(taps_)),
        phase_(row_ + whole_vectors<T>(x_.in)),
        rows_(phase_ + whole_vectors<T>(x_.in) + L),
        padded_(x_.out, transposed_left(x_), 1, transposed_reach(x_), rows_),
        band_(transposed_band<T>(y_, x_)) {
    padded_.clear(transposed_rows_met(y_, band_), rows_);
  }

  void run(int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t image = i / p_.shape.groups, channel = i % p_.shape.groups;
      const S* from = static_cast<const S*>(p_.in.data) + image * p_.in.image + channel * p_.in.channel;
      taps_at_ = read_weights<S>(p_.weight, channel, 0, taps_, false, weights_);
      const T start = p_.bias ? load_n(static_cast<const S*>(p_.bias) + channel, 1)[0] : T{0};
      for (int64_t y = 0; y < y_.in; y += band_) {
        const int64_t rows = smaller(band_, y_.in - y), first = floor_div(y + y_.pad - span(y_), y_.stride);
        padded_.read(from, p_.in.pixel[1], y_.out, first, transposed_rows_met(y_, rows), false);
        for (int64_t r = 0; r < rows; ++r)
          write_row(y + r, first, start, image * p_.out.image + channel * p_.out.channel);
      }
    }
  }

 private:
  static int64_t floor_div(int64_t a, int64_t b) { return a >= 0 ? a / b : -((b - 1 - a) / b); }

  // Row y of the gradient; row 0 of the padded ones is row `first` of g.
  void write_row(int64_t y, int64_t first, T start, int64_t plane) const {
    for (int64_t f = 0; f < x_.stride && f < x_.in; ++f) {
      const int64_t count = (x_.in - f + x_.stride - 1) / x_.stride;
      for (int64_t x = 0; x < count; x += L) store(phase_ + x, start - vec<T>{});
      for (int64_t i = 0; i < y_.kernel; ++i) {
        const int64_t from = y + y_.pad - i * y_.dilation, row = floor_div(from, y_.stride);
        if (row * y_.stride == from) add_taps(i, row - first, f, count);
      }
      for (int64_t x = 0; x < count; ++x) row_[f + x * x_.stride] = phase_[x];
    }
    const int64_t at = plane + y * p_.out.pixel[1];
    GemmOutput out{};
    out.c = {static_cast<S*>(p_.out.data) + at, x_.in, 1};
    if (p_.residual != nullptr) out.residual = {static_cast<S*>(const_cast<void*>(p_.residual)) + at, x_.in, 1};
    out.activation = p_.activation;
    finish(out, row_, x_.in, 1, x_.in, S{});
  }

  // Row i of the kernel, with a padded row, added to phase f.
  void add_taps(int64_t i, int64_t row, int64_t f, int64_t count) const {
    for (int64_t j = 0; j < x_.kernel; ++j) {
      const int64_t from = f + x_.pad - j * x_.dilation, at = floor_div(from, x_.stride);
      if (at * x_.stride != from) continue;
      const T* g = padded_.at(at + transposed_left(x_)) + row * padded_.step();
      const vec<T> weight = set1(taps_at_[i * x_.kernel + j]);
      for (int64_t x = 0; x < count; x += L) store(phase_ + x, fma(weight, load(g + x), load(phase_ + x)));
    }
  }

  const ConvProblem& p_;
  const ConvAxis &y_, &x_;
  const int64_t taps_;
  T *const weights_, *const row_, *const phase_, *const rows_;
  const PaddedRows<S> padded_;
  const int64_t band_;
  const T* taps_at_ = nullptr;  // of the channel
};

// ---- the weights ----------------------------------------------------------------------------------------------------

template <class S>
class WeightGradient {
  typedef compute_t<S> T;
  static constexpr int L = lanes<T>;

 public:
  WeightGradient(const ConvWeightGradientProblem& p, int64_t channel, T* scratch)
      : p_(p),
        channel_(channel),
        filters_(p.shape.out_channels),
        y_(p.shape.axes[1]),
        x_(p.shape.axes[2]),
        taps_(y_.kernel * x_.kernel),
        sums_(scratch),
        rows_(scratch + filters_ * taps_ * L),
        padded_(x_.in, x_.pad, x_.stride, reach(x_), rows_),
        band_(rows_of_band<T>(y_, x_.stride, reach(x_))) {
    padded_.clear(rows_met(y_, band_), rows_);
  }

  void run(int64_t begin, int64_t end, T* to) {
    for (int64_t t = 0; t < filters_ * taps_; ++t) store(sums_ + t * L, vec<T>{});
    for (int64_t image = begin; image < end; ++image) {
      const S* from = static_cast<const S*>(p_.in.data) + image * p_.in.image + channel_ * p_.in.channel;
      for (int64_t y = 0; y < y_.out; y += band_) {
        const int64_t rows = smaller(band_, y_.out - y), first = y * y_.stride - y_.pad;
        padded_.read(from, p_.in.pixel[1], y_.in, first, rows_met(y_, rows), false);
        for (int64_t q = 0; q < filters_; ++q) {
          const S* g = static_cast<const S*>(p_.g.data) + image * p_.g.image +
                       (channel_ * filters_ + q) * p_.g.channel + y * p_.g.pixel[1];
          if (y_.kernel == 3 && x_.kernel == 3)
            add_rows<3, 3>(g, rows, sums_ + q * taps_ * L, 0, 0);
          else
            for (int64_t i = 0; i < y_.kernel; ++i)
              for (int64_t j = 0; j < x_.kernel; ++j)
                add_rows<1, 1>(g, rows, sums_ + (q * taps_ + i * x_.kernel + j) * L, i, j);
        }
      }
    }
    for (int64_t t = 0; t < filters_ * taps_; ++t) {
      T sum = 0;
      for (int l = 0; l < L; ++l) sum += sums_[t * L + l];
      to[t] = sum;
    }
  }

 private:
  // H x W taps from (i, j) on, all rows of a band.
  template <int H, int W>
  void add_rows(const S* g, int64_t rows, T* sums, int64_t i, int64_t j) const {
    const T* columns[W];
    const int64_t down = y_.dilation * padded_.step();
    for (int w = 0; w < W; ++w) columns[w] = padded_.at((j + w) * x_.dilation) + i * down;
    vec<T> acc[H][W] = {};
    for (int64_t r = 0; r < rows; ++r, g += p_.g.pixel[1]) {
      const int64_t row = r * y_.stride * padded_.step();
      int64_t x = 0;
      for (; x + L <= x_.out; x += L) {
        const vec<T> v = load(g + x);
#pragma GCC unroll 3
        for (int h = 0; h < H; ++h)
#pragma GCC unroll 3
          for (int w = 0; w < W; ++w) acc[h][w] = fma(v, load(columns[w] + row + h * down + x), acc[h][w]);
      }
      if (x == x_.out) continue;
      const int left = static_cast<int>(x_.out - x);  // behind them there may be an infinity, which 0 does not cancel
      const vec<T> v = load_n(g + x, left);
#pragma GCC unroll 3
      for (int h = 0; h < H; ++h)
#pragma GCC unroll 3
        for (int w = 0; w < W; ++w) acc[h][w] = fma(v, load_n(columns[w] + row + h * down + x, left), acc[h][w]);
    }
#pragma GCC unroll 3
    for (int h = 0; h < H; ++h)
#pragma GCC unroll 3
      for (int w = 0; w < W; ++w) {
        T* const to = sums + (h * W + w) * L;
        store(to, load(to) + acc[h][w]);
      }
  }

  const ConvWeightGradientProblem& p_;
  const int64_t channel_, filters_;
  const ConvAxis &y_, &x_;
  const int64_t taps_;
  T *const sums_, *const rows_;
  const PaddedRows<S> padded_;
  const int64_t band_;
};

template <class S>
void weight_gradient(const ConvWeightGradientProblem& p, int64_t channel, int64_t begin, int64_t end, void* sums,
                     void* scratch) {
  typedef compute_t<S> T;
  WeightGradient<S>(p, channel, static_cast<T*>(scratch)).run(begin, end, static_cast<T*>(sums));
}

template <class S>
void add_slices(const void* sums, int64_t slices, int64_t count, bool accumulate, void* out) {
  typedef compute_t<S> T;
  constexpr int L = lanes<T>;
  for (int64_t i = 0; i < count; i += L) {
    const int n = min(count - i, L);
    S* const to = static_cast<S*>(out) + i;
    const T* from = static_cast<const T*>(sums) + i;
    vec<T> sum = load_n(from, n);
    for (int64_t s = 1; s < slices; ++s) sum += load_n(from + s * count, n);
    if (accumulate) sum += load_n(to, n);
    store_n(to, sum, n);
  }
}

}  // namespace

#define X(type, dtype)                                                                            \
  void transpose_strided(const ConvProblem& p, int64_t begin, int64_t end, void* scratch, type) { \
    StridedTranspose<type>(p, static_cast<compute_t<type>*>(scratch)).run(begin, end);            \
  }
TW_FOR_EACH_FLOAT(X)
#undef X

void fill_depthwise_gradient(ConvKernels& conv) {
#define X(type, dtype)                                                                    \
  conv.depthwise.weight_gradient[static_cast<int>(DType::dtype)] = weight_gradient<type>; \
  conv.depthwise.add_slices[static_cast<int>(DType::dtype)] = add_slices<type>;
  TW_FOR_EACH_FLOAT(X)
#undef X
}

}  // namespace tw::TW_ISA
