// Items: what rows are sorted as. See SortItem.
#pragma once
#include "cpu/kernels/sort/keys.h"

namespace tw::TW_ISA {

TW_INLINE uint64_t bits_of(uint32_t item) { return item; }
TW_INLINE uint64_t bits_of(uint64_t item) { return item; }
TW_INLINE uint64_t bits_of(const KeyAndPosition& item) { return item.key; }

template <class U, class Item, bool Positions>
TW_INLINE Item make_item(U key, int64_t position) {
  if constexpr (sizeof(Item) == sizeof(KeyAndPosition))
    return {key, (uint64_t)position};
  else if constexpr (Positions)
    return (Item)key << 32 | (Item)position;
  else
    return key;
}

template <class Item>
TW_INLINE int64_t position_of(const Item& item) {
  if constexpr (sizeof(Item) == sizeof(KeyAndPosition))
    return (int64_t)item.position;
  else
    return (int64_t)(item & 0xffffffff);
}

// Those of x[begin, end).
template <bool Float, class U, class Item, bool Positions>
TW_INLINE SortBits encode_items(const KeyRule<U>& rule, const U* x, int64_t begin, int64_t end, Item* items) {
  U any = 0, all = (U) ~(U)0, special = 0;
  for (int64_t i = begin; i < end; ++i) {
    const U key = to_key<Float>(x[i], rule);
    any |= key;
    all &= key;
    if constexpr (Float) special |= (U)((U)(x[i] << 1) > (U)(rule.infinity << 1)) | (U)(x[i] == KeyRule<U>::kTop);
    items[i - begin] = make_item<U, Item, Positions>(key, i);
  }
  constexpr int shift = Positions && sizeof(Item) == 8 ? 32 : 0;
  return {(uint64_t)any << shift, (uint64_t)all << shift, special != 0};
}

// The values of keys that carry nothing.
template <bool Float, class U, class Item>
TW_INLINE void decode_keys(const KeyRule<U>& rule, const Item* items, int64_t n, U* values) {
  for (int64_t i = 0; i < n; ++i) values[i] = from_key<Float>((U)items[i], rule);
}

template <bool Value>
struct Flag {
  static constexpr bool value = Value;
};

// Calls f(Item{}, whether items carry positions) for what sort_item() names.
template <class U, class F>
TW_INLINE void with_item(SortItem item, F f) {
  if (item == SortItem::pair) return f(KeyAndPosition{}, Flag<true>{});
  if constexpr (sizeof(U) == 8) return f(uint64_t{}, Flag<false>{});
  if (item == SortItem::key32) return f(uint32_t{}, Flag<false>{});
  f(uint64_t{}, Flag<true>{});
}

}  // namespace tw::TW_ISA
