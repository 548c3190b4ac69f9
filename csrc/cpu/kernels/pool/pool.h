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

// Which windows of an axis have all their taps inside, [from, to).
struct PoolInside {
  int64_t from, to;
};
__attribute__((always_inline)) inline PoolInside pool_inside(const PoolAxis& a) {
  const int64_t from = (a.p + a.s - 1) / a.s, room = a.n + a.p - (a.k - 1) * a.d - 1;
  const int64_t to = room < 0 ? 0 : room / a.s + 1;
  return {from, to < a.m ? to : a.m};
}

// The elements of an axis from the first to the last that windows have.
__attribute__((always_inline)) inline PoolInside pool_elements(const PoolAxis& a, int64_t first, int64_t count) {
  const int64_t begin = first * a.s - a.p, end = begin + (count - 1) * a.s + (a.k - 1) * a.d + 1;
  return {begin < 0 ? 0 : begin, end < a.n ? end : a.n};
}

// How many elements of each plane of a block lie side by side with those of other planes, and how many windows; with
// room for whole squares. The columns' divisors come behind.
inline constexpr int64_t kPoolLanes = 16;  // of the widest vectors
struct PoolCells {
  int64_t elements, windows;
};
__attribute__((always_inline)) inline PoolCells pool_cells(const PoolWindows& w, const PoolBlock& b) {
  PoolCells cells{1, 1};
  for (int a = 0; a < 3; ++a) {
    const PoolInside range = pool_elements(w.axis[a], b.first[a], b.count[a]);
    cells.elements *= a == 2 && b.count[a] == w.axis[a].m ? w.axis[a].n : range.to - range.from;
    cells.windows *= b.count[a];
  }
  return {cells.elements + kPoolLanes, cells.windows + kPoolLanes};
}
__attribute__((always_inline)) inline int64_t pool_lane_scratch(const PoolWindows& w, const PoolBlock& b) {
  const PoolCells cells = pool_cells(w, b);
  return (cells.elements + cells.windows) * kPoolLanes + b.count[2];
}

// Addresses are those of whole arrays. Scratch memory is for what works on phases (`_flat`), on several planes at once
// (`_planes`), and, of halves, for all that works on whole planes: as much as these have elements and windows.
typedef void (*MaxPoolFn)(const PoolWindows&, const PoolBlock&, const void* x, void* y, PoolPlaces, void* scratch);
typedef void (*AveragePoolFn)(const PoolWindows&, const PoolBlock&, PoolDivisor, const void* x, void* y, void* scratch);
// Of whole planes; the first window whose place is outside, or -1.
typedef int64_t (*PoolPickFn)(const PoolWindows&, int64_t first_plane, int64_t planes, const void* from, PoolPlaces,
                              void* to, void* scratch);

// Indexed by dtype: the floats. All but `max`, `average` and `average_backward` want windows that are not adaptive and
// have at most kPoolTaps taps.
// - `_flat`: no further apart than they are long.
// - `_rows`: blocks of whole rows, in which kPoolRow windows or more are inside; columns have stride 1 or 2, no
// dilation
//   and no kernel shorter than the stride. Writes no places.
// - `_planes`: any. Writes no places.
inline constexpr int64_t kPoolTaps = 64, kPoolRow = 16;
struct PoolKernels {
  MaxPoolFn max[kDTypes], max_flat[kDTypes], max_rows[kDTypes], max_planes[kDTypes];
  AveragePoolFn average[kDTypes], average_rows[kDTypes], average_planes[kDTypes];
  AveragePoolFn average_backward[kDTypes], average_backward_flat[kDTypes];  // blocks are whole planes
  PoolPickFn scatter[kDTypes], gather[kDTypes];
};

}  // namespace tw
