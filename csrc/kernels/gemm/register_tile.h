// The register tile of GEMM: R rows by W vectors of C, held in registers over the whole depth.
#pragma once
#include "kernels/blocking.h"
#include "kernels/gemm/epilogue.h"
#include "kernels/vec.h"

namespace tw::TW_ISA {

// What one lane of A and one of B give: a Step has the type of a packed `lane`, that of a `sum`, how many elements of
// the depth are in a lane (`group`), and multiply_add. Where A was packed with something taken away from every element,
// that is its `offset`.
template <class T>
struct FmaStep {
  typedef T lane;
  typedef T sum;
  static constexpr int group = 1, offset = 0;
  static TW_INLINE vec<T> multiply_add(vec<T> a, vec<T> b, vec<T> c) { return fma(a, b, c); }
};

constexpr bool kReadsPartOfVector = TW_VEC_BYTES == 64;  // at no cost

// One tile. A is read lane by lane (lane (i, p) at a[i * a_row + p * a_col]), B in vectors: row p starts at
// b + p * b_row and is nr wide, zero-padded where the tile is narrower; with kReadsPartOfVector no more than the tile's
// columns are read.
template <class Step>
struct RegisterTile {
  typedef typename Step::lane lane;
  typedef typename Step::sum sum;
  int64_t k;  // lanes
  const lane* a;
  int64_t a_row, a_col;
  const lane* b;
  int64_t b_row;
  sum* c;
  int64_t c_row;
  const sum* bias;      // of the tile's columns, or null
  const lane* a_ahead;  // what comes next; fetched into L2 meanwhile, a_col and b_ahead_step lanes
  const lane* b_ahead;  // for each step of the depth
  int64_t b_ahead_step;
  int rows;        // 1..mr
  int cols;        // 1..nr
  const sum* add;  // a tile to add, which may be c itself, or null
  int64_t add_row;
  bool relu;
};

void multiply_tile(const RegisterTile<FmaStep<float>>&);
void multiply_tile(const RegisterTile<FmaStep<double>>&);

namespace {

// The last vector of a row of B, whose first `tail` lanes are wanted.
template <class T>
TW_INLINE vec<T> load_last(const T* p, int tail) {
  return kReadsPartOfVector ? load_n(p, tail) : load(p);
}

// A and B of one tile multiplied into acc; the last vector of a row has `tail` lanes.
template <class Step, int R, int W, bool kUnitRow>
TW_INLINE void multiply(const RegisterTile<Step>& t, int tail, vec<typename Step::sum> (&acc)[R][W]) {
  typedef typename Step::lane T;
  // Every third row has a pointer: an x86 address can add once or twice the distance between rows.
  constexpr int kThirds = kUnitRow ? 1 : (R + 2) / 3, kPerPointer = kUnitRow ? R : 3;
  const int64_t a_row = kUnitRow ? 1 : t.a_row, a_col = t.a_col, b_row = t.b_row, b_ahead_step = t.b_ahead_step;
  const T* a[kThirds];
#pragma GCC unroll 5
  for (int i = 0; i < kThirds; ++i) a[i] = t.a + i * 3 * a_row;
  const T* b = t.b;
  const T* a_ahead = t.a_ahead;
  const T* b_ahead = t.b_ahead;
  constexpr int kNear = 16;  // steps: what comes from L2 is in L1 by then
  for (int64_t p = t.k; p > 0; --p) {
    vec<T> bv[W];
#pragma GCC unroll 4
    for (int w = 0; w < W; ++w) bv[w] = w < W - 1 ? load(b + w * lanes<T>) : load_last(b + w * lanes<T>, tail);
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
      const vec<T> av = set1(a[r / kPerPointer][r % kPerPointer * a_row]);
#pragma GCC unroll 4
      for (int w = 0; w < W; ++w) acc[r][w] = Step::multiply_add(av, bv[w], acc[r][w]);
    }
    if (kUnitRow) __builtin_prefetch(a[0] + kNear * a_col, 0, 3);
    __builtin_prefetch(a_ahead, 0, 2);
    __builtin_prefetch(b_ahead, 0, 2);
    a_ahead += a_col;
    b_ahead += b_ahead_step;
#pragma GCC unroll 5
    for (int i = 0; i < kThirds; ++i) a[i] += a_col;
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

// C is fetched ahead from this depth on; before, the last tile's stores are still under way, and it would delay them.
constexpr int64_t kFetchFrom = 256;

template <class Step, int R, int W, bool kUnitRow>
void tile_of(const RegisterTile<Step>& t) {
  typedef typename Step::sum T;
  constexpr int L = lanes<T>;
  T* const c = t.c;
  const int64_t c_row = t.c_row;
  const int tail = t.cols - (W - 1) * L;
  vec<T> acc[R][W] = {};
  if (t.k > kFetchFrom) {
#pragma GCC unroll 1  // not to keep R addresses for the stores at the end
    for (int r = 0; r < R; ++r) {
      __builtin_prefetch(c + r * c_row, 1);
      if (W > 1) __builtin_prefetch(c + r * c_row + (W - 1) * L, 1);
    }
  }
  if (t.bias != nullptr) {
#pragma GCC unroll 4
    for (int w = 0; w < W; ++w) {
      const vec<T> bias = w < W - 1 ? load(t.bias + w * L) : load_tail(t.bias + w * L, tail);
#pragma GCC unroll 16
      for (int r = 0; r < R; ++r) acc[r][w] = bias;
    }
  }

  multiply<Step, R, W, kUnitRow>(t, tail, acc);

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
  if constexpr (has_activation<T>) {
    if (t.relu) {
#pragma GCC unroll 16
      for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
        for (int w = 0; w < W; ++w) acc[r][w] = relu(acc[r][w]);
      }
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
    for (int w = 0; w < W - 1; ++w) store(c + r * c_row + w * L, acc[r][w]);
    store_tail(c + r * c_row + (W - 1) * L, acc[r][W - 1], tail);
  }
}

template <class Step>
using TileFn = void (*)(const RegisterTile<Step>&);

// of[rows - 1]: the tiles of one width.
template <class Step, int W, bool kUnitRow, int... I>
struct Tiles {
  static constexpr TileFn<Step> of[] = {tile_of<Step, I + 1, W, kUnitRow>...};
};
template <class Step, int W, bool kUnitRow>
TW_INLINE TileFn<Step> tile_for(int rows) {
  return Tiles<Step, W, kUnitRow, __integer_pack(Blocking<typename Step::sum>::mr)...>::of[rows - 1];
}

// Packed operands have a_row = 1; kAnyRow: A may lie in place.
template <class Step, bool kAnyRow>
TW_INLINE void run_tile(const RegisterTile<Step>& t) {
  static_assert(Blocking<typename Step::sum>::nv == 2);
  const bool narrow = t.cols <= lanes<typename Step::sum>;
  if (!kAnyRow || t.a_row == 1)
    (narrow ? tile_for<Step, 1, true>(t.rows) : tile_for<Step, 2, true>(t.rows))(t);
  else
    (narrow ? tile_for<Step, 1, false>(t.rows) : tile_for<Step, 2, false>(t.rows))(t);
}

}  // namespace
}  // namespace tw::TW_ISA
