// Gradients of depthwise convolutions: with respect to the input where a stride is not 1, and to the weights.
#include "cpu/kernels/conv/conv.h"
#include "cpu/kernels/conv/depthwise_sums.h"

namespace tw::TW_ISA {
namespace {

// ---- the input, strided ---------------------------------------------------------------------------------------------

// Taps of one axis that elements of one phase of the input meet, first, first + step, ..; the first meets place `at`,
// and each is `down` places before the last.
struct PhaseTaps {
  int64_t count, first, step, at, down;

  static PhaseTaps of(const ConvAxis& a, int64_t phase) {
    PhaseTaps taps{0, 0, 1, 0, 0};
    for (int64_t t = 0; t < a.kernel; ++t) {
      const int64_t from = phase + a.pad - t * a.dilation, place = floor_div(from, a.stride);
      if (place * a.stride != from) continue;
      if (taps.count == 0) taps.first = t, taps.at = place;
      if (taps.count == 1) taps.step = t - taps.first, taps.down = taps.at - place;
      ++taps.count;
    }
    return taps;
  }
  static int64_t floor_div(int64_t a, int64_t b) { return a >= 0 ? a / b : -((b - 1 - a) / b); }
};

// Elements of the input that are a stride apart, along both axes, meet neighbours in g with the same taps: a
// convolution at stride 1 for each phase.
template <class S>
class StridedTranspose {
  typedef compute_t<S> T;
  static constexpr int L = lanes<T>;

 public:
  StridedTranspose(const ConvProblem& p, T* scratch)
      : p_(p),
        y_(p.shape.axes[1]),
        x_(p.shape.axes[2]),
        plain_(sizeof(S) == sizeof(T) && p.residual == nullptr && p.activation == Activation::none),
        weights_(scratch),
        row_(weights_ + whole_vectors<T>(y_.kernel * x_.kernel)),
        phases_(row_ + 2 * x_.stride * phase_step<T>(x_)),
        rows_(phases_ + kBlockRows * x_.stride * phase_step<T>(x_)),
        padded_(x_.out, transposed_left(x_), 1, transposed_reach(x_), rows_),
        band_(transposed_band<T>(y_, x_)) {
    padded_.clear(transposed_rows_met(y_, band_), rows_);
    for (int64_t phase = 0; phase < y_.stride; ++phase) down_[phase] = PhaseTaps::of(y_, phase);
    for (int64_t phase = 0; phase < x_.stride; ++phase) right_[phase] = PhaseTaps::of(x_, phase);
  }

  void run(int64_t begin, int64_t end) {
    int64_t image = begin / p_.shape.groups, channel = begin % p_.shape.groups;
    for (int64_t i = begin; i < end; ++i) {
      const S* from = static_cast<const S*>(p_.in.data) + image * p_.in.image + channel * p_.in.channel;
      for (int64_t y = 0; y < y_.in; y += band_) {
        const int64_t rows = smaller(band_, y_.in - y), first = PhaseTaps::floor_div(y + y_.pad - span(y_), y_.stride);
        padded_.read(from, p_.in.pixel[1], y_.out, first, transposed_rows_met(y_, rows), band_ >= y_.in);
        for (int64_t phase = 0; phase < y_.stride && phase < rows; ++phase)
          write_rows(image, channel, y, phase, (rows - phase + y_.stride - 1) / y_.stride, first);
      }
      if (++channel == p_.shape.groups) channel = 0, ++image;
    }
  }

 private:
  // `count` rows of a phase of the band at y, a stride apart; padded row 0 is row `first` of g.
  void write_rows(int64_t image, int64_t channel, int64_t y, int64_t phase, int64_t count, int64_t first) {
    const int64_t step = phase_step<T>(x_);
    const T start = p_.bias ? load_n(static_cast<const S*>(p_.bias) + channel, 1)[0] : T{0};
    T* weights = weights_;
    for (int64_t i = 0; i < x_.stride; ++i) {
      read_phase(channel, down_[phase], right_[i], y / y_.stride + down_[phase].at - first, weights, taps_[i]);
      weights += down_[phase].count * right_[i].count;
    }
    int64_t at = image * p_.out.image + channel * p_.out.channel + (y + phase) * p_.out.pixel[1];
    for (int64_t r = 0; r < count; r += kBlockRows) {
      const int64_t rows = smaller(count - r, kBlockRows);
      for (int64_t i = 0; i < x_.stride && i < x_.in; ++i) {
        sum_all_taps<T>(taps_[i], {phases_ + i * kBlockRows * step, step, rows, (x_.in - i + x_.stride - 1) / x_.stride,
                                   start, false, false});
        for (int64_t j = 0; j < right_[i].count; ++j) taps_[i].columns[j] += kBlockRows * padded_.step();
      }
      for (int64_t i = 0; i < rows; ++i, at += y_.stride * p_.out.pixel[1]) {
        if (plain_)
          join_phases(phases_ + i * step, static_cast<T*>(p_.out.data) + at);
        else
          finish_row(phases_ + i * step, at);
      }
    }
  }

  // Of one phase along both axes, from the padded row on that the first of its taps meets.
  void read_phase(int64_t channel, const PhaseTaps& down, const PhaseTaps& right, int64_t row, T* weights,
                  Taps<T>& t) const {
    const S* from = static_cast<const S*>(p_.weight.data) + channel * p_.weight.group;
    for (int64_t i = 0; i < down.count; ++i)
      for (int64_t j = 0; j < right.count; ++j)
        weights[i * right.count + j] =
            load_n(from + (down.first + i * down.step) * x_.kernel + right.first + j * right.step, 1)[0];
    for (int64_t j = 0; j < right.count; ++j)
      t.columns[j] = padded_.at(right.at - j * right.down + transposed_left(x_)) + row * padded_.step();
    t.height = down.count, t.width = right.count;
    t.row = t.stride = padded_.step(), t.down = -down.down * t.row;
    t.weights = weights;
  }

  // A row of all phases, element by element in turn.
  TW_INLINE void join_phases(const T* from, T* to) const {
    const int64_t step = kBlockRows * phase_step<T>(x_), width = x_.in;
    if (x_.stride == 2) {
      constexpr Lanes<__integer_pack(L)...> all;
      int64_t x = 0;
      for (; x + 2 * L <= width; x += 2 * L) {
        const vec<T> a = load(from + x / 2), b = load(from + step + x / 2);
        store(to + x, zip_low(a, b, all));
        store(to + x + L, zip_high(a, b, all));
      }
      if (x == width) return;
      const vec<T> a = load(from + x / 2), b = load(from + step + x / 2);
      store_n(to + x, zip_low(a, b, all), min(width - x, L));
      if (x + L < width) store_n(to + x + L, zip_high(a, b, all), static_cast<int>(width - x - L));
      return;
    }
    for (int64_t phase = 0; phase < x_.stride; ++phase)
      for (int64_t x = phase; x < width; x += x_.stride) to[x] = from[phase * step + x / x_.stride];
  }

  void finish_row(const T* from, int64_t at) const {
    join_phases(from, row_);
    GemmOutput out{};
    out.c = {static_cast<S*>(p_.out.data) + at, x_.in, 1};
    if (p_.residual != nullptr) out.residual = {static_cast<S*>(const_cast<void*>(p_.residual)) + at, x_.in, 1};
    out.activation = p_.activation;
    finish(out, row_, x_.in, 1, x_.in, S{});
  }

  const ConvProblem& p_;
  const ConvAxis &y_, &x_;
  const bool plain_;                                             // nothing happens to the sums but the bias
  T *const weights_, *const row_, *const phases_, *const rows_;  // phases_: (phase, row, element)
  const PaddedRows<S> padded_;
  const int64_t band_;
  PhaseTaps down_[DepthwiseKernels::kMostStride], right_[DepthwiseKernels::kMostStride];
  Taps<T> taps_[DepthwiseKernels::kMostStride];  // of the phases along a row
};

// ---- the weights ----------------------------------------------------------------------------------------------------

template <class S>
class WeightGradient {
  typedef compute_t<S> T;
  static constexpr int L = lanes<T>;

 public:
  WeightGradient(const ConvWeightGradientProblem& p, T* scratch)
      : p_(p),
        filters_(p.shape.out_channels),
        y_(p.shape.axes[1]),
        x_(p.shape.axes[2]),
        taps_(y_.kernel * x_.kernel),
        sums_(scratch),
        rows_(scratch + whole_vectors<T>(filters_ * taps_) * L),
        padded_(x_.in, x_.pad, x_.stride, reach(x_), rows_),
        band_(rows_of_band<T>(y_, x_.stride, reach(x_))) {
    padded_.clear(rows_met(y_, band_), rows_);
  }

  // Of images [begin, end): (filters, taps).
  void run(int64_t channel, int64_t begin, int64_t end, T* to) const {
    const int64_t count = filters_ * taps_;
    for (int64_t t = 0; t < whole_vectors<T>(count); ++t) store(sums_ + t * L, vec<T>{});
    for (int64_t image = begin; image < end; ++image) {
      const S* from = static_cast<const S*>(p_.in.data) + image * p_.in.image + channel * p_.in.channel;
      for (int64_t y = 0; y < y_.out; y += band_) {
        const int64_t rows = smaller(band_, y_.out - y), first = y * y_.stride - y_.pad;
        padded_.read(from, p_.in.pixel[1], y_.in, first, rows_met(y_, rows), band_ == y_.out);
        for (int64_t q = 0; q < filters_; ++q)
          add_band(static_cast<const S*>(p_.g.data) + image * p_.g.image + (channel * filters_ + q) * p_.g.channel +
                       y * p_.g.pixel[1],
                   rows, sums_ + q * taps_ * L);
      }
    }
    for (int64_t t = 0; t < count; t += L) {
      vec<T> x[L];
#pragma GCC unroll 16
      for (int i = 0; i < L; ++i) x[i] = load(sums_ + (t + i) * L);
      store_n(to + t, tw::TW_ISA::sum_rows<T>(x), min(count - t, L));
    }
  }

 private:
  void add_band(const S* g, int64_t rows, T* sums) const {
    if (y_.kernel == 3 && x_.kernel == 3) return add_rows<3, 3>(g, rows, sums, 0, 0);
    for (int64_t i = 0; i < y_.kernel; ++i)
      for (int64_t j = 0; j < x_.kernel; ++j, sums += L) add_rows<1, 1>(g, rows, sums, i, j);
  }

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
  const int64_t filters_;
  const ConvAxis &y_, &x_;
  const int64_t taps_;
  T *const sums_, *const rows_;
  const PaddedRows<S> padded_;
  const int64_t band_;
};

template <class S>
void weight_gradient(const ConvWeightGradientProblem& p, int64_t channel, int64_t channels, int64_t begin, int64_t end,
                     void* sums, void* scratch) {
  typedef compute_t<S> T;
  const WeightGradient<S> gradient(p, static_cast<T*>(scratch));
  for (int64_t c = 0; c < channels; ++c)
    gradient.run(channel + c, begin, end, static_cast<T*>(sums) + c * p.shape.out_channels * p.shape.taps());
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
