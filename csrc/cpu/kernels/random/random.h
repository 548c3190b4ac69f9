// Random numbers from Philox4x32-10, a counter-based generator: the value of an element is a function of the seed and
// of its position alone, so any split of the work gives the same stream.
#pragma once
#include "core/dtype.h"

namespace tw {

// Where to draw from. Position p of a stream yields four 32-bit words, read as two 64-bit ones where that is what an
// element takes. Calls begin at a whole position.
struct RandomState {
  uint64_t seed;      // Philox's key
  uint64_t position;  // low half of its counter
  uint64_t stream;    // high half: 0, or the number of the attempt where a draw had to be rejected
};

typedef void (*RandomBitsFn)(RandomState, int64_t n, uint32_t* out);

// out[i] = a + b * z: z uniform in [0, 1) for uniform, standard normal for normal. Element i takes word i; of float64,
// the i-th 64-bit word. No uniform result exceeds `cap`, the largest value below the end of the interval.
typedef void (*RandomFloatFn)(RandomState, int64_t n, double a, double b, double cap, void* out);

// out[i] = low + a number in [0, range), unbiased; range 0 means 2^64. Element i takes the i-th 64-bit word.
typedef void (*RandomIntegersFn)(RandomState, int64_t n, int64_t low, uint64_t range, int64_t* out);

// out[i] = 1 with probability threshold / 2^32, else 0. Element i takes word i.
typedef void (*RandomBernoulliFn)(RandomState, int64_t n, uint64_t threshold, uint8_t* out);

// 0 .. n-1 in random order. Takes n 64-bit words.
typedef void (*RandomPermutationFn)(RandomState, int64_t n, int64_t* out);

// y[i] = mask[i] ? x[i] * scale : 0. Dropout, forward and backward.
typedef void (*MaskedScaleFn)(int64_t n, const uint8_t* mask, double scale, const void* x, void* y);

struct RandomKernels {
  RandomBitsFn bits;
  RandomFloatFn uniform[kDTypes];
  RandomFloatFn normal[kDTypes];
  RandomIntegersFn integers;
  RandomBernoulliFn bernoulli;
  RandomPermutationFn permutation;
  MaskedScaleFn masked_scale[kDTypes];
};

}  // namespace tw
