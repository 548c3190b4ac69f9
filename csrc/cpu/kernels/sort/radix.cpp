// Long rows: a radix sort, least significant digit first. Each pass counts how often each digit comes and then moves
// the items to their places, in order, so equals stay in order. Bits that all keys have alike are left out.
#include "cpu/kernels/sort/digits.h"
#include "cpu/kernels/sort/restore.h"
#include "cpu/kernels/sort/rows.h"

namespace tw::TW_ISA {
namespace {

template <class U>
SortBits encode_row(const SortArgs& a, SortItem item, const U* x, int64_t begin, int64_t end, void* items) {
  const KeyRule<U> rule = key_rule<U>(a);
  SortBits bits{};
  with_item<U>(item, [&](auto kind, auto positions) {
    typedef decltype(kind) Item;
    auto* to = static_cast<Item*>(items);
    if (has_float_keys(a.dtype))
      bits = encode_items<true, U, Item, decltype(positions)::value>(rule, x, begin, end, to);
    else
      bits = encode_items<false, U, Item, decltype(positions)::value>(rule, x, begin, end, to);
  });
  return bits;
}

template <class U>
void decode_row(const SortArgs& a, SortItem item, const void* items_, int64_t begin, int64_t end, const U* x, U* values,
                int64_t* positions) {
  with_item<U>(item, [&](auto kind, auto carries) {
    typedef decltype(kind) Item;
    const auto* items = static_cast<const Item*>(items_) + begin;
    const int64_t n = end - begin;
    if constexpr (decltype(carries)::value) {
      if (positions)
        for (int64_t i = 0; i < n; ++i) positions[begin + i] = position_of(items[i]);
      if (values)
        for (int64_t i = 0; i < n; ++i) values[begin + i] = x[position_of(items[i])];
    } else {
      const KeyRule<U> rule = key_rule<U>(a);
      if (has_float_keys(a.dtype))
        decode_keys<true>(rule, items, n, values + begin);
      else
        decode_keys<false>(rule, items, n, values + begin);
    }
  });
}

}  // namespace

template <class U>
void radix_rows(const SortArgs& a, const U* x, U* values, int64_t* positions, void* scratch) {
  const SortItem kind = sort_item(sizeof(U), a.n, positions);
  for (int64_t row = 0; row < a.rows; ++row, x += a.n) {
    const SortBits bits = encode_row(a, kind, x, 0, a.n, scratch);
    with_item<U>(kind, [&](auto item, auto carries) {
      typedef decltype(item) Item;
      auto* items = static_cast<Item*>(scratch);
      items = sort_items(items, items + a.n, a.n, bits.any & ~bits.all);
      decode_row(a, kind, items, 0, a.k, x, values, positions);
      if (!decltype(carries)::value && bits.special) restore_row(a, x, values);
    });
    if (values) values += a.k;
    if (positions) positions += a.k;
  }
}

template void radix_rows(const SortArgs&, const uint8_t*, uint8_t*, int64_t*, void*);
template void radix_rows(const SortArgs&, const uint16_t*, uint16_t*, int64_t*, void*);
template void radix_rows(const SortArgs&, const uint32_t*, uint32_t*, int64_t*, void*);
template void radix_rows(const SortArgs&, const uint64_t*, uint64_t*, int64_t*, void*);

// ---- the steps, for one row in blocks -------------------------------------------------------------------------------

namespace {

SortBits encode(const SortArgs& a, SortItem item, const void* x, int64_t begin, int64_t end, void* items) {
  SortBits bits{};
  with_width(a.dtype, [&](auto width) {
    bits = encode_row(a, item, static_cast<const decltype(width)*>(x), begin, end, items);
  });
  return bits;
}

void decode(const SortArgs& a, SortItem item, const void* items, int64_t begin, int64_t end, const void* x,
            void* values, int64_t* positions) {
  with_width(a.dtype, [&](auto width) {
    typedef decltype(width) U;
    decode_row(a, item, items, begin, end, static_cast<const U*>(x), static_cast<U*>(values), positions);
  });
}

void restore(const SortArgs& a, const void* x, void* values) {
  with_width(a.dtype, [&](auto width) {
    typedef decltype(width) U;
    restore_row(a, static_cast<const U*>(x), static_cast<U*>(values));
  });
}

template <class F>
TW_INLINE void with_kind(SortItem item, F f) {
  if (item == SortItem::key32) return f(uint32_t{});
  if (item == SortItem::word64) return f(uint64_t{});
  f(KeyAndPosition{});
}

void count(SortItem item, const void* items, int64_t n, RadixDigit digit, int64_t* counts) {
  with_kind(item, [&](auto kind) { count_digit(static_cast<const decltype(kind)*>(items), n, digit, counts); });
}

void scatter(SortItem item, const void* items, int64_t n, RadixDigit digit, int64_t* next, void* to) {
  with_kind(item, [&](auto kind) {
    typedef decltype(kind) Item;
    scatter_digit(static_cast<const Item*>(items), n, digit, next, static_cast<Item*>(to));
  });
}

void* sort(SortItem item, void* items_, void* spare, int64_t n, uint64_t varying) {
  void* sorted = items_;
  with_kind(item, [&](auto kind) {
    typedef decltype(kind) Item;
    auto* items = static_cast<Item*>(items_);
    uint64_t any = 0, all = ~(uint64_t)0;
    for (int64_t i = 0; i < n; ++i) {
      any |= bits_of(items[i]);
      all &= bits_of(items[i]);
    }
    sorted = sort_items(items, static_cast<Item*>(spare), n, any & ~all & varying);
  });
  return sorted;
}

}  // namespace

void fill_radix(SortKernels& k) { k.radix = {encode, count, scatter, sort, decode, restore}; }

}  // namespace tw::TW_ISA
