// Picking elements by position: gather, scatter, scatter-add, and the position lists that drive them.
//
// Every index (integer arrays on any axes, masks, positions along an axis) becomes a list of offsets, as a whole or a
// tile at a time; the kernels only follow such lists. All strides and offsets are in elements.
#pragma once
#include "core/dtype.h"

namespace tw {

// Picked elements form a block y of outer × count × inner. Element (o, j, i) lies at
//   x[o * x_outer + offsets[j] + i * x_inner]   in the indexed array, and at
//   y[o * y_outer + j * y_count + i * y_inner]  among the picked ones.
struct PickArgs {
  int64_t outer, count, inner;
  int64_t x_outer, x_inner;
  int64_t y_outer, y_count, y_inner;
};

// y = x at the offsets.
typedef void (*GatherFn)(const PickArgs&, const void* x, const int64_t* offsets, void* y);

// x at the offsets = y, in the order of j: where offsets repeat, the last wins.
typedef void (*ScatterFn)(const PickArgs&, const void* y, const int64_t* offsets, void* x);

// x at the offsets += y, where entry j of the list takes y's position order[j]. Runs of equal offsets are summed
// pairwise from chains of at most 64 and added to x once, so repeats cost neither accuracy nor, in float16, stagnation.
typedef void (*ScatterAddFn)(const PickArgs&, const void* y, const int64_t* offsets, const int64_t* order, void* x);

// offsets[j] = base + j * step + position(index[j * index_stride]) * stride, added to what is there where `accumulate`.
// Negative indices count from `extent`. Returns the first j whose index is outside [-extent, extent), or -1.
struct OffsetArgs {
  int64_t count, index_stride;
  int64_t extent, stride;
  int64_t base, step;
  bool accumulate;
};
typedef int64_t (*OffsetFn)(const OffsetArgs&, const void* index, int64_t* offsets);

// How many of mask[j * mask_stride], j < count, are true.
typedef int64_t (*CountTrueFn)(const bool* mask, int64_t mask_stride, int64_t count);

// Appends base + j * step for each true mask[j * mask_stride]; returns how many. Writes nothing past them.
struct MaskArgs {
  int64_t count, mask_stride;
  int64_t base, step;
};
typedef int64_t (*MaskOffsetsFn)(const MaskArgs&, const bool* mask, int64_t* offsets);

// Entry (j, i) of rows × width falls on position p = positions[j * width + i] of line i:
//   sums[p * lanes + i * lane] += y[j * y_row + i * y_step]    for all entries, in this order, and then
//   x[p * x_stride + i * x_step] += sums[p * lanes + i * lane], which becomes 0,
// for each entry again, or where `extent` is not 0 for each p < extent, which costs less where entries are many. Either
// `lane` is 1, or it is 0 and rows and lanes are 1.
// Sums are double for float32 and float64, float for float16 and bfloat16, else of x's dtype.
struct AddAlongArgs {
  int64_t rows, width;
  int64_t lanes, lane, extent;
  int64_t y_row, y_step;
  int64_t x_stride, x_step;
};
typedef void (*AddAlongFn)(const AddAlongArgs&, const int64_t* positions, const void* y, void* x, void* sums);

struct IndexKernels {
  GatherFn gather[5];  // by log2 of the item size: only bytes move
  ScatterFn scatter[5];
  ScatterAddFn scatter_add[kDTypes];  // by x's dtype; none for bool and complex
  AddAlongFn add_along[kDTypes];      // the same
  OffsetFn offsets[kDTypes];          // by the index's dtype; integers only
  CountTrueFn count_true;
  MaskOffsetsFn mask_offsets;
};

}  // namespace tw
