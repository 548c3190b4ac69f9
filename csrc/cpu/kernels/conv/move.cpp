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

template <class E>
void turn(const ConvTurn& t, int64_t begin, int64_t end) {
  const int64_t taps = t.kernel[0] * t.kernel[1] * t.kernel[2], count = t.count[0] * t.count[1] * t.count[2];
  const int64_t last =
      t.weight.tap *
      (((t.first[0] + (t.count[0] - 1) * t.step[0]) * t.kernel[1] + t.first[1] + (t.count[1] - 1) * t.step[1]) *
           t.kernel[2] +
       t.first[2] + (t.count[2] - 1) * t.step[2]);
  const int64_t plane = t.weight.tap * t.step[0] * t.kernel[1] * t.kernel[2];
  const int64_t row = t.weight.tap * t.step[1] * t.kernel[2], column = t.weight.tap * t.step[2];
  const E* const weight = static_cast<const E*>(t.weight.data) + last;
  E* const out = static_cast<E*>(t.out);
  for (int64_t f = 0; f < t.filters; ++f) {
    for (int64_t c = begin; c < end; ++c) {
      const E* from = weight + f * t.weight.filter + c * taps * t.weight.tap;
      E* to = out + c * t.out_step + f * count;
      for (int64_t k = 0; k < t.count[0]; ++k)
        for (int64_t i = 0; i < t.count[1]; ++i)
          for (int64_t j = 0; j < t.count[2]; ++j) *to++ = from[-(k * plane + i * row + j * column)];
    }
  }
}

template <class E>
void set(ConvKernels& conv, int size) {
  conv.place[size] = move<E, false>;
  conv.gather[size] = move<E, true>;
  conv.turn[size] = turn<E>;
}

}  // namespace

void fill_move(ConvKernels& conv) {
  set<uint8_t>(conv, 0);
  set<uint16_t>(conv, 1);
  set<uint32_t>(conv, 2);
  set<uint64_t>(conv, 3);
}

}  // namespace tw::TW_ISA
