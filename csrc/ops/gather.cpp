#include "ops/gather.h"

#include <sstream>

#include "backend/backend.h"
#include "ops/elementwise.h"
#include "ops/transfer.h"

namespace tw {
namespace {

// An array of the selected shape with the positions' axes made one; a copy only where their strides are uneven.
Array flatten_positions(const Selection& s, const Array& value) {
  Dims shape = s.rest.shape;
  shape.insert(s.at, s.offsets.size());
  Array flat;
  if (try_reshape_view(value, shape, flat)) return flat;
  const Array copy = contiguous(value);
  return as_strided(copy, copy.data, shape, contiguous_strides(shape));
}

// The value may lie in the memory that is about to be written. Two foreign blocks may be the same memory twice.
Array apart_from(const Array& target, const Array& value) {
  const bool foreign = target.storage->owner && value.storage->owner;
  return foreign || target.storage.get() == value.storage.get() ? astype(value, value.dtype, true) : value;
}

// `flat`: the picked elements, from flatten_positions().
PickProblem problem_of(const Selection& s, const Array& flat) {
  return {s.rest.dtype, s.rest.shape, view_of(s.rest), s.at, s.offsets.size(), s.offsets.ptr<int64_t>(), view_of(flat)};
}

// ---- lists from indices ---------------------------------------------------------------------------------------------

void require_integers(const char* op, const Array& indices) {
  if (!is_integer(indices.dtype)) fail<TypeError>(op, ": indices have dtype ", indices.dtype, ", but must be integers");
}

// Fills a list; IndexError for the first index that is out of bounds.
void run_offsets(const char* op, const Array& index, int axis, const Dims& shape, const OffsetsProblem& problem) {
  const int64_t bad = backend(index.device).index.offsets(problem);
  if (bad < 0) return;
  int64_t at = 0, rest = bad;
  for (int k = problem.shape.size() - 1; k >= 0; rest /= problem.shape[k--])
    at += rest % problem.shape[k] * problem.index.strides[k];
  const Array entry = as_strided(index, problem.index.data + at * static_cast<int64_t>(index.itemsize()), {}, {});
  const Array value = to_host("index", astype(entry, index.dtype == DType::u64 ? DType::u64 : DType::i64));
  std::ostringstream text;
  if (value.dtype == DType::u64) {
    text << *value.ptr<uint64_t>();
  } else {
    text << *value.ptr<int64_t>();
  }
  fail<IndexError>(op, ": ", text.str(), " is out of bounds for axis ", axis, " of shape ", shape);
}

Selection select_along(const char* op, const Array& x, const Array& indices, int axis) {
  common_device(op, {{"x", &x}, {"indices", &indices}});
  Selection s;
  s.rest = x;
  s.rest.shape.erase(axis);
  s.rest.strides.erase(axis);
  s.at = axis;
  s.index_shape = indices.shape;
  s.offsets = empty({indices.size()}, DType::i64, x.device);
  add_offsets(op, indices, indices.shape, x.shape, axis, x.strides[axis], s.offsets, false);
  return s;
}

// Every element its own position: offsets of x[.., indices[..], ..] in C order of the broadcast shape.
Selection select_each(const char* op, const Array& x, const Array& indices, int axis) {
  require_integers(op, indices);
  if (indices.ndim() != x.ndim())
    fail<ValueError>(op, ": indices ", indices.shape, " must have as many dimensions as the array ", x.shape);
  common_device(op, {{"x", &x}, {"indices", &indices}});
  Dims x_shape = x.shape;
  x_shape[axis] = indices.shape[axis];
  const Dims shape = broadcast_shapes(op, x_shape, indices.shape);
  const Array index = broadcast_to(op, indices, shape);
  x_shape = shape;
  x_shape[axis] = x.shape[axis];
  Dims steps = broadcast_strides(op, x, x_shape);
  const int64_t stride = steps[axis];
  steps[axis] = 0;
  Selection s;
  s.rest = as_strided(x, x.data, {}, {});
  s.index_shape = shape;
  s.offsets = empty({element_count(shape)}, DType::i64, x.device);
  if (s.offsets.size() > 0)
    run_offsets(op, index, axis, x.shape,
                {shape, view_of(index), x.shape[axis], stride, steps, false, s.offsets.ptr<int64_t>()});
  return s;
}

Array broadcast_value(const char* op, const Selection& s, const Array& value) {
  common_device(op, {{"the target", &s.rest}, {"the value", &value}});
  return broadcast_to(op, astype(value, s.rest.dtype, false), selected_shape(s));
}

}  // namespace

Dims selected_shape(const Selection& s) {
  Dims shape;
  for (int k = 0; k < s.at; ++k) shape.push_back(s.rest.shape[k]);
  for (const int64_t extent : s.index_shape) shape.push_back(extent);
  for (int k = s.at; k < s.rest.ndim(); ++k) shape.push_back(s.rest.shape[k]);
  return shape;
}

Array gather(const Selection& s) {
  const Array out = empty(selected_shape(s), s.rest.dtype, s.rest.device);
  if (out.size() > 0) backend(out.device).index.gather(problem_of(s, flatten_positions(s, out)));
  return out;
}

void scatter(const Selection& s, const Array& value) {
  if (value.size() == 0) return;
  const Array flat = flatten_positions(s, apart_from(s.rest, value));
  backend(s.rest.device).index.scatter(problem_of(s, flat));
}

void scatter_add(const char* op, const Selection& s, const Array& value) {
  if (is_complex(s.rest.dtype)) {  // sums of parts, which lie two by two
    Selection parts = s;
    parts.rest = split_components(s.rest);
    parts.offsets = binary(elementwise_op(Elementwise::multiply), {&s.offsets, {}}, {nullptr, {Scalar::integer, 2}});
    return scatter_add(op, parts, split_components(value));
  }
  if (s.rest.dtype == DType::boolean) fail<TypeError>(op, ": dtype ", s.rest.dtype, " is not supported");
  if (value.size() == 0) return;
  const Array flat = flatten_positions(s, apart_from(s.rest, value));
  backend(s.rest.device).index.scatter_add(problem_of(s, flat));
}

void add_offsets(const char* op, const Array& index, const Dims& index_shape, const Dims& shape, int axis,
                 int64_t stride, const Array& offsets, bool accumulate) {
  require_integers(op, index);
  if (offsets.size() == 0) return;
  const Array spread = broadcast_to(op, index, index_shape);
  const Dims flat_shape{offsets.size()};
  Array flat;
  if (!try_reshape_view(spread, flat_shape, flat)) try_reshape_view(contiguous(spread), flat_shape, flat);
  run_offsets(op, flat, axis, shape,
              {flat_shape, view_of(flat), shape[axis], stride, {}, accumulate, offsets.ptr<int64_t>()});
}

Array true_positions(const Array& mask, int64_t step) {
  const Array flat = contiguous(mask);
  const int64_t count = flat.size(), chunks = (count + MaskProblem::kCounted - 1) / MaskProblem::kCounted;
  const Array before = empty({chunks + 1}, DType::i64, mask.device);
  MaskProblem p{flat.ptr<bool>(), count, step, before.ptr<int64_t>(), nullptr};
  const Array positions = empty({backend(mask.device).index.count_true(p)}, DType::i64, mask.device);
  p.offsets = positions.ptr<int64_t>();
  backend(mask.device).index.mask_offsets(p);
  return positions;
}

std::vector<Array> nonzero(const Array& x) {
  if (x.ndim() == 0) fail<ValueError>("nonzero: x must have at least one dimension");
  const Array flat = true_positions(astype(x, DType::boolean, false), 1);
  if (x.ndim() == 1) return {flat};
  UnravelProblem p{x.shape, flat.size(), flat.ptr<int64_t>(), {}};
  std::vector<Array> positions;
  for (int axis = 0; axis < x.ndim(); ++axis) {
    positions.push_back(empty(flat.shape, DType::i64, x.device));
    p.positions[axis] = positions.back().ptr<int64_t>();
  }
  backend(x.device).index.unravel(p);
  return positions;
}

Array take(const Array& x, const Array& indices, int64_t axis) {
  return gather(select_along("take", x, indices, normalize_axis("take", axis, x.ndim())));
}

void take_add(const Array& target, const Array& indices, const Array& value, int64_t axis) {
  require_writable("take_add", target);
  const Selection s = select_along("take_add", target, indices, normalize_axis("take_add", axis, target.ndim()));
  scatter_add("take_add", s, broadcast_value("take_add", s, value));
}

Array take_along_axis(const Array& x, const Array& indices, int64_t axis) {
  return gather(select_each("take_along_axis", x, indices, normalize_axis("take_along_axis", axis, x.ndim())));
}

void put_along_axis(const Array& target, const Array& indices, const Array& value, int64_t axis) {
  const char* op = "put_along_axis";
  require_writable(op, target);
  const Selection s = select_each(op, target, indices, normalize_axis(op, axis, target.ndim()));
  scatter(s, broadcast_value(op, s, value));
}

void put_along_axis_add(const Array& target, const Array& indices, const Array& value, int64_t axis) {
  const char* op = "put_along_axis_add";
  require_writable(op, target);
  const Selection s = select_each(op, target, indices, normalize_axis(op, axis, target.ndim()));
  scatter_add(op, s, broadcast_value(op, s, value));
}

}  // namespace tw
