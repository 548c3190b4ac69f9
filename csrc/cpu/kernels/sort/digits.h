// Items in the order of their digits.
#pragma once
#include "cpu/kernels/sort/items.h"

namespace tw::TW_ISA {

template <class Item, class Count>
TW_INLINE void count_digit(const Item* items, int64_t n, RadixDigit digit, Count* counts) {
  const uint64_t mask = ((uint64_t)1 << digit.bits) - 1;
  for (int64_t i = 0; i < n; ++i) ++counts[bits_of(items[i]) >> digit.shift & mask];
}

template <class Item, class Count>
TW_INLINE void scatter_digit(const Item* items, int64_t n, RadixDigit digit, Count* next, Item* to) {
  const uint64_t mask = ((uint64_t)1 << digit.bits) - 1;
  for (int64_t i = 0; i < n; ++i) {
    const Item item = items[i];
    to[next[bits_of(item) >> digit.shift & mask]++] = item;
  }
}

// Sorts the items; gives where they are in the end: in items or in spare.
template <class Item, class Count>
Item* sort_items(Item* items, Item* spare, int64_t n, uint64_t varying) {
  RadixDigit digits[kMostDigits];
  const int passes = radix_digits(varying, n < 4096 ? 8 : kRadixBits, digits);
  Count counts[kMostDigits * 256 > 6 << kRadixBits ? kMostDigits * 256 : 6 << kRadixBits];
  for (int64_t i = 0; i < (int64_t)passes << digits[0].bits; ++i) counts[i] = 0;
  const uint64_t mask = ((uint64_t)1 << digits[0].bits) - 1;
  for (int64_t i = 0; i < n; ++i) {
    const uint64_t bits = bits_of(items[i]);
    for (int p = 0; p < passes; ++p)
      ++counts[((int64_t)p << digits[0].bits) + (int64_t)(bits >> digits[p].shift & mask)];
  }
  for (int p = 0; p < passes; ++p) {
    Count* next = counts + ((int64_t)p << digits[0].bits);
    Count before = 0;
    for (int64_t i = 0; i <= (int64_t)mask; ++i) {
      const Count count = next[i];
      next[i] = before;
      before += count;
    }
    scatter_digit(items, n, digits[p], next, spare);
    Item* sorted = spare;
    spare = items;
    items = sorted;
  }
  return items;
}

}  // namespace tw::TW_ISA
