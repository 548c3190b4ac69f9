// The taps of a kernel that meet the image at some pixel of the result; the others fall on padding alone. For the
// backends, and for who prepares weights for them.
#pragma once
#include <algorithm>

#include "backend/conv_problem.h"

namespace tw {

inline bool meets_image(const ConvAxis& a, int64_t tap) {
  const int64_t before = a.pad - tap * a.dilation;  // elements of padding at pixel 0
  const int64_t pixel = before > 0 ? (before + a.stride - 1) / a.stride : 0;
  return pixel < a.out && pixel * a.stride - before < a.in;
}

// Along an axis taps [first, first + count): from the first to the last that meets the image, `whole` if those are all.
struct ConvTaps {
  int64_t first, count;
  bool whole;

  explicit ConvTaps(const ConvAxis& a) : first(0), count(a.kernel), whole(false) {
    while (count > 0 && !meets_image(a, first)) ++first, --count;
    while (count > 0 && !meets_image(a, first + count - 1)) --count;
    whole = count == a.kernel;
  }

  // The axis with these taps, of which there are some.
  ConvAxis of(const ConvAxis& a) const {
    return {a.in, a.out, count, a.stride, a.pad - first * a.dilation, count > 1 ? a.dilation : 1};
  }
};

// Those of all axes.
struct ConvBox {
  ConvTaps axes[3];

  explicit ConvBox(const ConvShape& s) : axes{ConvTaps(s.axes[0]), ConvTaps(s.axes[1]), ConvTaps(s.axes[2])} {}

  bool whole() const { return axes[0].whole && axes[1].whole && axes[2].whole; }
  bool empty() const { return std::min({axes[0].count, axes[1].count, axes[2].count}) == 0; }

  // The same convolution with these taps, or with no channels where there are none.
  ConvShape of(const ConvShape& s) const {
    ConvShape box = s;
    if (empty()) box.in_channels = 0;
    for (int i = 0; i < 3; ++i)
      box.axes[i] = empty() ? ConvAxis{s.axes[i].out, s.axes[i].out, 1, 1, 0, 1} : axes[i].of(s.axes[i]);
    return box;
  }
};

}  // namespace tw
