// The speed of products whose B is the im2col matrix of a convolution, or its transpose, filled as it is needed, beside
// that of the plain product with the matrix in memory, which is not built within the time. Medians, and the best, of
// interleaved runs.
//
//   bench_gemm_source [repetitions] [threads] [channels]
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>

#include "backend/choose.h"
#include "bench.h"
#include "convolution_case.h"
#include "core/parallel.h"
#include "cpu/cpu.h"
#include "cpu/dispatch/dispatch.h"
#include "cpu/gemm_source.h"

namespace {

using namespace tw;
using namespace tw::test;

double seconds(int threads, const std::function<void()>& run) {
  const double start = now(threads);
  run();
  return now(threads) - start;
}

// Prints the rates and their ratio.
void compare(const char* what, const Convolution& c, int threads, int repetitions, const std::function<void()>& plain,
             const std::function<void()>& source) {
  set_num_threads(threads);
  const double flops = 2.0 * static_cast<double>(c.images * c.filters * c.taps() * c.pixels());
  std::vector<double> times[2];
  start_explaining();
  plain();
  const std::string plain_method = take_choices().front().taken;
  start_explaining();
  source();
  const std::string source_method = take_choices().front().taken;
  for (int i = 0; i < repetitions; ++i) {
    times[0].push_back(seconds(threads, plain));
    times[1].push_back(seconds(threads, source));
  }
  for (std::vector<double>& t : times) std::sort(t.begin(), t.end());
  const size_t middle = times[0].size() / 2;
  const auto number = [](int64_t x) { return static_cast<int>(x); };
  std::printf("%-8s %4d x %3d^2 -> %4d, %dx%d/%d, %d images, %d threads: plain %5.1f GFLOP/s (%s), source %5.1f (%s), ",
              what, number(c.channels), number(c.height), number(c.filters), number(c.kernel), number(c.kernel),
              number(c.stride), number(c.images), threads, flops / times[0][middle] / 1e9, plain_method.c_str(),
              flops / times[1][middle] / 1e9, source_method.c_str());
  std::printf("%.3f, of the best %.3f\n", times[0][middle] / times[1][middle], times[0][0] / times[1][0]);
  std::fflush(stdout);
}

void run(const Convolution& c, int threads, int repetitions) {
  const std::vector<float> x = draw(c.images * c.image_size());
  std::vector<float> w = draw(c.filters * c.taps()), matrices;
  std::vector<float> g = draw(c.images * c.filters * c.pixels()), out(g.size()), gradient(w.size()),
                     plain_out(g.size()), plain_gradient(w.size());
  for (int64_t i = 0; i < c.images; ++i) {
    const std::vector<float> m = c.matrix(x.data() + i * c.image_size());
    matrices.insert(matrices.end(), m.begin(), m.end());
  }
  const Im2col im2col = c.source(x.data());
  const auto& conv = kernels().conv;

  GemmBatch forward{DType::f32, {c.filters, c.pixels(), c.taps(), {}, {}, {}}, {}, {}, {}, c.filters * c.pixels()};
  forward.shape = {c.images}, forward.a_stride = {0}, forward.b_stride = {c.taps() * c.pixels()};
  forward.each.a = {w.data(), c.taps(), 1};
  forward.each.b = {matrices.data(), c.pixels(), 1};
  forward.each.out.c = {plain_out.data(), c.pixels(), 1};
  GemmBatch sourced = forward;
  sourced.each.out.c.data = out.data();
  compare(
      "forward", c, threads, repetitions, [&] { cpu::gemm(forward); },
      [&] { cpu::gemm(cpu::GemmFromSource{sourced, {conv.im2col[2], &im2col}}); });
  if (out != plain_out) std::printf("  (other bits)\n");

  const auto plain = [&] {
    for (int64_t i = 0; i < c.images; ++i) {
      GemmBatch b{DType::f32, {c.filters, c.taps(), c.pixels(), {}, {}, {}}, {}, {}, {}};
      b.each.a = {g.data() + i * c.filters * c.pixels(), c.pixels(), 1};
      b.each.b = {matrices.data() + i * c.taps() * c.pixels(), 1, c.pixels()};
      b.each.out.c = {plain_gradient.data(), c.taps(), 1};
      if (i > 0) b.each.out.residual = b.each.out.c;
      cpu::gemm(b);
    }
  };
  GemmBatch summed{DType::f32, {c.filters, c.taps(), c.pixels(), {}, {}, {}}, {}, {}, {}};
  summed.shape = {c.images}, summed.a_stride = {c.filters * c.pixels()}, summed.b_stride = {0};
  summed.each.a = {g.data(), c.pixels(), 1};
  summed.each.out.c = {gradient.data(), c.taps(), 1};
  compare("gradient", c, threads, repetitions, plain,
          [&] { cpu::gemm(cpu::GemmFromSource{summed, {conv.im2col_transposed[2], &im2col}, c.images}); });
}

}  // namespace

int main(int argc, char** argv) {
  const int repetitions = argc > 1 ? std::atoi(argv[1]) : 15;
  cpu::register_backend();
  const int only_threads = argc > 2 ? std::atoi(argv[2]) : 0, only_channels = argc > 3 ? std::atoi(argv[3]) : 0;
  for (int64_t images : {1, 8})
    for (int threads : {1, 2})
      for (const Convolution& c :
           {Convolution{images, 64, 56, 56, 64, 3, 1, 1}, Convolution{images, 128, 28, 28, 128, 3, 1, 1},
            Convolution{images, 256, 14, 14, 256, 3, 1, 1}, Convolution{images, 512, 7, 7, 512, 3, 1, 1},
            Convolution{images, 3, 224, 224, 64, 7, 2, 3}, Convolution{images, 64, 32, 32, 64, 3, 1, 1},
            Convolution{images, 128, 64, 64, 128, 3, 1, 1}, Convolution{images, 1024, 16, 16, 64, 3, 1, 1}})
        if ((!only_threads || only_threads == threads) && (!only_channels || only_channels == c.channels))
          run(c, threads, repetitions);
}
