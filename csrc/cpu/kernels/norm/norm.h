// Normalisation of rows and of channels, forward and backward.
#pragma once
#include "backend/norm_problem.h"

namespace tw {

// Of rows [first, first + shape.rows) of an array; pointers are to row `first`.
struct NormRowsArgs {
  NormRows shape;
  int64_t first;
};

// Writes y, and mean and rstd of each row. weight and bias may be null. Where residual is not, x + residual is written
// to sum, and is what is normalised.
typedef void (*NormRowsFn)(const NormRowsArgs&, const void* x, const void* residual, const void* weight,
                           const void* bias, void* sum, void* y, double* mean, double* rstd);

// Writes gx, with `added` added where that is not null, and adds to gweight and gbias, which have a number for each
// channel, or are both null. scratch has room for twice as many numbers of the compute type.
typedef void (*NormRowsBackwardFn)(const NormRowsArgs&, const void* g, const void* x, const void* weight,
                                   const double* mean, const double* rstd, const void* added, void* gx, double* gweight,
                                   double* gbias, void* scratch);

// Some channels of some images; an image and the next lie `stride` apart.
struct NormChannelsArgs {
  NormChannels shape;
  int64_t stride;
};

typedef void (*NormMomentsFn)(const NormChannelsArgs&, double eps, const void* x, double* mean, double* variance,
                              double* rstd);
typedef void (*NormApplyFn)(const NormChannelsArgs&, const void* x, const double* mean, const double* rstd,
                            const void* weight, const void* bias, void* y);
// Of each channel sum g and sum g (x - mean) rstd.
typedef void (*NormSumsFn)(const NormChannelsArgs&, const void* g, const void* x, const double* mean,
                           const double* rstd, double* sum_g, double* sum_gx);
// gx = weight rstd (g - mean_g - (x - mean) rstd mean_gx); mean_g and mean_gx are null where the statistics were given.
typedef void (*NormGradientFn)(const NormChannelsArgs&, const void* g, const void* x, const double* mean,
                               const double* rstd, const void* weight, const double* mean_g, const double* mean_gx,
                               void* gx);

// Indexed by dtype: the floats. The compute type is float64 for float64, else float32.
struct NormKernels {
  NormRowsFn rows[kDTypes];
  NormRowsBackwardFn rows_backward[kDTypes];
  NormMomentsFn moments[kDTypes];
  NormApplyFn apply[kDTypes];
  NormSumsFn sums[kDTypes];
  NormGradientFn gradient[kDTypes];
};

}  // namespace tw
