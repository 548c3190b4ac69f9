// The kernels of attention's way back. See README.md.
#pragma once
#include "core/dtype.h"

namespace tw {

// Elements from one row of scratch to the next: an odd number of cache lines, so that rows do not evict each other.
constexpr int64_t attention_row(int64_t columns, int64_t itemsize) {
  return ((columns * itemsize + 63) / 64 | 1) * 64 / itemsize;
}

// How many queries and keys meet at once: packed keys and values, what they are packed from and their cotangents stay in
// L2 while the queries walk past, with the weights.
struct AttentionBackwardBlocks {
  int64_t queries, keys;

  static constexpr int64_t kMostKeys = 256;

  static constexpr AttentionBackwardBlocks of(int64_t size, int64_t value_size, int64_t itemsize) {
    constexpr int64_t kBytes = 64 << 10, kLeast = 64;  // of keys
    const int64_t wider = size > value_size ? size : value_size;
    const int64_t fit = kBytes / itemsize / (wider > 0 ? wider : 1) / kLeast * kLeast;
    return {64, fit > kMostKeys ? kMostKeys : fit < kLeast ? kLeast : fit};
  }
  constexpr int64_t scratch_elements(int64_t size, int64_t value_size, int64_t itemsize) const {
    const int64_t row = attention_row(size, itemsize), value_row = attention_row(value_size, itemsize);
    return keys * (size + value_size + row) + queries * (row + value_row) +
           (2 * queries + 1) * attention_row(keys, itemsize) + attention_row(queries, itemsize);
  }
};

// Rows of unit stride, or, of what is added to scores, of any. Null where there are none.
struct AttentionRows {
  void* data;
  int64_t row, column = 1;
};

// Of one head and one sequence of an item, or of some of its keys: [from, to). Rows count from the sequence's first.
struct AttentionBackwardPart {
  int64_t queries, keys, size, value_size;
  AttentionRows q, k, v, output, of_output;
  const void *lse, *of_lse;  // of each query; of_lse may be null
  double scale, softcap;     // no cap: 0
  int64_t before, after;     // query i sees keys [i - before, i + after]
  AttentionRows keep, bias;
  AttentionRows relative;  // element (0, 0) is that of distance 0; `row` is not used
  double p;                // of dropout; of the stream, element first + i step + j is for a score
  uint64_t seed, offset, first, step;
  int64_t from, to;
  void* scratch;
  AttentionRows of_q, of_k, of_v;        // added to
  AttentionRows of_bias, of_relative;    // the same, of the bias alone
};

struct AttentionBackwardKernels {
  void (*backward[kDTypes])(const AttentionBackwardPart&);       // of q, k and v
  void (*bias_backward[kDTypes])(const AttentionBackwardPart&);  // of bias and relative
};

}  // namespace tw
