// NumPy's x[key] and x[key] = value.
#pragma once
#include "ops/operand.h"

namespace tw {

// One entry of a key. Plain: keys live on the stack of every x[i].
struct IndexItem {
  enum Kind {
    integer,  // start
    slice,    // start, stop, step as PySlice_Unpack leaves them: not yet clamped to an axis
    newaxis,
    ellipsis,
    boolean,  // start: 0 or 1; a mask of no dimensions
    array,    // integers, or a mask
  };
  Kind kind;
  int64_t start, stop, step;
  const Array* array_value;
};

// At most kMaxDims axes are indexed and kMaxDims added, and one ellipsis.
inline constexpr int kMaxIndexItems = 2 * kMaxDims + 1;

struct IndexKey {
  int count = 0;
  IndexItem items[kMaxIndexItems];
};

bool is_basic(const IndexKey&);

// A view where the key is basic, else a copy. IndexError as NumPy where the key does not fit.
Array getitem(const Array& x, const IndexKey& key);

// x[key] = value, broadcast and cast; where positions repeat the last wins. Nothing is written if anything is wrong.
void setitem(const Array& x, const IndexKey& key, const Operand& value);

// x[key] += value, repeated positions accumulating: the gradient of getitem.
void index_add(const Array& x, const IndexKey& key, const Array& value);

}  // namespace tw
