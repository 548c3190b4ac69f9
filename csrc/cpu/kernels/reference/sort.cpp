// Naive sorting: a merge sort of positions, with comparisons of the elements as numbers.
#include "cpu/kernels/sort/sort.h"

#include "cpu/kernels/vec.h"

namespace tw::TW_ISA {
namespace {

template <class T>
inline T number(T x) {
  return x;
}
inline double number(f16 x) { return load_n<f16>(&x, 1)[0]; }
inline double number(bf16 x) { return load_n<bf16>(&x, 1)[0]; }

template <class T>
inline bool before(T a_, T b_, bool descending) {
  const auto a = number(a_), b = number(b_);
  const bool less = a < b || (a == a && b != b), greater = a > b || (a != a && b == b);
  return descending ? greater : less;
}

template <class T>
void sort_rows(const SortArgs& a, const void* x_, void* values_, int64_t* positions, void* scratch) {
  const T* x = static_cast<const T*>(x_);
  T* values = static_cast<T*>(values_);
  // Positions of 64 bits would not fit into the scratch memory of every dtype.
  for (int64_t row = 0; row < a.rows; ++row, x += a.n) {
    auto* order = static_cast<uint32_t*>(scratch);
    uint32_t* merged = order + a.n;
    for (int64_t i = 0; i < a.n; ++i) order[i] = (uint32_t)i;
    for (int64_t run = 1; run < a.n; run *= 2) {
      for (int64_t begin = 0; begin < a.n; begin += 2 * run) {
        const int64_t middle = begin + run < a.n ? begin + run : a.n;
        const int64_t end = middle + run < a.n ? middle + run : a.n;
        int64_t left = begin, right = middle;
        for (int64_t i = begin; i < end; ++i) {
          const bool take_right =
              left == middle || (right < end && before(x[order[right]], x[order[left]], a.descending));
          merged[i] = order[take_right ? right++ : left++];
        }
      }
      uint32_t* sorted = merged;
      merged = order;
      order = sorted;
    }
    for (int64_t i = 0; i < a.k; ++i) {
      if (values) values[row * a.k + i] = x[order[i]];
      if (positions) positions[row * a.k + i] = order[i];
    }
  }
}

template <class T>
void partition(const SortArgs& a, const void* x_, void* values_, int64_t* positions, void*) {
  const T* x = static_cast<const T*>(x_);
  T* values = static_cast<T*>(values_);
  for (int64_t row = 0; row < a.rows; ++row, x += a.n) {
    T pivot = x[0];
    for (int64_t i = 0; i < a.n; ++i) {
      int64_t lower = 0, equal = 0;
      for (int64_t j = 0; j < a.n; ++j) {
        lower += before(x[j], x[i], a.descending);
        equal += !before(x[j], x[i], a.descending) && !before(x[i], x[j], a.descending);
      }
      if (lower <= a.k && a.k < lower + equal) pivot = x[i];
    }
    int64_t to = row * a.n;
    for (int side = 0; side < 3; ++side)
      for (int64_t i = 0; i < a.n; ++i) {
        const int own = before(x[i], pivot, a.descending) ? 0 : before(pivot, x[i], a.descending) ? 2 : 1;
        if (own != side) continue;
        if (values) values[to] = x[i];
        if (positions) positions[to] = i;
        ++to;
      }
  }
}

template <class T>
void search(const SearchArgs& a, const void* x_, const void* needles_, int64_t* places) {
  const T *x = static_cast<const T*>(x_), *needles = static_cast<const T*>(needles_);
  for (int64_t j = 0; j < a.count; ++j) {
    int64_t low = 0, high = a.n;
    while (low < high) {
      const int64_t middle = (low + high) / 2;
      const bool lower = a.right ? !before(needles[j], x[middle], false) : before(x[middle], needles[j], false);
      (lower ? low : high) = lower ? middle + 1 : middle;
    }
    places[j] = low;
  }
}

}  // namespace

void fill(SortKernels& k) {
  k = {};
#define X(T, name)                              \
  k.rows[(int)DType::name] = sort_rows<T>;      \
  k.partition[(int)DType::name] = partition<T>; \
  k.search[(int)DType::name] = search<T>;
  TW_FOR_EACH_REAL(X)
#undef X
}

}  // namespace tw::TW_ISA
