// Convolutions at every ISA level against the reference's loops: forward, transposed and the weight's gradient, with
// bias, residual and activation, images and weights with gaps; the same bits at any number of threads; and scratch
// memory that does not grow with the images.
#include <algorithm>
#include <numeric>

#include "core/parallel.h"
#include "core/storage.h"
#include "cpu/cpu.h"
#include "cpu/gemm_source.h"
#include "gemm_case.h"

namespace {

using namespace tw;
using namespace tw::test;

constexpr ConvAxis kNone{1, 1, 1, 1, 0, 1};

// What the numbers of an axis give, with `behind` elements of padding at the end.
constexpr ConvAxis axis(int64_t in, int64_t kernel, int64_t stride = 1, int64_t pad = 0, int64_t dilation = 1,
                        int64_t behind = -1) {
  const int64_t padded = in + pad + (behind < 0 ? pad : behind);
  return {in, (padded - dilation * (kernel - 1) - 1) / stride + 1, kernel, stride, pad, dilation};
}

constexpr ConvShape kShapes[] = {
    {2, 1, 3, 5, {kNone, axis(9, 3, 1, 1), axis(11, 3, 1, 1)}},
    {2, 2, 3, 4, {kNone, axis(9, 3, 2, 1), axis(8, 2, 3, 1)}},
    {1, 1, 4, 20, {kNone, axis(20, 3, 1, 1), axis(70, 3, 1, 1)}},  // rows longer than a panel
    {3, 1, 5, 7, {kNone, axis(6, 1), axis(7, 1)}},                 // one tap
    {1, 3, 20, 7, {kNone, axis(20, 1), axis(17, 1)}},              // of groups, which have biases
    {3, 1, 5, 7, {kNone, axis(6, 1, 2), axis(7, 1, 3)}},           // one tap and gaps
    {2, 6, 1, 1, {kNone, axis(9, 3, 1, 1), axis(9, 3, 1, 1)}},     // a channel for itself
    {2, 6, 1, 2, {kNone, axis(9, 3, 2, 1), axis(9, 3, 2, 1)}},
    {5, 1, 60, 33, {kNone, axis(4, 3, 1, 1), axis(4, 3, 1, 1)}},  // deep, of small images
    {2, 1, 2, 3, {axis(4, 2, 2, 1), axis(5, 3, 1, 1), axis(6, 3, 2, 2)}},
    {2, 1, 2, 3, {axis(4, 3, 1, 1, 2, 2), axis(5, 2, 3, 2), axis(6, 2, 2, 0, 3)}},
    {1, 1, 3, 4, {kNone, axis(12, 2, 5, 3), axis(13, 3, 4, 2, 2)}},           // phases without a tap
    {2, 1, 3, 4, {kNone, axis(9, 3, 1, -1, 1, 2), axis(9, 2, 2, 1, 2, -2)}},  // elements left out
    {2, 1, 3, 4, {kNone, kNone, axis(300, 5, 2, 2)}},
    {1, 1, 130, 20, {kNone, axis(9, 3, 1, 1), axis(40, 3, 1, 1)}},  // deeper than a block
    {3, 1, 150, 20, {kNone, axis(9, 3, 2, 1), axis(4, 3, 1, 1)}},
    {1, 1, 300, 400, {kNone, axis(5, 3, 1, 1), axis(5, 3, 1, 1)}},  // cut into rows
    {2, 1, 3, 4, {kNone, axis(3, 3, 2, 4), axis(2, 3, 1, 3)}},      // pixels that meet padding alone
    {1, 1, 0, 3, {kNone, axis(4, 3, 1, 1), axis(4, 3, 1, 1)}},      // no channels
    {1, 1, 20, 6, {kNone, axis(1, 3, 1, 1), axis(1, 3, 1, 1)}},     // taps that meet padding alone
    {3, 2, 30, 6, {axis(1, 3, 1, 1), axis(3, 5, 2, 3, 2), axis(2, 3, 1, 0, 1, 1)}},
    {2, 1, 3, 4, {kNone, axis(3, 1, 9, 3), axis(4, 3, 1, 1)}},     // no tap meets anything
    {1, 2, 40, 9, {kNone, axis(2, 3, 1, 1), axis(3, 2)}},          // a few columns
    {2, 1, 2, 3, {kNone, axis(4, 7, 2, 3), axis(140, 7, 2, 3)}},   // long rows of every other pixel
    {70, 2, 3, 4, {kNone, axis(5, 3, 1, 1), axis(5, 3, 1, 1)}},    // small images, in several parts
    {1, 1, 3, 21, {kNone, axis(60, 7, 2, 3), axis(77, 7, 2, 3)}},  // few channels: in bands, from padded rows
    {2, 2, 2, 6, {kNone, axis(9, 3, 1, -1), axis(70, 3, 3, 2, 2)}},
    {1, 1, 5, 9, {kNone, axis(7, 2, 3, 1, 2), axis(65, 5, 1, 0, 3)}},
    {3, 1, 4, 4, {kNone, axis(4, 4), axis(35, 4, 1, 1)}},
    {2, 1, 30, 17, {kNone, axis(17, 3, 1, 1), axis(40, 3, 1, 1)}},  // few filters: gradients tap by tap
    {2, 1, 26, 18, {kNone, axis(25, 3, 2, 1), axis(45, 5, 2, 2)}},
    {1, 1, 25, 90, {kNone, axis(33, 2), axis(160, 2, 3, 0, 1, 5)}},
};

template <class T>
std::vector<T> draw(int64_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<T> x(static_cast<size_t>(count));
  for (T& value : x) value = Type<T>::make((static_cast<int>(random() % 31) - 15) / 16.0);
  return x;
}

// Images of these channels and extents in memory of their own; with gaps between rows, channels and images.
template <class T>
struct Images {
  ConvImages view;
  std::vector<T> memory;

  Images(int64_t images, int64_t channels, int64_t depth, int64_t height, int64_t width, bool gaps, unsigned seed) {
    const int64_t row = width + gaps * 3, plane = height * row + gaps * 5, channel = depth * plane + gaps * 7;
    view = {nullptr, channels * channel + gaps * 11, channel, {plane, row, 1}};
    memory = draw<T>(images * view.image + 1, seed);
    view.data = memory.data();
  }
};

template <class T>
struct Case {
  const ConvShape& s;
  bool transposed;
  Images<T> in, out;
  std::vector<T> weight, bias, residual;

  Case(const ConvShape& shape, bool transpose, bool gaps)
      : s(shape),
        transposed(transpose),
        in(images(!transpose, gaps, 1)),
        out(images(transpose, false, 2)),
        weight(draw<T>(s.groups * s.out_channels * (s.in_channels * s.taps() + 2), 3)),
        bias(draw<T>(s.groups * std::max(s.in_channels, s.out_channels), 4)),
        residual(draw<T>(static_cast<int64_t>(out.memory.size()), 5)) {}

  Images<T> images(bool input, bool gaps, unsigned seed) const {
    const auto extent = [&](int i) { return input ? s.axes[i].in : s.axes[i].out; };
    return {s.images, s.groups * (input ? s.in_channels : s.out_channels), extent(0), extent(1), extent(2), gaps, seed};
  }

  ConvProblem problem(bool gaps, bool epilogue) {
    const int64_t filter = s.in_channels * s.taps() + (gaps ? 2 : 0);
    return {Type<T>::dtype,
            s,
            in.view,
            {weight.data(), s.out_channels * filter, filter, 1},
            out.view,
            epilogue ? bias.data() : nullptr,
            epilogue ? residual.data() : nullptr,
            epilogue ? Activation::relu : Activation::none};
  }

  std::vector<T> run(bool gaps, bool epilogue) {
    std::memset(static_cast<void*>(out.memory.data()), 0xff, out.memory.size() * sizeof(T));
    const ConvProblem p = problem(gaps, epilogue);
    transposed ? cpu::conv_transpose(p) : cpu::conv(p);
    return out.memory;
  }
};

// The sum over images and pixels: with gaps in the input, added to what is there.
template <class T>
struct Gradient {
  const ConvShape& s;
  Images<T> g, in;

  Gradient(const ConvShape& shape, bool gaps)
      : s(shape),
        g(s.images, s.groups * s.out_channels, s.axes[0].out, s.axes[1].out, s.axes[2].out, false, 6),
        in(s.images, s.groups * s.in_channels, s.axes[0].in, s.axes[1].in, s.axes[2].in, gaps, 7) {}

  std::vector<T> run(bool accumulate, bool) {
    std::vector<T> out = draw<T>(s.groups * s.out_channels * s.in_channels * s.taps() + 1, 8);
    cpu::conv_weight_gradient({Type<T>::dtype, s, g.view, in.view, out.data(), accumulate});
    return out;
  }
};

template <class T>
bool near(const std::vector<T>& got, const std::vector<T>& want) {
  for (size_t i = 0; i + 1 < got.size(); ++i) {  // one element lies behind the end
    const double x = Type<T>::get(want[i]);
    if (!(std::abs(Type<T>::get(got[i]) - x) <= 2 * Type<T>::unit * std::abs(x) + Type<T>::tiny)) return false;
  }
  return true;
}

// Every level against the reference, where sums are exact: both round once. At 1 and 7 threads.
template <class T, class Problem>
void compare(Problem& problem, const std::vector<const KernelTable*>& compared, bool gaps, bool epilogue,
             const char* what, int number) {
  detail::chosen_kernels = reference_table();
  const std::vector<T> want = problem.run(gaps, epilogue);
  for (const KernelTable* level : compared) {
    detail::chosen_kernels = *level;
    std::vector<T> first;
    for (int threads : {1, 7}) {
      set_num_threads(threads);
      const std::vector<T> got = problem.run(gaps, epilogue);
      if (threads == 1) {
        first = got;
        check(near(got, want), "%s: shape %d, %s", label(*level, what, Type<T>::dtype).c_str(), number,
              gaps ? "with gaps" : "dense");
      }
      check(std::memcmp(got.data(), first.data(), got.size() * sizeof(T)) == 0, "%s: shape %d: other bits, %d threads",
            label(*level, what, Type<T>::dtype).c_str(), number, threads);
    }
  }
}

template <class T>
void run_dtype(const std::vector<const KernelTable*>& compared) {
  int number = 0;
  for (const ConvShape& shape : kShapes) {
    for (bool gaps : {false, true}) {
      for (bool transposed : {false, true}) {
        Case<T> c(shape, transposed, gaps);
        for (bool epilogue : {false, true})
          compare<T>(c, compared, gaps, epilogue, transposed ? "transposed" : "conv", number);
      }
      Gradient<T> gradient(shape, gaps);
      compare<T>(gradient, compared, gaps, false, "weight gradient", number);
    }
    ++number;
  }
}

// Bytes that a call holds beside its operands and its result.
template <class F>
int64_t scratch(F run) {
  run();
  memory::reset_peak();
  const int64_t before = memory::stats().in_use;
  run();
  return memory::stats().peak - before;
}

// A thread holds a block of B, of A, the sums and a tile of the result; a transposed convolution the weight once more;
// a gradient with few filters a padded image and its g.
void run_scratch() {
  const PackedGemm& packed = kernels().gemm.packed[static_cast<int>(DType::f32)];
  const int64_t thread = 4 * cpu::kSourcePanels * packed.nr * (packed.kc + 2 * 1024);
  const ConvShape image{2, 1, 64, 64, {kNone, axis(112, 3, 2, 1), axis(112, 3, 2, 1)}};
  const ConvShape line{1, 1, 1, 1, {kNone, kNone, axis(5286912, 4096, 1024)}};
  for (const ConvShape& s : {image, line}) {
    const int64_t weight = 4 * s.in_channels * s.out_channels * s.taps();
    Case<float> forward(s, false, false), transposed(s, true, false);
    Gradient<float> gradient(s, false);
    const int64_t padded = 5 * (s.in_channels * s.in_pixels() + s.out_channels * s.out_pixels());
    const int64_t own = static_cast<int64_t>(sizeof(float)) * (s.in_channels * s.out_channels * s.taps() + 1);
    for (int threads : {1, 2}) {
      set_num_threads(threads);
      check(scratch([&] { cpu::conv(forward.problem(false, true)); }) <= threads * thread, "scratch of conv");
      check(scratch([&] { cpu::conv_transpose(transposed.problem(false, true)); }) <= threads * thread + weight,
            "scratch of conv_transpose");
      check(scratch([&] { gradient.run(false, false); }) <= 17 * own + padded + threads * thread,
            "scratch of the gradient");
    }
  }
}

}  // namespace

int main() {
  const std::vector<const KernelTable*> all(levels().begin(), levels().end());
  std::vector<const KernelTable*> of_products = all;
  if (dot_level()) of_products.push_back(dot_level());
  run_dtype<float>(all);
  run_dtype<double>(all);
  run_dtype<f16>(all);
  run_dtype<bf16>(of_products);
  detail::chosen_kernels = *all.back();
  run_scratch();
  return report();
}
