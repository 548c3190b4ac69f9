// Resampling along an axis: a product with a sparse matrix.
#pragma once
#include "core/dtype.h"

namespace tw {

// y[(o * targets + j) * inner + c] = sum of weights[k] * x[(o * sources + positions[k]) * inner + c] over
// starts[j] <= k < starts[j + 1], for o < outer, first <= j < last and first_column <= c < last_column. Sums are of
// doubles, in the order of k.
struct ResampleArgs {
  int64_t outer, sources, targets, inner;
  int64_t first, last, first_column, last_column;
  const int64_t* starts;
  const int64_t* positions;
  const double* weights;
};

typedef void (*ResampleFn)(const ResampleArgs&, const void* x, void* y);

struct ResampleKernels {
  ResampleFn f32, f64;
};

}  // namespace tw
