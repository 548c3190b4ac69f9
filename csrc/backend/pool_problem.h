// Windows of pooling, as kernels of any device see them.
#pragma once
#include "core/dtype.h"

namespace tw {

// Along an axis of n elements there are m windows of k taps, d elements apart, whose first taps are s elements apart;
// the first window begins p elements before the axis. An adaptive one has windows from floor(i n / m) to
// ceil((i + 1) n / m), and uses n and m alone.
struct PoolAxis {
  int64_t n, m, k, s, p, d;
};

// Of a plane: depth, rows and columns, of extent 1 where there are fewer axes.
struct PoolWindows {
  PoolAxis axis[3];
  bool adaptive;

  int64_t inputs() const { return axis[0].n * axis[1].n * axis[2].n; }
  int64_t outputs() const { return axis[0].m * axis[1].m * axis[2].m; }
  int64_t taps() const { return axis[0].k * axis[1].k * axis[2].k; }
};

// What a sum is divided by: a number, or, where that is 0, the elements of the window, which is cut off at the
// padding's end or, unless padding counts, at that of the input.
struct PoolDivisor {
  int64_t fixed;
  bool counts_padding;
};

// Where maxima come from, of one type, or neither: tap of the window in C order, or position in the plane in C order.
struct PoolPlaces {
  uint8_t* taps;
  int64_t* positions;
};

}  // namespace tw
