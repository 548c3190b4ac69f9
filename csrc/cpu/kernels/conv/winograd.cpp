// A part of a convolution by Winograd: input tiles are transformed in the layout of A of the register tile, with the
// channels innermost, multiplied by the packed weights of each point, and transformed back.
#include "cpu/kernels/conv/winograd.h"

#include "cpu/kernels/conv/conv.h"
#include "cpu/kernels/conv/winograd_transform.h"
#include "cpu/kernels/gemm/pack.h"
#include "cpu/kernels/gemm/register_tile.h"

namespace tw::TW_ISA {
namespace {

typedef float T;
constexpr int L = lanes<T>;
constexpr int MR = Blocking<T>::mr, NR = Blocking<T>::nr;
constexpr int kDepth = WinogradKernels::kDepth, kTiles = WinogradKernels::kMostTiles;
constexpr int kFilters = WinogradKernels::kMostFilters;
constexpr int kStripPixels = 64;  // across: with its rows, of L channels, a strip stays in L1

template <int M>
class WinogradTask {
  typedef Filtering<M> F;
  static constexpr int N = F::points, P = N * N;
  static constexpr int kStripTiles = (kStripPixels - 2) / M;
  static constexpr int kRow = (kStripPixels + L) * L;  // of a strip: a transposed square may run over
  // Between points: not a multiple of 4 KB, which would put all points of a tile into one set of L1.
  static constexpr int kInputStep = kTiles * kDepth + 16, kSumStep = kTiles * kFilters + 16;

  // Tiles of one row of tiles, side by side.
  struct Strip {
    int64_t image, y, x;  // of the first element of the result
    int64_t first;        // tile, in the part
    int tiles;
  };

 public:
  static constexpr int64_t kScratch = sizeof(T) * (P * (kInputStep + kSumStep) + N * kRow);

  WinogradTask(const Winograd& g, const T* packed, const WinogradPart& part, T* scratch)
      : g_(g),
        packed_(packed),
        part_(part),
        input_(scratch),
        sums_(input_ + P * kInputStep),
        strip_(sums_ + P * kSumStep) {}

  void run() {
    for (int64_t c = 0; c < g_.weights.channels; c += kDepth) {
      const int depth = min(g_.weights.channels - c, kDepth);
      for_each_strip([&](const Strip& s) {
        for (int i = 0; i < depth; i += L) transform_input(s, c + i, min(depth - i, L), i);
      });
      multiply(c, depth);
    }
    for_each_strip([&](const Strip& s) {
      for (int64_t f = 0; f < filters(); f += L) output(s, f);
    });
  }

 private:
  int64_t filters() const { return min(g_.weights.filters - part_.filter, static_cast<int>(part_.filters)); }

  template <class Body>
  TW_INLINE void for_each_strip(Body body) const {
    const int64_t across = (g_.out_width + M - 1) / M, down = (g_.out_height + M - 1) / M;
    int64_t x = part_.tile % across, y = part_.tile / across % down, image = part_.tile / across / down;
    for (int64_t first = 0; first < part_.tiles;) {
      const int tiles = min(across - x, min(part_.tiles - first, kStripTiles));
      body(Strip{image, y * M, x * M, first, tiles});
      first += tiles;
      x += tiles;
      if (x == across) x = 0, ++y;
      if (y == down) y = 0, ++image;
    }
  }

  // ---- input: B^T d B
  // ------------------------------------------------------------------------------------------------

  // L pixels of each of up to L channels, the channels side by side: pixel t at to + t * L. All L are written.
  TW_INLINE void transpose_in(const T* from, int channels, int pixels, T* to) const {
    const T* const ahead = from + L * g_.x.channel_step;
    vec<T> x[L];
    if (channels == L && pixels == L) {
#pragma GCC unroll 16
      for (int c = 0; c < L; ++c) {
        x[c] = load(from + c * g_.x.channel_step);
        __builtin_prefetch(ahead + c * g_.x.channel_step);
      }
    } else if (channels == L) {
#pragma GCC unroll 16
      for (int c = 0; c < L; ++c) {
        x[c] = load_n(from + c * g_.x.channel_step, pixels);
        __builtin_prefetch(ahead + c * g_.x.channel_step);
      }
    } else {
      for (int c = 0; c < L; ++c) x[c] = c < channels ? load_n(from + c * g_.x.channel_step, pixels) : vec<T>{};
    }
    transpose<T>(x);
#pragma GCC unroll 16
    for (int t = 0; t < L; ++t) store(to + t * L, x[t]);
  }

  // What the strip's tiles see of `channels` channels from c on, zero outside.
  TW_INLINE void read_strip(const Strip& s, int64_t c, int channels) {
    const int columns = s.tiles * M + 2;
    const int64_t x = s.x - g_.pad_x;
    const int low = x < 0 ? min(-x, columns) : 0, high = g_.width - x > low ? min(g_.width - x, columns) : low;
    for (int r = 0; r < N; ++r) {
      const int64_t y = s.y + r - g_.pad_y;
      T* to = strip_ + r * kRow;
      const bool inside = y >= 0 && y < g_.height;
      const T* from =
          static_cast<const T*>(g_.x.data) + s.image * g_.x.image_step + c * g_.x.channel_step + y * g_.x.row_step + x;
      for (int q = 0; q < (inside ? low : columns); ++q) store(to + q * L, vec<T>{});
      if (!inside) continue;
      for (int q = low; q < high; q += L) transpose_in(from + q, channels, min(high - q, L), to + q * L);
      for (int q = high; q < columns; ++q) store(to + q * L, vec<T>{});
    }
  }

  // Into lanes [at, at + L) of the strip's rows of A of each point.
  void transform_input(const Strip& s, int64_t c, int channels, int at) {
    read_strip(s, c, channels);
    for (int q = 0; q < s.tiles * M + 2; ++q) {
      vec<T> d[N], v[N];
#pragma GCC unroll 6
      for (int r = 0; r < N; ++r) d[r] = load(strip_ + r * kRow + q * L);
      F::input(d, v);
#pragma GCC unroll 6
      for (int r = 0; r < N; ++r) store(strip_ + r * kRow + q * L, v[r]);
    }
    for (int t = 0; t < s.tiles; ++t) {
      T* to = input_ + (s.first + t) * kDepth + at;
      for (int r = 0; r < N; ++r) {
        vec<T> d[N], v[N];
        const T* from = strip_ + r * kRow + t * M * L;
#pragma GCC unroll 6
        for (int j = 0; j < N; ++j) d[j] = load(from + j * L);
        F::input(d, v);
#pragma GCC unroll 6
        for (int j = 0; j < N; ++j) store(to + (r * N + j) * kInputStep, v[j]);
      }
    }
  }

  // ---- products
  // ------------------------------------------------------------------------------------------------------

  // For each point: tiles x depth times depth x filters. See pack() for the order of the panels.
  void multiply(int64_t c, int depth) {
    const int64_t all_panels = (g_.weights.filters + NR - 1) / NR, panels = (filters() + NR - 1) / NR;
    const int rows = static_cast<int>(part_.tiles), parts = (rows + MR - 1) / MR;
    const T* block = packed_ + c * P * all_panels * NR;
    RegisterTile<FmaStep<T>> t;
    t.k = depth;
    t.a_row = kDepth, t.a_col = 1;
    t.b_row = NR;
    t.c_row = t.add_row = kFilters;
    t.b_ahead_step = NR / parts;
    t.relu = false;
    for (int p = 0; p < P; ++p) {
      const T* b = block + (p * all_panels + part_.filter / NR) * depth * NR;
      for (int64_t j = 0; j < panels; ++j) {
        t.b = b + j * depth * NR;
        t.cols = min(filters() - j * NR, NR);
        const T* next = j + 1 < panels ? t.b + depth * NR : p + 1 < P ? b + all_panels * depth * NR : block;
        for (int i = 0; i < parts; ++i) {
          const int from = rows * i / parts;
          t.rows = rows * (i + 1) / parts - from;
          t.a = input_ + p * kInputStep + from * kDepth;
          t.a_ahead = t.a;
          t.b_ahead = next + i * depth * t.b_ahead_step;
          t.c = sums_ + p * kSumStep + from * kFilters + j * NR;
          t.add = c > 0 ? t.c : nullptr;
          multiply_tile(t);
        }
      }
    }
  }

  // ---- output: A^T m A
  // -----------------------------------------------------------------------------------------------

  // Filters [f, f + L) of the part.
  void output(const Strip& s, int64_t f) {
    const int count = min(filters() - f, L);
    if (!transform_output(s, f, count)) sum_again(s, f, count);
    write_strip(s, f, count);
  }

  // Into the strip, with the bias. Whether all sums of `count` filters are finite: what is not, times 0, is NaN.
  TW_INLINE bool transform_output(const Strip& s, int64_t f, int count) {
    const T* bias = static_cast<const T*>(g_.bias);
    const vec<T> start = bias ? load_n(bias + part_.filter + f, count) : vec<T>{};
    vec<T> zeros[M] = {};
    for (int t = 0; t < s.tiles; ++t) {
      const T* from = sums_ + (s.first + t) * kFilters + f;
      vec<T> columns[M][N];
#pragma GCC unroll 6
      for (int j = 0; j < N; ++j) {
        vec<T> m[N], y[M];
#pragma GCC unroll 6
        for (int i = 0; i < N; ++i) m[i] = load(from + (i * N + j) * kSumStep);
        F::output(m, y);
#pragma GCC unroll 4
        for (int i = 0; i < M; ++i) columns[i][j] = y[i];
      }
#pragma GCC unroll 4
      for (int i = 0; i < M; ++i) {
        vec<T> y[M];
        F::output(columns[i], y);
#pragma GCC unroll 4
        for (int j = 0; j < M; ++j) {
          zeros[j] = fma(y[j], vec<T>{}, zeros[j]);
          store(strip_ + i * kRow + (t * M + j) * L, y[j] + start);
        }
      }
    }
#pragma GCC unroll 4
    for (int j = 1; j < M; ++j) zeros[0] += zeros[j];
    alignas(64) T of_filters[L];
    store(of_filters, zeros[0]);
    const vec<T> of_these = load_n(of_filters, count);  // the other lanes are of no filter
    return !any(of_these != of_these);
  }

  // What is not finite in the strip, anew: transforms turn an infinity into NaN, spread it, and overflow before sums
  // do.
  __attribute__((noinline)) void sum_again(const Strip& s, int64_t f, int count) {
    const int rows = min(g_.out_height - s.y, M), columns = min(g_.out_width - s.x, s.tiles * M);
    for (int r = 0; r < rows; ++r)
      for (int q = 0; q < columns; ++q) {
        T* const y = strip_ + r * kRow + q * L;
        for (int i = 0; i < count; ++i)
          if (y[i] - y[i] != 0) y[i] = static_cast<T>(direct_sum(s.image, part_.filter + f + i, s.y + r, s.x + q));
      }
  }

  // Bias and the products with the taps that meet the image, in double, where none overflows.
  double direct_sum(int64_t image, int64_t filter, int64_t out_y, int64_t out_x) const {
    const WinogradWeights& w = g_.weights;
    const int64_t y = out_y - g_.pad_y, x = out_x - g_.pad_x;
    const T* from = static_cast<const T*>(g_.x.data) + image * g_.x.image_step + y * g_.x.row_step + x;
    const T* taps = static_cast<const T*>(w.data) + filter * w.filter_step;
    double sum = g_.bias ? static_cast<const T*>(g_.bias)[filter] : 0;
    for (int64_t c = 0; c < w.channels && sum == sum; ++c, from += g_.x.channel_step, taps += w.channel_step)
      for (int64_t i = y < 0 ? -y : 0; i < min(g_.height - y, 3); ++i)
        for (int64_t j = x < 0 ? -x : 0; j < min(g_.width - x, 3); ++j) {
          const int64_t tap = i * 3 + j;
          sum += static_cast<double>(taps[w.turned ? 8 - tap : tap]) * from[i * g_.x.row_step + j];
        }
    return sum;
  }

  // The strip's elements of the result, of `count` filters.
  TW_INLINE void write_strip(const Strip& s, int64_t f, int count) const {
    const int rows = min(g_.out_height - s.y, M), columns = min(g_.out_width - s.x, s.tiles * M);
    for (int r = 0; r < rows; ++r) {
      const int64_t at =
          s.image * g_.out.image_step + (part_.filter + f) * g_.out.channel_step + (s.y + r) * g_.out.row_step + s.x;
      for (int q = 0; q < columns; q += L) write_square(strip_ + r * kRow + q * L, at + q, count, min(columns - q, L));
    }
  }

  // L pixels of L filters, of which `count` and `pixels` are wanted.
  TW_INLINE void write_square(const T* from, int64_t at, int count, int pixels) const {
    T* const out = static_cast<T*>(g_.out.data) + at;
    const T* const residual = g_.residual ? static_cast<const T*>(g_.residual) + at : nullptr;
    const int64_t step = g_.out.channel_step;
    vec<T> x[L];
#pragma GCC unroll 16
    for (int t = 0; t < L; ++t) x[t] = load(from + t * L);
    transpose<T>(x);
    if (g_.activation > Activation::relu) {
      alignas(64) T square[L * L];
#pragma GCC unroll 16
      for (int i = 0; i < L; ++i) store(square + i * L, x[i]);
      GemmOutput to{};
      to.c = {out, step, 1};
      to.residual = {const_cast<T*>(residual), step, 1};
      to.activation = g_.activation;
      return finish(to, square, L, count, pixels, T{});
    }
    const bool clip = g_.activation == Activation::relu;
    if (count == L && pixels == L)
      write_rows<true>(x, L, L, out, residual, step, clip);
    else
      write_rows<false>(x, count, pixels, out, residual, step, clip);
  }

  template <bool kWhole>
  static TW_INLINE void write_rows(const vec<T> (&x)[L], int count, int pixels, T* out, const T* residual, int64_t step,
                                   bool clip) {
#pragma GCC unroll 16
    for (int i = 0; i < L; ++i) {
      if (!kWhole && i == count) return;
      vec<T> y = x[i];
      if (residual != nullptr) y += kWhole ? load(residual + i * step) : load_n(residual + i * step, pixels);
      if (clip) y = relu(y);
      if (kWhole)
        store(out + i * step, y);
      else
        store_n(out + i * step, y, pixels);
    }
  }

  const Winograd& g_;
  const T* const packed_;
  const WinogradPart& part_;
  T *const input_, *const sums_, *const strip_;  // (point, tile, channel), (point, tile, filter), (row, pixel, channel)
};

// The nine taps of up to L filters and one channel, the filters side by side.
TW_INLINE void read_taps(const WinogradWeights& w, int64_t filter, int64_t channel, int count, vec<T> (&g)[3][3]) {
  const T* from = static_cast<const T*>(w.data) + filter * w.filter_step + channel * w.channel_step;
#pragma GCC unroll 3
  for (int first = 0; first < 9; first += L) {
    const int taps = 9 - first < L ? 9 - first : L;
    vec<T> x[L];
    if (count == L) {
#pragma GCC unroll 16
      for (int i = 0; i < L; ++i) x[i] = load_n(from + i * w.filter_step + first, taps);
    } else {
      for (int i = 0; i < L; ++i) x[i] = i < count ? load_n(from + i * w.filter_step + first, taps) : vec<T>{};
    }
    transpose<T>(x);
#pragma GCC unroll 16
    for (int t = 0; t < taps; ++t) {
      const int tap = first + t;
      g[tap / 3][tap % 3] = x[t];
    }
  }
}

// G g G^T. By blocks of kDepth channels, then by points, then by panels: each kDepth deep, or less in the last block.
template <int M>
void pack(const WinogradWeights& w, int64_t block, int64_t panel, void* packed) {
  typedef Filtering<M> F;
  constexpr int N = F::points, P = N * N;
  const int64_t panels = (w.filters + NR - 1) / NR, from = block * kDepth;
  const int depth = min(w.channels - from, kDepth), filters = min(w.filters - panel * NR, NR);
  T* const all = static_cast<T*>(packed) + (from * P * panels + panel * depth) * NR;
  const int64_t step = panels * depth * NR;  // from one point to the next
  for (int c = 0; c < depth; ++c) {
    for (int f = 0; f < NR; f += L) {
      T* const to = all + c * NR + f;
      vec<T> g[3][3], rows[N][3];
      read_taps(w, panel * NR + f, from + c, f < filters ? min(filters - f, L) : 0, g);
#pragma GCC unroll 3
      for (int j = 0; j < 3; ++j) {
        vec<T> column[3], u[N];
#pragma GCC unroll 3
        for (int i = 0; i < 3; ++i) column[i] = w.turned ? g[2 - i][2 - j] : g[i][j];
        F::weight(column, u);
#pragma GCC unroll 6
        for (int i = 0; i < N; ++i) rows[i][j] = u[i];
      }
#pragma GCC unroll 6
      for (int i = 0; i < N; ++i) {
        vec<T> u[N];
        F::weight(rows[i], u);
#pragma GCC unroll 6
        for (int j = 0; j < N; ++j) store(to + (i * N + j) * step, u[j]);
      }
    }
  }
}

template <int M>
void multiply(const Winograd& g, const void* packed, const WinogradPart& part, void* scratch) {
  WinogradTask<M>(g, static_cast<const T*>(packed), part, static_cast<T*>(scratch)).run();
}

template <int M>
WinogradKernels kernels_of() {
  return {M, Filtering<M>::points * Filtering<M>::points, NR, WinogradTask<M>::kScratch, pack<M>, multiply<M>};
}

}  // namespace

void fill_winograd(ConvKernels& conv) {
  conv.winograd[0] = kernels_of<2>();
  conv.winograd[1] = kernels_of<4>();
}

}  // namespace tw::TW_ISA
