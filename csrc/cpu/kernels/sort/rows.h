// The ways to sort rows.
#pragma once
#include "cpu/kernels/sort/keys.h"

namespace tw::TW_ISA {

// The longest rows that rank_rows() is good for: a longer one takes less by its digits.
constexpr int64_t kLongestRanked = 2 * TW_VEC_BYTES;

// Of rows up to kLongestInNetwork: as many whole vectors of rows as there are; gives how many rows these were.
template <class U>
int64_t network_rows(const SortArgs&, const U* x, U* values, int64_t* positions, void* scratch);

// Short rows: an element's place is the number of those before it.
template <class U>
void rank_rows(const SortArgs&, const U* x, U* values, int64_t* positions);

// Any rows, by least significant digits first.
template <class U>
void radix_rows(const SortArgs&, const U* x, U* values, int64_t* positions, void* scratch);

// The few first of long rows, with their positions.
template <class U>
void select_rows(const SortArgs&, const U* x, U* values, int64_t* positions, void* scratch);

// Those before the element of rank k of each row, those equal to it, and those after it. Scratch: n keys.
template <class U>
void partition_rows(const SortArgs&, const U* x, U* values, int64_t* positions, U* scratch);

// The places of needles in a sorted row.
template <class U>
void search_row(const SearchArgs&, const U* x, const U* needles, int64_t* places);

}  // namespace tw::TW_ISA
