// A block of queries and keys on the way back: its weights and the cotangents of its scores, computed anew.
#pragma once
#include "cpu/kernels/attention/backward.h"
#include "cpu/kernels/attention/backward_scores.h"
#include "cpu/kernels/attention/block_products.h"
#include "cpu/kernels/math.h"

namespace tw::TW_ISA {

template <class T>
struct Rows {
  const T* data;
  int64_t row;
  TW_INLINE const T* at(int64_t i) const { return data + i * row; }
};

// x (rows, columns) in rows that register tiles read in whole vectors, and whose lines do not evict each other: as it
// lies, or copied to `room`.
template <class T>
Rows<T> settled(Rows<T> x, int64_t rows, int64_t columns, T* room) {
  constexpr int L = lanes<T>, NR = Blocking<T>::nr;
  const bool readable = kReadsPartOfVector || columns % NR == 0 || columns % NR == L;
  if (readable && x.row * sizeof(T) % (kEvictingStride / 2) != 0) return x;
  const int64_t row = attention_row(columns, sizeof(T));
  for (int64_t i = 0; i < rows; ++i) {
    int64_t j = 0;
    for (; j + L <= columns; j += L) store(room + i * row + j, load(x.at(i) + j));
    if (j < columns) store(room + i * row + j, load_n(x.at(i) + j, (int)(columns - j)));
  }
  return {room, row};
}

// Keys with 0 for what is not finite: that reaches the queries that see it by their scores, and must not reach others.
template <class T>
Rows<T> finite(Rows<T> x, int64_t rows, int64_t columns, T* room) {
  constexpr int L = lanes<T>;
  vec<T> sums = {};
  for (int64_t i = 0; i < rows; ++i) {
    int64_t j = 0;
    for (; j + L <= columns; j += L) sums += load(x.at(i) + j) * T(0);
    if (j < columns) sums += load_n(x.at(i) + j, (int)(columns - j)) * T(0);
  }
  if (!any(sums != vec<T>{})) return settled(x, rows, columns, room);
  const int64_t row = attention_row(columns, sizeof(T));
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < row; ++j) {
      const T element = j < columns ? x.at(i)[j] : 0;
      room[i * row + j] = element - element == 0 ? element : 0;
    }
  return {room, row};
}

// Columns of B, packed: rows of x (rows, columns) in panels of nr.
template <class T>
void pack_transposed(Rows<T> x, int64_t rows, int64_t columns, T* packed) {
  constexpr int NR = Blocking<T>::nr;
  for (int64_t j = 0; j < rows; j += NR)
    pack_panel<T, NR>(x.at(j), x.row, 1, min(rows - j, NR), columns, packed + j * columns);
}

template <class T>
T dot(const T* x, const T* y, int64_t n) {
  constexpr int L = lanes<T>;
  vec<T> sums = {};
  int64_t i = 0;
  for (; i + L <= n; i += L) sums = fma(load(x + i), load(y + i), sums);
  if (i < n) sums = fma(load_n(x + i, (int)(n - i)), load_n(y + i, (int)(n - i)), sums);
  T total = 0;
  for (int lane = 0; lane < L; ++lane) total += sums[lane];
  return total;
}

// Of the keys and queries taken last. kOfBias: the cotangents are those of what is added to the scores, else those of
// the products of queries and keys.
template <class T, bool kOfBias>
class BackwardBlock {
  static constexpr int NR = Blocking<T>::nr, L = lanes<T>;

 public:
  explicit BackwardBlock(const AttentionBackwardPart& p)
      : p_(p),
        terms_(p),
        blocks_(AttentionBackwardBlocks::of(p.size, p.value_size, sizeof(T))),
        row_(attention_row(blocks_.keys, sizeof(T))) {
    T* room = static_cast<T*>(p.scratch);
    const auto take = [&](int64_t elements) {
      T* const taken = room;
      room += elements;
      return taken;
    };
    weights_ = take(blocks_.queries * row_);
    cotangents_ = take(blocks_.queries * row_);
    slopes_ = take(row_);
    delta_ = take(attention_row(blocks_.queries, sizeof(T)));
    room_k_ = take(blocks_.keys * attention_row(p.size, sizeof(T)));
    room_q_ = take(blocks_.queries * attention_row(p.size, sizeof(T)));
    room_g_ = take(blocks_.queries * attention_row(p.value_size, sizeof(T)));
    packed_k_ = take(blocks_.keys * p.size);
    packed_v_ = take(blocks_.keys * p.value_size);
  }

  const ScoreTerms<T>& terms() const { return terms_; }
  const AttentionBackwardBlocks& blocks() const { return blocks_; }
  int64_t row() const { return row_; }
  // What values got, and the cotangents of scores: (queries, keys), zeros where these do not meet.
  const T* weights() const { return weights_; }
  const T* cotangents() const { return cotangents_; }
  Rows<T> q() const { return q_; }
  Rows<T> k() const { return k_; }
  Rows<T> of_output() const { return g_; }

  void take_keys(Range keys) {
    keys_ = keys;
    const Rows<T> k = rows_of(p_.k, keys.from), v = rows_of(p_.v, keys.from);
    pack_transposed(k, keys.count(), p_.size, packed_k_);
    pack_transposed(v, keys.count(), p_.value_size, packed_v_);
    if (!kOfBias) k_ = finite(k, keys.count(), p_.size, room_k_);
  }

  void take_queries(Range queries) {
    queries_ = queries;
    q_ = settled(rows_of(p_.q, queries.from), queries.count(), p_.size, room_q_);
    g_ = settled(rows_of(p_.of_output, queries.from), queries.count(), p_.value_size, room_g_);
    const Rows<T> output = rows_of(p_.output, queries.from);
    const T* const of_lse = static_cast<const T*>(p_.of_lse);
    for (int64_t i = 0; i < queries.count(); ++i)
      delta_[i] = dot(g_.at(i), output.at(i), p_.value_size) - (of_lse ? of_lse[queries.from + i] : 0);
  }

  void compute() {
    const RowTiles<T> tiles(queries_.count());
    for (int64_t n = 0; n < tiles.count; ++n) compute(tiles.at(n));
  }

  // Which of the block's keys its queries [of.from, of.to) see, and the other way round.
  Range keys_of(Range of) const {
    return within(terms_.keys_of({queries_.from + of.from, queries_.from + of.to}), keys_);
  }
  Range queries_of(Range of) const {
    return within(terms_.queries_of({keys_.from + of.from, keys_.from + of.to}), queries_);
  }

 private:
  static Range within(Range of, Range block) {
    const Range both = meeting(of, block);
    return {both.from - block.from, both.to - block.from};
  }
  static Rows<T> rows_of(const AttentionRows& x, int64_t from) {
    return {static_cast<const T*>(x.data) + from * x.row, x.row};
  }

  // Of a register tile's rows of queries.
  void compute(Range its) {
    const Range seen = keys_of(its), columns = {seen.from / NR * NR, seen.to};
    if (seen.empty() || columns.from > 0 || columns.to < keys_.count()) clear(its, seen.empty() ? Range{0, 0} : columns);
    if (seen.empty()) return;
    multiply_packed(q_.at(its.from), q_.row, (int)its.count(), packed_k_, p_.size, columns,
                    weights_ + its.from * row_, row_);
    multiply_packed(g_.at(its.from), g_.row, (int)its.count(), packed_v_, p_.value_size, columns,
                    cotangents_ + its.from * row_, row_);
    const bool all = terms_.meet({queries_.from + its.from, queries_.from + its.to},
                                 {keys_.from + columns.from, keys_.from + columns.to});
    for (int64_t i = its.from; i < its.to; ++i) {
      if (terms_.any())
        of_terms(i, columns);
      else if (all)
        of_products<true>(i, columns);
      else
        of_products<false>(i, columns);
    }
  }

  void clear(Range its, Range columns) {
    const int64_t end = (columns.to + L - 1) / L * L, count = (keys_.count() + L - 1) / L * L;
    for (T* of : {weights_, cotangents_})
      for (int64_t i = its.from; i < its.to; ++i) {
        for (int64_t j = 0; j < columns.from; j += L) store(of + i * row_ + j, vec<T>{});
        for (int64_t j = end; j < count; j += L) store(of + i * row_ + j, vec<T>{});
      }
  }

  T lse(int64_t i) const { return static_cast<const T*>(p_.lse)[queries_.from + i]; }

  // Where scores are scaled products, which all count, or those that the band lets.
  template <bool kAll>
  TW_INLINE void of_products(int64_t i, Range columns) {
    const vec<T> scale = set1((T)p_.scale), low = set1(-lse(i)), delta = set1(delta_[i]);
    const Range seen = keys_of({i, i + 1});
    T *const weights = weights_ + i * row_, *const cotangents = cotangents_ + i * row_;
    const vec<mask_t<T>> lane = lane_numbers<T>();
    for (int64_t j = columns.from; j < columns.to; j += L) {
      vec<T> p = exp(fma(load(weights + j), scale, low));
      vec<T> dz = p * (load(cotangents + j) - delta);
      if (!kAll) {
        const auto counts = lane >= lane_before<T>(seen.from - j) & lane < lane_before<T>(seen.to - j);
        p = counts ? p : vec<T>{};
        dz = counts ? dz : vec<T>{};
      }
      store(weights + j, p);
      store(cotangents + j, kOfBias ? dz : dz * scale);
    }
  }

  void of_terms(int64_t i, Range columns) {
    T *const weights = weights_ + i * row_, *const cotangents = cotangents_ + i * row_;
    const Range keys = {keys_.from + columns.from, keys_.from + columns.to};
    terms_.row(queries_.from + i, keys, weights + columns.from, slopes_);
    const bool drops = p_.p != 0;
    uint8_t kept[AttentionBackwardBlocks::kMostKeys + kWords];
    if (drops) terms_.kept(queries_.from + i, keys, kept);
    const vec<T> low = set1(lse(i)), delta = set1(delta_[i]), scale = set1((T)(kOfBias ? 1 : p_.scale));
    const vec<T> grown = set1((T)(p_.p < 1 ? 1 / (1 - p_.p) : 0));
    for (int64_t j = columns.from; j < columns.to; j += L) {
      const vec<T> z = load(weights + j);
      const auto counts = z != set1((T)-__builtin_inf());
      const vec<T> p = counts ? exp(z - low) : vec<T>{};
      vec<T> a = p, of_p = load(cotangents + j);
      if (drops) {
        const auto stays = load_flags<T>(kept + (j - columns.from), 1, L);
        a = stays ? a * grown : vec<T>{};
        of_p = stays ? of_p * grown : vec<T>{};
      }
      vec<T> dz = counts ? p * (of_p - delta) : vec<T>{};
      if (!kOfBias && p_.softcap != 0) dz = counts ? dz * load(slopes_ + (j - columns.from)) : dz;
      store(weights + j, a);
      store(cotangents + j, dz * scale);
    }
  }

  const AttentionBackwardPart& p_;
  const ScoreTerms<T> terms_;
  const AttentionBackwardBlocks blocks_;
  const int64_t row_;
  Range keys_, queries_;
  Rows<T> q_, k_, g_;
  T *weights_, *cotangents_, *slopes_, *delta_, *room_k_, *room_q_, *room_g_, *packed_k_, *packed_v_;
};

}  // namespace tw::TW_ISA
