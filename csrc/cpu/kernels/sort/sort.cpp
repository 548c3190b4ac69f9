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

}  // namespace

void fill_radix(SortKernels&);

void fill(SortKernels& k) {
  k = {};
  k.rows[(int)DType::boolean] = sort_rows<uint8_t>;
#define X(T, name) k.rows[(int)DType::name] = sort_rows<typename IntOf<sizeof(T)>::utype>;
  TW_FOR_EACH_INTEGER(X)
  TW_FOR_EACH_FLOAT(X)
#undef X
  fill_radix(k);
}

}  // namespace tw::TW_ISA
