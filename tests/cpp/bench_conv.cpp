// The speed of convolutions by Winograd beside that of the product with the im2col matrix, and what transforming the
// weights takes. Medians, and the best, of interleaved runs, as if all were direct.
//
//   bench_conv [repetitions] [threads] [channels]
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>

#include "bench.h"
#include "convolution_case.h"
#include "core/parallel.h"
#include "cpu/conv_winograd.h"
#include "cpu/cpu.h"
#include "cpu/dispatch/dispatch.h"
#include "cpu/gemm_source.h"

namespace {

using namespace tw;
using namespace tw::test;

struct Contender {
  const char* name;
  std::function<void()> run;
  std::vector<double> times = {};
};

void compare(const Convolution& c, int threads, int repetitions, std::vector<Contender> contenders) {
  const double flops = 2.0 * static_cast<double>(c.images * c.filters * c.taps() * c.pixels());
  set_num_threads(threads);
  for (int i = 0; i <= repetitions; ++i)
    for (Contender& contender : contenders) {
      const double start = now(threads);
      contender.run();
      if (i > 0) contender.times.push_back(now(threads) - start);
    }
  const auto number = [](int64_t x) { return static_cast<int>(x); };
  std::printf("%4d x %3d^2 -> %4d, %d images, %d threads:", number(c.channels), number(c.height), number(c.filters),
              number(c.images), threads);
  for (Contender& contender : contenders) {
    std::sort(contender.times.begin(), contender.times.end());
    std::printf("  %s %.0f (best %.0f)", contender.name, flops / contender.times[contender.times.size() / 2] / 1e9,
                flops / contender.times[0] / 1e9);
  }
  std::printf(" GFLOP/s\n");
  std::fflush(stdout);
}

void run(const Convolution& c, int threads, int repetitions) {
  const std::vector<float> x = draw(c.images * c.image_size()), w = draw(c.filters * c.taps());
  std::vector<float> out(static_cast<size_t>(c.images * c.filters * c.pixels()));
  const Im2col im2col = c.source(x.data());
  GemmBatch forward{DType::f32, {c.filters, c.pixels(), c.taps(), {}, {}, {}}, {}, {}, {}, c.filters * c.pixels()};
  forward.shape = {c.images}, forward.a_stride = {0}, forward.b_stride = {0};
  forward.each.a = {const_cast<float*>(w.data()), c.taps(), 1};
  forward.each.out.c = {out.data(), c.pixels(), 1};

  const Winograd g = c.winograd(x.data(), w.data(), out.data());
  const StorageRef f2 = cpu::winograd_pack(WinogradTiles::f2, g.weights),
                   f4 = cpu::winograd_pack(WinogradTiles::f4, g.weights);
  compare(c, threads, repetitions,
          {{"product", [&] { cpu::gemm(cpu::GemmFromSource{forward, {kernels().conv.im2col[2], &im2col}}); }},
           {"F(2)", [&] { cpu::winograd(WinogradTiles::f2, g, f2->data); }},
           {"F(4)", [&] { cpu::winograd(WinogradTiles::f4, g, f4->data); }},
           {"weights of F(2)", [&] { cpu::winograd_pack(WinogradTiles::f2, g.weights); }},
           {"of F(4)", [&] { cpu::winograd_pack(WinogradTiles::f4, g.weights); }}});
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
            Convolution{images, 16, 112, 112, 16, 3, 1, 1}, Convolution{images, 32, 32, 32, 32, 3, 1, 1}})
        if ((!only_threads || only_threads == threads) && (!only_channels || only_channels == c.channels))
          run(c, threads, repetitions);
}
