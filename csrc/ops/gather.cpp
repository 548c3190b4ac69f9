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

// Entry number `flat` of an index, in C order.
std::string entry_text(const Array& index, int64_t flat) {
  int64_t at = 0;
  for (int k = index.ndim() - 1; k >= 0; flat /= index.shape[k--]) at += flat % index.shape[k] * index.strides[k];
  const Array entry = as_strided(index, index.data + at * static_cast<int64_t>(index.itemsize()), {}, {});
  const Array value = to_host("index", astype(entry, index.dtype == DType::u64 ? DType::u64 : DType::i64));
  std::ostringstream text;
  if (value.dtype == DType::u64) {
    text << *value.ptr<uint64_t>();
  } else {
    text << *value.ptr<int64_t>();
  }
  return text.str();
}

// An index as a list.
Array flattened(const char* op, const Array& index, const Dims& index_shape) {
  const Array spread = broadcast_to(op, index, index_shape);
  const Dims shape{element_count(index_shape)};
  Array flat;
  if (!try_reshape_view(spread, shape, flat)) try_reshape_view(contiguous(spread), shape, flat);
  return flat;
}

constexpr DType unsigned_of(DType dtype) {
  switch (dtype) {
    case DType::i8:
      return DType::u8;
    case DType::i16:
      return DType::u16;
    case DType::i32:
      return DType::u32;
    case DType::i64:
      return DType::u64;
    default:
      return dtype;
  }
}

constexpr const char* kEmbedding = "embedding";

Selection select_rows(const Array& weight, const Array& indices) {
  if (weight.ndim() != 2)
    fail<ValueError>(kEmbedding, ": weight has shape ", weight.shape, ", but must be (rows, columns)");
  common_device(kEmbedding, {{"weight", &weight}, {"input", &indices}});
  if (!is_integer(indices.dtype))
    fail<TypeError>(kEmbedding, ": input has dtype ", indices.dtype, ", but must be integers");
  Selection s;
  s.rest = weight;
  s.rest.shape.erase(0);
  s.rest.strides.erase(0);
  s.index_shape = indices.shape;
  s.offsets = empty({indices.size()}, DType::i64, weight.device);
  if (indices.size() == 0) return s;
  const Array flat = flattened(kEmbedding, indices, indices.shape);
  Array positions = flat;  // where what is negative is large, so out of bounds
  positions.dtype = unsigned_of(flat.dtype);
  const OffsetsProblem problem{flat.size(), view_of(positions),      weight.shape[0], weight.strides[0],
                               false,       s.offsets.ptr<int64_t>()};
  const int64_t bad = backend(weight.device).index.offsets(problem);
  if (bad >= 0)
    fail<IndexError>(kEmbedding, ": index ", entry_text(flat, bad), " is out of bounds, for weight ", weight.shape,
                     " has ", weight.shape[0], " rows, counted from 0");
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

void scatter_add(const char* op, const Selection& s, const Array& value, int64_t left_out) {
  if (is_complex(s.rest.dtype)) {  // sums of parts, which lie two by two
    Selection parts = s;
    parts.rest = split_components(s.rest);
    parts.offsets = binary(elementwise_op(Elementwise::multiply), {&s.offsets, {}}, {nullptr, {Scalar::integer, 2}});
    return scatter_add(op, parts, split_components(value), left_out == PickProblem::kNone ? left_out : 2 * left_out);
  }
  if (s.rest.dtype == DType::boolean) fail<TypeError>(op, ": dtype ", s.rest.dtype, " is not supported");
  if (value.size() == 0) return;
  const Array flat = flatten_positions(s, apart_from(s.rest, value));
  PickProblem problem = problem_of(s, flat);
  problem.left_out = left_out;
  backend(s.rest.device).index.scatter_add(problem);
}

void require_integers(const char* op, const Array& indices) {
  if (!is_integer(indices.dtype)) fail<TypeError>(op, ": indices have dtype ", indices.dtype, ", but must be integers");
}

void refuse_entry(const char* op, int64_t bad, const Array& index, int axis, const Dims& shape) {
  if (bad < 0) return;
  fail<IndexError>(op, ": ", entry_text(index, bad), " is out of bounds for axis ", axis, " of shape ", shape);
}

void add_offsets(const char* op, const Array& index, const Dims& index_shape, const Dims& shape, int axis,
                 int64_t stride, const Array& offsets, bool accumulate) {
  require_integers(op, index);
  if (offsets.size() == 0) return;
  const Array flat = flattened(op, index, index_shape);
  const int64_t bad =
      backend(flat.device)
          .index.offsets({flat.size(), view_of(flat), shape[axis], stride, accumulate, offsets.ptr<int64_t>()});
  refuse_entry(op, bad, flat, axis, shape);
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

Array embedding(const Array& weight, const Array& indices) { return gather(select_rows(weight, indices)); }

void embedding_add(const Array& target, const Array& indices, const Array& value, int64_t left_out) {
  require_writable(kEmbedding, target);
  const Selection s = select_rows(target, indices);
  const Array rows = broadcast_value(kEmbedding, s, value);
  scatter_add(kEmbedding, s, rows, left_out < 0 ? PickProblem::kNone : left_out * target.strides[0]);
}

}  // namespace tw
