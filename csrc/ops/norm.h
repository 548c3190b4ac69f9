// Normalisation. x and what goes with it promote to one floating dtype; integers become default_float().
#pragma once
#include <optional>

#include "core/array.h"

namespace tw {

// With what the way back needs: mean and 1 / sqrt(var + eps) of each row or channel, float64; and what was normalised,
// where a residual was added to x.
struct NormResult {
  Array y, mean, rstd;
  Array sum{};
};

// Over the last axes, which are those of `shape`, as are weight and bias.
NormResult layer_norm(const Array& x, const Array* weight, const Array* bias, const Dims& shape, double eps);
// The same without the mean: x / sqrt(mean x^2 + eps) weight.
NormResult rms_norm(const Array& x, const Array* weight, const Dims& shape, double eps);
// The same of x + residual, which have one shape.
NormResult add_layer_norm(const Array& x, const Array& residual, const Array* weight, const Array* bias,
                          const Dims& shape, double eps);
NormResult add_rms_norm(const Array& x, const Array& residual, const Array* weight, const Dims& shape, double eps);
// x (N, C, ..) over groups of its channels and all places; weight (C,), bias (C,).
NormResult group_norm(const Array& x, const Array* weight, const Array* bias, int64_t groups, double eps);
// Over places alone: a group for each channel. ValueError where there is one place.
NormResult instance_norm(const Array& x, const Array* weight, const Array* bias, double eps);
// x (N, C, ..) over N and places. ValueError where a channel has one value.
NormResult batch_norm(const Array& x, const Array* weight, const Array* bias, double eps);

// Running statistics (C,), floating, which move towards those of x; `batches`, integer and 0-d, counts how often. They
// move by `momentum`, or so that they are the mean of all batches. Of a batch without elements nothing moves.
struct RunningStatistics {
  const Array &mean, &var, &batches;
  std::optional<double> momentum;
};
NormResult instance_norm(const Array& x, const Array* weight, const Array* bias, const RunningStatistics& running,
                         double eps);
NormResult batch_norm(const Array& x, const Array* weight, const Array* bias, const RunningStatistics& running,
                      double eps);

// With statistics (C,) that are given, and differentiated as constants. `op` is what errors begin with.
NormResult given_norm(const char* op, const Array& x, const Array* weight, const Array* bias, const Array& mean,
                      const Array& var, double eps);

// Arrays that are not wanted are empty (no storage).
struct NormGradients {
  Array x, weight, bias;
};
struct NormOperands {
  const Array &g, &x;
  const Array* weight;
  const Array &mean, &rstd;
};
// Of the ops above on rows: as struct NormRows. The gradients of weight and bias have `channels`. `added`, of the shape
// and dtype of x, is added to the gradient of x where it is not null.
NormGradients norm_rows_backward(const NormOperands& operands, const Array* added, const Dims& channels, int64_t inner,
                                 int64_t groups, bool centered, bool wants_weights);
NormGradients norm_channels_backward(const NormOperands& operands, bool given, bool wants_x, bool wants_weights);

}  // namespace tw
