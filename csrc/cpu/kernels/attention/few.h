// Products of a few queries with keys and values that are read as they lie, once: what bounds them is memory.
#pragma once
#include "cpu/kernels/attention/scores.h"

namespace tw::TW_ISA {
namespace {

// Rows that are read next, a row for each that is worked on.
template <class T>
struct Ahead {
  const T* data;  // or null
  int64_t row, columns;

  TW_INLINE void fetch(int64_t r) const {
    if (!data) return;
    for (int64_t c = 0; c < columns; c += 64 / (int64_t)sizeof(T)) __builtin_prefetch(data + r * row + c, 0, 2);
  }
};

// s[j] = q . k[j]
template <class T>
void dot_keys(const T* q, const T* k, int64_t k_row, int64_t count, int64_t depth, Ahead<T> ahead, T* s) {
  typedef vec<T> V;
  constexpr int L = lanes<T>, kAtOnce = 4;
  static_assert(L % kAtOnce == 0 || L == 2);
  constexpr int n = L < kAtOnce ? L : kAtOnce;
  for (int64_t j = 0; j < count; j += L) {
    V x[L];
    for (int l = 0; l < L; l += n) {
      const T* row[n];
      for (int i = 0; i < n; ++i) row[i] = k + (j + l + i < count ? j + l + i : count - 1) * k_row;
      V sum[n] = {};
      int64_t c = 0;
      for (; c + L <= depth; c += L) {
        const V of_q = load(q + c);
#pragma GCC unroll 4
        for (int i = 0; i < n; ++i) sum[i] = fma(load(row[i] + c), of_q, sum[i]);
      }
      if (c < depth) {
        const V of_q = load_n(q + c, (int)(depth - c));
        for (int i = 0; i < n; ++i) sum[i] = fma(load_n(row[i] + c, (int)(depth - c)), of_q, sum[i]);
      }
      for (int i = 0; i < n; ++i) {
        x[l + i] = sum[i];
        if (j + l + i < count) ahead.fetch(j + l + i);
      }
    }
    store(s + j, sum_rows<T>(x));
  }
}

// W vectors of sums += p[j] v[j], in as many chains as hide the latency of fma.
template <class T, int W>
TW_INLINE void add_columns(const T* p, const T* v, int64_t v_row, int64_t count, const Ahead<T>& ahead, T* sums) {
  typedef vec<T> V;
  constexpr int L = lanes<T>, chains = 8 / W;
  V acc[chains][W] = {};
  for (int w = 0; w < W; ++w) acc[0][w] = load(sums + w * L);
  int64_t j = 0;
  for (; j + chains <= count; j += chains) {
#pragma GCC unroll 8
    for (int i = 0; i < chains; ++i) {
      ahead.fetch(j + i);
#pragma GCC unroll 4
      for (int w = 0; w < W; ++w) acc[i][w] = fma(set1(p[j + i]), load(v + (j + i) * v_row + w * L), acc[i][w]);
    }
  }
  for (; j < count; ++j)
    for (int w = 0; w < W; ++w) acc[0][w] = fma(set1(p[j]), load(v + j * v_row + w * L), acc[0][w]);
  for (int w = 0; w < W; ++w) {
    for (int i = 1; i < chains; ++i) acc[0][w] += acc[i][w];
    store(sums + w * L, acc[0][w]);
  }
}

// sums += p v: there is room for whole vectors.
template <class T>
void add_values(const T* p, const T* v, int64_t v_row, int64_t count, int64_t columns, Ahead<T> ahead, T* sums) {
  constexpr int L = lanes<T>;
  int64_t c = 0;
  const auto step = [&](int vectors) {
    c += vectors * L;
    ahead.data = nullptr;
  };
  for (; c + 4 * L <= columns; step(4)) add_columns<T, 4>(p, v + c, v_row, count, ahead, sums + c);
  for (; c + 2 * L <= columns; step(2)) add_columns<T, 2>(p, v + c, v_row, count, ahead, sums + c);
  for (; c + L <= columns; step(1)) add_columns<T, 1>(p, v + c, v_row, count, ahead, sums + c);
  if (c == columns) return;
  vec<T> acc = load(sums + c);
  for (int64_t j = 0; j < count; ++j) acc = fma(set1(p[j]), load_n(v + j * v_row + c, (int)(columns - c)), acc);
  store(sums + c, acc);
}

}  // namespace
}  // namespace tw::TW_ISA
