#include "kernels/gemm/micro.h"

namespace tw::TW_ISA {
namespace {

// A and B of one tile multiplied into acc.
template <class T, int R, int W, bool kUnitRow>
TW_INLINE void multiply(const MicroTile<T>& t, vec<T> (&acc)[R][W]) {
  const T* a = t.a;
  const T* b = t.b;
  const T* a_ahead = t.a_ahead;
  const T* b_ahead = t.b_ahead;
  const int64_t a_row = kUnitRow ? 1 : t.a_row, a_col = t.a_col, b_row = t.b_row, b_ahead_step = t.b_ahead_step;
  for (int64_t p = t.k; p > 0; --p) {
    vec<T> bv[W];
#pragma GCC unroll 4
    for (int w = 0; w < W; ++w) bv[w] = load(b + w * lanes<T>);
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
      const vec<T> av = set1(a[r * a_row]);
#pragma GCC unroll 4
      for (int w = 0; w < W; ++w) acc[r][w] = fma(av, bv[w], acc[r][w]);
    }
    __builtin_prefetch(a_ahead, 0, 2);
    __builtin_prefetch(b_ahead, 0, 2);
    a_ahead += a_col;
    b_ahead += b_ahead_step;
    a += a_col;
    b += b_row;
  }
}

// The last vector of a row of C: 1..lanes columns. A full mask costs nothing in AVX-512, elsewhere a branch is cheaper.
template <class T>
TW_INLINE vec<T> load_tail(const T* p, int tail) {
  return TW_VEC_BYTES < 64 && tail == lanes<T> ? load(p) : load_n(p, tail);
}
template <class T>
TW_INLINE void store_tail(T* p, vec<T> v, int tail) {
  if (TW_VEC_BYTES < 64 && tail == lanes<T>)
    store(p, v);
  else
    store_n(p, v, tail);
}

template <class T, int R, int W, bool kUnitRow>
void tile(const MicroTile<T>& t) {
  constexpr int L = lanes<T>;
  T* const c = t.c;
  const int64_t c_row = t.c_row;
  const int tail = t.cols - (W - 1) * L;
  vec<T> acc[R][W] = {};
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
    __builtin_prefetch(c + r * c_row, 1);
    __builtin_prefetch(c + r * c_row + (W - 1) * L, 1);
  }
  if (t.bias != nullptr) {
#pragma GCC unroll 4
    for (int w = 0; w < W; ++w) {
      const vec<T> bias = w < W - 1 ? load(t.bias + w * L) : load_tail(t.bias + w * L, tail);
#pragma GCC unroll 16
      for (int r = 0; r < R; ++r) acc[r][w] = bias;
    }
  }

  multiply<T, R, W, kUnitRow>(t, acc);

  if (t.add != nullptr) {
    const T* const add = t.add;
    const int64_t add_row = t.add_row;
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
      for (int w = 0; w < W; ++w)
        acc[r][w] += w < W - 1 ? load(add + r * add_row + w * L) : load_tail(add + r * add_row + w * L, tail);
    }
  }
  if (t.relu) {
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
      for (int w = 0; w < W; ++w) acc[r][w] = acc[r][w] < 0 ? vec<T>{} : acc[r][w];  // keeps NaN
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
    for (int w = 0; w < W - 1; ++w) store(c + r * c_row + w * L, acc[r][w]);
    store_tail(c + r * c_row + (W - 1) * L, acc[r][W - 1], tail);
  }
}

template <class T>
using TileFn = void (*)(const MicroTile<T>&);

// of[rows - 1]: the tiles of one width.
template <class T, int W, bool kUnitRow, int... I>
struct Tiles {
  static constexpr TileFn<T> of[] = {tile<T, I + 1, W, kUnitRow>...};
};
template <class T, int W, bool kUnitRow>
TW_INLINE TileFn<T> tile_for(int rows) {
  return Tiles<T, W, kUnitRow, __integer_pack(Blocking<T>::mr)...>::of[rows - 1];
}

template <class T>
TW_INLINE void run(const MicroTile<T>& t) {
  static_assert(Blocking<T>::nv == 2);
  const bool narrow = t.cols <= lanes<T>;
  if (t.a_row == 1)
    (narrow ? tile_for<T, 1, true>(t.rows) : tile_for<T, 2, true>(t.rows))(t);
  else
    (narrow ? tile_for<T, 1, false>(t.rows) : tile_for<T, 2, false>(t.rows))(t);
}

}  // namespace

void micro(const MicroTile<float>& t) { run(t); }
void micro(const MicroTile<double>& t) { run(t); }

}  // namespace tw::TW_ISA
