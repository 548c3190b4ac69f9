// Products of complex matrices as real ones: with the parts of A and C side by side, as they lie in memory,
//
//   [re im] of A (m, 2k)  x  [ re(B) im(B) ] (2k, 2n)  =  [re im] of C (m, 2n)
//                            [-im(B) re(B) ]
//
// where each element of B has become a block of 2 x 2. That is 8 m n k flops, just what a complex product takes.
#include "dispatch/dispatch.h"
#include "ops/elementwise.h"
#include "ops/matmul.h"

namespace tw {
namespace {

// A (.., k) as real (.., 2k).
Array interleaved(const Array& given) {
  const int last = given.ndim() - 1;
  const Array x = given.shape[last] > 1 && given.strides[last] != 1 ? astype(given, given.dtype) : given;
  Array parts = split_components(x);
  parts.shape[last] *= 2;
  parts.strides[last] = 1;
  parts.shape.erase(last + 1);
  parts.strides.erase(last + 1);
  return parts;
}

// B (.., k, n) as real (.., 2k, 2n).
Array expanded(const Array& x) {
  const int rows = x.ndim() - 2, cols = x.ndim() - 1;
  Dims shape = x.shape;
  shape[rows] *= 2;
  const Array pairs = empty(shape, x.dtype);  // row 2p is row p of B, row 2p + 1 is i times that
  Array even = pairs, odd = pairs;
  even.shape = odd.shape = x.shape;
  even.strides[rows] = odd.strides[rows] = 2 * pairs.strides[rows];
  odd.data += pairs.strides[rows] * static_cast<int64_t>(x.itemsize());
  const Array* in[] = {&x};
  const int dtype = static_cast<int>(x.dtype);
  run_elementwise(kernels().cast[dtype][dtype], in, 1, even, nullptr, 0.3);
  run_elementwise(kernels().times_i[dtype], in, 1, odd, nullptr, 0.3);
  shape[cols] *= 2;
  Array real = as_strided(pairs, pairs.data, shape, contiguous_strides(shape));
  real.dtype = component_of(x.dtype);
  return real;
}

}  // namespace

Array matmul_complex(const Array& x1, const Array& x2) {
  const bool column = x2.ndim() == 1;
  const Array product = matmul(interleaved(x1), expanded(column ? expand_dims(x2, 1) : x2));  // (.., 2n)
  Dims shape = product.shape;
  const int last = product.ndim() - 1;
  shape[last] /= 2;
  Array c = as_strided(product, product.data, shape, contiguous_strides(shape));
  c.dtype = x1.dtype;
  if (column) {
    c.shape.erase(last);
    c.strides.erase(last);
  }
  return c;
}

}  // namespace tw
