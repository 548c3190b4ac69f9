// Panels of the im2col matrix and of its transpose. A row of the matrix is one tap of the kernel, (c, i, j), at every
// pixel of the result; the pixels of one row of the result lie in one row of the image, `stride_x` apart.
#include "cpu/kernels/conv/im2col.h"

#include "cpu/kernels/gemm/pack.h"
#include "cpu/kernels/table.h"

namespace tw::TW_ISA {
namespace {

constexpr int kMostPixels = 64;  // of a row that is written at a time: bits of a mask

// The lowest n bits, 0 <= n <= 64.
TW_INLINE uint64_t low_bits(int64_t n) { return n < 64 ? (uint64_t{1} << n) - 1 : ~uint64_t{0}; }

#if TW_VEC_BYTES == 64
// Lanes whose bit is set; the others are zero, and their memory is not read.
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
#endif

// Every other lane of a and b, from lane `First` of each on.
template <int FirstOfA, int FirstOfB, class V, int... I>
TW_INLINE V every_other_lane(V a, V b, Lanes<I...>) {
  constexpr int n = sizeof...(I);
  return __builtin_shufflevector(a, b, (2 * I < n ? FirstOfA + 2 * I : FirstOfB + 2 * I)...);
}

// Lane t is from[t * stride] where bit t of `inside` is set, else zero, and then it is not read. kStride is the stride
// if that is 1 or 2, else 0.
template <int kStride, class E>
TW_INLINE vec<E> load_pixels(const E* from, int64_t stride, uint64_t inside) {
  constexpr int L = lanes<E>;
  constexpr Lanes<__integer_pack(L)...> all;
#if TW_VEC_BYTES == 64
  constexpr uint64_t kEven = 0x5555555555555555;
  if constexpr (kStride == 1) return load_masked(from, inside);
  if constexpr (kStride == 2)
    return every_other_lane<0, 0>(load_masked(from, _pdep_u64(inside & low_bits(L / 2), kEven)),
                                  load_masked(from + L, _pdep_u64(inside >> L / 2, kEven)), all);
#else
  if (kStride == 1 && inside == low_bits(L)) return load(from);
  if (kStride == 2 &&
      inside == low_bits(L))  // the second vector ends with the last pixel, which may be the last of all
    return every_other_lane<0, 1>(load(from), load(from + L - 1), all);
#endif
  vec<E> v = {};
  for (int t = 0; t < L; ++t)
    if (inside >> t & 1) v[t] = from[t * stride];
  return v;
}

// Up to kMostPixels pixels of the result, side by side in a row of the matrix: vectors made of pieces, each of them
// pixels that lie in one row of the result.
template <class E>
class Pixels {
  static constexpr int L = lanes<E>, kMostPieces = kMostPixels + kMostPixels / L;

 public:
  Pixels(const Im2col& g, int64_t item, int64_t first, int count)
      : g_(g), image_(static_cast<const E*>(g.images) + item * g.image_step) {
    int64_t y = first / g.out_width, x = first % g.out_width;
    for (int t = 0; t < count;) {
      if (t % L == 0) begin_[vectors_++] = pieces_;
      const int lane = t % L, n = min(min(g.out_width - x, count - t), L - lane);
      piece_[pieces_++] = {y * g.stride_y - g.pad_y, (x - lane) * g.stride_x - g.pad_x, low_bits(n) << lane};
      t += n;
      x += n;
      if (x == g.out_width) ++y, x = 0;
    }
    begin_[vectors_] = pieces_;
  }

  // The matrix's rows [from, from + rows), `step` apart, in whole vectors.
  void write(int64_t from, int64_t rows, E* to, int64_t step) const {
    if (g_.stride_x == 1)
      write_rows<1>(from, rows, to, step);
    else if (g_.stride_x == 2)
      write_rows<2>(from, rows, to, step);
    else
      write_rows<0>(from, rows, to, step);
  }

 private:
  // Tap (0, 0) of lane 0 meets the element (y, x) of a channel, `lanes` are those that it has.
  struct Piece {
    int64_t y, x;
    uint64_t lanes;
  };
  // What one tap reads of a piece: from the element `at` of a channel on.
  struct Part {
    int64_t at;
    uint64_t inside;
  };

  // A few channels at a time, which stay in L1 while all taps read them, even where channels lie a multiple of 4 KB
  // apart.
  template <int kStride>
  void write_rows(int64_t from, int64_t rows, E* to, int64_t step) const {
    constexpr int64_t kChannels = 8;
    const int64_t taps = g_.kernel_height * g_.kernel_width, end = from + rows;
    for (int64_t c = from / taps; c * taps < end; c += kChannels) {
      for (int64_t tap = 0; tap < taps; ++tap) {
        int64_t first = c, last = c + kChannels;
        if (first * taps + tap < from) ++first;
        while (last > first && (last - 1) * taps + tap >= end) --last;
        if (first < last)
          write_tap<kStride>(tap, first, last - first, to + (first * taps + tap - from) * step, taps * step);
      }
    }
  }

  // Row (c, tap) of the matrix for `channels` channels c from the first on; the rows lie `step` apart.
  template <int kStride>
  TW_INLINE void write_tap(int64_t tap, int64_t first, int64_t channels, E* to, int64_t step) const {
    const int64_t down = tap / g_.kernel_width * g_.dilation_y, right = tap % g_.kernel_width * g_.dilation_x;
    const E* from = image_ + first * g_.channel_step;
    for (int w = 0; w < vectors_; ++w, to += L) {
      Part parts[L < 4 ? 4 : L];
      parts[0] = {0, 0};
      int n = 0;
      for (int p = begin_[w]; p < begin_[w + 1]; ++p) {
        const int64_t y = piece_[p].y + down, x = piece_[p].x + right;
        if (y < 0 || y >= g_.height) continue;
        parts[n++] = {y * g_.row_step + x, piece_[p].lanes & inside<kStride>(x)};
      }
      if (n <= 1)
        write_vectors<kStride, 1, false>(parts, from, channels, to, step);
      else if (n == 2)
        write_vectors<kStride, 2, false>(parts, from, channels, to, step);
      else if (n == 3)
        write_vectors<kStride, 3, false>(parts, from, channels, to, step);
      else
        write_vectors<kStride, 4, false>(parts, from, channels, to, step);
      for (int i = 4; i < n; ++i) write_vectors<kStride, 1, true>(parts + i, from, channels, to, step);
    }
  }

  // The lanes that are inside a row of the image where lane 0 is its element x.
  template <int kStride>
  TW_INLINE uint64_t inside(int64_t x) const {
    const int64_t stride = kStride != 0 ? kStride : g_.stride_x, left = g_.width - x;
    if (x >= 0 && left > (L - 1) * stride) return low_bits(L);
    const int64_t low = x < 0 ? (stride - 1 - x) / stride : 0, high = left > 0 ? (left + stride - 1) / stride : 0;
    return low_bits(high) & ~low_bits(low);
  }

  // One vector of each channel's row, made of N parts, and of what is there already if `kAdd`.
  template <int kStride, int N, bool kAdd>
  TW_INLINE void write_vectors(const Part* parts, const E* from, int64_t channels, E* to, int64_t step) const {
    Part part[N];
    __builtin_memcpy(part, parts, sizeof part);
    for (; channels > 0; --channels, from += g_.channel_step, to += step) {
      vec<E> v = {};
      if (kAdd) v = load(to);
#pragma GCC unroll 4
      for (int i = 0; i < N; ++i) v |= load_pixels<kStride>(from + part[i].at, g_.stride_x, part[i].inside);
      store(to, v);
    }
  }

  const Im2col& g_;
  const E* const image_;
  int vectors_ = 0, pieces_ = 0;
  int begin_[kMostPixels / L + 2];  // of a vector, its first piece
  Piece piece_[kMostPieces];
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

// As rows of the matrix they are written side by side, a few hundred squares of them, and pack_b transposes those.
template <class E>
void im2col_transposed(const void* context, int64_t item, const PackedGemm& layout, int64_t from, int64_t depth,
                       int64_t column, int64_t columns, void* packed) {
  const Im2col& g = *static_cast<const Im2col*>(context);
  constexpr int kPixels = 32, kColumns = 128;                        // a multiple of any nr
  constexpr int64_t step = lanes<E> > kPixels ? lanes<E> : kPixels;  // rows are whole vectors
  alignas(64) E rows[kColumns * step];
  for (int64_t p = 0; p < depth; p += kPixels) {
    const int n = min(depth - p, kPixels);
    const Pixels<E> pixels(g, item, from + p, n);
    for (int64_t j = 0; j < columns; j += layout.nr) {
      if (j % kColumns == 0) pixels.write(column + j, min(columns - j, kColumns), rows, step);
      char* panel = static_cast<char*>(packed) + j / layout.nr * panel_bytes(layout, depth);
      layout.pack_b(rows + j % kColumns * step, step, 1, min(columns - j, layout.nr), n,
                    panel + panel_bytes(layout, p));
    }
  }
}

}  // namespace

void fill_conv(KernelTable& table) {
  ConvKernels& conv = table.conv;
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
