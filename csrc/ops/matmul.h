// Products of arrays.
#pragma once
#include "core/array.h"

namespace tw {

// NumPy's matmul: the last two axes are matrices, the others broadcast; a 1-D operand is a row (left) or a column
// (right) whose axis is dropped from the result.
Array matmul(const Array& x1, const Array& x2);

// A view with the last two axes exchanged.
Array transposed(const Array& x);

// Takes the axis of length 1 from a product again that a vector x1 (row) or x2 (column) was given.
void drop_vector_axes(Array& c, bool row, bool column);

// The same for operands of one complex dtype whose inner lengths agree: what matmul() hands on.
Array matmul_complex(const Array& x1, const Array& x2);

// The same of int8 and uint8, in any combination, summed in int32, which wraps around.
Array matmul_bytes(const Array& x1, const Array& x2);

// The products that gradients are made of; of floats or complex numbers of one dtype. Leading axes count as more rows.
Array matmul_nt(const Array& x1, const Array& x2);  // x1 (..., k), x2 (n, k) -> (..., n): x1 x2ᵀ
Array matmul_tn(const Array& x1, const Array& x2);  // x1 (..., m), x2 (..., n) -> (m, n): x1ᵀ x2

// c += a b for matrices; c (m, n) C-contiguous, or of more axes that hold as much, and apart from a and b. Unchecked.
void gemm_add(const Array& a, const Array& b, const Array& c);

// out += the product, in place; x1 (..., k) and x2 (k, n) for nn. ValueError and TypeError before anything is written.
enum class Product { nn, nt, tn };
void matmul_add(Product kind, const Array& out, const Array& x1, const Array& x2);

}  // namespace tw
