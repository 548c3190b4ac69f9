// What the ways there and back of attention share: a tile of scores, rows of queries by columns of keys.
#pragma once
#include "cpu/kernels/attention/attention.h"
#include "cpu/kernels/gemm/pack.h"
#include "cpu/kernels/gemm/register_tile.h"
#include "cpu/kernels/math.h"
#include "cpu/kernels/part.h"
#include "cpu/kernels/random/philox.h"

namespace tw::TW_ISA {

constexpr int kKeys = 128;  // of a tile: whole panels of nr keys on every level

template <class T>
TW_INLINE const T* at(const AttentionRead& x, int64_t head, int64_t row, int64_t column = 0) {
  return static_cast<const T*>(x.data) + head * x.head + row * x.row + column * x.column;
}
template <class T>
TW_INLINE T* at(const AttentionWrite& x, int64_t head, int64_t row) {
  return static_cast<T*>(x.data) + head * x.head + row * x.row;
}

struct KeyRange {
  int64_t from, to;
  bool empty() const { return from >= to; }
};
// Keys of a range that the band shows to any of `rows` queries from i on; and whether it shows it all to each of them.
TW_INLINE KeyRange seen_by_any(const AttentionScores& s, int64_t i, int64_t rows, KeyRange of) {
  const int64_t from = i + s.low, to = i + rows + s.high;
  return {of.from < from ? from : of.from, of.to > to ? to : of.to};
}
TW_INLINE bool seen_by_all(const AttentionScores& s, int64_t i, int64_t rows, KeyRange of) {
  return of.from >= i + rows - 1 + s.low && of.to <= i + 1 + s.high;
}

// c = a b for up to mr rows of a (row-major) and panels [from, to) of b, `depth` x nr each; of b's columns there are
// `columns`.
template <class T>
TW_INLINE void multiply_panels(const T* a, int64_t a_row, int rows, int64_t depth, const T* panels, int64_t from,
                               int64_t to, int64_t columns, T* c, int64_t c_row) {
  constexpr int nr = Blocking<T>::nr;
  RegisterTile<FmaStep<T>> t{};
  t.k = depth;
  t.a = t.a_ahead = a;
  t.a_row = a_row;
  t.a_col = 1;
  t.b_row = t.b_ahead_step = nr;
  t.c_row = c_row;
  t.rows = rows;
  for (int64_t panel = from; panel < to; ++panel) {
    t.b = panels + panel * depth * nr;
    t.b_ahead = t.b + depth * nr;
    t.c = c + panel * nr;
    t.cols = columns - panel * nr < nr ? (int)(columns - panel * nr) : nr;
    multiply_tile(t);
  }
}

namespace {

// n of a row's elements, whose columns may broadcast or lie apart.
template <class T>
TW_INLINE vec<T> load_apart(const T* p, int64_t column, int n) {
  if (column == 0) return set1(*p);
  if (column == 1) return n == lanes<T> ? load(p) : load_n(p, n);
  vec<T> x = {};
  for (int l = 0; l < n; ++l) x[l] = p[l * column];
  return x;
}
// Those of bool that are true, as a mask of lanes<T>.
template <class T>
TW_INLINE vec<mask_t<T>> load_truth(const uint8_t* p, int64_t column, int n) {
  vecn<uint8_t, lanes<T>> x = {};
  if (column == 0)
    x = *p - x;
  else if (column == 1 && n == lanes<T>)
    __builtin_memcpy(&x, p, sizeof x);
  else
    for (int l = 0; l < n; ++l) x[l] = p[l * column];
  return __builtin_convertvector(x, vec<mask_t<T>>) != 0;
}

template <class T>
TW_INLINE vec<T> none() {
  return set1((T)-__builtin_inf());
}

// The products of query i with keys [j, j + count), at s[0], .., to scores divided by unit(), -inf where they do not
// count. -inf also fills up the last vector.
template <class T>
void finish_row(const AttentionScores& a, int64_t h, int64_t i, int64_t j, int64_t count, T* s) {
  typedef vec<T> V;
  typedef mask_t<T> I;
  constexpr int L = lanes<T>;
  const bool scales = a.unit() != a.scale;
  const V scale = set1((T)a.scale), cap = set1((T)a.softcap), by_cap = set1((T)(1 / a.softcap));
  const int64_t first = i + a.low, last = i + a.high;  // of the band
  for (int64_t o = 0; o < count; o += L) {
    const int n = min(count - o, L);
    const int64_t from = first - (j + o), to = last + 1 - (j + o);  // lanes of the band
    V x = load(s + o);
    if (scales) x *= scale;
    if (a.softcap != 0) x = tanh(x * by_cap) * cap;
    vec<I> counts = iota<T>() < (I)(to < 0 ? 0 : min(to, n));
    if (from > 0) counts &= iota<T>() >= (I)min(from, L);
    for (const AttentionRead& added : a.added) {
      if (!added.data) continue;
      const V b = load_apart(at<T>(added, h, i) + (j + o) * added.column, added.column, n);
      counts &= b != none<T>();
      x += b;
    }
    if (a.keep.data) counts &= load_truth<T>(at<uint8_t>(a.keep, h, i) + (j + o) * a.keep.column, a.keep.column, n);
    store(s + o, counts ? x : none<T>());
  }
}

// 0 for those of the weights of query i and keys [j, j + count), at p[0], .., that dropout takes away. count <= kKeys.
template <class T>
void drop_row(const AttentionScores& a, int64_t h, int64_t i, int64_t j, int64_t count, T* p) {
  constexpr int L = lanes<T>;
  if (a.kept >> 32) return;
  uint32_t words[kKeys + 2 * kWords + lanes<uint32_t>] = {};
  const int64_t word = a.first + h * a.of_head + i * a.of_row + j, skipped = word % 4;
  for (int64_t w = 0; w < skipped + count; w += kWords) {
    const auto [first, second] = in_order(philox({a.seed, 0, 0}, a.position + (uint64_t)((word + w) / 4)));
    store(words + w, bitcast<vu32>(first));
    store(words + w + kWords / 2, bitcast<vu32>(second));
  }
  typedef vecn<uint32_t, L> Words32;
  for (int64_t o = 0; o < count; o += L) {
    Words32 drawn;
    __builtin_memcpy(&drawn, words + skipped + o, sizeof drawn);
    const auto kept = __builtin_convertvector(drawn < (uint32_t)a.kept, vec<mask_t<T>>);
    store(p + o, kept != 0 ? load(p + o) : vec<T>{});
  }
}

}  // namespace
}  // namespace tw::TW_ISA
