// Attention, as kernels of any device see it.
#pragma once
#include "core/dtype.h"

namespace tw {

// How far keys may be from their query's own: -1 is unbounded.
struct AttentionBand {
  bool lower_right;  // the last query's own key is the last one; else the first query's is the first one
  int64_t left, right;
};

// Rows of queries and keys that belong together, in item `item` of the batch.
struct AttentionSequence {
  int64_t item, query, queries, key, keys;
};

}  // namespace tw
