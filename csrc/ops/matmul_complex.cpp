// Products of complex matrices as one real product of 8 m n k flops, just what a complex product takes, in two ways.
//
// Blocks. With parts side by side, as A and C have them in memory, and each element of B as a block of 2 x 2:
//
//   [re im] of A (m, 2k)  x  [ re(B) im(B) ] (2k, 2n)  =  [re im] of C (m, 2n)
//                            [-im(B) re(B) ]
//
// Rows, for few of them: B as it lies in memory, and C = re(A) B + i im(A) B from
//
//   [re(A)] (2m, k)  x  [re im] of B (k, 2n)  =  [re(A) B] (2m, 2n)
//   [im(A)]                                      [im(A) B]
#include <algorithm>

#include "ops/elementwise.h"
#include "ops/matmul.h"

namespace tw {
namespace {

bool rows_contiguous(const Array& x) { return x.shape.back() <= 1 || x.strides.back() == 1; }

// Complex (.., n) as real (.., 2n), and a contiguous array back.
Array interleaved(const Array& given) {
  Array x = component(rows_contiguous(given) ? given : astype(given, given.dtype), 0);
  x.shape[x.ndim() - 1] *= 2;
  x.strides[x.ndim() - 1] = 1;
  return x;
}
Array paired(const Array& real) {
  Dims shape = real.shape;
  shape[real.ndim() - 1] /= 2;
  Array x = as_strided(real, real.data, shape, contiguous_strides(shape));
  x.dtype = complex_of(real.dtype);
  return x;
}

// B (.., k, n) as real (.., 2k, 2n): row 2p is row p of B, row 2p + 1 is i times that.
Array blocks(const Array& b) {
  const int rows = b.ndim() - 2;
  Dims shape = b.shape;
  shape[rows] *= 2;
  const Array pairs = empty(shape, b.dtype, b.device);
  Array even = pairs, odd = pairs;
  even.shape = odd.shape = b.shape;
  even.strides[rows] = odd.strides[rows] = 2 * pairs.strides[rows];
  odd.data += pairs.strides[rows] * static_cast<int64_t>(b.itemsize());
  run_elementwise(Elementwise::cast, {&b}, even);
  run_elementwise(Elementwise::times_i, {&b}, odd);
  return interleaved(pairs);
}

Array by_blocks(const Array& a, const Array& b) { return paired(matmul(interleaved(a), blocks(b))); }

Array by_rows(const Array& a, const Array& b) {
  const int rows = a.ndim() - 2;
  const int64_t m = a.shape[rows];
  Dims shape = a.shape;
  shape[rows] *= 2;
  const Array parts = empty(shape, component_of(a.dtype), a.device);
  for (int i = 0; i < 2; ++i) {
    const Array part = component(a, i);
    assign(slice(parts, rows, i * m, m, 1), {&part, {}});
  }
  const Array products = paired(matmul(parts, interleaved(b)));  // (.., 2m, n)
  const int axis = products.ndim() - 2;
  const Array re = slice(products, axis, 0, m, 1), im = slice(products, axis, m, m, 1);
  run_elementwise(Elementwise::times_i, {&im}, im);
  return binary({"matmul", DTypeRule::same, Elementwise::add}, {&re, {}}, {&im, {}});
}

// Whether less is moved by taking A apart and adding up C than by making blocks of B. Counted in complex numbers.
bool prefers_rows(const Array& a, const Array& b) {
  const int64_t m = a.shape[a.ndim() - 2], k = a.shape.back(), n = b.shape.back();
  if (k == 0) return false;
  const int64_t c = std::max(a.size() / k * n, b.size() / k * m);
  return a.size() + 3 * c + (rows_contiguous(b) ? 0 : b.size()) < 2 * b.size();
}

// Whether one operand outweighs all else, and only its columns are contiguous: then the product of the transposes need
// not copy it.
bool prefers_transposes(const Array& a, const Array& b) {
  constexpr int64_t kMuch = 8;
  const auto outweighs = [](const Array& large, const Array& small) {
    return large.size() > kMuch * small.size() && !rows_contiguous(large) && rows_contiguous(transposed(large));
  };
  return outweighs(a, b) || outweighs(b, a);
}

Array product(const Array& a, const Array& b) {
  if (prefers_transposes(a, b)) return contiguous(transposed(product(transposed(b), transposed(a))));
  return prefers_rows(a, b) ? by_rows(a, b) : by_blocks(a, b);
}

}  // namespace

Array matmul_complex(const Array& x1, const Array& x2) {
  const bool row = x1.ndim() == 1, column = x2.ndim() == 1;
  const Array a = row ? expand_dims(x1, 0) : x1, b = column ? expand_dims(x2, 1) : x2;
  Array c = product(a, b);
  drop_vector_axes(c, row, column);
  return c;
}

}  // namespace tw
