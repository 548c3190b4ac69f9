// Picking along one axis by an index of the result's shape, which may be shorter than the array along the other axes.
#pragma once
#include "ops/operand.h"

namespace tw {

// result[.., j, ..] = x[.., index[.., j, ..], ..]; `op` is for messages.
Array gather_along(const char* op, const Array& x, const Array& index, int64_t axis);

// A copy of x in which x[.., index[.., j, ..], ..] is src[.., j, ..], the last of those that fall on one place; or has
// all of them added. src has the index's shape, or broadcasts to it.
Array scatter_along(const Array& x, const Operand& src, const Array& index, int64_t axis);
Array scatter_add_along(const Array& x, const Operand& src, const Array& index, int64_t axis);

// The gradient of gather_along: zeros of `shape` with g added.
Array gather_along_backward(const Array& g, const Array& index, int64_t axis, const Dims& shape);

// A further axis of `count` elements, 1 at the class and 0 elsewhere.
Array one_hot(const Array& classes, int64_t count, DType dtype);

}  // namespace tw
