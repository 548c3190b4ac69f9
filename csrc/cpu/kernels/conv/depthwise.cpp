// Depthwise convolutions: a channel's rows are padded in L1 a band at a time, and each vector of the result is summed
// up in a register, several rows of it at once.
#include "cpu/kernels/conv/depthwise.h"

#include "cpu/kernels/conv/conv.h"
#include "cpu/kernels/conv/depthwise_direct.h"
#include "cpu/kernels/conv/depthwise_sums.h"

namespace tw::TW_ISA {

void fill_depthwise_gradient(ConvKernels&);

namespace {

template <class S>
class Depthwise {
  typedef compute_t<S> T;
  static constexpr int L = lanes<T>;

 public:
  // `turned`: the gradient at stride 1, which is a convolution with the taps in reverse. The planes that belong to the
  // filters of a channel are added up then.
  Depthwise(const ConvProblem& p, bool turned, T* scratch)
      : p_(p),
        turned_(turned),
        y_(turned ? reversed(p.shape.axes[1]) : p.shape.axes[1]),
        x_(turned ? reversed(p.shape.axes[2]) : p.shape.axes[2]),
        filters_(p.shape.out_channels),
        taps_(y_.kernel * x_.kernel),
        weights_(scratch),
        result_(scratch + whole_vectors<T>(taps_)),
        rows_(result_ + kBlockRows * whole_vectors<T>(x_.out)),
        padded_(x_.in, x_.pad, x_.stride, reach(x_), rows_),
        band_(rows_of_band<T>(y_, x_.stride, reach(x_))) {
    for (int64_t j = 0; j < x_.kernel; ++j) t_.columns[j] = padded_.at(j * x_.dilation);
    t_.height = y_.kernel, t_.width = x_.kernel;
    t_.row = padded_.step(), t_.down = y_.dilation * t_.row, t_.stride = y_.stride * t_.row;
  }

  void run(int64_t begin, int64_t end) {
#if TW_VEC_BYTES == 64
    if constexpr (sizeof(S) == sizeof(T))
      if (p_.residual == nullptr && is_direct(y_, x_)) return run_directly(begin, end);
#endif
    padded_.clear(rows_met(y_, band_), rows_);
    int64_t image = begin / p_.shape.groups, channel = begin % p_.shape.groups;
    for (int64_t i = begin; i < end; ++i) {
      for (int64_t y = 0; y < y_.out; y += band_) {
        const int64_t rows = smaller(y_.out - y, band_);
        for (int64_t q = 0; q < filters_; ++q) {
          if (turned_ || q == 0)
            padded_.read(plane(image, channel, q), p_.in.pixel[1], y_.in, y * y_.stride - y_.pad, rows_met(y_, rows),
                         band_ == y_.out);
          filter(image, channel, q, y, rows);
        }
      }
      if (++channel == p_.shape.groups) channel = 0, ++image;
    }
  }

 private:
  static ConvAxis reversed(const ConvAxis& a) {
    return {a.out, a.in, a.kernel, 1, (a.kernel - 1) * a.dilation - a.pad, a.dilation};
  }

  // What filter q of a group reads, and the channel that it writes.
  const S* plane(int64_t image, int64_t group, int64_t q) const {
    const int64_t channel = turned_ ? group * filters_ + q : group;
    return static_cast<const S*>(p_.in.data) + image * p_.in.image + channel * p_.in.channel;
  }
  int64_t channel(int64_t group, int64_t q) const { return turned_ ? group : group * filters_ + q; }
  bool adds(int64_t q) const { return turned_ && q > 0; }
  bool is_last(int64_t q) const { return !turned_ || q + 1 == filters_; }

#if TW_VEC_BYTES == 64
  void run_directly(int64_t begin, int64_t end) {
    int64_t image = begin / p_.shape.groups, group = begin % p_.shape.groups;
    for (int64_t i = begin; i < end; ++i) {
      for (int64_t q = 0; q < filters_; ++q) {
        const int64_t to_channel = channel(group, q);
        T* const to = static_cast<T*>(p_.out.data) + image * p_.out.image + to_channel * p_.out.channel;
        const T* const weights = read_weights<S>(p_.weight, group, q, taps_, turned_, weights_);
        convolve_3x3<T>({plane(image, group, q), p_.in.pixel[1], weights, to, p_.out.pixel[1],
                         p_.bias ? static_cast<const T*>(p_.bias)[to_channel] : T{0}, adds(q),
                         p_.activation == Activation::relu && is_last(q)},
                        y_, x_);
        if (p_.activation <= Activation::relu) continue;
        GemmOutput out{};
        out.c = {to, p_.out.pixel[1], 1};
        out.activation = p_.activation;
        finish(out, to, p_.out.pixel[1], y_.out, x_.out, T{});
      }
      if (++group == p_.shape.groups) group = 0, ++image;
    }
  }
#endif

  // Rows [y, y + rows) of the result of filter q of a channel.
  void filter(int64_t image, int64_t group, int64_t q, int64_t y, int64_t rows) {
    const int64_t to_channel = channel(group, q);
    t_.weights = read_weights<S>(p_.weight, group, q, taps_, turned_, weights_);
    const T start = p_.bias ? load_n(static_cast<const S*>(p_.bias) + to_channel, 1)[0] : T{0};
    const int64_t at = image * p_.out.image + to_channel * p_.out.channel + y * p_.out.pixel[1];
    if constexpr (sizeof(S) == sizeof(T)) {
      if (p_.activation <= Activation::relu && p_.residual == nullptr)
        return sum_all_taps<T>(t_, {static_cast<T*>(p_.out.data) + at, p_.out.pixel[1], rows, x_.out, start, adds(q),
                                    p_.activation == Activation::relu && is_last(q)});
    }
    finish_rows(t_, start, rows, at);
  }

  // By way of a few rows of sums.
  void finish_rows(Taps<T> t, T start, int64_t rows, int64_t at) const {
    const int64_t step = whole_vectors<T>(x_.out), row = p_.out.pixel[1];
    for (int64_t y = 0; y < rows; y += kBlockRows, at += kBlockRows * row) {
      const int64_t count = smaller(rows - y, kBlockRows);
      sum_all_taps<T>(t, {result_, step, count, x_.out, start, false, false});
      GemmOutput out{};
      out.c = {static_cast<S*>(p_.out.data) + at, row, 1};
      if (p_.residual != nullptr) out.residual = {static_cast<S*>(const_cast<void*>(p_.residual)) + at, row, 1};
      out.activation = p_.activation;
      finish(out, result_, step, count, x_.out, S{});
      for (int64_t j = 0; j < x_.kernel; ++j) t.columns[j] += kBlockRows * t.stride;
    }
  }

  const ConvProblem& p_;
  const bool turned_;
  const ConvAxis y_, x_;
  const int64_t filters_, taps_;
  T *const weights_, *const result_, *const rows_;
  const PaddedRows<S> padded_;
  const int64_t band_;
  Taps<T> t_;
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
