#include "ops/creation.h"

#include <algorithm>

#include "backend/backend.h"
#include "ops/elementwise.h"

namespace tw {
namespace {

// Modulo 2^64, which int64 and uint64 read alike: only the first and the last element can be out of bounds.
Array arange_integers(const Scalar& start, const Scalar& step, int64_t count, DType dtype, Device device) {
  const DType wide = dtype == DType::u64 ? DType::u64 : DType::i64;
  const Array out = empty({count}, wide, device);
  if (count == 0) return out;
  uint64_t first, by, slot;
  write_scalar("arange", start, wide, &first);
  write_scalar("arange", step, DType::i64, &by);
  const auto value = [wide](uint64_t bits) {
    return wide == DType::u64 ? static_cast<__int128>(bits) : static_cast<__int128>(static_cast<int64_t>(bits));
  };
  const __int128 last = value(first) + static_cast<__int128>(static_cast<int64_t>(by)) * (count - 1);
  if (last < INT64_MIN || last > value(wide == DType::u64 ? UINT64_MAX : INT64_MAX))
    fail<ValueError>("arange: the last element is out of bounds for ", dtype);
  const bool above = last > INT64_MAX;
  write_scalar("arange", start, dtype, &slot);
  write_scalar("arange", {Scalar::integer, static_cast<int64_t>(last), 0, above ? Scalar::in_uint64 : Scalar::in_int64},
               dtype, &slot);
  backend(device).creation.arange({wide, count, first, by, 0, 0, out.data});
  return out;
}

Array part(const char* op, const Array& x, int which) {
  if (!is_complex(x.dtype)) fail<TypeError>(op, ": dtype ", x.dtype, " is not complex");
  return component(x, which);
}

}  // namespace

Array full(const Dims& shape, const Scalar& value, DType dtype, Device device) {
  const Array out = empty(shape, dtype, device);
  assign(out, {nullptr, value});
  return out;
}

Array arange(const Scalar& start, const Scalar& step, int64_t count, DType dtype, Device device) {
  if (is_complex(dtype)) fail<TypeError>("arange: dtype ", dtype, " has no order to step along; use astype");
  count = std::max<int64_t>(count, 0);
  if (is_integer(dtype) && start.kind != Scalar::floating && step.kind != Scalar::floating)
    return astype(arange_integers(start, step, count, dtype, device), dtype, false);
  double first, by;
  write_scalar("arange", start, DType::f64, &first);
  write_scalar("arange", step, DType::f64, &by);
  const Array out = empty({count}, DType::f64, device);
  backend(device).creation.arange({DType::f64, count, 0, 0, first, by, out.data});
  return astype(out, dtype, false);
}

Array eye(int64_t rows, int64_t cols, int64_t diagonal, DType dtype, Device device) {
  const Array out = full({rows, cols}, {}, dtype, device);
  diagonal = std::clamp(diagonal, -rows, cols);
  const int64_t row = diagonal < 0 ? -diagonal : 0, col = diagonal > 0 ? diagonal : 0;
  const int64_t count = std::min(rows - row, cols - col);
  if (count <= 0) return out;
  char* first = out.data + (row * cols + col) * static_cast<int64_t>(out.itemsize());
  assign(as_strided(out, first, {count}, {cols + 1}), {nullptr, {Scalar::integer, 1, 0}});
  return out;
}

Array triangle(const char* op, const Array& given, int64_t k, bool upper) {
  const int batch = given.ndim() - 2;
  if (batch < 0) fail<ValueError>(op, ": x has shape ", given.shape, ", but must have at least two dimensions");
  const bool rows_contiguous = given.strides.back() == 1 || given.shape.back() <= 1;
  const Array x = rows_contiguous ? given : contiguous(given), out = empty(x.shape, x.dtype, x.device);
  if (out.size() == 0) return out;
  TriangleProblem p{{},         x.shape[batch], x.shape[batch + 1], 0, upper, static_cast<int64_t>(x.itemsize()),
                    view_of(x), out.data};
  for (int axis = 0; axis < batch; ++axis) p.batch.push_back(x.shape[axis]);
  p.diagonal = std::clamp(k, -p.rows, p.columns);
  backend(x.device).creation.triangle(p);
  return out;
}

Array real(const Array& x) { return part("real", x, 0); }

Array imag(const Array& x) { return part("imag", x, 1); }

Array reshape(const Array& x, Dims shape) {
  const Dims wanted = shape;
  int unknown = -1;
  for (int i = 0; i < shape.size(); ++i) {
    if (shape[i] >= 0) continue;
    if (shape[i] != -1 || unknown >= 0)
      fail<ValueError>("reshape: shape ", wanted, " has more than one unknown or a negative dimension");
    unknown = i;
    shape[i] = 1;
  }
  const int64_t size = x.size(), known = element_count(shape);
  const bool fills = unknown < 0 ? known == size : known > 0 && size % known == 0;
  if (!fills) fail<ValueError>("reshape: x ", x.shape, " has ", size, " elements, which do not fill shape ", wanted);
  if (unknown >= 0) shape[unknown] = size / known;
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
  uint32_t seen = 0;
  for (const int64_t axis : axes) {
    const int at = normalize_axis("flip", axis, x.ndim());
    if (seen >> at & 1) fail<ValueError>("flip: axes ", axes, " name dimension ", at, " twice");
    seen |= 1u << at;
    if (x.shape[at] > 1) view = slice(view, at, x.shape[at] - 1, x.shape[at], -1);
  }
  return view;
}

}  // namespace tw
