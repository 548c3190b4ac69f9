// Panels of the im2col matrix and of its transpose. A row of the matrix is one tap of the kernel, (c, k, i, j), at
// every pixel of the result; the pixels of one row of the result lie in one row of the image, a stride apart.
#include "cpu/kernels/conv/conv.h"

#include "cpu/kernels/gemm/pack.h"

namespace tw::TW_ISA {
namespace {

constexpr int kMostPixels = 64;   // of a row that is written at a time: bits of a mask
constexpr int kMostColumns = 32;  // of a panel

// The lowest n bits, 0 <= n <= 64.
TW_INLINE uint64_t low_bits(int64_t n) { return n < 64 ? (uint64_t{1} << n) - 1 : ~uint64_t{0}; }

// Lanes whose bit is set; the others are zero, or not touched. Their memory is neither read nor written.
#if TW_VEC_BYTES == 64
template <class E>
TW_INLINE vec<E> load_masked(const E* p, uint64_t mask) {
  if constexpr (sizeof(E) == 8)
    return (vec<E>)_mm512_maskz_loadu_epi64((__mmask8)mask, p);
  else if constexpr (sizeof(E) == 4)
    return (vec<E>)_mm512_maskz_loadu_epi32((__mmask16)mask, p);
  else if constexpr (sizeof(E) == 2)
    return (vec<E>)_mm512_maskz_loadu_epi16((__mmask32)mask, p);
  else
    return (vec<E>)_mm512_maskz_loadu_epi8((__mmask64)mask, p);
}
template <class E>
TW_INLINE void store_masked(E* p, vec<E> v, uint64_t mask) {
  if constexpr (sizeof(E) == 8)
    _mm512_mask_storeu_epi64(p, (__mmask8)mask, (__m512i)v);
  else if constexpr (sizeof(E) == 4)
    _mm512_mask_storeu_epi32(p, (__mmask16)mask, (__m512i)v);
  else if constexpr (sizeof(E) == 2)
    _mm512_mask_storeu_epi16(p, (__mmask32)mask, (__m512i)v);
  else
    _mm512_mask_storeu_epi8(p, (__mmask64)mask, (__m512i)v);
}
#endif

// Every other lane of a and b, from lane `First` of each on.
template <int FirstOfA, int FirstOfB, class V, int... I>
TW_INLINE V every_other_lane(V a, V b, Lanes<I...>) {
  constexpr int n = sizeof...(I);
  return __builtin_shufflevector(a, b, (2 * I < n ? FirstOfA + 2 * I : FirstOfB + 2 * I)...);
}

// to[t] = from[t * stride] for the pixels t < min(count, lanes) whose bit is set in `inside`, and zero for the others
// of them; what is not inside is not read. kStride is the stride if that is 1 or 2, else 0.
template <int kStride, class E>
TW_INLINE void copy_vector(const E* from, int64_t stride, int count, uint64_t inside, E* to) {
  constexpr int L = lanes<E>;
  constexpr Lanes<__integer_pack(L)...> all;
#if TW_VEC_BYTES == 64
  constexpr uint64_t kEven = 0x5555555555555555;
  if constexpr (kStride == 1) return store_masked(to, load_masked(from, inside), low_bits(count));
  if constexpr (kStride == 2)
    return store_masked(to,
                        every_other_lane<0, 0>(load_masked(from, _pdep_u64(inside & low_bits(L / 2), kEven)),
                                               load_masked(from + L, _pdep_u64(inside >> L / 2, kEven)), all),
                        low_bits(count));
#else
  if (kStride != 0 && count >= L && (inside & low_bits(L)) == low_bits(L)) {
    if constexpr (kStride == 1) return store(to, load(from));
    // The second vector ends with the last pixel, which may be the last of all.
    if constexpr (kStride == 2) return store(to, every_other_lane<0, 1>(load(from), load(from + L - 1), all));
  }
#endif
  for (int t = 0; t < min(count, L); ++t) to[t] = inside >> t & 1 ? from[t * stride] : E{0};
}

// Up to kMostPixels pixels of the result, side by side in a row of the matrix: runs of them lie in one row of the
// result.
template <class E>
class Pixels {
  static constexpr int L = lanes<E>;

 public:
  Pixels(const Im2col& g, int64_t item, int64_t first, int count)
      : g_(g),
        z_(g.axes[0]),
        y_(g.axes[1]),
        x_(g.axes[2]),
        images_(static_cast<const E*>(g.images) + item / g.items * g.item_step[0] + item % g.items * g.item_step[1]),
        count_(count) {
    int64_t x = first % x_.out, row = first / x_.out;
    int64_t y = row % y_.out, plane = row / y_.out;
    int64_t z = plane % z_.out, image = plane / z_.out;
    for (int t = 0; t < count; x = 0) {
      const int n = min(x_.out - x, count - t);
      runs_[run_count_++] = {
          image * g.image_step, z * z_.stride - z_.pad, y * y_.stride - y_.pad, x * x_.stride - x_.pad, t, n};
      t += n;
      if (++y < y_.out) continue;
      y = 0;
      if (++z < z_.out) continue;
      z = 0;
      ++image;
    }
  }

  // The matrix's rows [from, from + rows), `step` apart, the last vector filled up with zeros.
  void write(int64_t from, int64_t rows, E* to, int64_t step) const {
    const bool split = x_.stride == 2 && x_.dilation == 1 && x_.kernel > 2 && x_.kernel <= kMostSplitTaps;
    if (split && x_.out >= 2 * L && run_count_ <= kMostSplitRuns)
      write_split_rows(from, rows, to, step);
    else if (x_.stride == 1)
      write_rows<1>(from, rows, to, step);
    else if (x_.stride == 2)
      write_rows<2>(from, rows, to, step);
    else
      write_rows<0>(from, rows, to, step);
  }

 private:
  // Pixels [to, to + count). Tap (0, 0, 0) of the first meets the element (z, y, x) of a channel of the image there.
  struct Run {
    int64_t image, z, y, x;
    int to, count;
  };
  // A few channels at a time, which stay in L1 while all taps read them, even where they lie a multiple of 4 KB apart.
  template <int kStride>
  void write_rows(int64_t from, int64_t rows, E* to, int64_t step) const {
    constexpr int64_t kChannels = 8;
    const int64_t taps = z_.kernel * y_.kernel * x_.kernel, end = from + rows;
    const int64_t from_channel = from / taps, from_tap = from % taps, end_channel = end / taps, end_tap = end % taps;
    for (int64_t c = from_channel; c * taps < end; c += kChannels) {
      int64_t i = 0, k = 0;
      for (int64_t tap = 0, j = 0; tap < taps; ++tap) {
        const int64_t first = c == from_channel && tap < from_tap ? c + 1 : c;
        const int64_t last = min(c + kChannels, end_channel + (tap < end_tap));
        if (first < last)
          write_tap<kStride>(k * z_.dilation, i * y_.dilation, j * x_.dilation, images_ + first * g_.channel_step,
                             last - first, to + (first * taps + tap - from) * step, taps * step);
        if (++j < x_.kernel) continue;
        j = 0;
        if (++i < y_.kernel) continue;
        i = 0;
        ++k;
      }
    }
  }

  // At stride 2 all taps (c, k, i, ..) read one row of the image: its every other elements, those that are met by taps
  // 0, 2, .. and by 1, 3, .., are taken apart once, and every tap's pixels are neighbours then. Of a few rows of the
  // image first all are taken apart, for what has just been stored cannot be loaded at another place at once.
  static constexpr int kMostSplitTaps = 16, kMostSplitRuns = 4, kSplitRows = 8;
  static constexpr int kSplit = kMostPixels + kMostSplitRuns * (kMostSplitTaps / 2 + L);
  void write_split_rows(int64_t from, int64_t rows, E* to, int64_t step) const {
    alignas(64) E split[kSplitRows][2][kSplit];
    const int64_t end = from + rows, last = (end - 1) / x_.kernel;
    for (int64_t row = from / x_.kernel; row <= last; row += kSplitRows) {
      const int64_t count = min(last + 1 - row, kSplitRows);
      for (int64_t r = 0; r < count; ++r) split_row(row + r, split[r]);
      for (int64_t r = 0; r < count; ++r) {
        const int64_t tap = (row + r) * x_.kernel, first = tap < from ? from - tap : 0,
                      after = min(end - tap, x_.kernel);
        for (int64_t j = first; j < after; ++j) copy_split(split[r][j % 2] + j / 2, to + (tap + j - from) * step);
      }
    }
    if (count_ % L != 0)
      for (int64_t i = 0; i < rows; ++i)
        for (int t = count_; t % L != 0; ++t) to[i * step + t] = E{0};
  }

  // Run r's part of `split` begins so many elements behind its first pixel.
  TW_INLINE int split_gap() const { return static_cast<int>(x_.kernel / 2); }

  TW_INLINE void split_row(int64_t row, E (&split)[2][kSplit]) const {
    const int64_t i = row % y_.kernel, k = row / y_.kernel % z_.kernel, c = row / (y_.kernel * z_.kernel);
    for (int r = 0; r < run_count_; ++r) {
      const Run& run = runs_[r];
      const int64_t z = run.z + k * z_.dilation, y = run.y + i * y_.dilation;
      const bool in_image = z >= 0 && z < z_.in && y >= 0 && y < y_.in;
      const E* const at = images_ + c * g_.channel_step + run.image + z * g_.plane_step + y * g_.row_step;
      const int begin = run.to + r * split_gap();
      for (int t = 0; t < run.count + split_gap(); t += L) {
        const int64_t x = run.x + 2 * t;
        if (in_image && x >= 0 && x + 2 * L <= x_.in) {
          const vec<E> low = load(at + x), high = load(at + x + L);
          store(split[0] + begin + t, every_other_lane<0, 0>(low, high, Lanes<__integer_pack(L)...>{}));
          store(split[1] + begin + t, every_other_lane<1, 1>(low, high, Lanes<__integer_pack(L)...>{}));
          continue;
        }
        for (int64_t odd = 0; odd < 2; ++odd)
          copy_vector<2>(at + x + odd, 2, L, in_image ? inside(x + odd, 2, L) : 0, split[odd] + begin + t);
      }
    }
  }

  TW_INLINE void copy_split(const E* from, E* to) const {
    for (int r = 0; r < run_count_; ++r) {
      const Run& run = runs_[r];
      const E* at = from + run.to + r * split_gap();
      int t = 0;
      for (; t + L <= run.count; t += L) store(to + run.to + t, load(at + t));
      if (t < run.count) copy_vector<1>(at + t, 1, run.count - t, low_bits(run.count - t), to + run.to + t);
    }
  }

  // The tap's row of the matrix for each of `channels` channels; the rows lie `step` apart.
  template <int kStride>
  TW_INLINE void write_tap(int64_t back, int64_t down, int64_t right, const E* from, int64_t channels, E* to,
                           int64_t step) const {
    const int64_t stride = kStride != 0 ? kStride : x_.stride;
    for (int r = 0; r < run_count_; ++r) {
      const Run& run = runs_[r];
      const int64_t z = run.z + back, y = run.y + down, x = run.x + right;
      const bool in_image = z >= 0 && z < z_.in && y >= 0 && y < y_.in;
      const uint64_t mask = in_image ? inside(x, stride, run.count) : 0;
      const E* at = from + run.image + z * g_.plane_step + y * g_.row_step + x;
      if (run.count <= L)
        write_run<kStride, 1>(at, channels, run.count, mask, to + run.to, step);
      else if (run.count <= 2 * L)
        write_run<kStride, 2>(at, channels, run.count, mask, to + run.to, step);
      else
        write_run<kStride, kMostPixels / L>(at, channels, run.count, mask, to + run.to, step);
    }
    if (count_ % L != 0)
      for (int64_t c = 0; c < channels; ++c)
        for (int t = count_; t % L != 0; ++t) to[c * step + t] = E{0};
  }

  // Those of `count` pixels that are inside a row of the image where the first is its element x.
  TW_INLINE uint64_t inside(int64_t x, int64_t stride, int count) const {
    const int64_t left = x_.in - x;
    if (x >= 0 && left > (count - 1) * stride) return low_bits(count);
    const int64_t low = x < 0 ? (stride - 1 - x) / stride : 0, high = left > 0 ? (left + stride - 1) / stride : 0;
    return low_bits(min(high, count)) & ~low_bits(low);
  }

  // A run of each channel, of at most N vectors.
  template <int kStride, int N>
  TW_INLINE void write_run(const E* from, int64_t channels, int count, uint64_t inside, E* to, int64_t step) const {
    for (; channels > 0; --channels, from += g_.channel_step, to += step) {
#pragma GCC unroll 2
      for (int w = 0; w < N; ++w) {
        if (N > 2 && w * L >= count) break;
        const int64_t stride = kStride != 0 ? kStride : x_.stride;
        copy_vector<kStride>(from + w * L * stride, stride, count - w * L, inside >> w * L, to + w * L);
      }
    }
  }

  const Im2col& g_;
  const ConvAxis z_, y_, x_;
  const E* const images_;
  const int count_;
  int run_count_ = 0;
  Run runs_[kMostPixels];
};

// Bytes of a panel that is `depth` deep.
TW_INLINE int64_t panel_bytes(const PackedGemm& layout, int64_t depth) {
  return (depth + layout.group - 1) / layout.group * layout.nr * layout.lane;
}

template <class E>
void im2col(const void* context, int64_t item, const PackedGemm& layout, int64_t from, int64_t depth, int64_t column,
            int64_t columns, void* packed) {
  const Im2col& g = *static_cast<const Im2col*>(context);
  char* to = static_cast<char*>(packed);
  for (; columns > 0; column += layout.nr, columns -= layout.nr, to += panel_bytes(layout, depth)) {
    const int count = min(columns, layout.nr);
    const Pixels<E> pixels(g, item, column, count);
    if (layout.group == 1 && layout.lane == sizeof(E)) {
      pixels.write(from, depth, reinterpret_cast<E*>(to), layout.nr);
      continue;
    }
    constexpr int kRows = 32;  // at a time, for pack_b to read from L1
    alignas(64) E rows[kRows * kMostPixels];
    for (int64_t p = 0; p < depth; p += kRows) {
      const int n = min(depth - p, kRows);
      pixels.write(from + p, n, rows, kMostPixels);
      layout.pack_b(rows, 1, kMostPixels, count, n, to + panel_bytes(layout, p));
    }
  }
}

// As rows of the matrix they are written, for pack_b to transpose while they are in L1.
template <class E>
void im2col_transposed(const void* context, int64_t item, const PackedGemm& layout, int64_t from, int64_t depth,
                       int64_t column, int64_t columns, void* packed) {
  const Im2col& g = *static_cast<const Im2col*>(context);
  alignas(64) E rows[kMostColumns * kMostPixels];
  for (int64_t p = 0; p < depth; p += kMostPixels) {
    const int n = min(depth - p, kMostPixels);
    const Pixels<E> pixels(g, item, from + p, n);
    char* to = static_cast<char*>(packed) + panel_bytes(layout, p);
    for (int64_t j = 0; j < columns; j += layout.nr, to += panel_bytes(layout, depth)) {
      const int count = min(columns - j, layout.nr);
      pixels.write(column + j, count, rows, kMostPixels);
      layout.pack_b(rows, kMostPixels, 1, count, n, to);
    }
  }
}

}  // namespace

void fill_im2col(ConvKernels& conv) {
  conv.im2col[0] = im2col<uint8_t>;
  conv.im2col[1] = im2col<uint16_t>;
  conv.im2col[2] = im2col<uint32_t>;
  conv.im2col[3] = im2col<uint64_t>;
  conv.im2col_transposed[0] = im2col_transposed<uint8_t>;
  conv.im2col_transposed[1] = im2col_transposed<uint16_t>;
  conv.im2col_transposed[2] = im2col_transposed<uint32_t>;
  conv.im2col_transposed[3] = im2col_transposed<uint64_t>;
}

}  // namespace tw::TW_ISA
