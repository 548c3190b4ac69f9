#include "ops/creation.h"

#include <algorithm>

#include "dispatch/dispatch.h"
#include "ops/elementwise.h"

namespace tw {

Array full(const Dims& shape, const Scalar& value, DType dtype) {
  const Array out = empty(shape, dtype);
  assign(out, {nullptr, value});
  return out;
}

Array arange(double start, double step, int64_t count, DType dtype) {
  if (count < 0) count = 0;
  const bool integral = is_integer(dtype);
  Array out = empty({count}, integral ? DType::i64 : DType::f64);
  if (integral) {
    for (int64_t i = 0; i < count; ++i)
      out.ptr<int64_t>()[i] = static_cast<int64_t>(start) + i * static_cast<int64_t>(step);
  } else {
    for (int64_t i = 0; i < count; ++i) out.ptr<double>()[i] = start + static_cast<double>(i) * step;
  }
  return astype(out, dtype, false);
}

Array eye(int64_t rows, int64_t cols, int64_t diagonal, DType dtype) {
  const Array out = full({rows, cols}, {}, dtype);
  const int64_t row = diagonal < 0 ? -diagonal : 0, col = diagonal > 0 ? diagonal : 0;
  const int64_t count = std::min(rows - row, cols - col);
  if (count <= 0) return out;
  char* first = out.data + (row * cols + col) * static_cast<int64_t>(out.itemsize());
  assign(as_strided(out, first, {count}, {cols + 1}), {nullptr, {Scalar::integer, 1, 0}});
  return out;
}

Array reshape(const Array& x, Dims shape) {
  const Dims wanted = shape;
  int unknown = -1;
  int64_t known = 1;
  for (int i = 0; i < shape.size(); ++i) {
    if (shape[i] == -1 && unknown < 0) {
      unknown = i;
    } else if (shape[i] < 0) {
      fail<ValueError>("reshape: shape ", wanted, " has more than one unknown or a negative dimension");
    } else {
      known *= shape[i];
    }
  }
  const int64_t size = x.size();
  if (unknown >= 0 && known > 0 && size % known == 0) {
    shape[unknown] = size / known;
    known = size;
  }
  if (known != size || (unknown >= 0 && shape[unknown] < 0))
    fail<ValueError>("reshape: x ", x.shape, " has ", size, " elements, which do not fill shape ", wanted);
  Array out;
  if (try_reshape_view(x, shape, out)) return out;
  out = contiguous(x);
  return as_strided(out, out.data, shape, contiguous_strides(shape));
}

Array transpose(const Array& x, const Dims& axes) {
  Dims order = axes;
  uint32_t seen = 0;
  if (order.size() != x.ndim())
    fail<ValueError>("transpose: axes ", axes, " name ", axes.size(), " dimensions, but x ", x.shape, " has ",
                     x.ndim());
  for (int64_t& axis : order) {
    axis = normalize_axis("transpose", axis, x.ndim());
    if (seen >> axis & 1) fail<ValueError>("transpose: axes ", axes, " name dimension ", axis, " twice");
    seen |= 1u << axis;
  }
  return permute(x, order);
}

Array expand_axis(const Array& x, int64_t axis) {
  return expand_dims(x, normalize_axis("expand_dims", axis, x.ndim() + 1));
}

Array squeeze(const Array& x, const Dims& axes) {
  bool drop[kMaxDims] = {};
  for (const int64_t axis : axes) {
    const int at = normalize_axis("squeeze", axis, x.ndim());
    if (x.shape[at] != 1)
      fail<ValueError>("squeeze: axis ", axis, " of x ", x.shape, " has length ", x.shape[at], ", not 1");
    drop[at] = true;
  }
  Array view = x;
  for (int i = x.ndim() - 1; i >= 0; --i) {
    if (!drop[i]) continue;
    view.shape.erase(i);
    view.strides.erase(i);
  }
  return view;
}

Array flip(const Array& x, const Dims& axes) {
  Array view = x;
  for (const int64_t axis : axes) {
    const int at = normalize_axis("flip", axis, x.ndim());
    if (x.shape[at] > 1) view = slice(view, at, x.shape[at] - 1, x.shape[at], -1);
  }
  return view;
}

}  // namespace tw
