// The driver of every elementwise kernel, and the movement of operands between memory and the cores.
#include "cpu/kernels/elementwise/rows.h"

namespace tw::TW_ISA {
namespace {

enum : int64_t { kShort = 64 };

struct Buffer {
  alignas(64) char bytes[kTile * 8];
};

int64_t magnitude(int64_t x) { return x < 0 ? -x : x; }

// Whether memory is walked along the rows of the loop rather than along its columns.
bool steep(Loop::Stride s) { return s.row != 0 && magnitude(s.row) < magnitude(s.col); }

// The loop with the output walked along its rows in memory: a transposed output is better met by transposed inputs,
// which can be fetched ahead.
Loop along_output(const Loop& loop) {
  if (!steep(loop.out)) return loop;
  const auto transposed = [](Loop::Stride s) { return Loop::Stride{s.col, s.row}; };
  return {loop.cols,
          loop.rows,
          transposed(loop.out),
          {transposed(loop.in[0]), transposed(loop.in[1]), transposed(loop.in[2])}};
}

// The tile, rows × cols, at most ports.tile elements: a piece of one row; several whole rows where they are short;
// where an operand is walked down its columns, a block of rows that uses up the cache lines it fetches.
Loop tile_of(const Loop& loop, const Ports& ports) {
  Loop tile = loop;
  int bytes = 0;
  for (int k = 0; k < ports.inputs; ++k)
    if (steep(loop.in[k]) && ports.in[k].bytes > bytes) bytes = ports.in[k].bytes;
  const int64_t widest = bytes && loop.rows > 1 ? kTile / 64 * bytes : ports.tile;
  if (tile.cols > widest) tile.cols = widest;
  const int64_t height = bytes || loop.cols <= kShort ? ports.tile / tile.cols : 1;
  if (tile.rows > height) tile.rows = height;
  return tile;
}

// How an operand meets the tiles.
enum class Way : int32_t {
  direct,    // every tile is contiguous in memory, and the core's type is the stored one
  constant,  // every tile is the same
  per_row,   // tiles are pieces of one row, and the same along it
  moved      // gathered or scattered tile by tile
};
Way way_of(const Port& port, Loop::Stride s, const Loop& loop, const Loop& tile) {
  const bool whole = tile.cols == loop.cols;
  const bool contiguous = (s.col == 1 || tile.cols == 1) && (tile.rows == 1 || (whole && s.row == tile.cols));
  if (port.as_is && contiguous) return Way::direct;
  if (s.row == 0 && (s.col == 0 || whole)) return Way::constant;
  return tile.rows == 1 && s.col == 0 ? Way::per_row : Way::moved;
}

// y[r * cols + c] = x[r + c * step]: the transposed tile, 4 × 4 elements at a time in registers.
template <class U>
void transpose(const U* x, int64_t step, int64_t rows, int64_t cols, U* y) {
  typedef vecn<U, 4> V;
  typedef vecn<mask_t<U>, 4> I;
  const int64_t rows4 = rows / 4 * 4, cols4 = cols / 4 * 4;
  for (int64_t c = 0; c < cols4; c += 4) {
    for (int j = 0; j < 4; ++j) __builtin_prefetch(x + (c + j + cols) * step);  // of the next tile
    for (int64_t r = 0; r < rows4; r += 4) {
      V v[4];
      for (int j = 0; j < 4; ++j) __builtin_memcpy(&v[j], x + r + (c + j) * step, sizeof(V));
      const V low02 = __builtin_shuffle(v[0], v[2], I{0, 4, 1, 5}),
              high02 = __builtin_shuffle(v[0], v[2], I{2, 6, 3, 7});
      const V low13 = __builtin_shuffle(v[1], v[3], I{0, 4, 1, 5}),
              high13 = __builtin_shuffle(v[1], v[3], I{2, 6, 3, 7});
      const V t[4] = {__builtin_shuffle(low02, low13, I{0, 4, 1, 5}), __builtin_shuffle(low02, low13, I{2, 6, 3, 7}),
                      __builtin_shuffle(high02, high13, I{0, 4, 1, 5}),
                      __builtin_shuffle(high02, high13, I{2, 6, 3, 7})};
      for (int i = 0; i < 4; ++i) __builtin_memcpy(y + (r + i) * cols + c, &t[i], sizeof(V));
    }
    for (int64_t r = rows4; r < rows; ++r)
      for (int j = 0; j < 4; ++j) y[r * cols + c + j] = x[r + (c + j) * step];
  }
  for (int64_t c = cols4; c < cols; ++c)
    for (int64_t r = 0; r < rows; ++r) y[r * cols + c] = x[r + c * step];
}

}  // namespace

template <class U>
void gather_raw(const void* p, Loop::Stride s, int64_t rows, int64_t cols, void* buffer) {
  const U* x = (const U*)p;
  U* y = (U*)buffer;
  if constexpr (sizeof(U) <= 8)
    if (s.row == 1 && steep(s)) return transpose(x, s.col, rows, cols, y);
  for (int64_t r = 0; r < rows; ++r, x += s.row, y += cols) {
    if (s.col == 1)
      __builtin_memcpy(y, x, cols * sizeof(U));
    else if (s.col == 0)
      for (int64_t c = 0; c < cols; ++c) y[c] = *x;
    else
      for (int64_t c = 0; c < cols; ++c) y[c] = x[c * s.col];
  }
}
template <class U>
void scatter_raw(const void* buffer, void* p, Loop::Stride s, int64_t rows, int64_t cols) {
  const U* x = (const U*)buffer;
  U* y = (U*)p;
  for (int64_t r = 0; r < rows; ++r, x += cols, y += s.row) {
    if (s.col == 1)
      __builtin_memcpy(y, x, cols * sizeof(U));
    else
      for (int64_t c = 0; c < cols; ++c) y[c * s.col] = x[c];
  }
}

template <class H>
void gather_half(const void* p, Loop::Stride s, int64_t rows, int64_t cols, void* buffer) {
  H packed[kTile];
  const H* x = (const H*)p;
  float* y = (float*)buffer;
  const int64_t n = rows * cols;
  if (rows > 1 || s.col != 1) {
    gather_raw<raw_t<H>>(p, s, rows, cols, packed);
    x = packed;
  }
  constexpr int L = lanes<H>;
  int64_t i = 0;
  for (; i + L <= n; i += L) store(y + i, load(x + i));
  if (i < n) store_n(y + i, load_n(x + i, (int)(n - i)), (int)(n - i));
}
template <class H>
void scatter_half(const void* buffer, void* p, Loop::Stride s, int64_t rows, int64_t cols) {
  H packed[kTile];
  const bool in_place = rows == 1 && s.col == 1;
  const float* x = (const float*)buffer;
  H* y = in_place ? (H*)p : packed;
  const int64_t n = rows * cols;
  constexpr int L = lanes<H>;
  int64_t i = 0;
  for (; i + L <= n; i += L) store(y + i, load(x + i));
  if (i < n) store_n(y + i, load_n(x + i, (int)(n - i)), (int)(n - i));
  if (!in_place) scatter_raw<raw_t<H>>(packed, p, s, rows, cols);
}

#define TW_RAW(U)                                                                  \
  template void gather_raw<U>(const void*, Loop::Stride, int64_t, int64_t, void*); \
  template void scatter_raw<U>(const void*, void*, Loop::Stride, int64_t, int64_t);
TW_RAW(uint8_t)
TW_RAW(uint16_t)
TW_RAW(uint32_t)
TW_RAW(uint64_t)
TW_RAW(c128)
#undef TW_RAW
#define TW_HALF(H)                                                                  \
  template void gather_half<H>(const void*, Loop::Stride, int64_t, int64_t, void*); \
  template void scatter_half<H>(const void*, void*, Loop::Stride, int64_t, int64_t);
TW_HALF(f16)
TW_HALF(bf16)
#undef TW_HALF

void run(const Loop& given, const void* const* in, void* out, const double* params, RowFn core, const Ports& ports) {
  if (given.rows <= 0 || given.cols <= 0) return;
  const Loop loop = along_output(given);
  const int inputs = ports.inputs;
  Loop tile = tile_of(loop, ports);
  const Way to = way_of(ports.out, loop.out, loop, tile);
  Way from[3] = {};
  bool direct = to == Way::direct;
  for (int k = 0; k < inputs; ++k) {
    from[k] = way_of(ports.in[k], loop.in[k], loop, tile);
    direct = direct && from[k] == Way::direct;
  }
  if (direct && tile.rows == 1) tile.cols = loop.cols;  // no buffer, so no bound
  if (direct && tile.rows > 1) tile.rows = loop.rows;

  Buffer buffer[4];
  const void* at[3] = {buffer[0].bytes, buffer[1].bytes, buffer[2].bytes};
  for (int64_t r = 0; r < loop.rows; r += tile.rows)
    for (int64_t c = 0; c < loop.cols; c += tile.cols) {
      const int64_t rows = loop.rows - r < tile.rows ? loop.rows - r : tile.rows;
      const int64_t cols = loop.cols - c < tile.cols ? loop.cols - c : tile.cols;
      char* y = (char*)out + (r * loop.out.row + c * loop.out.col) * ports.out.bytes;
      for (int k = 0; k < inputs; ++k) {
        const Loop::Stride s = loop.in[k];
        const char* p = (const char*)in[k] + (r * s.row + c * s.col) * ports.in[k].bytes;
        const bool fresh = from[k] == Way::moved || (c == 0 && (r == 0 || from[k] == Way::per_row));
        if (!core && to == Way::direct)
          ports.in[k].gather(p, s, rows, cols, y);
        else if (from[k] == Way::direct)
          at[k] = p;
        else if (fresh)
          ports.in[k].gather(p, s, rows, cols, buffer[k].bytes);
      }
      if (core) core(at, to == Way::direct ? y : buffer[3].bytes, rows * cols, params);
      if (to != Way::direct) ports.out.scatter(core ? buffer[3].bytes : at[0], y, loop.out, rows, cols);
    }
}

}  // namespace tw::TW_ISA
