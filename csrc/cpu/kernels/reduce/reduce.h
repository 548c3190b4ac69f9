// Reductions: sum, prod, max, min, any, all, argmax, argmin.
#pragma once
#include "cpu/kernels/elementwise/elementwise.h"

namespace tw {

// x seen as outputs × count: out[o] = f over c of x[o * output_stride + c * count_stride]. Strides in elements, any
// sign, zero too. `out` is contiguous. count may be 0 where the reduction has an identity.
struct ReduceArgs {
  int64_t outputs, count;
  int64_t output_stride, count_stride;
};

// out has the accumulator's type, see reduce_accumulator().
typedef void (*ReduceFn)(const ReduceArgs&, const void* x, void* out);

// out[o] = position along count of the extreme (the first of equals; NaN is more extreme than any number). count > 0.
typedef void (*ArgReduceFn)(const ReduceArgs&, const void* x, int64_t* out);

// Joins what ArgReduceFn found in `slices` pieces of count: part[s * outputs + o] is a position along the whole count.
// out[o] gets the position of the best, the first slice's among equals.
typedef void (*ArgMergeFn)(const ReduceArgs&, const void* x, const int64_t* part, int64_t slices, int64_t* out);

// out[i] = acc[i] / divisor in the result's type: x's own for floats, float32 for the mean of integers and bool.
typedef void (*ReduceFinishFn)(const void* acc, int64_t n, double divisor, void* out);

// out = map(in..), the loop's rows × cols with unit column stride, in one pass with the sums of its columns: the same
// bits as map and then sum give. sums has the accumulator's type. Operands have one dtype; at least one row.
typedef void (*MapSumFn)(ElementwiseFn map, const Loop&, int inputs, const void* const* in, void* out, void* sums);

// Indexed by x's dtype. Accumulators (the type of `out`):
//   sum, prod          floats: float32, or float64 for float64; signed and bool: int64; unsigned: uint64
//   max, min           x's own, float32 for float16 and bfloat16
//   any, all           bool
// Of complex numbers there is only prod, in their own type; ops/ makes sums of their parts.
struct ReduceKernels {
  ReduceFn sum[kDTypes];
  ReduceFn prod[kDTypes];
  ReduceFn max[kDTypes];
  ReduceFn min[kDTypes];
  ReduceFn any[kDTypes];
  ReduceFn all[kDTypes];
  ReduceFinishFn finish[kDTypes];  // from the accumulator of sum
  MapSumFn map_sum[kDTypes];       // of floats
  ArgReduceFn argmax[kDTypes];
  ArgReduceFn argmin[kDTypes];
  ArgMergeFn argmax_merge[kDTypes];
  ArgMergeFn argmin_merge[kDTypes];
};

}  // namespace tw
