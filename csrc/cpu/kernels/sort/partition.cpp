// Rows around the element of rank k. Its key is found from the highest digit on: those of a digit are counted, and only
// the keys that have the digit of rank k go on. Then each element moves to those before it, equal to it or after it.
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

}  // namespace tw::TW_ISA
