#include "cpu/kernels/resample/resample.h"

#include "cpu/kernels/vec.h"

namespace tw::TW_ISA {
namespace {

constexpr int64_t kColumns = 256;  // whose sums stay in the L1 cache
constexpr int kRows = 4;           // that go along together where there are no columns

// kRows neighbouring rows, or `rows` of them.
template <int Rows, class T>
TW_INLINE void along_rows(const ResampleArgs& a, const T* x, T* y) {
  for (int64_t j = a.first; j < a.last; ++j) {
    double sums[Rows] = {};
    for (int64_t k = a.starts[j]; k < a.starts[j + 1]; ++k)
      for (int r = 0; r < Rows; ++r) sums[r] += a.weights[k] * (double)x[r * a.sources + a.positions[k]];
    for (int r = 0; r < Rows; ++r) y[r * a.targets + j] = (T)sums[r];
  }
}

template <class T>
void down_columns(const ResampleArgs& a, const T* x, T* y) {
  for (int64_t j = a.first; j < a.last; ++j) {
    for (int64_t c = a.first_column; c < a.last_column; c += kColumns) {
      const int64_t width = a.last_column - c < kColumns ? a.last_column - c : kColumns;
      double sums[kColumns] = {};
      for (int64_t k = a.starts[j]; k < a.starts[j + 1]; ++k) {
        const T* from = x + a.positions[k] * a.inner + c;
        const double weight = a.weights[k];
        for (int64_t i = 0; i < width; ++i) sums[i] += weight * (double)from[i];
      }
      T* to = y + j * a.inner + c;
      for (int64_t i = 0; i < width; ++i) to[i] = (T)sums[i];
    }
  }
}

template <class T>
void resample(const ResampleArgs& a, const void* x_, void* y_) {
  const T* x = static_cast<const T*>(x_);
  T* y = static_cast<T*>(y_);
  int64_t o = 0;
  if (a.inner == 1)
    for (; o + kRows <= a.outer; o += kRows) along_rows<kRows>(a, x + o * a.sources, y + o * a.targets);
  for (; o < a.outer; ++o) {
    const int64_t from = o * a.sources * a.inner, to = o * a.targets * a.inner;
    if (a.inner == 1)
      along_rows<1>(a, x + from, y + to);
    else
      down_columns(a, x + from, y + to);
  }
}

}  // namespace

void fill(ResampleKernels& k) {
  k.f32 = resample<float>;
  k.f64 = resample<double>;
}

}  // namespace tw::TW_ISA
