// Picking elements of an array by position: the one form that take, masks and NumPy's advanced indexing come down to.
#pragma once
#include <vector>

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
// scatter keeps the last and scatter_add the sum.
void scatter(const Selection&, const Array& value);
void scatter_add(const char* op, const Selection&, const Array& value);

// offsets (+)= index broadcast to index_shape, wrapped and bounds-checked against `axis` of `shape`, times stride.
// IndexError naming op where an index is out of bounds.
void add_offsets(const char* op, const Array& index, const Dims& index_shape, const Dims& shape, int axis,
                 int64_t stride, const Array& offsets, bool accumulate);

// step times the flat position of each true entry, in C order; 1-D int64.
Array true_positions(const Array& mask, int64_t step);
std::vector<Array> nonzero(const Array& x);  // for each axis the positions of the non-zero elements

// result.shape = x.shape[:axis] + indices.shape + x.shape[axis+1:]
Array take(const Array& x, const Array& indices, int64_t axis);
void take_add(const Array& target, const Array& indices, const Array& value, int64_t axis);

// result[.., j, ..] = x[.., indices[.., j, ..], ..]; all other axes broadcast.
Array take_along_axis(const Array& x, const Array& indices, int64_t axis);
void put_along_axis(const Array& target, const Array& indices, const Array& value, int64_t axis);
void put_along_axis_add(const Array& target, const Array& indices, const Array& value, int64_t axis);

}  // namespace tw
