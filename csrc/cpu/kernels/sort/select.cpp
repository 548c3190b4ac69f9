// The few first of a long row: a list of candidates, in which everything goes that is before the last of the first k
// found so far. Where it is full, it is sorted and cut to k. Most elements are only compared with that last one.
#include "cpu/kernels/sort/digits.h"
#include "cpu/kernels/sort/rows.h"

namespace tw::TW_ISA {
namespace {

constexpr int64_t kInserted = 32;  // candidates that are sorted by insertion

template <class Item>
Item* sort_candidates(Item* items, Item* spare, int64_t n) {
  if (n <= kInserted) {
    for (int64_t i = 1; i < n; ++i) {
      const Item item = items[i];
      int64_t at = i;
      for (; at > 0 && bits_of(item) < bits_of(items[at - 1]); --at) items[at] = items[at - 1];
      items[at] = item;
    }
    return items;
  }
  uint64_t any = 0, all = ~(uint64_t)0;
  for (int64_t i = 0; i < n; ++i) {
    any |= bits_of(items[i]);
    all &= bits_of(items[i]);
  }
  uint64_t varying = any & ~all;
  if (sizeof(Item) == 8) varying &= 0xffffffff00000000;  // positions are in order
  return sort_items(items, spare, n, varying);
}

// An element's key and position, whichever key it has.
template <class U>
struct Candidate {
  typedef uint64_t type;
};
template <>
struct Candidate<uint64_t> {
  typedef KeyAndPosition type;
};

template <class U>
class Candidates {
  typedef typename Candidate<U>::type Item;

 public:
  Candidates(int64_t k, void* scratch)
      : k_(k), items_(static_cast<Item*>(scratch)), spare_(items_ + 2 * k + kSortTile) {}

  // Keys of x[begin ..]; there are whole vectors of them.
  void add(const U* keys, int64_t begin, int64_t n) {
    if (count_ > 2 * k_) cut();
    if (!full_) {
      for (int64_t i = 0; i < n; ++i) push(keys[i], begin + i);
      return;
    }
    constexpr int64_t step = lanes<U>;
    for (int64_t i = 0; i < n; i += step) {
      if (!any(load(keys + i) < set1(limit_))) continue;
      for (int64_t j = i; j < n && j < i + step; ++j)
        if (keys[j] < limit_) push(keys[j], begin + j);
    }
  }

  const Item* first() {
    cut();
    return items_;
  }

 private:
  void push(U key, int64_t position) { items_[count_++] = make_item<U, Item, true>(key, position); }

  void cut() {
    Item* sorted = sort_candidates(items_, spare_, count_);
    if (sorted != items_) {
      spare_ = items_;
      items_ = sorted;
    }
    count_ = count_ < k_ ? count_ : k_;
    full_ = count_ == k_;
    if (full_) limit_ = (U)(bits_of(items_[k_ - 1]) >> (sizeof(Item) == 8 ? 32 : 0));
  }

  int64_t k_, count_ = 0;
  Item *items_, *spare_;
  U limit_ = 0;  // the key of the last of k, where there are so many
  bool full_ = false;
};

template <bool Float, class U>
void select_row(const SortArgs& a, const U* x, U* values, int64_t* positions, void* scratch) {
  const KeyRule<U> rule = key_rule<U>(a);
  Candidates<U> candidates(a.k, scratch);
  alignas(64) U keys[kSortTile] = {};
  for (int64_t i = 0; i < a.n; i += kSortTile) {
    const int64_t n = a.n - i < kSortTile ? a.n - i : kSortTile;
    for (int64_t j = 0; j < n; ++j) keys[j] = to_key<Float>(x[i + j], rule);
    candidates.add(keys, i, n);
  }
  const auto* first = candidates.first();
  for (int64_t i = 0; i < a.k; ++i) {
    positions[i] = position_of(first[i]);
    if (values) values[i] = x[positions[i]];
  }
}

}  // namespace

template <class U>
void select_rows(const SortArgs& a, const U* x, U* values, int64_t* positions, void* scratch) {
  for (int64_t row = 0; row < a.rows; ++row, x += a.n, positions += a.k) {
    if (has_float_keys(a.dtype))
      select_row<true>(a, x, values, positions, scratch);
    else
      select_row<false>(a, x, values, positions, scratch);
    if (values) values += a.k;
  }
}

template void select_rows(const SortArgs&, const uint8_t*, uint8_t*, int64_t*, void*);
template void select_rows(const SortArgs&, const uint16_t*, uint16_t*, int64_t*, void*);
template void select_rows(const SortArgs&, const uint32_t*, uint32_t*, int64_t*, void*);
template void select_rows(const SortArgs&, const uint64_t*, uint64_t*, int64_t*, void*);

}  // namespace tw::TW_ISA
