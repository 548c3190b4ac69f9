// The register tile of GEMM: R rows by W vectors of C, held in registers over the whole depth.
#pragma once
#include "cpu/kernels/blocking.h"
#include "cpu/kernels/gemm/epilogue.h"
#include "cpu/kernels/vec.h"

namespace tw::TW_ISA {

// What one lane of A and one of B give: a Step has the type of a packed `lane`, that of a `sum`, how many elements of
// the depth are in a lane (`group`), and multiply_add. Where A was packed with something taken away from every element,
// that is its `offset`.
template <class T>
struct FmaStep {
  typedef T lane;
  typedef T sum;
  static constexpr int group = 1, offset = 0;
  template <class V>
  static TW_INLINE V multiply_add(V a, V b, V c) {
    return fma(a, b, c);
  }
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
  const int32_t* b_at;  // of tiles whose rows of B are kScattered: where each starts, from b on, instead of b_row
  sum* c;
  int64_t c_row;
  const sum* bias = nullptr;      // of the tile's columns
  const sum* row_bias = nullptr;  // of its rows
  const lane* a_ahead;            // what comes next; fetched into L2 meanwhile, a_col and b_ahead_step lanes
  const lane* b_ahead;            // for each step of the depth
  int64_t b_ahead_step;
  int rows;                  // 1..mr
  int cols;                  // 1..nr
  const sum* add = nullptr;  // a tile to add, which may be c itself
  int64_t add_row;
  bool relu;

  TW_INLINE void set_bias(bool added, const GemmOutput& out) {
    const sum* const given = added ? static_cast<const sum*>(out.bias.data) : nullptr;
    bias = out.bias_of_rows() ? nullptr : given;
    row_bias = out.bias_of_rows() ? given : nullptr;
  }
};

void multiply_tile(const RegisterTile<FmaStep<float>>&);
void multiply_tile(const RegisterTile<FmaStep<double>>&);

namespace {

// The last vector of a tile's rows: where that is enough, half of one, since some cores take half of the time for it.
// Of 1..lanes columns, the first `tail`.
template <class T, bool kHalf>
struct Last {
  typedef vec<T> type;
  static TW_INLINE type of(vec<T> all) { return all; }
  static TW_INLINE type load_b(const T* p, int tail) { return kReadsPartOfVector ? load_n(p, tail) : load(p); }
  // A full mask costs nothing in AVX-512, elsewhere a branch is cheaper.
  static TW_INLINE type load_c(const T* p, int tail) {
    return TW_VEC_BYTES < 64 && tail == lanes<T> ? load(p) : load_n(p, tail);
  }
  static TW_INLINE void store_c(T* p, type v, int tail) {
    if (TW_VEC_BYTES < 64 && tail == lanes<T>)
      store(p, v);
    else
      store_n(p, v, tail);
  }
};
template <class T>
constexpr bool kHalves = false;
#if TW_VEC_BYTES == 64
template <>
constexpr bool kHalves<float> = true;
template <>
constexpr bool kHalves<double> = true;
template <>
struct Last<float, true> {
  typedef vecn<float, 8> type;
  static TW_INLINE type of(vf all) { return (type)_mm512_castps512_ps256((__m512)all); }
  static TW_INLINE type load_b(const float* p, int tail) { return (type)_mm256_maskz_loadu_ps(mask(tail), p); }
  static TW_INLINE type load_c(const float* p, int tail) { return load_b(p, tail); }
  static TW_INLINE void store_c(float* p, type v, int tail) { _mm256_mask_storeu_ps(p, mask(tail), (__m256)v); }
  static TW_INLINE __mmask8 mask(int tail) { return static_cast<__mmask8>((1u << tail) - 1); }
};
template <>
struct Last<double, true> {
  typedef vecn<double, 4> type;
  static TW_INLINE type of(vd all) { return (type)_mm512_castpd512_pd256((__m512d)all); }
  static TW_INLINE type load_b(const double* p, int tail) { return (type)_mm256_maskz_loadu_pd(mask(tail), p); }
  static TW_INLINE type load_c(const double* p, int tail) { return load_b(p, tail); }
  static TW_INLINE void store_c(double* p, type v, int tail) { _mm256_mask_storeu_pd(p, mask(tail), (__m256d)v); }
  static TW_INLINE __mmask8 mask(int tail) { return static_cast<__mmask8>((1u << tail) - 1); }
};
#endif

// The sums of a tile: W - 1 whole vectors in a row, and the last.
template <class T, int R, int W, bool kHalf>
struct Sums {
  typedef typename Last<T, kHalf>::type last_type;
  vec<T> whole[R][W > 1 ? W - 1 : 1] = {};
  last_type last[R] = {};
};

// A and B of one tile multiplied into the sums; the last vector of a row has `tail` lanes.
template <class Step, int R, int W, bool kUnitRow, bool kHalf, bool kScattered>
TW_INLINE void multiply(const RegisterTile<Step>& t, int tail, Sums<typename Step::sum, R, W, kHalf>& sums) {
  typedef typename Step::lane T;
  typedef Last<T, kHalf> End;
  typedef typename End::type end_type;
  // Every third row has a pointer: an x86 address can add once or twice the distance between rows.
  constexpr int kThirds = kUnitRow ? 1 : (R + 2) / 3, kPerPointer = kUnitRow ? R : 3;
  const int64_t a_row = kUnitRow ? 1 : t.a_row, a_col = t.a_col, b_row = t.b_row, b_ahead_step = t.b_ahead_step;
  const T* a[kThirds];
#pragma GCC unroll 5
  for (int i = 0; i < kThirds; ++i) a[i] = t.a + i * 3 * a_row;
  const T* b = t.b;
  const T* a_ahead = t.a_ahead;
  const T* b_ahead = t.b_ahead;
  constexpr int kNear = 4;  // steps: what comes from L2 is in L1 by then
  const int32_t* b_at = t.b_at;
  for (int64_t p = t.k; p > 0; --p) {
    if (kScattered) b = t.b + *b_at++;
    vec<T> b_whole[W > 1 ? W - 1 : 1];
#pragma GCC unroll 4
    for (int w = 0; w < W - 1; ++w) b_whole[w] = load(b + w * lanes<T>);
    const end_type b_last = End::load_b(b + (W - 1) * lanes<T>, tail);
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
      T element;  // copied, as elements of A in place may be smaller than lanes
      __builtin_memcpy(&element, &a[r / kPerPointer][r % kPerPointer * a_row], sizeof element);
#pragma GCC unroll 4
      for (int w = 0; w < W - 1; ++w)
        sums.whole[r][w] = Step::multiply_add(set1(element), b_whole[w], sums.whole[r][w]);
      sums.last[r] = Step::multiply_add(W > 1 ? End::of(set1(element)) : element - end_type{}, b_last, sums.last[r]);
    }
    if (kUnitRow) __builtin_prefetch(a[0] + kNear * a_col, 0, 3);
    if (!kScattered) {
      __builtin_prefetch(a_ahead, 0, 2);
      __builtin_prefetch(b_ahead, 0, 2);
    }
    a_ahead += a_col;
    b_ahead += b_ahead_step;
#pragma GCC unroll 5
    for (int i = 0; i < kThirds; ++i) a[i] += a_col;
    if (!kScattered) b += b_row;
  }
}

// C is fetched ahead from this depth on; before, the last tile's stores are still under way, and it would delay them.
constexpr int64_t kFetchFrom = 256;

template <class Step, int R, int W, bool kUnitRow, bool kHalf, bool kScattered = false>
void tile_of(const RegisterTile<Step>& t) {
  typedef typename Step::sum T;
  typedef Last<T, kHalf> End;
  constexpr int L = lanes<T>;
  T* const c = t.c;
  const int64_t c_row = t.c_row;
  const int tail = t.cols - (W - 1) * L;
  Sums<T, R, W, kHalf> sums;
  if (t.k > kFetchFrom) {
#pragma GCC unroll 1  // not to keep R addresses for the stores at the end
    for (int r = 0; r < R; ++r) {
      __builtin_prefetch(c + r * c_row, 1);
      if (W > 1) __builtin_prefetch(c + r * c_row + (W - 1) * L, 1);
    }
  }
  if (t.bias != nullptr) {
#pragma GCC unroll 4
    for (int w = 0; w < W - 1; ++w) {
      const vec<T> bias = load(t.bias + w * L);
#pragma GCC unroll 16
      for (int r = 0; r < R; ++r) sums.whole[r][w] = bias;
    }
    const typename End::type bias = End::load_c(t.bias + (W - 1) * L, tail);
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) sums.last[r] = bias;
  }
  if (t.row_bias != nullptr) {
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
      const vec<T> bias = set1(t.row_bias[r]);
#pragma GCC unroll 4
      for (int w = 0; w < W - 1; ++w) sums.whole[r][w] = bias;
      sums.last[r] = End::of(bias);
    }
  }

  multiply<Step, R, W, kUnitRow, kHalf, kScattered>(t, tail, sums);

  if (t.add != nullptr) {
    const T* const add = t.add;
    const int64_t add_row = t.add_row;
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
      for (int w = 0; w < W - 1; ++w) sums.whole[r][w] += load(add + r * add_row + w * L);
      sums.last[r] += End::load_c(add + r * add_row + (W - 1) * L, tail);
    }
  }
  if constexpr (has_activation<T>) {
    if (t.relu) {
#pragma GCC unroll 16
      for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
        for (int w = 0; w < W - 1; ++w) sums.whole[r][w] = relu(sums.whole[r][w]);
        sums.last[r] = relu(sums.last[r]);
      }
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
    for (int w = 0; w < W - 1; ++w) store(c + r * c_row + w * L, sums.whole[r][w]);
    End::store_c(c + r * c_row + (W - 1) * L, sums.last[r], tail);
  }
}

template <class Step>
using TileFn = void (*)(const RegisterTile<Step>&);

// of[rows - 1]: the tiles of one width.
template <class Step, int W, bool kUnitRow, bool kHalf, int... I>
struct Tiles {
  static constexpr TileFn<Step> of[] = {tile_of<Step, I + 1, W, kUnitRow, kHalf>...};
};
template <class Step, int W, bool kUnitRow, bool kHalf>
TW_INLINE TileFn<Step> tile_for(int rows) {
  return Tiles<Step, W, kUnitRow, kHalf, __integer_pack(Blocking<typename Step::sum>::mr)...>::of[rows - 1];
}

template <class Step, bool kUnitRow>
TW_INLINE TileFn<Step> tile_across(const RegisterTile<Step>& t) {
  constexpr int L = lanes<typename Step::sum>;
  if constexpr (kHalves<typename Step::lane>)
    if ((t.cols - 1) % L < L / 2)
      return t.cols <= L ? tile_for<Step, 1, kUnitRow, true>(t.rows) : tile_for<Step, 2, kUnitRow, true>(t.rows);
  return t.cols <= L ? tile_for<Step, 1, kUnitRow, false>(t.rows) : tile_for<Step, 2, kUnitRow, false>(t.rows);
}

// Packed operands have a_row = 1; kAnyRow: A may lie in place.
template <class Step, bool kAnyRow>
TW_INLINE void run_tile(const RegisterTile<Step>& t) {
  static_assert(Blocking<typename Step::sum>::nv == 2);
  if (!kAnyRow || t.a_row == 1)
    tile_across<Step, true>(t)(t);
  else
    tile_across<Step, false>(t)(t);
}

}  // namespace
}  // namespace tw::TW_ISA
