// The places of needles in a sorted row: binary searches of several needles side by side, all of them as many steps
// long, so that what one waits for in memory the others read at the same time.
#include "cpu/kernels/sort/rows.h"

namespace tw::TW_ISA {
namespace {

constexpr int64_t kSideBySide = 16;

// to_key() of ascending order without branches, which searches would mispredict.
template <bool Float, class U>
TW_INLINE U plain_key(U x, const KeyRule<U>& rule) {
  constexpr U top = KeyRule<U>::kTop;
  if constexpr (!Float) return (U)(x ^ rule.sign);
  const U magnitude = x & (U)~top, negative = (U)0 - (U)(x >> (8 * sizeof(U) - 1));
  const U key = (U)(x ^ (negative | top)), zero = (U)0 - (U)(magnitude == 0),
          nan = (U)0 - (U)(magnitude > rule.infinity);
  return (U)(((key & (U)~zero) | (top & zero)) | nan);
}

// Of each needle the first `left` elements from `place` on are yet to be looked at.
template <bool Float, bool Right, class U>
TW_INLINE void search_some(const KeyRule<U>& rule, const U* x, int64_t n, const U* needles, int64_t count,
                           int64_t* places) {
  U keys[kSideBySide];
  int64_t place[kSideBySide];
  for (int64_t j = 0; j < count; ++j) {
    keys[j] = plain_key<Float>(needles[j], rule);
    place[j] = 0;
  }
  const auto step = [&](int64_t ahead, int64_t by) __attribute__((always_inline)) {
    for (int64_t j = 0; j < count; ++j) {
      const U key = plain_key<Float>(x[place[j] + ahead], rule);
      place[j] += by & -(int64_t)(Right ? key <= keys[j] : key < keys[j]);
    }
  };
  int64_t left = n;
  for (; left > 1; left -= left / 2) step(left / 2 - 1, left / 2);
  if (left == 1) step(0, 1);
  for (int64_t j = 0; j < count; ++j) places[j] = place[j];
}

template <bool Float, bool Right, class U>
void search_all(const SearchArgs& a, const U* x, const U* needles, int64_t* places) {
  const KeyRule<U> rule = key_rule<U>(SortArgs{a.dtype, false, 1, a.n, a.n});
  int64_t i = 0;
  for (; i + kSideBySide <= a.count; i += kSideBySide)
    search_some<Float, Right>(rule, x, a.n, needles + i, kSideBySide, places + i);
  search_some<Float, Right>(rule, x, a.n, needles + i, a.count - i, places + i);
}

}  // namespace

template <class U>
void search_row(const SearchArgs& a, const U* x, const U* needles, int64_t* places) {
  if (has_float_keys(a.dtype))
    (a.right ? search_all<true, true, U> : search_all<true, false, U>)(a, x, needles, places);
  else
    (a.right ? search_all<false, true, U> : search_all<false, false, U>)(a, x, needles, places);
}

template void search_row(const SearchArgs&, const uint8_t*, const uint8_t*, int64_t*);
template void search_row(const SearchArgs&, const uint16_t*, const uint16_t*, int64_t*);
template void search_row(const SearchArgs&, const uint32_t*, const uint32_t*, int64_t*);
template void search_row(const SearchArgs&, const uint64_t*, const uint64_t*, int64_t*);

}  // namespace tw::TW_ISA
