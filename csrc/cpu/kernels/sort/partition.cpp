// Rows around the element of rank k. Its key is found from the highest digit on: those of a digit are counted, and only
// the keys that have the digit of rank k go on. Then each element moves to those before it, equal to it or after it.
// The blocks of a long row are read again for each digit instead: most vectors have no key that goes on.
#include "cpu/kernels/sort/rows.h"

namespace tw::TW_ISA {
namespace {

// The key of rank k; keys are overwritten.
template <class U>
U select_key(U* keys, int64_t n, int64_t k) {
  constexpr int bits = 8 * sizeof(U), most = bits < kRadixBits ? bits : kRadixBits;
  uint32_t counts[1 << most];
  for (int shift = bits; shift > 0 && n > 1;) {
    const int width = shift < most ? shift : most;
    shift -= width;
    const U mask = (U)(((uint32_t)1 << width) - 1);
    for (int d = 0; d <= (int)mask; ++d) counts[d] = 0;
    for (int64_t i = 0; i < n; ++i) ++counts[(U)(keys[i] >> shift) & mask];
    int digit = 0;
    for (; k >= counts[digit]; ++digit) k -= counts[digit];
    int64_t kept = 0;
    for (int64_t i = 0; i < n; ++i) {
      const U key = keys[i];
      keys[kept] = key;
      kept += ((U)(key >> shift) & mask) == (U)digit;
    }
    n = kept;
  }
  return keys[0];
}

template <bool Float, class U>
void partition_row(const SortArgs& a, const U* x, U* values, int64_t* positions, U* keys) {
  const KeyRule<U> rule = key_rule<U>(a);
  for (int64_t i = 0; i < a.n; ++i) keys[i] = to_key<Float>(x[i], rule);
  const U pivot = select_key(keys, a.n, a.k);
  int64_t before = 0, equal = 0;
  for (int64_t i = 0; i < a.n; ++i) {
    const U key = to_key<Float>(x[i], rule);
    before += key < pivot;
    equal += key == pivot;
  }
  int64_t next[3] = {0, before, before + equal};
  for (int64_t i = 0; i < a.n; ++i) {
    const U key = to_key<Float>(x[i], rule);
    const int64_t to = next[(key >= pivot) + (key > pivot)]++;
    if (values) values[to] = x[i];
    if (positions) positions[to] = i;
  }
}

}  // namespace

template <class U>
void partition_rows(const SortArgs& a, const U* x, U* values, int64_t* positions, U* scratch) {
  for (int64_t row = 0; row < a.rows; ++row, x += a.n) {
    if (has_float_keys(a.dtype))
      partition_row<true>(a, x, values, positions, scratch);
    else
      partition_row<false>(a, x, values, positions, scratch);
    if (values) values += a.n;
    if (positions) positions += a.n;
  }
}

template void partition_rows(const SortArgs&, const uint8_t*, uint8_t*, int64_t*, uint8_t*);
template void partition_rows(const SortArgs&, const uint16_t*, uint16_t*, int64_t*, uint16_t*);
template void partition_rows(const SortArgs&, const uint32_t*, uint32_t*, int64_t*, uint32_t*);
template void partition_rows(const SortArgs&, const uint64_t*, uint64_t*, int64_t*, uint64_t*);

// ---- the steps, for one row in blocks -------------------------------------------------------------------------------

namespace {

// run(keys, n, from) for the keys of x[begin, end), up to kSortTile at a time; there are whole vectors of them.
template <bool Float, class U, class F>
TW_INLINE void for_each_tile(KeyRule<U> rule, const U* x, int64_t begin, int64_t end, F run) {
  alignas(64) U keys[kSortTile] = {};
  for (int64_t from = begin; from < end; from += kSortTile) {
    const int64_t n = end - from < kSortTile ? end - from : kSortTile;
    for (int64_t i = 0; i < n; ++i) keys[i] = to_key<Float>(x[from + i], rule);
    run(keys, n, from);
  }
}

// Counters in several lists: neighbours often have the same digit, and would wait for each other.
constexpr int kLists = 4;

template <bool Float, class U>
void count_digits(KeyRule<U> rule, const U* x, int64_t begin, int64_t end, U key, RadixDigit digit, int64_t* counts) {
  constexpr int64_t step = lanes<U>;
  const int64_t others = (int64_t)1 << digit.bits;
  const U range = (U)((U) ~(U)0 >> (8 * (int)sizeof(U) - digit.shift - digit.bits)), first = (U)(key & (U)~range);
  uint32_t lists[kLists][(1 << kRadixBits) + 1] = {};  // the last for keys that have other bits above
  for_each_tile<Float>(rule, x, begin, end, [&](const U* keys, int64_t n, int64_t) {
    uint32_t digits[kSortTile];
    for (int64_t i = 0; i < kSortTile; ++i) {
      const U within = (U)(keys[i] - first);
      digits[i] = i < n && within <= range ? (uint32_t)(within >> digit.shift) : (uint32_t)others;
    }
    for (int64_t i = 0; i < n; i += step) {
      if (!any(load(keys + i) - set1(first) <= set1(range))) continue;
      for (int64_t j = i; j < i + step; ++j) ++lists[j % kLists][digits[j]];
    }
  });
  for (const auto& list : lists)
    for (int64_t d = 0; d < others; ++d) counts[d] += list[d];
}

// Where the elements of a block that are before the key, equal to it and after it go next.
struct Parts {
  int64_t next[3];
};

// n <= kSortTile elements from `from` on, with their keys.
template <class U>
void move_few(const U* x, const U* keys, int64_t n, int64_t from, U key, Parts& to, U* values, int64_t* positions) {
  uint8_t lists[3][kSortTile];  // an element is written to all of them, and kept in one
  int64_t found[3] = {};
  for (int64_t i = 0; i < n; ++i) {
    lists[0][found[0]] = lists[1][found[1]] = lists[2][found[2]] = (uint8_t)i;
    found[0] += keys[i] < key;
    found[1] += keys[i] == key;
    found[2] += keys[i] > key;
  }
  for (int part = 0; part < 3; ++part) {
    int64_t& next = to.next[part];
    for (int64_t i = 0; i < found[part]; ++i, ++next) {
      const int64_t at = from + lists[part][i];
      if (values) values[next] = x[at];
      if (positions) positions[next] = at;
    }
  }
}

#if TW_VEC_BYTES == 64
template <class U>
concept Compressible = sizeof(U) >= 4;

// The lanes that a comparison has chosen, side by side, at `to`, which has room for all; gives how many they are.
template <class U, class M>
TW_INLINE int64_t store_chosen(U* to, vec<U> v, M chosen) {
  if constexpr (sizeof(U) == 8) {
    const __mmask8 mask = _mm512_movepi64_mask((__m512i)chosen);
    _mm512_storeu_si512(to, _mm512_maskz_compress_epi64(mask, (__m512i)v));
    return __builtin_popcount(mask);
  } else {
    const __mmask16 mask = _mm512_movepi32_mask((__m512i)chosen);
    _mm512_storeu_si512(to, _mm512_maskz_compress_epi32(mask, (__m512i)v));
    return __builtin_popcount(mask);
  }
}

// The values of a whole tile.
template <Compressible U>
void move_tile(const U* x, const U* keys, U key, Parts& to, U* values) {
  U lists[3][kSortTile + lanes<U>];
  int64_t found[3] = {};
  for (int64_t i = 0; i < kSortTile; i += lanes<U>) {
    const vec<U> v = load(x + i), k = load(keys + i);
    found[0] += store_chosen(lists[0] + found[0], v, k < set1(key));
    found[1] += store_chosen(lists[1] + found[1], v, k == set1(key));
    found[2] += store_chosen(lists[2] + found[2], v, k > set1(key));
  }
  for (int part = 0; part < 3; ++part) {
    __builtin_memcpy(values + to.next[part], lists[part], (size_t)found[part] * sizeof(U));
    to.next[part] += found[part];
  }
}
#else
template <class U>
concept Compressible = false;
#endif

template <bool Float, class U>
void move_block(KeyRule<U> rule, const U* x, int64_t begin, int64_t end, U key, Parts to, U* values,
                int64_t* positions) {
  for_each_tile<Float>(rule, x, begin, end, [&](const U* keys, int64_t n, int64_t from) {
    if constexpr (Compressible<U>)
      if (n == kSortTile && !positions) return move_tile(x + from, keys, key, to, values);
    move_few(x, keys, n, from, key, to, values, positions);
  });
}

void count(const SortArgs& a, const void* x, int64_t begin, int64_t end, uint64_t key, RadixDigit digit,
           int64_t* counts) {
  with_width(a.dtype, [&](auto width) {
    typedef decltype(width) U;
    (has_float_keys(a.dtype) ? count_digits<true, U> : count_digits<false, U>)(key_rule<U>(a), static_cast<const U*>(x),
                                                                               begin, end, (U)key, digit, counts);
  });
}

void move(const SortArgs& a, const void* x, int64_t begin, int64_t end, uint64_t key, const int64_t* next, void* values,
          int64_t* positions) {
  with_width(a.dtype, [&](auto width) {
    typedef decltype(width) U;
    (has_float_keys(a.dtype) ? move_block<true, U>
                             : move_block<false, U>)(key_rule<U>(a), static_cast<const U*>(x), begin, end, (U)key,
                                                     {next[0], next[1], next[2]}, static_cast<U*>(values), positions);
  });
}

}  // namespace

void fill_partition(SortKernels& k) { k.blocks = {count, move}; }

}  // namespace tw::TW_ISA
