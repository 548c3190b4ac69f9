// The kernels of convolutions. See README.md.
#pragma once
#include "cpu/kernels/conv/depthwise.h"
#include "cpu/kernels/conv/direct.h"
#include "cpu/kernels/conv/im2col.h"
#include "cpu/kernels/conv/winograd.h"

namespace tw {

// Pixels [column, column + columns) of the images side by side, of `rows` channels: a part of a product's result, its
// rows `step` apart, and where it belongs.
struct ConvTile {
  ConvImages images;  // at the first of the channels
  int64_t out[3];     // their extents
  int64_t rows, column, columns;
  void* tile;
  int64_t step;
};

// The weight of a gradient with respect to the input: channels and filters exchanged, and of the taps those of one
// phase of the stride, in reverse. Along an axis they are first + (count - 1) step, .., first + step, first.
struct ConvTurn {
  ConvWeight weight;
  int64_t kernel[3], first[3], count[3], step[3];
  int64_t filters;
  void* out;  // of channel c: (filters, taps of the phase), contiguous
  int64_t out_step;
};

// Of weights, a box of taps: along an axis first, first + 1, .., first + count - 1.
struct ConvCrop {
  ConvWeight whole;
  int64_t kernel[3], first[3], count[3];
  int64_t channels;
  void* box;   // (filters, channels, taps of the box), contiguous
  bool zeros;  // whether `spread` clears the other taps
};

struct ConvKernels {
  // By log2 of the size of an element: only bytes move, unless the layout wants other lanes, which its pack_b makes.
  // Sources of B whose context is an Im2col.
  PackSource::Fill im2col[4];             // (channels taps) x (images pixels)
  PackSource::Fill im2col_transposed[4];  // (images pixels) x (channels taps)

  void (*place[4])(const ConvTile&);                             // tile -> images
  void (*gather[4])(const ConvTile&);                            // images -> tile
  void (*turn[4])(const ConvTurn&, int64_t begin, int64_t end);  // channels [begin, end)

  void (*crop[4])(const ConvCrop&, int64_t begin, int64_t end);    // whole -> box, filters [begin, end)
  void (*spread[4])(const ConvCrop&, int64_t begin, int64_t end);  // box -> whole

  // Column `pixel` of the im2col matrix, contiguous at `to`.
  void (*column[4])(const Im2col&, int64_t item, int64_t pixel, int64_t channels, void* to);

  DepthwiseKernels depthwise;
  DirectKernels direct;
  WinogradKernels winograd[2];  // f2 and f4, of float32

  // Of the reference only: planes [begin, end) of the result, each an image's channel; of the weight's gradient its
  // rows, each a filter's.
  void (*naive[kDTypes])(const ConvProblem&, int64_t begin, int64_t end);
  void (*naive_transpose[kDTypes])(const ConvProblem&, int64_t begin, int64_t end);
  void (*naive_weight_gradient[kDTypes])(const ConvWeightGradientProblem&, int64_t begin, int64_t end);
};

}  // namespace tw
