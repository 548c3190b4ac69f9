// 3 x 3 convolutions at stride 1 by Winograd's minimal filtering. See README.md.
#pragma once
#include "backend/gemm_problem.h"

namespace tw {

// w[filter, channel] at filter_step and channel_step, in elements; its nine taps lie side by side. `turned` by half a
// circle they are those of the gradient.
struct WinogradWeights {
  const void* data;
  int64_t filters, channels;
  int64_t filter_step, channel_step;
  bool turned;
};

// Images of x and out lie `image_step` elements apart, their channels `channel_step`, rows `row_step`; elements of a
// row lie side by side. `residual` lies as out does.
//
//   out[n, f, y, x] = activation(bias[f] + residual[n, f, y, x]
//                                + sum over c, i, j of w[f, c, i, j] * x[n, c, y + i - pad_y, x + j - pad_x])
struct Winograd {
  struct Images {
    void* data;
    int64_t image_step, channel_step, row_step;
  };
  int64_t images;
  WinogradWeights weights;  // as pack() was given them: multiply() reads them where its sums are not finite
  Images x, out;
  int64_t height, width, out_height, out_width;
  int64_t pad_y, pad_x;  // before the first row and column; any, as are those behind the last: out's size says which
  const void* bias;      // or null
  const void* residual;  // or null
  Activation activation;
};

// Tiles of m x m elements of the result, numbered through rows, columns and images, and whole panels of filters.
struct WinogradPart {
  int64_t tile, tiles;
  int64_t filter, filters;
};

// Of one tile size and dtype; null where a level has none.
struct WinogradKernels {
  static constexpr int kMostTiles = 16, kMostFilters = 128;  // of a part
  static constexpr int kDepth = 64;                          // channels that are summed up in registers

  int m, points;    // (m + 2)^2 products for m x m elements
  int panel;        // filters in a panel
  int64_t scratch;  // bytes that multiply() needs, on a line

  // Bytes of all weights, transformed and packed.
  int64_t packed_bytes(int64_t filters, int64_t channels, int64_t size) const {
    return (filters + panel - 1) / panel * panel * channels * points * size;
  }
  // Of channels, a block of kDepth, and a panel of filters: into `packed`, which is that of all.
  void (*pack)(const WinogradWeights&, int64_t block, int64_t panel, void* packed);
  void (*multiply)(const Winograd&, const void* packed, const WinogradPart&, void* scratch);
};

}  // namespace tw
