// Which way a row is sorted.
#include "cpu/kernels/sort/sort.h"

#include "cpu/kernels/sort/rows.h"

namespace tw::TW_ISA {
namespace {

constexpr int64_t kFewOf = 8;  // times as long as what is wanted of it is a row whose few first are selected

template <class U>
void sort_rows(const SortArgs& all, const void* x_, void* values_, int64_t* positions, void* scratch) {
  const U* x = static_cast<const U*>(x_);
  U* values = static_cast<U*>(values_);
  SortArgs a = all;
  if (const int64_t done = network_rows(a, x, values, positions, scratch)) {
    a.rows -= done;
    x += done * a.n;
    if (values) values += done * a.k;
    if (positions) positions += done * a.k;
  }
  if (a.n <= kLongestRanked) return rank_rows(a, x, values, positions);
  if (positions && a.k <= a.n / kFewOf) return select_rows(a, x, values, positions, scratch);
  radix_rows(a, x, values, positions, scratch);
}

template <class U>
void partition(const SortArgs& a, const void* x, void* values, int64_t* positions, void* scratch) {
  partition_rows(a, static_cast<const U*>(x), static_cast<U*>(values), positions, static_cast<U*>(scratch));
}
template <class U>
void search(const SearchArgs& a, const void* x, const void* needles, int64_t* places) {
  search_row(a, static_cast<const U*>(x), static_cast<const U*>(needles), places);
}

template <class U>
void fill_dtype(SortKernels& k, DType dtype) {
  k.rows[(int)dtype] = sort_rows<U>;
  k.partition[(int)dtype] = partition<U>;
  k.search[(int)dtype] = search<U>;
}

}  // namespace

void fill_radix(SortKernels&);
void fill_partition(SortKernels&);

void fill(SortKernels& k) {
  k = {};
  fill_dtype<uint8_t>(k, DType::boolean);
#define X(T, name) fill_dtype<typename IntOf<sizeof(T)>::utype>(k, DType::name);
  TW_FOR_EACH_INTEGER(X)
  TW_FOR_EACH_FLOAT(X)
#undef X
  fill_radix(k);
  fill_partition(k);
}

}  // namespace tw::TW_ISA
