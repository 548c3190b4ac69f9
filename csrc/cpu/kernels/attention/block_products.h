// Products of blocks of queries and keys by register tiles.
#pragma once
#include "cpu/kernels/attention/scores.h"

namespace tw::TW_ISA {

typedef KeyRange Range;  // of queries, too
TW_INLINE int64_t count(Range r) { return r.to - r.from; }
TW_INLINE Range meeting(Range a, Range b) { return {a.from > b.from ? a.from : b.from, a.to < b.to ? a.to : b.to}; }

// Near-equal tiles of `rows` rows, each as high as the register tile at most.
template <class T>
struct RowTiles {
  int64_t rows, tiles;
  TW_INLINE explicit RowTiles(int64_t all) : rows(all), tiles((all + Blocking<T>::mr - 1) / Blocking<T>::mr) {}
  TW_INLINE Range at(int64_t n) const { return {rows * n / tiles, rows * (n + 1) / tiles}; }
};

// Columns [columns.from, columns.to) of C = A B: A has a register tile's rows of unit stride, B is packed in panels of
// nr columns, `depth` deep, and the first column is that of a panel.
template <class T>
void multiply_packed(const T* a, int64_t a_row, int rows, const T* packed, int64_t depth, Range columns, T* c,
                     int64_t c_row) {
  constexpr int NR = Blocking<T>::nr;
  RegisterTile<FmaStep<T>> t{};
  t.a_row = a_row;
  t.a_col = 1;
  t.b_row = NR;
  t.c_row = t.add_row = c_row;
  t.rows = rows;
  for (int64_t j = columns.from; j < columns.to; j += NR) {
    t.cols = min(columns.to - j, NR);
    t.c = c + j;
    int64_t from = 0;
    do {  // once for a depth of 0
      t.k = min(depth - from, Blocking<T>::kc);
      t.a = t.a_ahead = a + from;
      t.b = packed + j * depth + from * NR;
      t.b_ahead = t.b + t.k * NR;
      t.add = from ? t.c : nullptr;
      multiply_tile(t);
      from += t.k;
    } while (from < depth);
  }
}

// C += A B, (rows, columns); B lies in rows of unit stride. Of the depth, each tile of rows takes the range that
// depth_of(its rows) gives.
template <class T, class DepthOf>
TW_INLINE void add_product(const T* a, int64_t a_row, int64_t a_col, int64_t rows, const T* b, int64_t b_row,
                           int64_t columns, T* c, int64_t c_row, DepthOf depth_of) {
  constexpr int NR = Blocking<T>::nr;
  const RowTiles<T> tiles(rows);
  RegisterTile<FmaStep<T>> t{};
  t.a_row = a_row;
  t.a_col = a_col;
  t.b_row = b_row;
  t.c_row = t.add_row = c_row;
  for (int64_t j = 0; j < columns; j += NR) {
    t.cols = min(columns - j, NR);
    for (int64_t n = 0; n < tiles.tiles; ++n) {
      const Range its = tiles.at(n), depth = depth_of(its);
      if (depth.empty()) continue;
      t.rows = (int)count(its);
      t.k = count(depth);
      t.a = a + its.from * a_row + depth.from * a_col;
      t.a_ahead = t.b_ahead = t.a + t.rows * a_row;
      t.b = b + depth.from * b_row + j;
      t.c = c + its.from * c_row + j;
      t.add = t.c;
      multiply_tile(t);
    }
  }
}

}  // namespace tw::TW_ISA
