// The driver of every elementwise kernel, and the movement of operands between memory and the cores.
#include "kernels/elementwise/rows.h"

namespace tw::TW_ISA {
namespace {

enum : int64_t { kTile = 512, kNarrow = 32 };

struct Buffer {
  alignas(64) char bytes[kTile * 8];
};

int64_t magnitude(int64_t x) { return x < 0 ? -x : x; }

// Whether memory is walked along the rows of the loop rather than along its columns.
bool steep(Loop::Stride s) { return s.row != 0 && magnitude(s.row) < magnitude(s.col); }

// The tile, rows × cols, at most kTile elements: a piece of one row; several whole rows where they are short; a block
// of rows where an operand is transposed, so that a cache line fetched is a cache line used.
Loop tile_of(const Loop& loop, int inputs) {
  Loop tile = loop;
  bool transposed = steep(loop.out);
  for (int k = 0; k < inputs; ++k) transposed = transposed || steep(loop.in[k]);
  const int64_t widest = transposed && loop.rows > 1 ? (int64_t)kNarrow : (int64_t)kTile;
  if (tile.cols > widest) tile.cols = widest;
  const int64_t height = transposed || loop.cols <= 2 * kNarrow ? kTile / tile.cols : 1;
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

}  // namespace

template <class U>
void gather_raw(const void* p, Loop::Stride s, int64_t rows, int64_t cols, void* buffer) {
  const U* x = (const U*)p;
  U* y = (U*)buffer;
  if (steep(s) && rows > 1) {
    for (int64_t c = 0; c < cols; ++c)
      for (int64_t r = 0; r < rows; ++r) y[r * cols + c] = x[r * s.row + c * s.col];
    return;
  }
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
  if (steep(s) && rows > 1) {
    for (int64_t c = 0; c < cols; ++c)
      for (int64_t r = 0; r < rows; ++r) y[r * s.row + c * s.col] = x[r * cols + c];
    return;
  }
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
#undef TW_RAW
#define TW_HALF(H)                                                                  \
  template void gather_half<H>(const void*, Loop::Stride, int64_t, int64_t, void*); \
  template void scatter_half<H>(const void*, void*, Loop::Stride, int64_t, int64_t);
TW_HALF(f16)
TW_HALF(bf16)
#undef TW_HALF

void run(const Loop& loop, const void* const* in, void* out, const double* params, RowFn core, const Ports& ports) {
  if (loop.rows <= 0 || loop.cols <= 0) return;
  const int inputs = ports.inputs;
  Loop tile = tile_of(loop, inputs);
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
