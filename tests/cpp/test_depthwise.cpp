// Depthwise convolutions and their gradients at every ISA level that has them, over random shapes and in every float
// type, against naive loops in double. Nothing is read or written beside the images, and the bits are the same at any
// number of threads.
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "core/parallel.h"
#include "cpu/conv_depthwise.h"
#include "cpu/dispatch/dispatch.h"
#include "gemm_case.h"

namespace {

using namespace tw;
using namespace tw::test;

int64_t draw(int64_t low, int64_t high) {
  return low + static_cast<int64_t>(rng()() % static_cast<uint64_t>(high - low + 1));
}

// Images with gaps between rows, channels and images, where memory is NaN.
template <class T>
struct Images {
  int64_t count, channels, height, width;
  int64_t row = width + 3, channel = height * row + 5, image = channels * channel + 2;
  std::vector<T> memory = std::vector<T>(static_cast<size_t>(count * image + 1));

  Images(int64_t n, int64_t c, int64_t h, int64_t w) : count(n), channels(c), height(h), width(w) {
    std::memset(static_cast<void*>(memory.data()), 0xff, memory.size() * sizeof(T));
  }
  T* data() { return memory.data() + 1; }
  T& at(int64_t n, int64_t c, int64_t y, int64_t x) { return data()[n * image + c * channel + y * row + x]; }
  double get(int64_t n, int64_t c, int64_t y, int64_t x) { return Type<T>::get(at(n, c, y, x)); }
  template <class F>
  void for_each(F f) {
    for (int64_t n = 0; n < count; ++n)
      for (int64_t c = 0; c < channels; ++c)
        for (int64_t y = 0; y < height; ++y)
          for (int64_t x = 0; x < width; ++x) f(at(n, c, y, x), n, c, y, x);
  }
  void fill() {  // sums of their products are exact in float32
    for_each([](T& x, auto...) { x = Type<T>::make(static_cast<double>(draw(-15, 15)) / 16); });
  }
  ConvImages view() { return {data(), image, channel, {0, row, 1}}; }
  bool untouched_outside() {
    std::vector<char> inside(memory.size());
    for_each([&](T& x, auto...) { inside[static_cast<size_t>(&x - memory.data())] = 1; });
    for (size_t i = 0; i < memory.size(); ++i) {
      unsigned char bytes[sizeof(T)];
      std::memcpy(bytes, &memory[i], sizeof(T));
      if (!inside[i] && std::count(bytes, bytes + sizeof(T), 0xff) != sizeof(T)) return false;
    }
    return true;
  }
};

ConvAxis draw_axis(int64_t in, int64_t kernel) {
  ConvAxis a{in, 0, kernel, draw(0, 2) ? draw(1, 2) : draw(1, 4), draw(-1, kernel), draw(0, 2) ? 1 : draw(1, 3)};
  const int64_t behind = draw(-1, kernel), room = in + a.pad + behind - (kernel - 1) * a.dilation - 1;
  if (room < 0) return draw_axis(in + 3, kernel);
  a.out = room / a.stride + 1;
  return a;
}

// 3 taps at stride 1, as most have.
ConvAxis plain_axis(int64_t in) {
  const int64_t least = in < 3, pad = draw(least, 2), behind = draw(least, 2);
  return {in, in + pad + behind - 2, 3, 1, pad, 1};
}

struct Shape {
  ConvShape s;
  bool bias, residual;
  Activation activation;
};

Shape draw_shape() {
  static constexpr int64_t kKernels[] = {1, 2, 3, 3, 3, 3, 4, 5, 5, 7};
  static constexpr int64_t kWidths[] = {1, 5, 7, 8, 14, 17, 28, 33, 70};
  const int64_t kernel = kKernels[draw(0, 9)], other = draw(0, 3) ? kernel : kKernels[draw(0, 9)];
  const int64_t height = draw(0, 5) ? draw(1, 20) : draw(100, 150), width = kWidths[draw(0, 8)];
  const bool plain = draw(0, 2) == 0;
  const ConvAxis y = plain ? plain_axis(height) : draw_axis(height, kernel);
  const ConvAxis x = plain ? plain_axis(width) : draw_axis(width, other);
  return {{draw(1, 3), draw(1, 5), 1, draw(0, 2) ? 1 : draw(2, 3), {{1, 1, 1, 1, 0, 1}, y, x}},
          draw(0, 1) == 1,
          draw(0, 2) == 0,
          static_cast<Activation>(draw(0, 2))};
}

std::string describe(const Shape& p) {
  std::string text =
      std::to_string(p.s.images) + " x " + std::to_string(p.s.groups) + " x " + std::to_string(p.s.out_channels);
  for (const ConvAxis& a : {p.s.axes[1], p.s.axes[2]})
    for (int64_t v : {a.in, a.out, a.kernel, a.stride, a.pad, a.dilation}) text += " " + std::to_string(v);
  return text + " activation " + std::to_string(static_cast<int>(p.activation));
}

// visit(pixel, tap, element) along an axis.
template <class F>
void meet(const ConvAxis& a, F visit) {
  for (int64_t o = 0; o < a.out; ++o)
    for (int64_t t = 0; t < a.kernel; ++t) {
      const int64_t e = o * a.stride + t * a.dilation - a.pad;
      if (e >= 0 && e < a.in) visit(o, t, e);
    }
}

template <class T>
class Depthwise {
 public:
  explicit Depthwise(const Shape& shape)
      : p_(shape),
        s_(p_.s),
        taps_(s_.taps()),
        filters_(s_.groups * s_.out_channels),
        x_(s_.images, s_.groups, s_.axes[1].in, s_.axes[2].in),
        g_(s_.images, filters_, s_.axes[1].out, s_.axes[2].out),
        weights_(static_cast<size_t>(filters_ * taps_)),
        bias_(static_cast<size_t>(filters_)) {
    x_.fill();
    g_.fill();
    for (T& w : weights_) w = Type<T>::make(static_cast<double>(draw(-15, 15)) / 16);
    for (T& b : bias_) b = Type<T>::make(static_cast<double>(draw(-15, 15)) / 16);
  }

  void forward(const char* level) {
    Images<T> residual(g_);
    residual.fill();
    const Images<T> out(s_.images, filters_, g_.height, g_.width);
    std::vector<double> sums(g_.memory.size());
    visit([&](int64_t n, int64_t c, int64_t f, int64_t t, int64_t y, int64_t x, int64_t v, int64_t u) {
      sums[static_cast<size_t>(&g_.at(n, f, y, x) - g_.memory.data())] += weight(f, t) * x_.get(n, c, v, u);
    });
    run(level, "forward", out, x_, residual, sums, cpu::depthwise_unsupported, cpu::depthwise);
  }

  void transpose(const char* level) {
    const bool waits = s_.out_channels > 1;  // sums of several filters, in the result
    const bool strided = s_.axes[1].stride > 1 || s_.axes[2].stride > 1;
    if (waits && (sizeof(T) == 2 || strided || p_.residual || p_.activation > Activation::relu)) return;
    Images<T> residual(x_);
    residual.fill();
    const Images<T> out(s_.images, s_.groups, x_.height, x_.width);
    std::vector<double> sums(x_.memory.size());
    visit([&](int64_t n, int64_t c, int64_t f, int64_t t, int64_t y, int64_t x, int64_t v, int64_t u) {
      sums[static_cast<size_t>(&x_.at(n, c, v, u) - x_.memory.data())] += weight(f, t) * g_.get(n, f, y, x);
    });
    run(level, "transpose", out, g_, residual, sums, cpu::depthwise_transpose_unsupported, cpu::depthwise_transpose);
  }

  void weight_gradient(const char* level) {
    const bool accumulate = p_.bias;
    std::vector<double> sums(weights_.size());
    for (double& sum : sums) sum = accumulate ? 1 : 0;
    visit([&](int64_t n, int64_t c, int64_t f, int64_t t, int64_t y, int64_t x, int64_t v, int64_t u) {
      sums[static_cast<size_t>(f * taps_ + t)] += x_.get(n, c, v, u) * g_.get(n, f, y, x);
    });
    std::vector<T> first;
    for (int threads : {1, 7}) {
      Matrix<T> out(1, filters_ * taps_, Layout::rows, 32);
      out.for_each([](T& x, auto...) { x = Type<T>::make(1); });
      const ConvWeightGradientProblem problem{Type<T>::dtype, s_, g_.view(), x_.view(), out.origin, accumulate};
      check(!cpu::depthwise_weight_gradient_unsupported(problem), "%s: refused %s", level, describe(p_).c_str());
      set_num_threads(threads);
      cpu::depthwise_weight_gradient(problem);
      check(out.untouched_outside(), "%s: wrote beside the gradient of the weights, %s", level, describe(p_).c_str());
      const std::vector<T> got(out.origin, out.origin + filters_ * taps_);
      for (size_t i = 0; i < sums.size(); ++i)
        if (!near(Type<T>::get(got[i]), sums[i]))
          return check(false, "%s: weight %d is %g, not %g, %s", level, static_cast<int>(i), Type<T>::get(got[i]),
                       sums[i], describe(p_).c_str());
      check(first.empty() || !std::memcmp(first.data(), got.data(), got.size() * sizeof(T)),
            "%s: other bits with %d threads, %s", level, threads, describe(p_).c_str());
      first = got;
    }
  }

 private:
  double weight(int64_t filter, int64_t tap) const {
    return Type<T>::get(weights_[static_cast<size_t>(filter * taps_ + tap)]);
  }
  static bool near(double got, double sum) {
    return std::abs(got - sum) <= 1.01 * Type<T>::unit * std::abs(sum) + 1e-7;
  }

  template <class F>
  void visit(F f) {
    for (int64_t n = 0; n < s_.images; ++n)
      for (int64_t c = 0; c < filters_; ++c)
        meet(s_.axes[1], [&](int64_t y, int64_t i, int64_t v) {
          meet(s_.axes[2], [&](int64_t x, int64_t j, int64_t u) {
            f(n, c / s_.out_channels, c, i * s_.axes[2].kernel + j, y, x, v, u);
          });
        });
  }

  void run(const char* level, const char* what, const Images<T>& to, Images<T>& from, Images<T>& residual,
           const std::vector<double>& sums, const char* (*unsupported)(const ConvProblem&),
           void (*convolve)(const ConvProblem&)) {
    std::vector<T> first;
    for (int threads : {1, 7}) {
      Images<T> out(to);
      const ConvProblem problem{Type<T>::dtype,
                                s_,
                                from.view(),
                                {weights_.data(), s_.out_channels * taps_, taps_, 1},
                                out.view(),
                                p_.bias ? bias_.data() : nullptr,
                                p_.residual ? residual.data() : nullptr,
                                p_.activation};
      check(!unsupported(problem), "%s %s: refused %s", level, what, describe(p_).c_str());
      set_num_threads(threads);
      convolve(problem);
      int wrong = 0;
      out.for_each([&](T& got, int64_t n, int64_t c, int64_t y, int64_t x) {
        double sum = sums[static_cast<size_t>(&got - out.memory.data())];
        if (p_.bias) sum += Type<T>::get(bias_[static_cast<size_t>(c)]);
        if (p_.residual) sum += residual.get(n, c, y, x);
        sum = activate(p_.activation, sum);
        // The activations are rounded a few times more, in float32.
        const double more = p_.activation == Activation::gelu ? 0x1p-20 * std::abs(sum) : 0;
        if (!(std::abs(Type<T>::get(got) - sum) <= 1.01 * Type<T>::unit * std::abs(sum) + more + 1e-7)) ++wrong;
      });
      check(wrong == 0, "%s %s: %d are wrong, %s", level, what, wrong, describe(p_).c_str());
      check(out.untouched_outside(), "%s %s: wrote beside the images, %s", level, what, describe(p_).c_str());
      check(first.empty() || !std::memcmp(first.data(), out.memory.data(), first.size() * sizeof(T)),
            "%s %s: other bits with %d threads, %s", level, what, threads, describe(p_).c_str());
      first = out.memory;
    }
  }

  const Shape p_;
  const ConvShape& s_;
  const int64_t taps_, filters_;
  Images<T> x_, g_;
  std::vector<T> weights_, bias_;
};

// An infinity is seen by those that meet it alone.
void test_infinity(const char* level) {
  const Shape shape{{1, 1, 1, 1, {{1, 1, 1, 1, 0, 1}, {5, 3, 3, 1, 0, 1}, {9, 7, 3, 1, 0, 1}}}, false, false, {}};
  std::vector<float> x(45, 1), g(21, 1), gradient(9);
  x[8] = std::numeric_limits<float>::infinity();  // (0, 8): only tap (0, 2) of pixel (0, 6)
  cpu::depthwise_weight_gradient(
      {DType::f32, shape.s, {g.data(), 21, 21, {0, 7, 1}}, {x.data(), 45, 45, {0, 9, 1}}, gradient.data(), false});
  for (int t = 0; t < 9; ++t)
    check(std::isinf(gradient[t]) == (t == 2) && !std::isnan(gradient[t]), "%s: tap %d is %g", level, t, gradient[t]);
}

template <class T>
void test_type(const char* level, const std::vector<Shape>& shapes) {
  for (const Shape& shape : shapes) {
    Depthwise<T> depthwise(shape);
    depthwise.forward(level);
    depthwise.transpose(level);
    depthwise.weight_gradient(level);
  }
}

}  // namespace

int main() {
  std::vector<Shape> shapes(60);
  for (Shape& shape : shapes) shape = draw_shape();
  for (const KernelTable& table : all_levels()) {
    if (!table.conv.depthwise.scratch) continue;
    detail::chosen_kernels = table;
    test_infinity(table.level);
    test_type<float>(table.level, shapes);
    test_type<double>(table.level, shapes);
    test_type<f16>(table.level, shapes);
    test_type<bf16>(table.level, shapes);
  }
  return report();
}
