// Products of arrays.
#pragma once
#include "core/array.h"
#include "kernels/gemm/gemm.h"

namespace tw {

// NumPy's matmul: the last two axes are matrices, the others broadcast; a 1-D operand is a row (left) or a column
// (right) whose axis is dropped from the result.
Array matmul(const Array& x1, const Array& x2);

// The same for operands of one complex dtype whose inner lengths agree: what matmul() hands on.
Array matmul_complex(const Array& x1, const Array& x2);

// act(x weightᵀ + bias): x (..., in), weight (out, in), bias (out) or null -> (..., out)
Array linear(const Array& x, const Array& weight, const Array* bias, Activation activation);

}  // namespace tw
