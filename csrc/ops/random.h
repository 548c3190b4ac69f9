// Random arrays. Every value is a function of (seed, offset, its position in the array): see
// cpu/kernels/random/README.md.
//
// n values take positions offset .. of the stream, (n + 3) / 4 of them, or (n + 1) / 2 for float64, integers and
// permutations; the next call should begin after those.
#pragma once
#include "backend/random.h"
#include "core/array.h"

namespace tw {

Array random_bits(int64_t n, RandomSource source, uint64_t stream);  // uint32: Philox's words themselves
Array random_uniform(const Dims& shape, DType dtype, RandomSource source, double low, double high,
                     Device device = {});  // [low, high)
Array random_normal(const Dims& shape, DType dtype, RandomSource source, double mean, double std, Device device = {});
Array random_integers(const Dims& shape, DType dtype, RandomSource source, int64_t low, int64_t last,
                      Device device = {});  // last included
Array random_bernoulli(const Dims& shape, RandomSource source, double p,
                       Device device = {});                                    // bool, true with probability p
Array random_permutation(int64_t n, RandomSource source, Device device = {});  // int64

struct DropoutResult {
  Array y, mask;
};
// y = x / (1 - p) where mask, else 0; each element is dropped with probability p.
DropoutResult dropout(const Array& x, double p, RandomSource source);
Array dropout_backward(const Array& g, const Array& mask, double p);

// `draws` classes for each row of weights (.., classes), at most two axes; int64. ValueError where a weight is negative
// or not finite, or a row has too few positive ones.
Array multinomial(const Array& weights, int64_t draws, bool replacement, RandomSource);

}  // namespace tw
