// Pooling of planes. See README.md.
#pragma once
#include "backend/pool_problem.h"
#include "core/dtype.h"

namespace tw {

// Windows first[a] to first[a] + count[a] along each axis, of consecutive planes.
struct PoolBlock {
  int64_t plane, planes;
  int64_t first[3], count[3];
};

// How far beyond the place of its first tap a window reaches, where each phase of an axis (every s-th element) lies
// side by side.
__attribute__((always_inline)) inline int64_t pool_reach(const PoolAxis& a) { return (a.k - 1) * a.d / a.s; }

inline constexpr int64_t kPoolSlack = 64;  // elements after each phase that vectors may run into

// The elements of scratch memory, in the compute type, that a kernel takes for a block.
__attribute__((always_inline)) inline int64_t pool_scratch(const PoolWindows& w, const PoolBlock& b) {
  int64_t phases = 1, cells = b.planes;
  for (int a = 0; a < 3; ++a) {
    phases *= w.axis[a].s;
    cells *= b.count[a] + pool_reach(w.axis[a]);
  }
  return (phases + 2) * (cells + kPoolSlack);
}

// Addresses are those of whole arrays. What works on phases (`_flat`) takes scratch memory, and of halves all that
// works on whole planes: as much as these have elements and windows.
typedef void (*MaxPoolFn)(const PoolWindows&, const PoolBlock&, const void* x, void* y, PoolPlaces, void* scratch);
typedef void (*AveragePoolFn)(const PoolWindows&, const PoolBlock&, PoolDivisor, const void* x, void* y, void* scratch);
// Of whole planes; the first window whose place is outside, or -1.
typedef int64_t (*PoolPickFn)(const PoolWindows&, int64_t first_plane, int64_t planes, const void* from, PoolPlaces,
                              void* to, void* scratch);

// Indexed by dtype: the floats. `_flat` wants windows that are not adaptive, of at most kPoolTaps taps, and no further
// apart than they are long.
inline constexpr int64_t kPoolTaps = 64;
struct PoolKernels {
  MaxPoolFn max[kDTypes], max_flat[kDTypes];
  AveragePoolFn average[kDTypes], average_flat[kDTypes];
  AveragePoolFn average_backward[kDTypes], average_backward_flat[kDTypes];  // blocks are whole planes
  PoolPickFn scatter[kDTypes], gather[kDTypes];
};

}  // namespace tw
