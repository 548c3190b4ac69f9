// A block of queries and keys on the way back: its weights and the cotangents of its scores, computed anew.
#pragma once
#include "cpu/kernels/attention/block_products.h"
#include "cpu/kernels/attention/softmax.h"

namespace tw::TW_ISA {

// Elements from one row of scratch to the next: an odd number of cache lines, so that rows do not evict each other.
template <class T>
constexpr int64_t scratch_row(int64_t columns) {
  return ((columns * (int64_t)sizeof(T) + 63) / 64 | 1) * 64 / (int64_t)sizeof(T);
}

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
  const int64_t row = scratch_row<T>(columns);
  for (int64_t i = 0; i < rows; ++i) {
    int64_t j = 0;
    for (; j + L <= columns; j += L) store(room + i * row + j, load(x.at(i) + j));
    if (j < columns) store(room + i * row + j, load_n(x.at(i) + j, (int)(columns - j)));
  }
  return {room, row};
}

template <class T>
bool is_finite(Rows<T> x, int64_t rows, int64_t columns) {
  constexpr int L = lanes<T>;
  vec<T> sums = {};
  for (int64_t i = 0; i < rows; ++i) {
    int64_t j = 0;
    for (; j + L <= columns; j += L) sums += load(x.at(i) + j) * T(0);
    if (j < columns) sums += load_n(x.at(i) + j, (int)(columns - j)) * T(0);
  }
  return !any(sums != vec<T>{});
}

// Settled, with 0 for what is not finite: that reaches the queries that see it by their scores, and must not reach
// others.
template <class T>
Rows<T> cleaned(Rows<T> x, int64_t rows, int64_t columns, T* room) {
  if (is_finite(x, rows, columns)) return settled(x, rows, columns, room);
  const int64_t row = scratch_row<T>(columns);
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < row; ++j) {
      const T element = j < columns ? x.at(i)[j] : 0;
      room[i * row + j] = element - element == 0 ? element : 0;
    }
  return {room, row};
}

// As columns of B: rows of x (rows, columns) in panels of nr.
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
  static constexpr int64_t kMostKeys = 256, kFewestKeys = 64, kBytesOfKeys = 64 << 10;

 public:
  static constexpr int64_t kQueries = 64;  // at most

  // Keys at most: packed, with their cotangents, they stay in L2 while all queries walk past.
  static int64_t most_keys(int64_t size, int64_t value_size) {
    const int64_t wider = size > value_size ? size : value_size;
    const int64_t fit = kBytesOfKeys / (int64_t)sizeof(T) / (wider > 0 ? wider : 1) / kFewestKeys * kFewestKeys;
    return fit > kMostKeys ? kMostKeys : fit < kFewestKeys ? kFewestKeys : fit;
  }

  static int64_t scratch_bytes(const AttentionBackward& p) {
    const int64_t keys = most_keys(p.size, p.value_size);
    const int64_t elements = (2 * kQueries + 2) * scratch_row<T>(keys) + scratch_row<T>(kQueries) +
                             (keys + kQueries) * scratch_row<T>(p.size) + kQueries * scratch_row<T>(p.value_size) +
                             keys * (p.size + p.value_size);
    return elements * (int64_t)sizeof(T);
  }

  explicit BackwardBlock(const AttentionBackward& p)
      : p_(p), s_(p.scores), most_keys_(most_keys(p.size, p.value_size)), row_(scratch_row<T>(most_keys_)) {
    T* room = static_cast<T*>(p.scratch);
    const auto take = [&](int64_t elements) {
      T* const taken = room;
      room += elements;
      return taken;
    };
    weights_ = take(kQueries * row_);
    cotangents_ = take(kQueries * row_);
    slopes_ = take(row_);
    factors_ = take(row_);
    delta_ = take(scratch_row<T>(kQueries));
    room_k_ = take(most_keys_ * scratch_row<T>(p.size));
    room_q_ = take(kQueries * scratch_row<T>(p.size));
    room_g_ = take(kQueries * scratch_row<T>(p.value_size));
    packed_k_ = take(most_keys_ * p.size);
    packed_v_ = take(most_keys_ * p.value_size);
  }

  // call(queries, keys) for each block in which some meet, computed; all queries for a block of keys after another.
  template <class Call>
  TW_INLINE void for_each(Call call) {
    for (int64_t j = p_.key; j < p_.key_end; j += most_keys_) {
      keys_ = meeting({j, j + most_keys_}, {p_.key, p_.key_end});
      const Range seeing = meeting({keys_.from - s_.high, keys_.to - s_.low}, {p_.from, p_.end});
      if (seeing.empty()) continue;
      take_keys();
      for (int64_t i = seeing.from; i < seeing.to; i += kQueries) {
        queries_ = meeting({i, i + kQueries}, seeing);
        take_queries();
        const RowTiles<T> tiles(count(queries_));
        for (int64_t n = 0; n < tiles.tiles; ++n) compute(tiles.at(n));
        call(queries_, keys_);
      }
    }
  }

  // What values got, and the cotangents of scores: (queries, keys), zeros where these do not meet.
  Rows<T> weights() const { return {weights_, row_}; }
  Rows<T> cotangents() const { return {cotangents_, row_}; }
  Rows<T> q() const { return q_; }
  Rows<T> k() const { return k_; }
  Rows<T> of_output() const { return g_; }

  // Which of the block's keys its queries [of.from, of.to) see, and the other way round; counted in the block.
  TW_INLINE Range keys_of(Range of) const {
    const int64_t first = queries_.from - keys_.from;
    return meeting({of.from + first + s_.low, of.to + first + s_.high}, {0, count(keys_)});
  }
  TW_INLINE Range queries_of(Range of) const {
    const int64_t first = keys_.from - queries_.from;
    return meeting({of.from + first - s_.high, of.to + first - s_.low}, {0, count(queries_)});
  }

 private:
  static Rows<T> rows_of(const AttentionRead& x, int64_t from) { return {at<T>(x, 0, from), x.row}; }

  void take_keys() {
    const Rows<T> k = rows_of(p_.k, keys_.from), v = rows_of(p_.v, keys_.from);
    pack_transposed(k, count(keys_), p_.size, packed_k_);
    pack_transposed(v, count(keys_), p_.value_size, packed_v_);
    if (!kOfBias) k_ = cleaned(k, count(keys_), p_.size, room_k_);
  }

  void take_queries() {
    q_ = settled(rows_of(p_.q, queries_.from), count(queries_), p_.size, room_q_);
    g_ = settled(rows_of(p_.of_output, queries_.from), count(queries_), p_.value_size, room_g_);
    const Rows<T> output = rows_of(p_.output, queries_.from);
    for (int64_t i = 0; i < count(queries_); ++i) {
      delta_[i] = dot(g_.at(i), output.at(i), p_.value_size);
      if (p_.of_lse.data) delta_[i] -= *at<T>(p_.of_lse, 0, queries_.from + i);
    }
  }

  // Of a register tile's rows of queries.
  void compute(Range its) {
    const Range seen = keys_of(its), columns = {seen.from / NR * NR, seen.to};
    if (seen.empty()) return clear(its, {0, 0});
    if (columns.from > 0 || columns.to < count(keys_)) clear(its, columns);
    multiply_packed(q_.at(its.from), q_.row, (int)count(its), packed_k_, p_.size, columns, weights_ + its.from * row_,
                    row_);
    multiply_packed(g_.at(its.from), g_.row, (int)count(its), packed_v_, p_.value_size, columns,
                    cotangents_ + its.from * row_, row_);
    const Range keys = {keys_.from + columns.from, keys_.from + columns.to};
    const bool whole = columns.to % L == 0 || columns.to == count(keys_);
    const bool all = whole && seen_by_all(s_, queries_.from + its.from, count(its), keys);
    const bool plain = !s_.has_masks() && !s_.drops && s_.softcap == 0 && s_.unit() == s_.scale;
    for (int64_t i = its.from; i < its.to; ++i) {
      if (!plain)
        of_scores(i, columns);
      else if (all)
        of_products<true>(i, columns);
      else
        of_products<false>(i, columns);
    }
  }

  // What lies beside `columns`.
  void clear(Range its, Range columns) {
    const int64_t end = (columns.to + L - 1) / L * L;
    T* const both[] = {weights_, cotangents_};
    for (T* const of : both)
      for (int64_t i = its.from; i < its.to; ++i) {
        for (int64_t j = 0; j < columns.from; j += L) store(of + i * row_ + j, vec<T>{});
        for (int64_t j = end; j < count(keys_); j += L) store(of + i * row_ + j, vec<T>{});
      }
  }

  // What exponents of Power begin with: the log-sum-exp is taken off.
  vec<T> minus_lse(int64_t i) const {
    return set1((T)(-(double)*at<T>(p_.lse, 0, queries_.from + i) * Power<T>::kPerScore));
  }
  static TW_INLINE vec<mask_t<T>> lane(int64_t n) { return set1((mask_t<T>)(n < 0 ? 0 : n > L ? L : n)); }

  // Of scores that are scaled products, and count where the band lets them.
  template <bool kAll>
  TW_INLINE void of_products(int64_t i, Range columns) {
    const vec<T> unit = set1((T)(s_.scale * Power<T>::kPerScore)), low = minus_lse(i);
    const vec<T> scale = set1((T)s_.scale), delta = set1(delta_[i]);
    const Range seen = keys_of({i, i + 1});
    T *const weights = weights_ + i * row_, *const cotangents = cotangents_ + i * row_;
    for (int64_t j = columns.from; j < columns.to; j += L) {
      vec<T> p = Power<T>::of(fma(load(weights + j), unit, low));
      vec<T> of_score = p * (load(cotangents + j) - delta);
      if (!kAll) {
        const auto counts = (iota<T>() >= lane(seen.from - j)) & (iota<T>() < lane(seen.to - j));
        p = counts ? p : vec<T>{};
        of_score = counts ? of_score : vec<T>{};
      }
      store(weights + j, p);
      store(cotangents + j, kOfBias ? of_score : of_score * scale);
    }
  }

  // Of any others.
  void of_scores(int64_t i, Range columns) {
    const int64_t query = queries_.from + i, from = columns.from;
    T *const weights = weights_ + i * row_, *const cotangents = cotangents_ + i * row_;
    if (!kOfBias) slopes(weights, columns);
    finish_row(s_, 0, query, keys_.from + from, count(columns), weights + from);
    const vec<T> one = set1(T(1)), kept = set1((T)(s_.drops ? s_.factor : 1));
    for (int64_t j = from; j < columns.to; j += L) store(factors_ + j, kept);
    for (int64_t j = from; s_.drops && j < columns.to; j += kKeys)
      drop_row(s_, 0, query, keys_.from + j, min(columns.to - j, kKeys), factors_ + j);
    const vec<T> unit = set1((T)(s_.unit() * Power<T>::kPerScore)), low = minus_lse(i), delta = set1(delta_[i]);
    for (int64_t j = from; j < columns.to; j += L) {
      const vec<T> score = load(weights + j), factor = load(factors_ + j);
      const auto counts = score != none<T>();
      const auto stays = factor != vec<T>{};
      const vec<T> p = counts ? Power<T>::of(fma(score, unit, low)) : vec<T>{};
      const vec<T> of_weight = stays ? load(cotangents + j) * factor : vec<T>{};
      const vec<T> of_score = p * (of_weight - delta) * (kOfBias ? one : load(slopes_ + j));
      store(weights + j, stays ? p * factor : vec<T>{});
      store(cotangents + j, counts ? of_score : vec<T>{});
    }
  }

  // The derivatives of scores, before what is added to them, by their products.
  void slopes(const T* products, Range columns) {
    const vec<T> scale = set1((T)s_.scale), by_cap = set1((T)(1 / s_.softcap)), one = set1(T(1));
    for (int64_t j = columns.from; j < columns.to; j += L) {
      vec<T> slope = scale;
      if (s_.softcap != 0) {
        const vec<T> t = tanh(load(products + j) * scale * by_cap);
        slope = (one - t * t) * scale;
      }
      store(slopes_ + j, slope);
    }
  }

  const AttentionBackward& p_;
  const AttentionScores& s_;
  const int64_t most_keys_, row_;
  Range keys_, queries_;
  Rows<T> q_, k_, g_;
  T *weights_, *cotangents_, *slopes_, *factors_, *delta_, *room_k_, *room_q_, *room_g_, *packed_k_, *packed_v_;
};

}  // namespace tw::TW_ISA
