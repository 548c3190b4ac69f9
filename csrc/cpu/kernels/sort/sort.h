// Sorting rows of contiguous elements.
//
// Elements are sorted by keys: unsigned integers in whose order the elements are to come, equal where they are equal.
#pragma once
#include "core/dtype.h"

// Always inlined: a copy compiled for one level must not serve another.
#define TW_SORT_INLINE __attribute__((always_inline)) constexpr

namespace tw {

// Of each of `rows` rows of n < 2^32 elements the k first in order, ascending or descending. Equals keep their order,
// -0 equals 0, NaN is above all numbers.
struct SortArgs {
  DType dtype;
  bool descending;
  int64_t rows, n, k;
};

// values and positions have k for each row; null where they are not wanted.
typedef void (*SortRowsFn)(const SortArgs&, const void* x, void* values, int64_t* positions, void* scratch);

// What a row is sorted as. key32: keys of up to 32 bits; word64: keys of 64 bits, or shorter ones above positions of 32
// bits; pair: keys of any length beside positions.
enum class SortItem : uint8_t { key32, word64, pair };
struct KeyAndPosition {
  uint64_t key, position;
};

// What a row of n is sorted as, and the bytes of that.
TW_SORT_INLINE SortItem sort_item(int64_t itemsize, int64_t n, bool positions) {
  if (positions) return itemsize <= 4 && n <= INT64_C(0xffffffff) ? SortItem::word64 : SortItem::pair;
  return itemsize <= 4 ? SortItem::key32 : SortItem::word64;
}
TW_SORT_INLINE int64_t sort_item_bytes(SortItem item) {
  return item == SortItem::key32 ? 4 : item == SortItem::word64 ? 8 : (int64_t)sizeof(KeyAndPosition);
}

// What SortRowsFn needs: two lists of items (of a whole row, or of twice the k first and a tile), or one of up to
// kSortLanes rows.
constexpr int64_t kSortTile = 128;
constexpr int64_t kSortLanes = 16;
constexpr int64_t kLongestInNetwork = 1024;  // rows that are sorted so many at a time: they stay in the L2 cache
TW_SORT_INLINE int64_t sort_scratch_bytes(int64_t itemsize, int64_t n, bool positions) {
  return (n <= kLongestInNetwork ? kSortLanes * n + 2 * kSortTile : 2 * (n + kSortTile)) *
         sort_item_bytes(sort_item(itemsize, n, positions));
}

// Steps of a radix sort of one long row in blocks. Items are those of sort_item(); bits are counted in the whole item,
// of a pair in its key.
struct SortBits {
  uint64_t any, all;  // those set in some of the keys, and in all
  bool special;       // whether there is a NaN or a -0, of which keys alone do not tell
};
struct RadixDigit {
  int shift, bits;
  const uint8_t* buckets = nullptr;  // where there are some, that of each digit counts in its place
};
constexpr int kRadixBits = 11;  // at most: counters stay in the L1 cache
constexpr int kMostDigits = 8;
constexpr int kBucketBits = 16;  // of digits with buckets: most of their list that is used stays in the L1 cache

// The digits of at most `most` bits, lowest first, that have all bits of `varying`; gives their number. 8 <= most.
TW_SORT_INLINE int radix_digits(uint64_t varying, int most, RadixDigit* digits) {
  if (varying == 0) return 0;
  const int width = 64 - __builtin_clzll(varying) - __builtin_ctzll(varying);
  const int bits = (width + (width + most - 1) / most - 1) / ((width + most - 1) / most);  // of about equal digits
  int count = 0;
  while (varying != 0) {
    const int shift = __builtin_ctzll(varying);
    digits[count++] = {shift, bits < 64 - shift ? bits : 64 - shift};
    varying = shift + bits < 64 ? varying >> (shift + bits) << (shift + bits) : 0;
  }
  return count;
}
struct RadixKernels {
  // The items of x[begin, end), where x is the row.
  SortBits (*encode)(const SortArgs&, SortItem, const void* x, int64_t begin, int64_t end, void* items);
  // Adds to counts how often each digit comes.
  void (*count)(SortItem, const void* items, int64_t n, RadixDigit, int64_t* counts);
  // Moves each item to the place that `next` has for its digit, and that one on.
  void (*scatter)(SortItem, const void* items, int64_t n, RadixDigit, int64_t* next, void* to);
  // Sorts items by the bits of `varying`; gives where they are in the end: in items or in spare.
  void* (*sort)(SortItem, void* items, void* spare, int64_t n, uint64_t varying);
  // What items [begin, end) of the sorted row stand for.
  void (*decode)(const SortArgs&, SortItem, const void* items, int64_t begin, int64_t end, const void* x, void* values,
                 int64_t* positions);
  // Puts the row's zeros and NaNs into values in their own order, where keys alone were sorted.
  void (*restore)(const SortArgs&, const void* x, void* values);
};

// Steps of a partition of one long row in blocks.
struct PartitionKernels {
  // Adds to counts how often each digit comes in the keys of x[begin, end) that have the bits of `key` above it.
  void (*count)(const SortArgs&, const void* x, int64_t begin, int64_t end, uint64_t key, RadixDigit, int64_t* counts);
  // Moves x[begin, end) or their positions: those before `key` to next[0] and on, its equals to next[1], those after it
  // to next[2].
  void (*move)(const SortArgs&, const void* x, int64_t begin, int64_t end, uint64_t key, const int64_t* next,
               void* values, int64_t* positions);
};

// For each needle how many elements of the sorted row x of n come before it, or before and with it where `right`.
struct SearchArgs {
  DType dtype;
  bool right;
  int64_t n, count;
};
typedef void (*SearchFn)(const SearchArgs&, const void* x, const void* needles, int64_t* places);

// Indexed by dtype: those that are not complex.
struct SortKernels {
  SortRowsFn rows[kDTypes];
  // All n of each row: those before the element of rank k, those equal to it, those after it, each in the order of the
  // row. k < n. Scratch: n elements.
  SortRowsFn partition[kDTypes];
  SearchFn search[kDTypes];
  // Null where long rows are not cut (the reference).
  RadixKernels radix;
  PartitionKernels blocks;
};

}  // namespace tw
