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
