// Normalisation, as kernels of any device see it.
#pragma once
#include "core/dtype.h"

namespace tw {

// Rows of n numbers, one behind the other, each normalised by itself: layer, RMS, group and instance norm. A row holds
// n / inner channels, each with a weight and a bias: number i of row r belongs to channel
// r % groups * (n / inner) + i / inner. Of layer norm inner and groups are 1.
struct NormRows {
  int64_t rows, n, inner, groups;
  bool centered;  // whether the mean is subtracted
  double eps;

  constexpr int64_t channels() const { return groups * (n / inner); }
};

// (images, channels, spatial), of which each channel is normalised over images and places: batch norm.
struct NormChannels {
  int64_t images, channels, spatial;
};

}  // namespace tw
