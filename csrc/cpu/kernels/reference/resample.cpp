// Naive resampling: each element by itself, in long double.
#include "cpu/kernels/resample/resample.h"

namespace tw::TW_ISA {
namespace {

template <class T>
void resample(const ResampleArgs& a, const void* x, void* y) {
  for (int64_t o = 0; o < a.outer; ++o)
    for (int64_t j = a.first; j < a.last; ++j)
      for (int64_t c = a.first_column; c < a.last_column; ++c) {
        long double sum = 0;
        for (int64_t k = a.starts[j]; k < a.starts[j + 1]; ++k)
          sum += (long double)a.weights[k] * static_cast<const T*>(x)[(o * a.sources + a.positions[k]) * a.inner + c];
        static_cast<T*>(y)[(o * a.targets + j) * a.inner + c] = (T)sum;
      }
}

}  // namespace

void fill(ResampleKernels& k) {
  k.f32 = resample<float>;
  k.f64 = resample<double>;
}

}  // namespace tw::TW_ISA
