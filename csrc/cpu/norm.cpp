#include <algorithm>
#include <cmath>
#include <vector>

#include "core/divide.h"
#include "core/half.h"
#include "core/parallel.h"
#include "cpu/cpu.h"
#include "cpu/dispatch/dispatch.h"

namespace tw::cpu {
namespace {

constexpr int64_t kChunk = 16384;   // elements a thread takes at a time
constexpr int64_t kFits = 1 << 17;  // elements that stay in L2 from one pass to the next
constexpr int64_t kTile = 1 << 16;  // elements of a piece of a channel that does not
constexpr int64_t kColumns = 64;    // channels side by side that share cache lines
constexpr double kNsPerElement = 0.4;

typedef std::vector<double> Numbers;

// out[i] = numbers[i], where `out` is wanted.
void put(DType dtype, char* out, const double* numbers, int64_t n) {
  for (int64_t i = 0; i < n && out; ++i) {
    if (dtype == DType::f64) reinterpret_cast<double*>(out)[i] = numbers[i];
    if (dtype == DType::f32) reinterpret_cast<float*>(out)[i] = static_cast<float>(numbers[i]);
    if (dtype == DType::f16) reinterpret_cast<f16*>(out)[i] = to_f16(numbers[i]);
    if (dtype == DType::bf16) reinterpret_cast<bf16*>(out)[i] = to_bf16(numbers[i]);
  }
}

template <class Byte>
Byte* at(Byte* data, DType dtype, int64_t element) {
  return data ? data + element * size_of(dtype) : nullptr;
}

}  // namespace

// ---- rows -----------------------------------------------------------------------------------------------------------

void norm_rows(const NormRowsProblem& p) {
  const NormRowsFn fn = kernels().norm.rows[static_cast<int>(p.dtype)];
  const int64_t n = p.shape.n, chunk = std::max<int64_t>(1, kChunk / n);
  parallel_for(p.shape.rows, chunk, kNsPerElement * static_cast<double>(n), [&](int64_t begin, int64_t end) {
    NormRowsArgs args{p.shape, begin};
    args.shape.rows = end - begin;
    fn(args, at(p.x, p.dtype, begin * n), at(p.residual, p.dtype, begin * n), p.weight, p.bias,
       at(p.sum, p.dtype, begin * n), at(p.y, p.dtype, begin * n), p.mean + begin, p.rstd + begin);
  });
}

void norm_rows_backward(const NormRowsBackwardProblem& p) {
  const NormRowsBackwardFn fn = kernels().norm.rows_backward[static_cast<int>(p.dtype)];
  const int64_t rows = p.shape.rows, n = p.shape.n, channels = p.shape.channels();
  const bool weights = p.gweight || p.gbias;
  int64_t chunk = std::max<int64_t>(1, kChunk / n);
  // Each chunk sums weights by itself, which at 4 rows takes as much memory as x.
  if (weights) chunk = std::max({chunk, ceil_div(rows, 64), 4 * channels / n});
  const int64_t chunks = ceil_div(rows, chunk);
  const auto width = static_cast<size_t>(2 * channels);
  Numbers sums(weights ? static_cast<size_t>(chunks) * width : 0);
  parallel_for(rows, chunk, 2 * kNsPerElement * static_cast<double>(n), [&](int64_t begin, int64_t end) {
    const StorageRef scratch = allocate(weights ? width * sizeof(double) : 1);
    double* own = weights ? &sums[static_cast<size_t>(begin / chunk) * width] : nullptr;
    NormRowsArgs args{p.shape, begin};
    args.shape.rows = end - begin;
    fn(args, at(p.g, p.dtype, begin * n), at(p.x, p.dtype, begin * n), p.weight, p.mean + begin, p.rstd + begin,
       at(p.added, p.dtype, begin * n), at(p.gx, p.dtype, begin * n), own, own ? own + channels : nullptr,
       scratch->data);
  });
  if (!weights) return;
  for (int64_t c = 1; c < chunks; ++c)
    for (size_t i = 0; i < width; ++i) sums[i] += sums[static_cast<size_t>(c) * width + i];
  put(p.dtype, p.gweight, sums.data(), channels);
  put(p.dtype, p.gbias, sums.data() + channels, channels);
}

// ---- channels -------------------------------------------------------------------------------------------------------

namespace {

// (images, channels, spatial), cut into tiles of some images and some channels.
class Tiles {
 public:
  Tiles(const NormChannels& shape, int64_t images, int64_t channels)
      : shape_(shape),
        images_(std::clamp<int64_t>(images, 1, shape.images)),
        channels_(std::clamp<int64_t>(channels, 1, shape.channels)),
        down_(ceil_div(shape.images, images_)),
        across_(ceil_div(shape.channels, channels_)) {}

  // Whole channels, as many as a thread should take at least.
  static Tiles of_channels(const NormChannels& s) {
    const int64_t wanted = ceil_div(kChunk, s.images * s.spatial);
    return {s, s.images, s.spatial == 1 ? round_up(wanted, kColumns) : wanted};
  }
  // Of channels that do not fit L2.
  static Tiles of_pieces(const NormChannels& s) {
    const int64_t channels = s.spatial == 1 ? kColumns : 1;
    return {s, kTile / (channels * s.spatial), channels};
  }
  // As they lie in memory.
  static Tiles in_order(const NormChannels& s) {
    const int64_t channels = std::max<int64_t>(1, kChunk / s.spatial);
    return {s, channels / s.channels, channels};
  }

  bool fit() const { return down_ == 1 && images_ * channels_ * shape_.spatial <= kFits; }
  int64_t down() const { return down_; }
  int64_t images(int64_t row) const { return std::min(images_, shape_.images - row * images_); }

  // call(args, first element, first channel, which row of tiles)
  template <class Call>
  void run(double ns, Call call) const {
    const double cost = ns * static_cast<double>(images_ * channels_ * shape_.spatial);
    parallel_for(down_ * across_, 1, cost, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t row = i / across_, channel = i % across_ * channels_, stride = shape_.channels * shape_.spatial;
        const NormChannels part{images(row), std::min(channels_, shape_.channels - channel), shape_.spatial};
        call(NormChannelsArgs{part, stride}, row * images_ * stride + channel * shape_.spatial, channel, row);
      }
    });
  }

 private:
  NormChannels shape_;
  int64_t images_, channels_, down_, across_;
};

// The moments of channels in rows of tiles, joined in their order.
void join(const Tiles& tiles, const NormChannelsProblem& p, const Numbers& mean, const Numbers& variance) {
  const int64_t channels = p.shape.channels;
  for (int64_t c = 0; c < channels; ++c) {
    double count = 0, m = 0, squares = 0;
    for (int64_t row = 0; row < tiles.down(); ++row) {
      const auto i = static_cast<size_t>(row * channels + c);
      const auto n = static_cast<double>(tiles.images(row) * p.shape.spatial);
      const double share = n / (count + n), apart = mean[i] - m;
      m += apart * share;
      squares += n * variance[i] + apart * apart * share * count;
      count += n;
    }
    p.mean[c] = m;
    p.variance[c] = squares / count;
    p.rstd[c] = 1 / std::sqrt(p.variance[c] + p.eps);
  }
}

}  // namespace

void norm_channels(const NormChannelsProblem& p) {
  const NormMomentsFn moments = kernels().norm.moments[static_cast<int>(p.dtype)];
  const NormApplyFn fn = kernels().norm.apply[static_cast<int>(p.dtype)];
  auto apply = [&](const NormChannelsArgs& a, int64_t first, int64_t c, int64_t) {
    fn(a, at(p.x, p.dtype, first), p.mean + c, p.rstd + c, at(p.weight, p.dtype, c), at(p.bias, p.dtype, c),
       at(p.y, p.dtype, first));
  };
  if (p.given) {
    for (int64_t c = 0; c < p.shape.channels; ++c) p.rstd[c] = 1 / std::sqrt(p.variance[c] + p.eps);
    return Tiles::in_order(p.shape).run(kNsPerElement, apply);
  }
  const Tiles whole = Tiles::of_channels(p.shape);
  if (whole.fit())
    return whole.run(2 * kNsPerElement, [&](const NormChannelsArgs& a, int64_t first, int64_t c, int64_t row) {
      moments(a, p.eps, at(p.x, p.dtype, first), p.mean + c, p.variance + c, p.rstd + c);
      apply(a, first, c, row);
    });
  const Tiles pieces = Tiles::of_pieces(p.shape);
  const auto size = static_cast<size_t>(pieces.down() * p.shape.channels);
  Numbers mean(size), variance(size), rstd(size);
  pieces.run(kNsPerElement, [&](const NormChannelsArgs& a, int64_t first, int64_t c, int64_t row) {
    const auto i = static_cast<size_t>(row * p.shape.channels + c);
    moments(a, p.eps, at(p.x, p.dtype, first), &mean[i], &variance[i], &rstd[i]);
  });
  join(pieces, p, mean, variance);
  Tiles::in_order(p.shape).run(kNsPerElement, apply);
}

void norm_channels_backward(const NormChannelsBackwardProblem& p) {
  const NormSumsFn sums_fn = kernels().norm.sums[static_cast<int>(p.dtype)];
  const NormGradientFn gradient_fn = kernels().norm.gradient[static_cast<int>(p.dtype)];
  const int64_t channels = p.shape.channels;
  const double n = static_cast<double>(p.shape.images * p.shape.spatial);
  const auto width = static_cast<size_t>(channels);
  Numbers sum_g(width), sum_gx(width), mean_g(width), mean_gx(width);
  auto sums = [&](const NormChannelsArgs& a, int64_t first, int64_t c, double* g, double* gx) {
    sums_fn(a, at(p.g, p.dtype, first), at(p.x, p.dtype, first), p.mean + c, p.rstd + c, g, gx);
  };
  auto gradient = [&](const NormChannelsArgs& a, int64_t first, int64_t c, int64_t) {
    if (!p.gx) return;
    const auto i = static_cast<size_t>(c);
    gradient_fn(a, at(p.g, p.dtype, first), at(p.x, p.dtype, first), p.mean + c, p.rstd + c, at(p.weight, p.dtype, c),
                p.given ? nullptr : &mean_g[i], p.given ? nullptr : &mean_gx[i], at(p.gx, p.dtype, first));
  };
  auto divide = [&](int64_t begin, int64_t end) {
    for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i)
      mean_g[i] = sum_g[i] / n, mean_gx[i] = sum_gx[i] / n;
  };
  const Tiles whole = Tiles::of_channels(p.shape);
  if (p.given && !p.gweight && !p.gbias) {
    Tiles::in_order(p.shape).run(kNsPerElement, gradient);
  } else if (whole.fit()) {
    whole.run(3 * kNsPerElement, [&](const NormChannelsArgs& a, int64_t first, int64_t c, int64_t row) {
      sums(a, first, c, &sum_g[static_cast<size_t>(c)], &sum_gx[static_cast<size_t>(c)]);
      divide(c, c + a.shape.channels);
      gradient(a, first, c, row);
    });
  } else {
    const Tiles pieces = Tiles::of_pieces(p.shape);
    const auto size = static_cast<size_t>(pieces.down()) * width;
    Numbers parts_g(size), parts_gx(size);
    pieces.run(kNsPerElement, [&](const NormChannelsArgs& a, int64_t first, int64_t c, int64_t row) {
      const size_t i = static_cast<size_t>(row) * width + static_cast<size_t>(c);
      sums(a, first, c, &parts_g[i], &parts_gx[i]);
    });
    for (size_t i = 0; i < size; ++i) sum_g[i % width] += parts_g[i], sum_gx[i % width] += parts_gx[i];
    divide(0, channels);
    Tiles::in_order(p.shape).run(2 * kNsPerElement, gradient);
  }
  put(p.dtype, p.gweight, sum_gx.data(), channels);
  put(p.dtype, p.gbias, sum_g.data(), channels);
}

}  // namespace tw::cpu
