// Softmax-attention of one sequence and the query heads that share its keys.
#pragma once
#include "core/dtype.h"

namespace tw {

// (heads, rows, columns): strides in elements. `head` is the distance between query heads, so 0 in keys and values.
template <class Data>
struct AttentionMatrix {
  Data* data;  // null where there is none
  int64_t head, row, column;
};
typedef AttentionMatrix<const void> AttentionRead;
typedef AttentionMatrix<void> AttentionWrite;

// How scores are made, and which of them count. Positions count from the sequence's first query and first key.
struct AttentionScores {
  int64_t heads, queries, keys;
  double scale, softcap;   // no cap: 0
  int64_t low, high;       // query i sees keys i + low to i + high
  AttentionRead keep;      // of bool
  AttentionRead added[2];  // biases: a relative one is a matrix whose rows go back as its columns go on
  // Dropout keeps a score where its word of the stream is below `kept`: word `first` is that of query 0 and key 0.
  bool drops;
  uint64_t kept, seed, position;
  int64_t first, of_head, of_row;
  double factor;  // of the weights that are kept

  // What the products q k become scores by, once finish_row() has been over them. In float32 it must not be 0: a score
  // of -inf would be NaN.
  double unit() const { return softcap != 0 || scale < kLeastUnit || added[0].data || added[1].data ? 1 : scale; }
  static constexpr double kLeastUnit = 1e-30;
  bool has_masks() const { return keep.data || added[0].data || added[1].data; }
};

// Queries [from, from + rows) of each head, over keys [key, key_end).
struct AttentionForward {
  AttentionScores scores;
  int64_t from, rows, key, key_end;
  int64_t size, value_size;
  AttentionRead q, k, v;  // columns have unit stride
  AttentionWrite output;
  AttentionWrite lse;  // one column
  void* scratch;       // as many bytes as forward_scratch says
};
typedef int64_t (*AttentionScratchFn)(const AttentionForward&);
typedef void (*AttentionForwardFn)(const AttentionForward&);

// The way back of one head: of queries [from, end) over keys [key, key_end).
struct AttentionBackward {
  AttentionScores scores;
  int64_t from, end, key, key_end;
  int64_t size, value_size;
  AttentionRead q, k, v, output, of_output;  // columns have unit stride
  AttentionRead lse, of_lse;                 // one column; of_lse may be null
  AttentionWrite of_q, of_k, of_v;           // added to, where they are wanted
  AttentionWrite of_added[2];                // the same of biases
  void* scratch;                             // as many bytes as backward_scratch says
};
typedef int64_t (*AttentionBackwardScratchFn)(const AttentionBackward&);
typedef void (*AttentionBackwardFn)(const AttentionBackward&);

// Indexed by dtype: float32 and float64.
struct AttentionKernels {
  AttentionScratchFn forward_scratch[kDTypes];
  AttentionForwardFn forward[kDTypes];
  AttentionBackwardScratchFn backward_scratch[kDTypes];
  AttentionBackwardFn backward[kDTypes];       // of q, k and v
  AttentionBackwardFn bias_backward[kDTypes];  // of biases
};

}  // namespace tw
