// The driver of every elementwise kernel, and the movement of operands between memory and the cores.
#include "kernels/elementwise/rows.h"

namespace tw::TW_ISA {
namespace {

enum : int64_t { kPiece = 512 };

struct Buffer {
  alignas(64) char bytes[kPiece * 8];
};

struct Cursor {
  const char* p;
  int64_t row, col;  // strides in bytes
  bool direct;       // the core reads it in place
  bool constant;     // one value along the row
};

}  // namespace

template <class U>
void gather_raw(const void* p, int64_t stride, int64_t n, void* buffer) {
  const U* x = (const U*)p;
  U* y = (U*)buffer;
  if (stride == 0) {
    const U value = *x;
    for (int64_t i = 0; i < n; ++i) y[i] = value;
  } else {
    for (int64_t i = 0; i < n; ++i) y[i] = x[i * stride];
  }
}
template <class U>
void scatter_raw(const void* buffer, void* p, int64_t stride, int64_t n) {
  const U* x = (const U*)buffer;
  U* y = (U*)p;
  for (int64_t i = 0; i < n; ++i) y[i * stride] = x[i];
}

template <class H>
void gather_half(const void* p, int64_t stride, int64_t n, void* buffer) {
  const H* x = (const H*)p;
  float* y = (float*)buffer;
  constexpr int L = lanes<H>;
  for (int64_t i = 0; i < n; i += L) {
    const int m = n - i < L ? (int)(n - i) : L;
    if (stride == 1 && m == L) {
      store(y + i, load(x + i));
    } else {
      H lane[L] = {};
      for (int j = 0; j < m; ++j) lane[j] = x[(i + j) * stride];
      store_n(y + i, load(lane), m);
    }
  }
}
template <class H>
void scatter_half(const void* buffer, void* p, int64_t stride, int64_t n) {
  const float* x = (const float*)buffer;
  H* y = (H*)p;
  constexpr int L = lanes<H>;
  for (int64_t i = 0; i < n; i += L) {
    const int m = n - i < L ? (int)(n - i) : L;
    if (stride == 1 && m == L) {
      store(y + i, load(x + i));
    } else {
      H lane[L];
      store(lane, load_n(x + i, m));
      for (int j = 0; j < m; ++j) y[(i + j) * stride] = lane[j];
    }
  }
}

#define TW_RAW(U)                                                    \
  template void gather_raw<U>(const void*, int64_t, int64_t, void*); \
  template void scatter_raw<U>(const void*, void*, int64_t, int64_t);
TW_RAW(uint8_t)
TW_RAW(uint16_t)
TW_RAW(uint32_t)
TW_RAW(uint64_t)
#undef TW_RAW
#define TW_HALF(H)                                                    \
  template void gather_half<H>(const void*, int64_t, int64_t, void*); \
  template void scatter_half<H>(const void*, void*, int64_t, int64_t);
TW_HALF(f16)
TW_HALF(bf16)
#undef TW_HALF

void run(const Loop& loop, const void* const* in, void* out, const double* params, RowFn core, const Ports& ports) {
  if (loop.rows <= 0 || loop.cols <= 0) return;
  const int inputs = ports.inputs;
  Cursor x[3];
  bool direct = ports.out.as_is && (loop.out.col == 1 || loop.cols == 1);
  const bool out_direct = direct;
  for (int k = 0; k < inputs; ++k) {
    const Port& port = ports.in[k];
    const Loop::Stride stride = loop.in[k];
    const bool in_place = port.as_is && (stride.col == 1 || loop.cols == 1);
    x[k] = {(const char*)in[k], stride.row * port.bytes, stride.col * port.bytes, in_place,
            stride.col == 0 && !in_place};
    direct = direct && in_place;
  }
  char* y = (char*)out;
  const int64_t y_row = loop.out.row * ports.out.bytes;

  if (direct) {
    for (int64_t r = 0; r < loop.rows; ++r, y += y_row) {
      const void* at[3];
      for (int k = 0; k < inputs; ++k) at[k] = x[k].p + r * x[k].row;
      core(at, y, loop.cols, params);
    }
    return;
  }

  Buffer buffer[4];
  const int64_t first = loop.cols < kPiece ? loop.cols : (int64_t)kPiece;
  for (int64_t r = 0; r < loop.rows; ++r, y += y_row) {
    for (int k = 0; k < inputs; ++k)
      if (x[k].constant && (r == 0 || x[k].row != 0))
        ports.in[k].gather(x[k].p + r * x[k].row, 0, first, buffer[k].bytes);
    for (int64_t c = 0; c < loop.cols; c += kPiece) {
      const int64_t n = loop.cols - c < kPiece ? loop.cols - c : (int64_t)kPiece;
      const void* at[3];
      for (int k = 0; k < inputs; ++k) {
        const char* p = x[k].p + r * x[k].row + c * x[k].col;
        at[k] = x[k].direct ? p : buffer[k].bytes;
        if (!x[k].direct && !x[k].constant) ports.in[k].gather(p, loop.in[k].col, n, buffer[k].bytes);
      }
      char* to = y + c * loop.out.col * ports.out.bytes;
      core(at, out_direct ? to : buffer[3].bytes, n, params);
      if (!out_direct) ports.out.scatter(buffer[3].bytes, to, loop.out.col, n);
    }
  }
}

}  // namespace tw::TW_ISA
