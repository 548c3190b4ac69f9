#include "ops/join.h"

#include <algorithm>

#include "backend/backend.h"
#include "ops/elementwise.h"
#include "ops/operand.h"
#include "ops/transfer.h"

namespace tw {
namespace {

constexpr int64_t kMinSegment = 64;  // bytes; shorter pieces go through the strided copy kernel

Dims joined_shape(const std::vector<Array>& arrays, int axis) {
  Dims shape = arrays[0].shape;
  for (size_t k = 1; k < arrays.size(); ++k) {
    const Dims& other = arrays[k].shape;
    bool fits = other.size() == shape.size();
    for (int i = 0; fits && i < shape.size(); ++i) fits = i == axis || other[i] == shape[i];
    if (!fits)
      fail<ValueError>("concatenate: array 0 has shape ", arrays[0].shape, ", array ", k, " has ", other,
                       "; they may differ only along axis ", axis);
    shape[axis] += other[axis];
    element_count(shape);  // views repeat memory: their lengths can add up to anything
  }
  return shape;
}

// Bytes of one array in each row of the result, a row being one step of the axes before the joined one.
int64_t segment_bytes(const Array& x, int axis) {
  int64_t bytes = static_cast<int64_t>(x.itemsize());
  for (int k = axis; k < x.ndim(); ++k) bytes *= x.shape[k];
  return bytes;
}

bool only_bytes_move(const std::vector<Array>& arrays, int axis, DType dtype) {
  return std::all_of(arrays.begin(), arrays.end(), [&](const Array& x) {
    return x.dtype == dtype && x.is_contiguous() && segment_bytes(x, axis) >= kMinSegment;
  });
}

// Parts that lie one behind the other in each row of the result.
void copy_segments(const std::vector<Array>& arrays, int axis, const Array& out) {
  JoinProblem p{{}, 1, out.data};
  for (const Array& x : arrays) p.parts.push_back({x.data, segment_bytes(x, axis)});
  for (int k = 0; k < axis; ++k) p.rows *= out.shape[k];
  backend(out.device).creation.join(p);
}

Array join(const std::vector<Array>& arrays, int axis) {
  DType dtype = arrays[0].dtype;
  for (const Array& x : arrays) dtype = promote_types(dtype, x.dtype);
  for (const Array& x : arrays) common_device("concatenate", {{"array 0", &arrays[0]}, {"another array", &x}});
  const Array out = empty(joined_shape(arrays, axis), dtype, arrays[0].device);
  if (out.size() == 0) return out;
  if (only_bytes_move(arrays, axis, dtype)) {
    copy_segments(arrays, axis, out);
    return out;
  }
  int64_t at = 0;
  for (const Array& x : arrays) {
    assign(slice(out, axis, at, x.shape[axis], 1), {&x, {}});
    at += x.shape[axis];
  }
  return out;
}

}  // namespace

Array concatenate(const std::vector<const Array*>& arrays, int64_t axis) {
  if (arrays.empty()) fail<ValueError>("concatenate: needs at least one array");
  if (arrays[0]->ndim() == 0) fail<ValueError>("concatenate: arrays must have at least one dimension; use stack");
  const int at = normalize_axis("concatenate", axis, arrays[0]->ndim());
  std::vector<Array> views;
  for (const Array* x : arrays) views.push_back(*x);
  return join(views, at);
}

Array stack(const std::vector<const Array*>& arrays, int64_t axis) {
  if (arrays.empty()) fail<ValueError>("stack: needs at least one array");
  const int at = normalize_axis("stack", axis, arrays[0]->ndim() + 1);
  std::vector<Array> views;
  for (size_t k = 0; k < arrays.size(); ++k) {
    if (arrays[k]->shape != arrays[0]->shape)
      fail<ValueError>("stack: array 0 has shape ", arrays[0]->shape, ", array ", k, " has ", arrays[k]->shape,
                       "; they must be equal");
    views.push_back(expand_dims(*arrays[k], at));
  }
  return join(views, at);
}

std::vector<Array> split(const Array& x, const std::vector<int64_t>& cuts, int axis) {
  std::vector<Array> pieces;
  for (size_t i = 0; i + 1 < cuts.size(); ++i) pieces.push_back(slice(x, axis, cuts[i], cuts[i + 1] - cuts[i], 1));
  return pieces;
}

}  // namespace tw
