// Normalisation, as devices are given it. Arrays are contiguous; x, weight, bias, y and their gradients have one
// floating dtype, statistics are float64. weight, bias and their gradients are null where they are left out.
#pragma once
#include "backend/norm_problem.h"

namespace tw {

// y = (x - mean) rstd weight + bias, rstd = 1 / sqrt(var + eps); without the mean where a row is not centered.
struct NormRowsProblem {
  NormRows shape;
  DType dtype;
  const char *x, *weight, *bias;
  char* y;
  double *mean, *rstd;  // of each row
};

struct NormRowsBackwardProblem {
  NormRows shape;
  DType dtype;
  const char *g, *x, *weight;
  const double *mean, *rstd;
  char *gx, *gweight, *gbias;
};

// The same for channels, whose statistics are those of x, or given.
struct NormChannelsProblem {
  NormChannels shape;
  DType dtype;
  bool given;
  double eps;
  const char *x, *weight, *bias;
  char* y;
  double *mean, *variance, *rstd;  // of each channel; the variance is biased, and null where given
};

struct NormChannelsBackwardProblem {
  NormChannels shape;
  DType dtype;
  bool given;
  const char *g, *x, *weight;
  const double *mean, *rstd;
  char *gx, *gweight, *gbias;
};

}  // namespace tw
