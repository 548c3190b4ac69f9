// Scans: sums and products of all elements up to each.
#pragma once
#include "backend/scan_problem.h"
#include "core/dtype.h"

namespace tw {

// x[(o * n + i) * stride + c] for o < outer, i < n, c < inner, scanned over i, from the last on where `reverse`.
struct ScanArgs {
  int64_t outer, n, inner, stride;
  bool reverse;
};

// What a column has come to: a sum of floats in two parts, the second of which is what the first rounds off; other sums
// and products in the first.
union ScanCarry {
  struct {
    double sum, rest;
  } floating;
  uint64_t integer;
};

// y lies as x. Where `carry` is not null, there is one for each of the `inner` columns (outer is 1), from which the
// scan goes on and in which it ends; then y may be null, if only that is wanted.
typedef void (*ScanFn)(const ScanArgs&, const void* x, void* y, ScanCarry* carry);

// Indexed by dtype. float32 is added and multiplied in double. Products of floats take no carry.
struct ScanKernels {
  ScanFn sum[kDTypes];   // float32, float64, int64, uint64
  ScanFn prod[kDTypes];  // and complex64, complex128
};

}  // namespace tw
