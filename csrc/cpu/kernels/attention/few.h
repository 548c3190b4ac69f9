// Products of a few queries with keys and values that are read as they lie, once: what bounds them is memory.
#pragma once
#include "cpu/kernels/attention/scores.h"

namespace tw::TW_ISA {
namespace {

constexpr int64_t kFewRows = 4;  // queries of all heads

template <int N>
struct Constant {
  static constexpr int value = N;
};
// f with the number of rows as a constant.
template <class F>
TW_INLINE void with_rows(int rows, F f) {
  switch (rows) {
    case 1:
      return f(Constant<1>{});
    case 2:
      return f(Constant<2>{});
    case 3:
      return f(Constant<3>{});
    default:
      return f(Constant<4>{});
  }
}

// Rows further on, which are fetched while those before them are worked on: where they come from memory, the processor
// would ask for them too late.
template <class T>
class Ahead {
 public:
  Ahead(const T* rows, int64_t row, int64_t columns)
      : rows_(rows + (kBytes / (columns * (int64_t)sizeof(T) + 1) + 1) * row), row_(row), columns_(columns) {}

  TW_INLINE void fetch(int64_t r) const {
    for (int64_t c = 0; c < columns_; c += 64 / (int64_t)sizeof(T)) __builtin_prefetch(rows_ + r * row_ + c, 0, 2);
  }
  void stop() { columns_ = 0; }

 private:
  static constexpr int64_t kBytes = 4096;
  const T* rows_;
  int64_t row_, columns_;
};

// Keys that are multiplied at once with R queries, and vectors of values that are added up for them: what fits in
// registers.
template <class T, int R>
constexpr int kKeysAtOnce = lanes<T> < 4 || (TW_VEC_BYTES < 64 && R > 2) ? 2 : 4;
template <int R>
constexpr int kVectorsAtOnce = TW_VEC_BYTES < 64 && R > 2 ? 2 : 4;

// Lane-wise sums of the products of R queries with n keys, sums[r][i].
template <class T, int R, int n, int N>
TW_INLINE void dot_few_keys(const T* const (&q)[R], const T* const (&k)[n], int64_t depth, vec<T> (&x)[R][N], int at) {
  typedef vec<T> V;
  constexpr int L = lanes<T>;
  V sums[R][n] = {};
  const auto add = [&](auto load_part, int64_t c) __attribute__((always_inline)) {
    V of_q[R];
    for (int r = 0; r < R; ++r) of_q[r] = load_part(q[r] + c);
#pragma GCC unroll 4
    for (int i = 0; i < n; ++i) {
      const V of_k = load_part(k[i] + c);
#pragma GCC unroll 4
      for (int r = 0; r < R; ++r) sums[r][i] = fma(of_k, of_q[r], sums[r][i]);
    }
  };
  int64_t c = 0;
  for (; c + L <= depth; c += L) add([](const T* p) __attribute__((always_inline)) { return load(p); }, c);
  const int left = (int)(depth - c);
  if (left) add([left](const T* p) __attribute__((always_inline)) { return load_n(p, left); }, c);
  for (int r = 0; r < R; ++r)
    for (int i = 0; i < n; ++i) x[r][at + i] = sums[r][i];
}

// s[r][j] = q[r] . k[j], rows of s kKeys apart.
template <class T, int R>
void dot_keys(const T* const (&q)[R], const T* k, int64_t k_row, int64_t count, int64_t depth, T* s) {
  constexpr int L = lanes<T>, n = kKeysAtOnce<T, R>;
  const Ahead<T> ahead(k, k_row, depth);
  for (int64_t j = 0; j < count; j += L) {
    vec<T> x[R][L];
#pragma GCC unroll 4
    for (int l = 0; l < L; l += n) {
      const T* row[n];
      for (int i = 0; i < n; ++i) {
        row[i] = k + (j + l + i < count ? j + l + i : count - 1) * k_row;
        if (j + l + i < count) ahead.fetch(j + l + i);
      }
      dot_few_keys<T, R, n, L>(q, row, depth, x, l);
    }
    for (int r = 0; r < R; ++r) store(s + r * kKeys + j, sum_rows<T>(x[r]));
  }
}

// W vectors of sums[r] += p[r][j] v[j], in as many chains as hide the latency of fma. Rows of p are kKeys apart.
template <class T, int R, int W>
TW_INLINE void add_columns(const T* p, const T* v, int64_t v_row, int64_t count, const Ahead<T>& ahead,
                           T* const (&sums)[R], int64_t c) {
  typedef vec<T> V;
  constexpr int L = lanes<T>, chains = R * W < 8 ? 8 / (R * W) : 1;
  V acc[chains][R][W] = {};
  for (int r = 0; r < R; ++r)
    for (int w = 0; w < W; ++w) acc[0][r][w] = load(sums[r] + c + w * L);
  const auto add = [&](int64_t j, V(&to)[R][W]) __attribute__((always_inline)) {
    V of_v[W];
    for (int w = 0; w < W; ++w) of_v[w] = load(v + j * v_row + c + w * L);
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r) {
      const V weight = set1(p[r * kKeys + j]);
#pragma GCC unroll 4
      for (int w = 0; w < W; ++w) to[r][w] = fma(weight, of_v[w], to[r][w]);
    }
  };
  int64_t j = 0;
  for (; j + chains <= count; j += chains) {
#pragma GCC unroll 8
    for (int i = 0; i < chains; ++i) {
      ahead.fetch(j + i);
      add(j + i, acc[i]);
    }
  }
  for (; j < count; ++j) add(j, acc[0]);
  for (int r = 0; r < R; ++r)
    for (int w = 0; w < W; ++w) {
      for (int i = 1; i < chains; ++i) acc[0][r][w] += acc[i][r][w];
      store(sums[r] + c + w * L, acc[0][r][w]);
    }
}

// sums[r] += p[r] v: there is room for whole vectors.
template <class T, int R>
void add_values(const T* p, const T* v, int64_t v_row, int64_t count, int64_t columns, T* const (&sums)[R]) {
  constexpr int L = lanes<T>;
  int64_t c = 0;
  Ahead<T> ahead(v, v_row, columns);
  const auto step = [&](int vectors) {
    c += vectors * L;
    ahead.stop();
  };
  if constexpr (kVectorsAtOnce<R> == 4)
    for (; c + 4 * L <= columns; step(4)) add_columns<T, R, 4>(p, v, v_row, count, ahead, sums, c);
  for (; c + 2 * L <= columns; step(2)) add_columns<T, R, 2>(p, v, v_row, count, ahead, sums, c);
  for (; c + L <= columns; step(1)) add_columns<T, R, 1>(p, v, v_row, count, ahead, sums, c);
  if (c == columns) return;
  for (int r = 0; r < R; ++r) {
    vec<T> acc = load(sums[r] + c);
    for (int64_t j = 0; j < count; ++j)
      acc = fma(set1(p[r * kKeys + j]), load_n(v + j * v_row + c, (int)(columns - c)), acc);
    store(sums[r] + c, acc);
  }
}

}  // namespace
}  // namespace tw::TW_ISA
