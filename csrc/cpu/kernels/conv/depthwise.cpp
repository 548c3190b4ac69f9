// Depthwise convolutions: a channel's rows are padded in L1 a band at a time, and each vector of the result is summed
// up in a register, several rows of it at once.
#include "cpu/kernels/conv/depthwise.h"

#include "cpu/kernels/blocking.h"
#include "cpu/kernels/conv/conv.h"
#include "cpu/kernels/conv/depthwise_plane.h"
#include "cpu/kernels/gemm/register_tile.h"

namespace tw::TW_ISA {

void fill_depthwise_gradient(ConvKernels&);

namespace {

// The taps of one filter, and where each column of them begins in the padded rows of a block.
template <class T>
struct Taps {
  const T* columns[DepthwiseKernels::kMostColumns];
  int64_t height, width, down;  // `down` from a tap's row to the next, in elements
  const T* weights;             // (height, width)
};

// Sums of R rows of the result, V side by side, of a kernel of K x K if K > 0, its taps 1 apart; their rows of the
// image lie SY apart, `stride` rows if SY is 0.
template <class T, class V, int K, int SY, int R>
TW_INLINE void tap_sums(const Taps<T>& t, int64_t row, int64_t stride, int64_t x, const V (&weights)[K > 0 ? K * K : 1],
                        V (&sums)[R]) {
  if constexpr (K > 0) {
#pragma GCC unroll 16
    for (int i = 0; i < (R - 1) * SY + K; ++i) {
#pragma GCC unroll 8
      for (int j = 0; j < K; ++j) {
        V v;
        __builtin_memcpy(&v, t.columns[j] + i * row + x, sizeof v);
#pragma GCC unroll 4
        for (int r = 0; r < R; ++r)
          if (i - r * SY >= 0 && i - r * SY < K) sums[r] = fma(weights[(i - r * SY) * K + j], v, sums[r]);
      }
    }
  } else {
    const T* weight = t.weights;
    for (int64_t i = 0; i < t.height; ++i) {
      for (int64_t j = 0; j < t.width; ++j, ++weight) {
        const V w = *weight - V{};
        const T* from = t.columns[j] + i * t.down + x;
#pragma GCC unroll 4
        for (int r = 0; r < R; ++r) {
          V v;
          __builtin_memcpy(&v, from + r * stride * row, sizeof v);
          sums[r] = fma(w, v, sums[r]);
        }
      }
    }
  }
}

template <class S>
class Depthwise {
  typedef compute_t<S> T;
  static constexpr int L = lanes<T>;

 public:
  // `turned`: the gradient at stride 1, which is a convolution with the taps in reverse.
  Depthwise(const ConvProblem& p, bool turned, T* scratch)
      : p_(p),
        turned_(turned),
        y_(turned ? reversed(p.shape.axes[1]) : p.shape.axes[1]),
        x_(turned ? reversed(p.shape.axes[2]) : p.shape.axes[2]),
        filters_(turned ? 1 : p.shape.out_channels),
        taps_(y_.kernel * x_.kernel),
        weights_(scratch),
        rows_(scratch + whole_vectors<T>(taps_)),
        padded_(x_.in, x_.pad, x_.stride, reach(x_), rows_),
        band_(rows_of_band<T>(y_, x_.stride, reach(x_))) {
    padded_.clear(rows_met(y_, band_), rows_);
  }

  void run(int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t image = i / p_.shape.groups, channel = i % p_.shape.groups;
      const S* from = static_cast<const S*>(p_.in.data) + image * p_.in.image + channel * p_.in.channel;
      for (int64_t y = 0; y < y_.out; y += band_) {
        const int64_t rows = y_.out - y < band_ ? y_.out - y : band_, first = y * y_.stride - y_.pad;
        for (int64_t r = 0; r < rows_met(y_, rows); ++r) {
          const int64_t at = first + r;
          padded_.read(at >= 0 && at < y_.in ? from + at * p_.in.pixel[1] : nullptr, r);
        }
        for (int64_t q = 0; q < filters_; ++q) filter(image, channel * filters_ + q, y, rows);
      }
    }
  }

 private:
  static ConvAxis reversed(const ConvAxis& a) {
    return {a.out, a.in, a.kernel, 1, (a.kernel - 1) * a.dilation - a.pad, a.dilation};
  }

  void filter(int64_t image, int64_t channel, int64_t y, int64_t rows) {
    const int64_t group = channel / filters_;
    read_weights<S>(p_.weight, group, channel % filters_, taps_, turned_, weights_);
    const T start = p_.bias ? load_n(static_cast<const S*>(p_.bias) + channel, 1)[0] : T{0};
    const int64_t at = image * p_.out.image + channel * p_.out.channel + y * p_.out.pixel[1];
    Taps<T> t;
    for (int64_t j = 0; j < x_.kernel; ++j) t.columns[j] = padded_.at(j * x_.dilation);
    t.height = y_.kernel, t.width = x_.kernel, t.down = y_.dilation * padded_.step();
    t.weights = weights_;
    const bool square = y_.kernel == x_.kernel && y_.dilation == 1;
    if (square && y_.kernel == 3 && y_.stride == 1)
      sum<3, 1>(t, start, rows, at);
    else if (square && y_.kernel == 3 && y_.stride == 2)
      sum<3, 2>(t, start, rows, at);
    else if (square && y_.kernel == 5 && y_.stride == 1)
      sum<5, 1>(t, start, rows, at);
    else
      sum<0, 0>(t, start, rows, at);
  }

  template <int K, int SY>
  void sum(const Taps<T>& t, T start, int64_t rows, int64_t at) const {
#if TW_VEC_BYTES == 64
    if constexpr (sizeof(S) == sizeof(T))
      if (x_.out <= L / 2) return sum_wide<K, SY, true>(t, start, rows, at);
#endif
    sum_wide<K, SY, false>(t, start, rows, at);
  }

  // kHalf: rows of half a vector.
  template <int K, int SY, bool kHalf>
  void sum_wide(const Taps<T>& t, T start, int64_t rows, int64_t at) const {
    typedef typename Last<T, kHalf>::type V;
    constexpr int kRows = 4;
    V weights[K > 0 ? K * K : 1];
    if constexpr (K > 0)
      for (int i = 0; i < K * K; ++i) weights[i] = t.weights[i] - V{};
    Taps<T> from = t;
    int64_t r = 0;
    const auto advance = [&](int64_t count) {
      for (int64_t j = 0; j < x_.kernel; ++j) from.columns[j] += count * y_.stride * padded_.step();
      r += count;
    };
    for (; r + kRows <= rows; advance(kRows))
      block<K, SY, kHalf, kRows>(from, weights, start, at + r * p_.out.pixel[1]);
    for (; r < rows; advance(1)) block<K, SY, kHalf, 1>(from, weights, start, at + r * p_.out.pixel[1]);
  }

  template <int K, int SY, bool kHalf, int R, class V>
  TW_INLINE void block(const Taps<T>& t, const V (&weights)[K > 0 ? K * K : 1], T start, int64_t at) const {
    for (int64_t x = 0; x < x_.out; x += L) {
      V sums[R];
#pragma GCC unroll 4
      for (int r = 0; r < R; ++r) sums[r] = start - V{};
      tap_sums<T, V, K, SY, R>(t, padded_.step(), y_.stride, x, weights, sums);
#pragma GCC unroll 4
      for (int r = 0; r < R; ++r) write<kHalf>(sums[r], min(x_.out - x, L), at + r * p_.out.pixel[1] + x);
    }
  }

  template <bool kHalf, class V>
  TW_INLINE void write(V sums, int count, int64_t at) const {
    S* const out = static_cast<S*>(p_.out.data) + at;
    if (p_.activation > Activation::relu || p_.residual != nullptr) return finish_some(&sums, count, at);
    if (p_.activation == Activation::relu) sums = relu(sums);
    if constexpr (kHalf)
      Last<T, kHalf>::store_c(out, sums, count);
    else if (count == L)
      store(out, sums);
    else
      store_n(out, sums, count);
  }

  void finish_some(const void* sums, int count, int64_t at) const {
    T row[L] = {};
    __builtin_memcpy(row, sums, static_cast<size_t>(count) * sizeof(T));
    GemmOutput out{};
    out.c = {static_cast<S*>(p_.out.data) + at, L, 1};
    if (p_.residual != nullptr) out.residual = {static_cast<S*>(const_cast<void*>(p_.residual)) + at, L, 1};
    out.activation = p_.activation;
    finish(out, row, L, 1, count, S{});
  }

  const ConvProblem& p_;
  const bool turned_;
  const ConvAxis y_, x_;
  const int64_t filters_, taps_;
  T *const weights_, *const rows_;
  const PaddedRows<S> padded_;
  const int64_t band_;
};

template <class S>
void run_forward(const ConvProblem& p, int64_t begin, int64_t end, void* scratch) {
  Depthwise<S>(p, false, static_cast<compute_t<S>*>(scratch)).run(begin, end);
}

template <class S>
void run_transpose(const ConvProblem& p, int64_t begin, int64_t end, void* scratch) {
  if (p.shape.axes[1].stride == 1 && p.shape.axes[2].stride == 1)
    Depthwise<S>(p, true, static_cast<compute_t<S>*>(scratch)).run(begin, end);
  else
    transpose_strided(p, begin, end, scratch, S{});
}

int64_t scratch(const ConvShape& s) {
  return scratch_bytes<float>(s) > scratch_bytes<double>(s) ? scratch_bytes<float>(s) : scratch_bytes<double>(s);
}

}  // namespace

void fill_depthwise(ConvKernels& conv) {
  conv.depthwise.scratch = scratch;
#define X(type, dtype)                                                        \
  conv.depthwise.forward[static_cast<int>(DType::dtype)] = run_forward<type>; \
  conv.depthwise.transpose[static_cast<int>(DType::dtype)] = run_transpose<type>;
  TW_FOR_EACH_FLOAT(X)
#undef X
  fill_depthwise_gradient(conv);
}

}  // namespace tw::TW_ISA
