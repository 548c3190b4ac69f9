// Phases: every s-th element of each axis side by side, so that all taps of all windows are whole vectors. See
// README.md.
#pragma once
#include "cpu/kernels/pool/windows.h"

namespace tw::TW_ISA {

// A block of windows and its phases. Cell (plane, i, j, k) of a phase (a, b, c) is element (i s + a, j s' + b, k s" +
// c) of the block, padding included, and lies in the phase at ((plane * extent[0] + i) * extent[1] + j) * extent[2] +
// k. The first tap of window (i, j, k) is that cell of the phase (0, 0, 0); each other tap is a fixed distance away,
// for all windows of all planes.
struct Phases {
  int64_t extent[3];       // cells of a phase along each axis
  int64_t plane_cells;     // of one plane
  int64_t cells;           // of all planes
  int64_t step;            // from one phase to the next
  int64_t tap[kPoolTaps];  // how far each tap is from the first
  int taps;

  TW_INLINE Phases(const PoolWindows& w, const PoolBlock& b) : taps(0) {
    for (int a = 0; a < 3; ++a) extent[a] = b.count[a] + pool_reach(w.axis[a]);
    plane_cells = extent[0] * extent[1] * extent[2];
    cells = plane_cells * b.planes;
    step = cells + kPoolSlack;
    for (int64_t i = 0; i < w.axis[0].k; ++i)
      for (int64_t j = 0; j < w.axis[1].k; ++j)
        for (int64_t k = 0; k < w.axis[2].k; ++k) {
          const int64_t at[3] = {i * w.axis[0].d, j * w.axis[1].d, k * w.axis[2].d};
          tap[taps++] = phase(w, at) * step + cell(w, at);
        }
  }

  // Of an element of the block.
  TW_INLINE int64_t phase(const PoolWindows& w, const int64_t at[3]) const {
    return ((at[0] % w.axis[0].s) * w.axis[1].s + at[1] % w.axis[1].s) * w.axis[2].s + at[2] % w.axis[2].s;
  }
  TW_INLINE int64_t cell(const PoolWindows& w, const int64_t at[3]) const {
    return ((at[0] / w.axis[0].s) * extent[1] + at[1] / w.axis[1].s) * extent[2] + at[2] / w.axis[2].s;
  }
};

}  // namespace tw::TW_ISA
