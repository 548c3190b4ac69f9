// Picking elements of an array by position: the one form that take, masks and NumPy's advanced indexing come down to.
#pragma once
#include <vector>

#include "backend/index.h"
#include "core/array.h"

namespace tw {

// The elements rest[p.., q..] shifted by each offset: a result of shape rest.shape[:at] + index_shape +
// rest.shape[at:].
struct Selection {
  Array rest;        // the indexed array without its indexed axes, at position 0 of each
  int at = 0;        // where the picked positions' axes stand among rest's
  Dims index_shape;  // of the picked positions
  Array offsets;     // int64, contiguous: of each position, in elements
};

Dims selected_shape(const Selection&);
Array gather(const Selection&);
// `value` has the indexed array's dtype and the selected shape (stride 0 where broadcast). Where a position repeats,
// scatter keeps the last and scatter_add the sum, but for those at the offset `left_out`, to which nothing is added.
void scatter(const Selection&, const Array& value);
void scatter_add(const char* op, const Selection&, const Array& value, int64_t left_out = PickProblem::kNone);

// offsets (+)= index broadcast to index_shape, wrapped and bounds-checked against `axis` of `shape`, times stride.
// IndexError naming op where an index is out of bounds.
void add_offsets(const char* op, const Array& index, const Dims& index_shape, const Dims& shape, int axis,
                 int64_t stride, const Array& offsets, bool accumulate);

// What keys and indices along an axis are refused for: no integers; an entry, number `bad` in C order, that is out of
// bounds for `axis` of `shape` (-1: none is).
void require_integers(const char* op, const Array& indices);
void refuse_entry(const char* op, int64_t bad, const Array& index, int axis, const Dims& shape);

// step times the flat position of each true entry, in C order; 1-D int64.
Array true_positions(const Array& mask, int64_t step);
std::vector<Array> nonzero(const Array& x);  // for each axis the positions of the non-zero elements

// result.shape = x.shape[:axis] + indices.shape + x.shape[axis+1:]
Array take(const Array& x, const Array& indices, int64_t axis);
void take_add(const Array& target, const Array& indices, const Array& value, int64_t axis);

// Rows of a matrix by their numbers, as take along axis 0, but negative ones are out of bounds as well: result.shape =
// indices.shape + (columns,). `value`, of that shape, is added to these rows; nothing to row `left_out`, if there is
// it.
Array embedding(const Array& weight, const Array& indices);
void embedding_add(const Array& target, const Array& indices, const Array& value, int64_t left_out);

}  // namespace tw
