// What keys do not tell: which zero and which NaN it was.
#pragma once
#include "cpu/kernels/sort/keys.h"

namespace tw::TW_ISA {

// Zeros are next to each other in the sorted row, and so are NaNs: those of x take their places, in the order of x.
template <class U>
void restore_row(const SortArgs& a, const U* x, U* values) {
  constexpr U top = KeyRule<U>::kTop;
  const U infinity = key_rule<U>(a).infinity;
  int64_t nans = 0, before_zeros = 0;
  for (int64_t i = 0; i < a.n; ++i) {
    const bool nan = (x[i] & (U)~top) > infinity, zero = (x[i] & (U)~top) == 0, negative = x[i] & top;
    nans += nan;
    before_zeros += !nan && !zero && negative != a.descending;
  }
  int64_t nan = a.descending ? 0 : a.n - nans, zero = before_zeros + (a.descending ? nans : 0);
  for (int64_t i = 0; i < a.n; ++i) {
    const U magnitude = x[i] & (U)~top;
    if (magnitude != 0 && magnitude <= infinity) continue;
    int64_t& at = magnitude == 0 ? zero : nan;
    if (at < a.k) values[at] = x[i];
    ++at;
  }
}

}  // namespace tw::TW_ISA
