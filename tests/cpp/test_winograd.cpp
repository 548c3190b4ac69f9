// Convolutions by Winograd at every ISA level that has them, against naive loops in double: within the bound that
// kernels/conv/README.md derives, and as near as it says they typically come; nothing read or written beside the
// images, the same bits at any number of threads. What is not finite, and what overflows only on the way, is as in the
// naive loops: finite, infinite of either sign or NaN.
#include <algorithm>
#include <cmath>
#include <string>

#include "core/divide.h"
#include "core/parallel.h"
#include "cpu/conv_winograd.h"
#include "cpu/dispatch/dispatch.h"
#include "levels.h"

namespace {

using namespace tw;
using namespace tw::test;

// Images in memory that is NaN where there is no element, with gaps behind rows, channels and images.
struct Images {
  int64_t count, channels, height, width;
  int64_t row_step = width + 3, channel_step = height * row_step + 5, image_step = channels * channel_step + 2;
  std::vector<float> memory = std::vector<float>(static_cast<size_t>(count * image_step + 1), NAN);

  float* data() { return memory.data() + 1; }
  int64_t offset(int64_t n, int64_t c, int64_t y, int64_t x) const {
    return n * image_step + c * channel_step + y * row_step + x;
  }
  float& at(int64_t n, int64_t c, int64_t y, int64_t x) { return data()[offset(n, c, y, x)]; }
  bool has(int64_t y, int64_t x) const { return y >= 0 && y < height && x >= 0 && x < width; }
  template <class F>
  void for_each(F f) {
    for (int64_t n = 0; n < count; ++n)
      for (int64_t c = 0; c < channels; ++c)
        for (int64_t y = 0; y < height; ++y)
          for (int64_t x = 0; x < width; ++x) f(at(n, c, y, x), n, c, y, x);
  }
  void draw() {
    for_each([](float& x, auto...) { x = static_cast<float>(uniform(-1, 1)); });
  }
  Winograd::Images view() { return {data(), image_step, channel_step, row_step}; }
  int64_t numbers() const {
    return std::count_if(memory.begin(), memory.end(), [](float x) { return !std::isnan(x); });
  }
};

struct Case {
  int64_t images, channels, filters, height, width;
  int64_t top, bottom, left, right;
  bool turned = false, bias = false, residual = false;
  Activation activation = Activation::none;

  int64_t out_height() const { return height + top + bottom - 2; }
  int64_t out_width() const { return width + left + right - 2; }
};

constexpr Case kCases[] = {
    {1, 64, 64, 9, 9, 1, 1, 1, 1},
    {2, 70, 40, 14, 13, 1, 1, 1, 1, false, true, false, Activation::relu},
    {3, 16, 33, 7, 7, 1, 1, 1, 1, false, true, true, Activation::gelu},
    {5, 17, 5, 7, 5, 0, 0, 0, 0, true, false, true, Activation::relu},
    {1, 130, 300, 6, 6, 1, 1, 1, 1, false, true, true},                      // filters in several parts
    {1, 5, 48, 5, 150, 2, 0, 0, 2, true, true, false},                       // strips end within a row
    {1, 3, 2, 70, 66, 1, 2, 1, 2, false, false, true, Activation::sigmoid},  // many parts
    {2, 8, 8, 3, 3, 0, 0, 0, 0},                                             // one pixel
    {1, 20, 20, 3, 4, 3, 4, 5, 2},                                           // tiles of padding alone
    {1, 20, 20, 8, 9, -2, -1, -3, 0},                                        // padding that leaves rows out
    {8, 200, 16, 7, 7, 1, 1, 1, 1, true},
};

// Image n has the number at (y, x) of one channel, or every filter at one of its taps; and the second number two
// further.
struct Special {
  float first, second;
  bool in_weights;
};

constexpr float kInfinity = INFINITY, kHuge = 3e38F;
constexpr Special kSpecials[] = {
    {kInfinity, 0, false},         {-kInfinity, 1, false}, {kInfinity, -kInfinity, false}, {NAN, 1, false},
    {kHuge, -kHuge, false},        {kHuge, kHuge, false},  {kInfinity, 0, true},           {-kInfinity, 1, true},
    {kInfinity, -kInfinity, true}, {NAN, 1, true},         {kHuge, -kHuge, true},          {kHuge, kHuge, true},
};
// At the image's edges, and on both sides of those of tiles.
constexpr int64_t kPlaces[][2] = {{0, 0}, {0, 9}, {8, 0}, {8, 9}, {1, 1}, {2, 2}, {3, 4}, {4, 3}, {5, 7}};
constexpr Case kSpecialCases[] = {
    {9, 12, 20, 9, 10, 1, 1, 1, 1, false, true, true, Activation::relu},
    {9, 70, 5, 9, 10, 0, 0, 0, 0, false, true},
    {9, 9, 35, 9, 10, 2, 1, 0, 3, true, false, true, Activation::sigmoid},
};

double activate(Activation activation, double x) {
  switch (activation) {
    case Activation::relu:
      return std::max(x, 0.0);
    case Activation::gelu:
      return x * std::erfc(-x / std::sqrt(2.0)) / 2;
    case Activation::sigmoid:
      return 1 / (1 + std::exp(-x));
    default:
      return x;
  }
}

// See README.md: `amplification` along one axis, and the typical error in units of rounding.
struct Accuracy {
  double amplification, typical;
};
constexpr Accuracy kAccuracy[] = {{4, 1}, {12.78, 3}};
constexpr double kUnit = 0x1p-24;

class Convolution {
 public:
  explicit Convolution(const Case& c)
      : c_(c),
        x_{c.images, c.channels, c.height, c.width},
        residual_{c.images, c.filters, c.out_height(), c.out_width()},
        weights_(static_cast<size_t>(c.filters * c.channels * 9)),
        bias_(static_cast<size_t>(c.filters)) {
    x_.draw();
    residual_.draw();
    for (float& w : weights_) w = static_cast<float>(uniform(-1, 1));
    for (float& b : bias_) b = static_cast<float>(uniform(-1, 1));
  }

  void put(const Special& s) {
    special_ = true;
    if (s.in_weights) {
      for (int64_t f = 0; f < c_.filters; ++f) {
        const int64_t c = (13 * f + 5) % c_.channels;
        weight(f, c, f / 3 % 3, f % 3) = s.first;
        if (f % 3 == 0) weight(f, c, f / 3 % 3, 2) = s.second;
      }
    } else {
      for (int64_t n = 0; n < c_.images; ++n) {
        const int64_t c = (13 * n + 5) % c_.channels, y = kPlaces[n][0], x = kPlaces[n][1];
        x_.at(n, c, y, x) = s.first;
        if (x_.has(y, x + 2)) x_.at(n, c, y, x + 2) = s.second;
      }
    }
  }

  // `in_place`: over the residual.
  Images run(WinogradTiles size, bool in_place = false) {
    Images out = in_place ? residual_ : Images{c_.images, c_.filters, c_.out_height(), c_.out_width()};
    // As the gradient's: (channels, filters, 3, 3).
    const WinogradWeights w{
        weights_.data(), c_.filters, c_.channels, c_.turned ? 9 : c_.channels * 9, c_.turned ? c_.filters * 9 : 9,
        c_.turned};
    const Winograd g{c_.images,
                     w,
                     x_.view(),
                     out.view(),
                     c_.height,
                     c_.width,
                     c_.out_height(),
                     c_.out_width(),
                     c_.top,
                     c_.left,
                     c_.bias ? bias_.data() : nullptr,
                     !c_.residual ? nullptr
                     : in_place   ? out.data()
                                  : residual_.data(),
                     c_.activation};
    cpu::winograd(size, g, cpu::winograd_pack(size, w)->data);
    return out;
  }

  void verify(Images& out, int m, const Accuracy& accuracy, const std::string& what) {
    const double steps = static_cast<double>(std::min<int64_t>(c_.channels, WinogradKernels::kDepth)) +
                         static_cast<double>(ceil_div(c_.channels, WinogradKernels::kDepth)) + 32;
    double worst = 0, squares = 0, sizes = 0;
    int64_t wrong = 0, nans = 0;
    const int64_t down = ceil_div(c_.out_height(), m), across = ceil_div(c_.out_width(), m);  // tiles
    std::vector<double> largest;
    for (int64_t n = 0; n < c_.images; ++n)
      for (int64_t c = 0; c < c_.channels; ++c)
        for (int64_t tile = 0; tile < down * across; ++tile)
          largest.push_back(largest_in(n, c, tile / across * m, tile % across * m, m));
    out.for_each([&](float got, int64_t n, int64_t f, int64_t y, int64_t x) {
      double sum = c_.bias ? bias_[static_cast<size_t>(f)] : 0, size = std::abs(sum), tile = size;
      if (c_.residual) {
        const double r = residual_.at(n, f, y, x);
        sum += r, size += std::abs(r), tile += std::abs(r);
      }
      for (int64_t c = 0; c < c_.channels; ++c) {
        double all = 0;
        for (int64_t i = 0; i < 3; ++i)
          for (int64_t j = 0; j < 3; ++j) {
            const double w = weight(f, c, i, j);
            if (std::isfinite(w)) all += std::abs(w);
            if (!x_.has(y + i - c_.top, x + j - c_.left)) continue;
            const double product = w * x_.at(n, c, y + i - c_.top, x + j - c_.left);
            sum += product, size += std::abs(product);
          }
        tile += all * largest[static_cast<size_t>(((n * c_.channels + c) * down + y / m) * across + x / m)];
      }
      const double want = activate(c_.activation, sum);
      if (!std::isfinite(static_cast<float>(want))) {
        nans += std::isnan(want);
        wrong += std::isnan(want) ? !std::isnan(got) : got != static_cast<float>(want);
        return;
      }
      // 16 roundings more for the activation, none of which is steeper than 1.13.
      const double error = std::abs(got - want);
      const double bound = 1.13 * steps * accuracy.amplification * accuracy.amplification * kUnit * tile +
                           16 * kUnit * (std::abs(sum) + std::abs(want));
      worst = std::max(worst, std::isfinite(got) ? error / (bound + 1e-30) : HUGE_VAL);
      squares += error * error, sizes += size;
    });
    const double area = static_cast<double>(c_.images * c_.filters * c_.out_height() * c_.out_width());
    const double typical = std::sqrt(squares / area) / (sizes / area + 1e-30) / kUnit;
    check(worst <= 1, "%s: an error of %g times the bound", what.c_str(), worst);
    check(special_ || typical <= accuracy.typical, "%s: errors are typically %g units", what.c_str(), typical);
    check(wrong == 0, "%s: %d elements ought to be infinite or NaN", what.c_str(), static_cast<int>(wrong));
    check(out.numbers() + nans == static_cast<int64_t>(area), "%s: wrote beside the images", what.c_str());
  }

 private:
  float& weight(int64_t f, int64_t c, int64_t i, int64_t j) {
    const int64_t at = c_.turned ? (c * c_.filters + f) * 9 + 8 - (i * 3 + j) : (f * c_.channels + c) * 9 + i * 3 + j;
    return weights_[static_cast<size_t>(at)];
  }
  // Of what the tile of the result at (y, x) sees of a channel.
  double largest_in(int64_t n, int64_t c, int64_t y, int64_t x, int m) {
    double most = 0;
    for (int64_t i = y - c_.top; i < y - c_.top + m + 2; ++i)
      for (int64_t j = x - c_.left; j < x - c_.left + m + 2; ++j)
        if (x_.has(i, j) && std::isfinite(x_.at(n, c, i, j)))
          most = std::max<double>(most, std::abs(x_.at(n, c, i, j)));
    return most;
  }

  const Case& c_;
  Images x_, residual_;
  std::vector<float> weights_, bias_;
  bool special_ = false;
};

void test_level(const KernelTable& table) {
  for (const Case& c : kCases) {
    Convolution convolution(c);
    for (int f = 0; f < 2; ++f) {
      const WinogradTiles size = f == 1 ? WinogradTiles::f4 : WinogradTiles::f2;
      const WinogradKernels& k = table.conv.winograd[f];
      const std::string what =
          std::string(table.level) + " F(" + std::to_string(k.m) + "), case " + std::to_string(&c - kCases);
      check(k.scratch <= 512 << 10, "%s: a thread holds %d bytes", what.c_str(), static_cast<int>(k.scratch));
      set_num_threads(1);
      Images out = convolution.run(size);
      convolution.verify(out, k.m, kAccuracy[f], what);
      for (int threads : {2, 7}) {
        set_num_threads(threads);
        const Images again = convolution.run(size);
        check(!std::memcmp(out.memory.data(), again.memory.data(), out.memory.size() * sizeof(float)),
              "%s: other bits with %d threads", what.c_str(), threads);
      }
    }
  }
}

void test_special_values(const KernelTable& table) {
  for (const Case& c : kSpecialCases)
    for (const Special& special : kSpecials)
      for (int f = 0; f < 2; ++f) {
        Convolution convolution(c);
        convolution.put(special);
        Images out = convolution.run(f == 1 ? WinogradTiles::f4 : WinogradTiles::f2, c.residual);
        convolution.verify(out, table.conv.winograd[f].m, kAccuracy[f],
                           std::string(table.level) + " F(" + std::to_string(table.conv.winograd[f].m) +
                               "), special values " + std::to_string(&special - kSpecials) + ", case " +
                               std::to_string(&c - kSpecialCases));
      }
}

}  // namespace

int main() {
  for (const KernelTable& table : all_levels()) {
    if (!table.conv.winograd[0].multiply) continue;
    detail::chosen_kernels = table;
    test_level(table);
    test_special_values(table);
  }
  return report();
}
