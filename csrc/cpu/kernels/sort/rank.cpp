// Short rows: every element is compared with all others, a vector of them at a time. No branch depends on the data.
#include "cpu/kernels/sort/rows.h"

namespace tw::TW_ISA {
namespace {

template <class K>
constexpr K kLane[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

// ranks[i] = how many of the n keys come before keys[i]. keys has whole vectors, of which the rest is ignored.
template <class K>
TW_INLINE void rank(const K* keys, int64_t n, K* ranks) {
  vec<K> lane;
  __builtin_memcpy(&lane, kLane<K>, sizeof lane);
  for (int64_t i = 0; i < n; i += lanes<K>) {
    const vec<K> own = load(keys + i);
    vec<K> before{};
    const int64_t end = i + lanes<K> < n ? i + lanes<K> : n;
    for (int64_t j = 0; j < i; ++j) before -= (vec<K>)(set1(keys[j]) <= own);
    for (int64_t j = i; j < end; ++j) {
      const vec<K> other = set1(keys[j]);
      before -= (vec<K>)((other < own) | ((other == own) & (lane > set1((K)(j - i)))));
    }
    for (int64_t j = end; j < n; ++j) before -= (vec<K>)(set1(keys[j]) < own);
    store(ranks + i, before);
  }
}

template <bool Float, class U>
void rank_rows_of(const SortArgs& a, const U* x, U* values, int64_t* positions) {
  typedef typename IntOf<(sizeof(U) < 4 ? 4 : sizeof(U))>::utype K;
  const KeyRule<U> rule = key_rule<U>(a);
  alignas(64) K keys[kLongestRanked] = {}, ranks[kLongestRanked];
  uint8_t order[kLongestRanked];
  for (int64_t row = 0; row < a.rows; ++row, x += a.n) {
    for (int64_t i = 0; i < a.n; ++i) keys[i] = to_key<Float>(x[i], rule);
    rank(keys, a.n, ranks);
    for (int64_t i = 0; i < a.n; ++i) order[ranks[i]] = (uint8_t)i;
    if (values) {
      for (int64_t i = 0; i < a.k; ++i) values[i] = x[order[i]];
      values += a.k;
    }
    if (positions) {
      for (int64_t i = 0; i < a.k; ++i) positions[i] = order[i];
      positions += a.k;
    }
  }
}

}  // namespace

template <class U>
void rank_rows(const SortArgs& a, const U* x, U* values, int64_t* positions) {
  if constexpr (sizeof(U) > 1)
    if (has_float_keys(a.dtype)) return rank_rows_of<true>(a, x, values, positions);
  rank_rows_of<false>(a, x, values, positions);
}

template void rank_rows(const SortArgs&, const uint8_t*, uint8_t*, int64_t*);
template void rank_rows(const SortArgs&, const uint16_t*, uint16_t*, int64_t*);
template void rank_rows(const SortArgs&, const uint32_t*, uint32_t*, int64_t*);
template void rank_rows(const SortArgs&, const uint64_t*, uint64_t*, int64_t*);

}  // namespace tw::TW_ISA
