// Many rows of one length at once: lane l of vector i is element i of row l, so a comparison of two vectors compares in
// as many rows as there are lanes. The order of comparisons is Batcher's odd-even merge sort, which does not depend on
// the data. With positions, keys of up to 32 bits are sorted as words with the position in the lower half.
#include "cpu/kernels/sort/items.h"
#include "cpu/kernels/sort/restore.h"
#include "cpu/kernels/sort/rows.h"

namespace tw::TW_ISA {
namespace {

TW_INLINE vec<uint32_t> smaller(vec<uint32_t> a, vec<uint32_t> b) {
#if TW_VEC_BYTES == 64
  return (vec<uint32_t>)_mm512_min_epu32((__m512i)a, (__m512i)b);
#elif TW_VEC_BYTES == 32
  return (vec<uint32_t>)_mm256_min_epu32((__m256i)a, (__m256i)b);
#else
  return (vec<uint32_t>)_mm_min_epu32((__m128i)a, (__m128i)b);
#endif
}
TW_INLINE vec<uint32_t> larger(vec<uint32_t> a, vec<uint32_t> b) {
#if TW_VEC_BYTES == 64
  return (vec<uint32_t>)_mm512_max_epu32((__m512i)a, (__m512i)b);
#elif TW_VEC_BYTES == 32
  return (vec<uint32_t>)_mm256_max_epu32((__m256i)a, (__m256i)b);
#else
  return (vec<uint32_t>)_mm_max_epu32((__m128i)a, (__m128i)b);
#endif
}
TW_INLINE vec<uint64_t> smaller(vec<uint64_t> a, vec<uint64_t> b) {
#if TW_VEC_BYTES == 64
  return (vec<uint64_t>)_mm512_min_epu64((__m512i)a, (__m512i)b);
#else
  return a < b ? a : b;
#endif
}
TW_INLINE vec<uint64_t> larger(vec<uint64_t> a, vec<uint64_t> b) {
#if TW_VEC_BYTES == 64
  return (vec<uint64_t>)_mm512_max_epu64((__m512i)a, (__m512i)b);
#else
  return a < b ? b : a;
#endif
}

template <class K>
void sort_columns(K* tile, int64_t n) {
  for (int64_t run = 1; run < n; run *= 2)
    for (int64_t step = run; step >= 1; step /= 2)
      for (int64_t first = step % run; first + step < n; first += 2 * step) {
        if ((first & (2 * run - 1)) + step >= 2 * run) continue;  // in two runs
        const int64_t end = first + step < n - step ? first + step : n - step;
        K *low = tile + first * lanes<K>, *high = low + step * lanes<K>;
        for (int64_t i = first; i < end; ++i, low += lanes<K>, high += lanes<K>) {
          const vec<K> a = load(low), b = load(high);
          store(low, smaller(a, b));
          store(high, larger(a, b));
        }
      }
}

template <bool Float, bool Positions, class U, class K>
void network_rows_of(const SortArgs& a, const U* x, U* values, int64_t* positions, K* tile) {
  const KeyRule<U> rule = key_rule<U>(a);
  K line[kLongestInNetwork];
  bool special = false;
  for (int64_t row = 0; row < lanes<K>; ++row) {
    special |= encode_items<Float, U, K, Positions>(rule, x + row * a.n, 0, a.n, line).special;
    for (int64_t i = 0; i < a.n; ++i) tile[i * lanes<K> + row] = line[i];
  }
  sort_columns(tile, a.n);
  for (int64_t row = 0; row < lanes<K>; ++row, x += a.n) {
    for (int64_t i = 0; i < a.k; ++i) line[i] = tile[i * lanes<K> + row];
    if constexpr (Positions) {
      for (int64_t i = 0; i < a.k; ++i) positions[i] = position_of(line[i]);
      if (values)
        for (int64_t i = 0; i < a.k; ++i) values[i] = x[position_of(line[i])];
      positions += a.k;
    } else {
      decode_keys<Float>(rule, line, a.k, values);
      if (special) restore_row(a, x, values);
    }
    if (values) values += a.k;
  }
}

}  // namespace

template <class U>
int64_t network_rows(const SortArgs& a, const U* x, U* values, int64_t* positions, void* scratch) {
  int64_t done = 0;
  with_item<U>(sort_item(sizeof(U), a.n, positions), [&](auto item, auto carries) {
    typedef decltype(item) K;
    constexpr bool with_positions = decltype(carries)::value;
    if constexpr (sizeof(K) <= 8) {
      // Beyond, a radix sort takes less; of keys of 64 bits it has twice the digits.
      constexpr int64_t longest = sizeof(U) == 8 ? kLongestInNetwork : kLongestInNetwork / 2 / (sizeof(K) / 4);
      if (a.n < 2 || a.n > longest) return;
      if (sizeof(K) == 8 && TW_VEC_BYTES < 64) return;  // without an instruction for it rows are faster one by one
      for (; done + lanes<K> <= a.rows; done += lanes<K>) {
        const U* from = x + done * a.n;
        U* to = values ? values + done * a.k : nullptr;
        int64_t* places = positions ? positions + done * a.k : nullptr;
        if (has_float_keys(a.dtype))
          network_rows_of<true, with_positions>(a, from, to, places, static_cast<K*>(scratch));
        else
          network_rows_of<false, with_positions>(a, from, to, places, static_cast<K*>(scratch));
      }
    }
  });
  return done;
}

template int64_t network_rows(const SortArgs&, const uint8_t*, uint8_t*, int64_t*, void*);
template int64_t network_rows(const SortArgs&, const uint16_t*, uint16_t*, int64_t*, void*);
template int64_t network_rows(const SortArgs&, const uint32_t*, uint32_t*, int64_t*, void*);
template int64_t network_rows(const SortArgs&, const uint64_t*, uint64_t*, int64_t*, void*);

}  // namespace tw::TW_ISA
