// Items in the order of their digits.
#pragma once
#include "cpu/kernels/sort/items.h"

namespace tw::TW_ISA {

constexpr int64_t kLineBytes = 64;   // of a cache line
constexpr int64_t kFewItems = 1536;  // for fewer, digits of 8 bits take less: there are fewer counters to add up

// f(digit_of) with what an item's bits are counted as.
template <class F>
TW_INLINE void with_digit(RadixDigit digit, F f) {
  const uint64_t mask = ((uint64_t)1 << digit.bits) - 1;
  if (digit.buckets) return f([=](uint64_t bits) { return (uint64_t)digit.buckets[bits >> digit.shift & mask]; });
  f([=](uint64_t bits) { return bits >> digit.shift & mask; });
}

template <class Item, class Count>
TW_INLINE void count_digit(const Item* items, int64_t n, RadixDigit digit, Count* counts) {
  with_digit(digit, [&](auto digit_of) {
    for (int64_t i = 0; i < n; ++i) ++counts[digit_of(bits_of(items[i]))];
  });
}

// Items go to so many lines of memory that no cache fetches them ahead: the next line of a digit is asked for.
template <class Item, class Count>
TW_INLINE void scatter_digit(const Item* items, int64_t n, RadixDigit digit, Count* next, Item* to) {
  with_digit(digit, [&](auto digit_of) {
    for (int64_t i = 0; i < n; ++i) {
      const Item item = items[i];
      Item* const place = to + next[digit_of(bits_of(item))]++;
      *place = item;
      __builtin_prefetch((const char*)place + kLineBytes, 1);
    }
  });
}

// And adds to counts how often each of the following digits comes.
template <class Item>
TW_INLINE void scatter_and_count(const Item* items, int64_t n, RadixDigit digit, uint32_t* next, Item* to,
                                 RadixDigit following, uint32_t* counts) {
  const uint64_t mask = ((uint64_t)1 << digit.bits) - 1, following_mask = ((uint64_t)1 << following.bits) - 1;
  for (int64_t i = 0; i < n; ++i) {
    const Item item = items[i];
    const uint64_t bits = bits_of(item);
    to[next[bits >> digit.shift & mask]++] = item;
    ++counts[bits >> following.shift & following_mask];
  }
}

// The vector moved up by S lanes, zeros before it.
template <int S>
TW_INLINE vec<uint32_t> moved_up(vec<uint32_t> v) {
#if TW_VEC_BYTES == 64
  if constexpr (S == 8)
    return __builtin_shufflevector(vec<uint32_t>{}, v, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23);
  if constexpr (S == 4)
    return __builtin_shufflevector(vec<uint32_t>{}, v, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27);
  if constexpr (S == 2)
    return __builtin_shufflevector(vec<uint32_t>{}, v, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29);
  return __builtin_shufflevector(vec<uint32_t>{}, v, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30);
#elif TW_VEC_BYTES == 32
  if constexpr (S == 4) return __builtin_shufflevector(vec<uint32_t>{}, v, 4, 5, 6, 7, 8, 9, 10, 11);
  if constexpr (S == 2) return __builtin_shufflevector(vec<uint32_t>{}, v, 6, 7, 8, 9, 10, 11, 12, 13);
  return __builtin_shufflevector(vec<uint32_t>{}, v, 7, 8, 9, 10, 11, 12, 13, 14);
#else
  if constexpr (S == 2) return __builtin_shufflevector(vec<uint32_t>{}, v, 2, 3, 4, 5);
  return __builtin_shufflevector(vec<uint32_t>{}, v, 3, 4, 5, 6);
#endif
}

// counts[i] becomes the sum of those before it. n is a power of two.
TW_INLINE void add_up_before(uint32_t* counts, int64_t n) {
  constexpr int64_t step = lanes<uint32_t>;
  uint32_t before = 0;
  for (int64_t i = 0; i < n; i += step) {
    const vec<uint32_t> own = load(counts + i);
    vec<uint32_t> v = own + moved_up<1>(own);
    v += moved_up<2>(v);
    if constexpr (step > 4) v += moved_up<4>(v);
    if constexpr (step > 8) v += moved_up<8>(v);
    store(counts + i, v - own + set1(before));
    before += v[step - 1];
  }
}

// Sorts fewer than 2^32 items; gives where they are in the end: in items or in spare. A pass counts the digits of the
// next one.
template <class Item>
Item* sort_items(Item* items, Item* spare, int64_t n, uint64_t varying) {
  RadixDigit digits[kMostDigits];
  const int passes = radix_digits(varying, n < kFewItems ? 8 : kRadixBits, digits);
  uint32_t memory[2 << kRadixBits];
  uint32_t *counts = memory, *following = memory + (1 << kRadixBits);
  if (passes == 0) return items;
  const int64_t buckets = (int64_t)1 << digits[0].bits;
  for (int64_t i = 0; i < buckets; ++i) counts[i] = 0;
  count_digit(items, n, digits[0], counts);
  for (int p = 0; p < passes; ++p) {
    add_up_before(counts, buckets);
    if (p + 1 < passes) {
      for (int64_t i = 0; i < buckets; ++i) following[i] = 0;
      scatter_and_count(items, n, digits[p], counts, spare, digits[p + 1], following);
    } else {
      scatter_digit(items, n, digits[p], counts, spare);
    }
    Item* sorted = spare;
    spare = items;
    items = sorted;
    uint32_t* done = counts;
    counts = following;
    following = done;
  }
  return items;
}

}  // namespace tw::TW_ISA
