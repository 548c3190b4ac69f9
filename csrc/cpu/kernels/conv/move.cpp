// Parts of a product's result to and from images, and the weight that a gradient with respect to the input is
// multiplied by.
#include "cpu/kernels/conv/conv.h"
#include "cpu/kernels/gemm/pack.h"

namespace tw::TW_ISA {
namespace {

// visit(offset of the first pixel, its column, count) for each run of columns that lie in one row of an image.
template <class F>
TW_INLINE void for_each_run(const ConvTile& t, F visit) {
  int64_t x = t.column % t.out[2], row = t.column / t.out[2];
  int64_t y = row % t.out[1], plane = row / t.out[1];
  int64_t z = plane % t.out[0], image = plane / t.out[0];
  const int64_t* step = t.images.pixel;
  for (int64_t at = 0; at < t.columns; x = 0) {
    const int64_t count = min(t.out[2] - x, t.columns - at);
    visit(image * t.images.image + z * step[0] + y * step[1] + x * step[2], at, count);
    at += count;
    if (++y < t.out[1]) continue;
    y = 0;
    if (++z < t.out[0]) continue;
    z = 0;
    ++image;
  }
}

template <class E, bool kGather>
void move(const ConvTile& t) {
  const int64_t step = t.images.pixel[2];
  for_each_run(t, [&](int64_t offset, int64_t column, int64_t count) {
    E* of_images = static_cast<E*>(t.images.data) + offset;
    E* of_tile = static_cast<E*>(t.tile) + column;
    for (int64_t r = 0; r < t.rows; ++r, of_images += t.images.channel, of_tile += t.step) {
      E* __restrict to = kGather ? of_tile : of_images;
      const E* __restrict from = kGather ? of_images : of_tile;
      if (step == 1)
        for (int64_t i = 0; i < count; ++i) to[i] = from[i];
      else if (kGather)
        for (int64_t i = 0; i < count; ++i) to[i] = from[i * step];
      else
        for (int64_t i = 0; i < count; ++i) to[i * step] = from[i];
    }
  });
}

// Where the taps of a phase lie in a filter's channel, the first number of it being the last of them.
struct Taps {
  static constexpr int kMost = 256;
  int64_t count = 0;
  int32_t at[kMost];

  explicit Taps(const ConvTurn& t) {
    for (int64_t k = t.count[0] - 1; k >= 0; --k)
      for (int64_t i = t.count[1] - 1; i >= 0; --i)
        for (int64_t j = t.count[2] - 1; j >= 0; --j, ++count)
          if (count < kMost) at[count] = static_cast<int32_t>(offset(t, k, i, j));
  }
  static int64_t offset(const ConvTurn& t, int64_t k, int64_t i, int64_t j) {
    return ((t.first[0] + k * t.step[0]) * t.kernel[1] + t.first[1] + i * t.step[1]) * t.kernel[2] + t.first[2] +
           j * t.step[2];
  }
};

// One channel of one filter, of as many taps as the table does not hold.
template <class E>
void turn_many(const ConvTurn& t, const E* from, E* to) {
  for (int64_t k = t.count[0] - 1; k >= 0; --k)
    for (int64_t i = t.count[1] - 1; i >= 0; --i)
      for (int64_t j = t.count[2] - 1; j >= 0; --j) *to++ = from[Taps::offset(t, k, i, j) * t.weight.tap];
}

// The same as one permutation of a vector.
#if TW_VEC_BYTES == 64
void turn_vector(const ConvTurn& t, const Taps& taps, int64_t all, int64_t begin, int64_t end) {
  const __mmask16 in = (__mmask16)((1u << all) - 1), out = (__mmask16)((1u << taps.count) - 1);
  const __m512i order = _mm512_maskz_loadu_epi32(out, taps.at);
  for (int64_t f = 0; f < t.filters; ++f) {
    const uint32_t* from = static_cast<const uint32_t*>(t.weight.data) + f * t.weight.filter + begin * all;
    uint32_t* to = static_cast<uint32_t*>(t.out) + begin * t.out_step + f * taps.count;
    for (int64_t c = begin; c < end; ++c, from += all, to += t.out_step)
      _mm512_mask_storeu_epi32(to, out, _mm512_permutexvar_epi32(order, _mm512_maskz_loadu_epi32(in, from)));
  }
}
#endif

template <class E>
void turn(const ConvTurn& t, int64_t begin, int64_t end) {
  const int64_t all = t.kernel[0] * t.kernel[1] * t.kernel[2], tap = t.weight.tap;
  const Taps taps(t);
#if TW_VEC_BYTES == 64
  if (sizeof(E) == 4 && all <= 16 && tap == 1) return turn_vector(t, taps, all, begin, end);
#endif
  for (int64_t f = 0; f < t.filters; ++f) {
    for (int64_t c = begin; c < end; ++c) {
      const E* from = static_cast<const E*>(t.weight.data) + f * t.weight.filter + c * all * tap;
      E* to = static_cast<E*>(t.out) + c * t.out_step + f * taps.count;
      if (taps.count > Taps::kMost || all > INT32_MAX)
        turn_many(t, from, to);
      else
        for (int64_t i = 0; i < taps.count; ++i) to[i] = from[taps.at[i] * tap];
    }
  }
}

template <class E, bool kSpread>
void crop(const ConvCrop& t, int64_t begin, int64_t end) {
  const int64_t all = t.kernel[0] * t.kernel[1] * t.kernel[2], taps = t.count[0] * t.count[1] * t.count[2];
  const int64_t step = all * t.whole.tap;
  for (int64_t f = begin; f < end; ++f) {
    E* whole = static_cast<E*>(const_cast<void*>(t.whole.data)) + f * t.whole.filter;
    E* box = static_cast<E*>(t.box) + f * t.channels * taps;
    if (kSpread && t.zeros)
      for (int64_t i = 0; i < t.channels * all; ++i) whole[i * t.whole.tap] = E{0};
    for (int64_t k = t.first[0]; k < t.first[0] + t.count[0]; ++k)
      for (int64_t i = t.first[1]; i < t.first[1] + t.count[1]; ++i)
        for (int64_t j = t.first[2]; j < t.first[2] + t.count[2]; ++j, ++box) {
          E* at = whole + ((k * t.kernel[1] + i) * t.kernel[2] + j) * t.whole.tap;
          for (int64_t c = 0; c < t.channels; ++c)
            (kSpread ? at[c * step] : box[c * taps]) = kSpread ? box[c * taps] : at[c * step];
        }
  }
}

template <class E>
void column(const Im2col& g, int64_t item, int64_t pixel, int64_t channels, void* to) {
  const ConvAxis &z = g.axes[0], &y = g.axes[1], &x = g.axes[2];
  const int64_t row = pixel / x.out, plane = row / y.out, image = plane / z.out;
  const int64_t back = plane % z.out * z.stride - z.pad, down = row % y.out * y.stride - y.pad;
  const int64_t right = pixel % x.out * x.stride - x.pad, taps = z.kernel * y.kernel * x.kernel;
  const E* images = static_cast<const E*>(g.images) + item / g.items * g.item_step[0] +
                    item % g.items * g.item_step[1] + image * g.image_step;
  E* tap = static_cast<E*>(to);
  for (int64_t k = 0; k < z.kernel; ++k)
    for (int64_t i = 0; i < y.kernel; ++i)
      for (int64_t j = 0; j < x.kernel; ++j, ++tap) {
        const int64_t at_z = back + k * z.dilation, at_y = down + i * y.dilation, at_x = right + j * x.dilation;
        const bool inside = at_z >= 0 && at_z < z.in && at_y >= 0 && at_y < y.in && at_x >= 0 && at_x < x.in;
        const E* from = images + at_z * g.plane_step + at_y * g.row_step + at_x;
        for (int64_t c = 0; c < channels; ++c) tap[c * taps] = inside ? from[c * g.channel_step] : E{0};
      }
}

template <class E>
void set(ConvKernels& conv, int size) {
  conv.place[size] = move<E, false>;
  conv.gather[size] = move<E, true>;
  conv.turn[size] = turn<E>;
  conv.crop[size] = crop<E, false>;
  conv.spread[size] = crop<E, true>;
  conv.column[size] = column<E>;
}

}  // namespace

void fill_move(ConvKernels& conv) {
  set<uint8_t>(conv, 0);
  set<uint16_t>(conv, 1);
  set<uint32_t>(conv, 2);
  set<uint64_t>(conv, 3);
}

}  // namespace tw::TW_ISA
