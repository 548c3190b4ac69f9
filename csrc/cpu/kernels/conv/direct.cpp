// Convolutions of few channels: a band of the image's rows is padded and taken apart by the stride, so that what a tap
// meets is a vector there, and the register tile of GEMM takes these vectors as rows of B.
#include "cpu/kernels/conv/direct.h"

#include "cpu/kernels/conv/conv.h"
#include "cpu/kernels/conv/depthwise_plane.h"
#include "cpu/kernels/gemm/register_tile.h"

namespace tw::TW_ISA {
namespace {

constexpr int L = lanes<float>;
constexpr int kWidth = 2 * L;  // pixels of a tile

typedef RegisterTile<FmaStep<float>> Tile;
typedef TileFn<FmaStep<float>> Multiply;

// Heights of tiles. The last tile of a column begins so that it ends with the last filter: what it shares with the one
// before is computed twice, and stored twice.
#if TW_VEC_BYTES == 64
constexpr int kHeights[] = {4, 8, 12};
#else
constexpr int kHeights[] = {4, 6};
#endif
constexpr int kHeightCount = sizeof(kHeights) / sizeof(kHeights[0]);
static_assert(DirectKernels::kLeastFilters == kHeights[0]);

template <int W, bool kHalf, int... I>
TW_INLINE Multiply tile_with(int height, Lanes<I...>) {
  constexpr Multiply of[] = {tile_of<FmaStep<float>, kHeights[I], W, false, kHalf, true>...};
  return of[height];
}

template <bool kHalf>
TW_INLINE Multiply tile_for(int height, int columns) {
  constexpr Lanes<__integer_pack(kHeightCount)...> all;
  return columns <= L ? tile_with<1, kHalf>(height, all) : tile_with<2, kHalf>(height, all);
}

TW_INLINE Multiply tile_for(int height, int columns) {
#if TW_VEC_BYTES == 64
  if ((columns - 1) % L < L / 2) return tile_for<true>(height, columns);
#endif
  return tile_for<false>(height, columns);
}

// The one of whose tiles the fewest rows are computed; of equals, the tallest.
int height_for(int64_t filters) {
  int best = 0;
  int64_t least = INT64_MAX;
  for (int i = 0; i < kHeightCount; ++i) {
    const int64_t height = kHeights[i], rows = (filters + height - 1) / height * height;
    if (height <= filters && rows <= least) best = i, least = rows;
  }
  return best;
}

typedef PaddedRows<float> Rows;

int64_t channel_bytes(const ConvShape& s, int64_t rows) {
  return Rows::bytes(s.axes[2].stride, reach(s.axes[2]), rows_met(s.axes[1], rows));
}
int64_t table_bytes(const ConvShape& s) { return whole_vectors<int32_t>(s.in_channels * s.taps()) * 4; }

int64_t scratch(const ConvShape& s, int64_t rows) { return table_bytes(s) + s.in_channels * channel_bytes(s, rows); }

class Direct {
 public:
  Direct(const ConvProblem& p, int64_t rows, void* scratch)
      : p_(p),
        s_(p.shape),
        y_(s_.axes[1]),
        x_(s_.axes[2]),
        channel_(channel_bytes(s_, rows) / static_cast<int64_t>(sizeof(float))),
        at_(static_cast<int32_t*>(scratch)),
        memory_(reinterpret_cast<float*>(static_cast<char*>(scratch) + table_bytes(s_))),
        first_(padded(0)) {}

  void run(int64_t image, int64_t group, int64_t row, int64_t rows) {
    const float* from = static_cast<const float*>(p_.in.data) + image * p_.in.image;
    for (int64_t c = 0; c < s_.in_channels; ++c) {
      const Rows channel = padded(c);
      channel.clear_edges(rows_met(y_, rows));
      channel.read(from + (group * s_.in_channels + c) * p_.in.channel, p_.in.pixel[1], y_.in, row * y_.stride - y_.pad,
                   rows_met(y_, rows), false);
    }
    fill_table();
    const int64_t at = image * p_.out.image + group * s_.out_channels * p_.out.channel + row * p_.out.pixel[1];
    for (int64_t y = 0; y < rows; ++y) write_row(group, y, at + y * p_.out.pixel[1]);
  }

 private:
  Rows padded(int64_t c) const { return {x_.in, x_.pad, x_.stride, reach(x_), memory_ + c * channel_}; }

  // Where tap (c, i, j) of pixel 0 lies, behind the place that the first tap meets.
  void fill_table() {
    const float* const origin = first_.at(0);
    int32_t* at = at_;
    for (int64_t c = 0; c < s_.in_channels; ++c)
      for (int64_t i = 0; i < y_.kernel; ++i)
        for (int64_t j = 0; j < x_.kernel; ++j)
          *at++ = static_cast<int32_t>(first_.at(j * x_.dilation) - origin + c * channel_ +
                                       i * y_.dilation * first_.step());
  }

  // Row y of the band, of all filters of the group, at `to` of the result.
  void write_row(int64_t group, int64_t y, int64_t to) const {
    const int height = height_for(s_.out_channels);
    Tile t;
    t.k = s_.in_channels * s_.taps();
    t.a_row = p_.weight.filter, t.a_col = 1;
    t.b_at = at_, t.b_row = t.b_ahead_step = 0;
    t.rows = kHeights[height];
    t.c_row = t.add_row = p_.out.channel;
    t.relu = p_.activation == Activation::relu;
    for (int64_t f = 0; f < s_.out_channels; f += t.rows) {
      const int64_t filter = f + t.rows <= s_.out_channels ? f : s_.out_channels - t.rows;
      t.a = t.a_ahead = static_cast<const float*>(p_.weight.data) + group * p_.weight.group + filter * t.a_row;
      if (p_.bias != nullptr) t.row_bias = static_cast<const float*>(p_.bias) + group * s_.out_channels + filter;
      for (int64_t x = 0; x < x_.out; x += kWidth) {
        const int64_t at = to + filter * t.c_row + x;
        t.cols = min(x_.out - x, kWidth);
        t.b = t.b_ahead = first_.at(0) + y * y_.stride * first_.step() + x;
        t.c = static_cast<float*>(p_.out.data) + at;
        if (p_.residual != nullptr) t.add = static_cast<const float*>(p_.residual) + at;
        for (int i = 0; i < t.rows; ++i)
          for (int j = 0; j < t.cols; j += L) __builtin_prefetch(t.c + i * t.c_row + j, 1);
        tile_for(height, t.cols)(t);
      }
    }
    if (p_.activation <= Activation::relu) return;
    GemmOutput out{};
    out.c = {static_cast<float*>(p_.out.data) + to, p_.out.channel, 1};
    out.activation = p_.activation;
    finish(out, static_cast<float*>(out.c.data), p_.out.channel, s_.out_channels, x_.out, 0.0F);
  }

  const ConvProblem& p_;
  const ConvShape& s_;
  const ConvAxis &y_, &x_;
  const int64_t channel_;  // elements of the padded rows of one
  int32_t* const at_;
  float* const memory_;
  const Rows first_;  // of channel 0
};

void forward(const ConvProblem& p, int64_t image, int64_t group, int64_t row, int64_t rows, void* scratch) {
  Direct(p, rows, scratch).run(image, group, row, rows);
}

}  // namespace

void fill_direct(ConvKernels& conv) { conv.direct = {L, TW_VEC_BYTES == 64 ? L / 2 : L, scratch, forward}; }

}  // namespace tw::TW_ISA
