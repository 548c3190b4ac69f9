// Arrays from nothing, and the views that only rearrange shape and strides.
#pragma once
#include "ops/operand.h"

namespace tw {

Array full(const Dims& shape, const Scalar& value, DType dtype, Device device = {});
// start + i * step. Integers are exact; ValueError where one does not fit the dtype.
Array arange(const Scalar& start, const Scalar& step, int64_t count, DType dtype, Device device = {});
// x below the diagonal number k, and on it, with 0 elsewhere; `upper`: above it. ValueError where x has no matrices.
Array triangle(const char* op, const Array& x, int64_t k, bool upper);
Array eye(int64_t rows, int64_t cols, int64_t diagonal, DType dtype, Device device = {});

// The parts of a complex array, views of it; TypeError of any other.
Array real(const Array& x);
Array imag(const Array& x);

// `shape` may hold one -1. A view where strides allow, else a copy. ValueError naming both shapes where sizes differ.
Array reshape(const Array& x, Dims shape);
Array transpose(const Array& x, const Dims& axes);  // a permutation, negative axes allowed
Array expand_axis(const Array& x, int64_t axis);
Array squeeze(const Array& x, const Dims& axes);  // ValueError where one is not of length 1
Array flip(const Array& x, const Dims& axes);

}  // namespace tw
