// 3 x 3 depthwise convolutions at stride 1, from the image as it lies: a row is loaded once for each column of taps,
// under a mask of what is inside, and goes to three rows of the result.
#pragma once
#include "cpu/kernels/conv/depthwise_plane.h"

namespace tw::TW_ISA {
namespace {

#if TW_VEC_BYTES == 64
TW_INLINE vecn<float, 16> load_lanes(const float* p, uint32_t lanes, vecn<float, 16>) {
  return (vecn<float, 16>)_mm512_maskz_loadu_ps((__mmask16)lanes, p);
}
TW_INLINE vecn<float, 8> load_lanes(const float* p, uint32_t lanes, vecn<float, 8>) {
  return (vecn<float, 8>)_mm256_maskz_loadu_ps((__mmask8)lanes, p);
}
TW_INLINE vecn<double, 8> load_lanes(const double* p, uint32_t lanes, vecn<double, 8>) {
  return (vecn<double, 8>)_mm512_maskz_loadu_pd((__mmask8)lanes, p);
}
TW_INLINE vecn<double, 4> load_lanes(const double* p, uint32_t lanes, vecn<double, 4>) {
  return (vecn<double, 4>)_mm256_maskz_loadu_pd((__mmask8)lanes, p);
}
TW_INLINE void store_lanes(float* p, uint32_t lanes, vecn<float, 16> x) {
  _mm512_mask_storeu_ps(p, (__mmask16)lanes, (__m512)x);
}
TW_INLINE void store_lanes(float* p, uint32_t lanes, vecn<float, 8> x) {
  _mm256_mask_storeu_ps(p, (__mmask8)lanes, (__m256)x);
}
TW_INLINE void store_lanes(double* p, uint32_t lanes, vecn<double, 8> x) {
  _mm512_mask_storeu_pd(p, (__mmask8)lanes, (__m512d)x);
}
TW_INLINE void store_lanes(double* p, uint32_t lanes, vecn<double, 4> x) {
  _mm256_mask_storeu_pd(p, (__mmask8)lanes, (__m256d)x);
}

template <bool kValue>
struct Constant {
  constexpr operator bool() const { return kValue; }
};

// Which of the n elements from `first` on a row of `width` has.
TW_INLINE uint32_t lanes_inside(int first, int width, int n) {
  const int low = first < 0 ? -first : 0, high = width - first < n ? width - first : n;
  return low < high ? (1U << high) - (1U << low) : 0;
}

// A plane of the input, and where its convolution goes, from `start` on or, to `add`, from what is there.
template <class T>
struct Plane {
  const T* from;
  int64_t from_step;
  const T* weights;  // (3, 3)
  T* to;
  int64_t to_step;
  T start;
  bool add, clip;
};

// Three rows of the result are under way: `a` has met two rows of the input, `b` one, `c` none. Of each row of taps the
// sum is added as one: between one row of the input and the next there is an addition to wait for, not three.
template <class V, bool kAdd, class T>
void convolve(const Plane<T>& plane, const ConvAxis& y, const ConvAxis& x) {
  constexpr int N = sizeof(V) / sizeof(T);
  const int64_t rows = y.out, pad_y = y.pad, in_rows = y.in, from_step = plane.from_step, to_step = plane.to_step;
  const int columns = static_cast<int>(x.out), width = static_cast<int>(x.in), pad = static_cast<int>(x.pad);
  const V start = plane.start - V{};
  V w[9];
#pragma GCC unroll 9
  for (int i = 0; i < 9; ++i) w[i] = plane.weights[i] - V{};
  for (int column = 0; column < columns; column += N) {
    const uint32_t wanted = lanes_inside(0, columns - column, N);
    uint32_t inside[3];
#pragma GCC unroll 3
    for (int j = 0; j < 3; ++j) inside[j] = lanes_inside(column + j - pad, width, N);
    const T* from = plane.from - pad_y * from_step + column - pad;
    T* to = plane.to + column;
    V a = start, b = start, c = start;
    // Adds the next row of the input, or zeros. The third row of the result, which it begins, lies `down` rows further.
    const auto add = [&](bool some, auto first, auto second, auto third, int down) __attribute__((always_inline)) {
      V v[3];
#pragma GCC unroll 3
      for (int j = 0; j < 3; ++j) {
        v[j] = some ? load_lanes(from + j, inside[j], V{}) : V{};
        asm("" : "+v"(v[j]));  // loaded once: GCC would rather load for each use
      }
      if (first) a += fma(w[8], v[2], fma(w[7], v[1], w[6] * v[0]));
      if (second) b += fma(w[5], v[2], fma(w[4], v[1], w[3] * v[0]));
      if (third) {
        const V from_here = kAdd ? load_lanes(to + down * to_step, wanted, V{}) : start;
        c = fma(w[2], v[2], fma(w[1], v[1], fma(w[0], v[0], from_here)));
      }
      from += from_step;
    };
    const auto put = [&]() __attribute__((always_inline)) {
      store_lanes(to, wanted, plane.clip ? relu(a) : a);
      to += to_step;
      a = b, b = c;
    };
    constexpr Constant<true> yes;
    constexpr Constant<false> no;
    add(pad_y < 1, no, no, yes, 0);
    b = c;
    add(pad_y < 2, no, yes, yes, 1);
    a = b, b = c;
    for (int64_t i = 2; i < rows; ++i) add(true, yes, yes, yes, 2), put();
    add(rows - pad_y < in_rows, yes, yes, no, 0), put();
    add(rows + 1 - pad_y < in_rows, yes, no, no, 0), put();
  }
}

template <bool kAdd, class T>
TW_INLINE void convolve_width(const Plane<T>& p, const ConvAxis& y, const ConvAxis& x) {
  constexpr int kHalf = lanes<T> / 2;
  if (x.out <= kHalf)
    convolve<vecn<T, kHalf>, kAdd>(p, y, x);
  else
    convolve<vec<T>, kAdd>(p, y, x);
}

template <class T>
TW_INLINE void convolve_3x3(const Plane<T>& p, const ConvAxis& y, const ConvAxis& x) {
  if (p.add)
    convolve_width<true>(p, y, x);
  else
    convolve_width<false>(p, y, x);
}

// Of the rows of the input but the first two and the last two that are met, all are inside.
TW_INLINE bool is_direct(const ConvAxis& y, const ConvAxis& x) {
  const auto plain = [](const ConvAxis& a) {
    const int64_t behind = a.out + 2 - a.in - a.pad;
    return a.kernel == 3 && a.stride == 1 && a.dilation == 1 && a.pad >= 0 && a.pad <= 2 && behind >= 0 && behind <= 2;
  };
  return plain(y) && plain(x) && y.out >= 2 && x.in < (1 << 30);
}
#endif

}  // namespace
}  // namespace tw::TW_ISA
