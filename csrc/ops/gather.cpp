#include "ops/gather.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <numeric>

#include "core/divide.h"
#include "core/parallel.h"
#include "dispatch/dispatch.h"
#include "ops/elementwise.h"

namespace tw {
namespace {

constexpr int64_t kChunk = 16384;  // elements that a thread takes at a time
constexpr int kDigitBits = 11;     // of a radix sort: its counters stay in the L1 cache
constexpr int64_t kMinInner = 64;  // shortest piece of a row worth giving to another thread

// The indexed array and the picked elements walked together: outer axes, then the list, then `inner`.
struct PickWalk {
  Dims shape, x_strides, y_strides;  // of the outer axes; at least one
  PickArgs args;                     // of a step along all of them but the last
  char *x, *y;
  int64_t itemsize;
};

// y has shape rest.shape[:at] + (count,) + rest.shape[at:].
PickWalk plan(const Selection& s, const Array& y) {
  const Array& rest = s.rest;
  const auto y_stride = [&](int axis) { return y.strides[axis < s.at ? axis : axis + 1]; };
  PickWalk walk;
  PickArgs& a = walk.args;
  a = {1, s.offsets.size(), 1, 0, 1, 0, y.strides[s.at], 1};
  // Trailing axes become `inner` for as long as both sides step through them evenly.
  int axis = rest.ndim() - 1;
  for (; axis >= s.at; --axis) {
    if (rest.shape[axis] == 1) continue;
    if (a.inner == 1) {
      a.x_inner = rest.strides[axis];
      a.y_inner = y_stride(axis);
    } else if (rest.strides[axis] != a.x_inner * a.inner || y_stride(axis) != a.y_inner * a.inner) {
      break;
    }
    a.inner *= rest.shape[axis];
  }
  int kept = 0;
  for (int k = 0; k <= axis; ++k) {
    const int64_t extent = rest.shape[k], x_step = rest.strides[k], y_step = y_stride(k);
    if (extent == 1) continue;
    if (kept && walk.x_strides[kept - 1] == x_step * extent && walk.y_strides[kept - 1] == y_step * extent) {
      walk.shape[kept - 1] *= extent;
      walk.x_strides[kept - 1] = x_step;
      walk.y_strides[kept - 1] = y_step;
      continue;
    }
    walk.shape.push_back(extent);
    walk.x_strides.push_back(x_step);
    walk.y_strides.push_back(y_step);
    ++kept;
  }
  if (kept == 0) {
    walk.shape.push_back(1);
    walk.x_strides.push_back(0);
    walk.y_strides.push_back(0);
  }
  a.x_outer = walk.x_strides.back();
  a.y_outer = walk.y_strides.back();
  walk.x = rest.data;
  walk.y = y.data;
  walk.itemsize = static_cast<int64_t>(rest.itemsize());
  return walk;
}

// call(args, x, y, j): the piece of the walk that starts at x and y and takes entries [j, j + args.count) of the list.
template <class Call>
void run_pieces(const PickWalk& walk, bool split_list, Call call) {
  const PickArgs& a = walk.args;
  const int64_t inner_piece = std::min(a.inner, split_list ? kChunk : std::max(kMinInner, kChunk / a.count));
  const int64_t count_piece = split_list ? std::min(a.count, std::max<int64_t>(1, kChunk / inner_piece)) : a.count;
  const int64_t inner_pieces = ceil_div(a.inner, inner_piece);
  const int64_t pieces = inner_pieces * ceil_div(a.count, count_piece);
  const int64_t last = walk.shape.back(), per_chunk = std::max<int64_t>(1, kChunk / (count_piece * inner_piece));
  const double ns = static_cast<double>(count_piece) * (1.0 + 0.1 * static_cast<double>(inner_piece * walk.itemsize));
  parallel_for(element_count(walk.shape) * pieces, per_chunk, ns, [&](int64_t begin, int64_t end) {
    for (int64_t item = begin; item < end;) {
      int64_t row = item / pieces, j = 0, i = 0;
      PickArgs args = a;
      if (pieces == 1) {
        args.outer = std::min(end - item, last - row % last);
      } else {
        j = item % pieces / inner_pieces * count_piece;
        i = item % inner_pieces * inner_piece;
        args.outer = 1;
        args.count = std::min(count_piece, a.count - j);
        args.inner = std::min(inner_piece, a.inner - i);
      }
      int64_t x = i * a.x_inner, y = i * a.y_inner;
      for (int axis = walk.shape.size() - 1; axis >= 0; --axis) {
        x += row % walk.shape[axis] * walk.x_strides[axis];
        y += row % walk.shape[axis] * walk.y_strides[axis];
        row /= walk.shape[axis];
      }
      call(args, walk.x + x * walk.itemsize, walk.y + y * walk.itemsize, j);
      item += args.outer;
    }
  });
}

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

int log2_itemsize(const Array& x) { return std::countr_zero(x.itemsize()); }

// ---- sorted lists, for scatter_add ----------------------------------------------------------------------------------

struct SortedOffsets {
  Array offsets, order;  // int64: ascending, and where in the unsorted list each came from; equals keep their order
};

// One digit of a least-significant-first radix sort.
void radix_pass(const uint64_t* from, uint64_t* to, int64_t count, int shift) {
  constexpr int kBuckets = 1 << kDigitBits;
  int64_t next[kBuckets + 1] = {};
  for (int64_t j = 0; j < count; ++j) ++next[(from[j] >> shift) % kBuckets + 1];
  std::partial_sum(next, next + kBuckets, next);
  for (int64_t j = 0; j < count; ++j) to[next[(from[j] >> shift) % kBuckets]++] = from[j];
}

SortedOffsets sort_offsets(const Array& offsets) {
  const int64_t count = offsets.size();
  const int64_t* keys = offsets.ptr<int64_t>();
  SortedOffsets sorted{offsets, empty({count}, DType::i64)};
  int64_t* order = sorted.order.ptr<int64_t>();
  std::iota(order, order + count, int64_t{0});
  if (std::is_sorted(keys, keys + count)) return sorted;
  sorted.offsets = empty({count}, DType::i64);
  int64_t* ascending = sorted.offsets.ptr<int64_t>();
  const auto [low, high] = std::minmax_element(keys, keys + count);
  const int64_t lowest = *low;
  const int place_bits = std::bit_width(static_cast<uint64_t>(count - 1));
  const int bits = place_bits + std::bit_width(static_cast<uint64_t>(*high - lowest));
  if (count < 512 || bits > 64) {
    std::stable_sort(order, order + count, [keys](int64_t a, int64_t b) { return keys[a] < keys[b]; });
    for (int64_t j = 0; j < count; ++j) ascending[j] = keys[order[j]];
    return sorted;
  }
  // Offset and place packed into one word, sorted by the offset's digits; places stay in order by themselves.
  Array words = empty({count}, DType::u64), spare = empty({count}, DType::u64);
  for (int64_t j = 0; j < count; ++j)
    words.ptr<uint64_t>()[j] = static_cast<uint64_t>(keys[j] - lowest) << place_bits | static_cast<uint64_t>(j);
  for (int shift = place_bits; shift < bits; shift += kDigitBits) {
    radix_pass(words.ptr<uint64_t>(), spare.ptr<uint64_t>(), count, shift);
    std::swap(words, spare);
  }
  for (int64_t j = 0; j < count; ++j) {
    const uint64_t word = words.ptr<uint64_t>()[j];
    ascending[j] = lowest + static_cast<int64_t>(word >> place_bits);
    order[j] = static_cast<int64_t>(word & ((uint64_t{1} << place_bits) - 1));
  }
  return sorted;
}

// ---- lists from indices ---------------------------------------------------------------------------------------------

OffsetFn offset_kernel(const char* op, const Array& indices) {
  const OffsetFn fn = kernels().index.offsets[static_cast<int>(indices.dtype)];
  if (!fn) fail<TypeError>(op, ": indices have dtype ", indices.dtype, ", but must be integers");
  return fn;
}

// `entry` points to the offending index.
[[noreturn]] void out_of_bounds(const char* op, const Array& index, char* entry, int axis, const Dims& shape) {
  const Array value = astype(as_strided(index, entry, {}, {}), index.dtype == DType::u64 ? DType::u64 : DType::i64);
  std::ostringstream text;
  if (value.dtype == DType::u64) {
    text << *value.ptr<uint64_t>();
  } else {
    text << *value.ptr<int64_t>();
  }
  fail<IndexError>(op, ": ", text.str(), " is out of bounds for axis ", axis, " of shape ", shape);
}

// The smallest of the positions that several threads report; -1 reports none.
class FirstBad {
 public:
  void report(int64_t position) {
    if (position < 0) return;
    int64_t seen = first_;
    while (position < seen && !first_.compare_exchange_weak(seen, position)) {
    }
  }
  bool any() const { return first_ != INT64_MAX; }
  int64_t position() const { return first_; }

 private:
  std::atomic<int64_t> first_{INT64_MAX};
};

Selection select_along(const char* op, const Array& x, const Array& indices, int axis) {
  Selection s;
  s.rest = x;
  s.rest.shape.erase(axis);
  s.rest.strides.erase(axis);
  s.at = axis;
  s.index_shape = indices.shape;
  s.offsets = empty({indices.size()}, DType::i64);
  add_offsets(op, indices, indices.shape, x.shape, axis, x.strides[axis], s.offsets, false);
  return s;
}

// Every element its own position: offsets of x[.., indices[..], ..] in C order of the broadcast shape.
Selection select_each(const char* op, const Array& x, const Array& indices, int axis) {
  const OffsetFn fn = offset_kernel(op, indices);
  if (indices.ndim() != x.ndim())
    fail<ValueError>(op, ": indices ", indices.shape, " must have as many dimensions as the array ", x.shape);
  Dims x_shape = x.shape;
  x_shape[axis] = indices.shape[axis];
  const Dims shape = broadcast_shapes(op, x_shape, indices.shape);
  const Array index = broadcast_to(op, indices, shape);
  x_shape = shape;
  x_shape[axis] = x.shape[axis];
  const Dims strides = broadcast_to(op, x, x_shape).strides;
  Selection s;
  s.rest = as_strided(x, x.data, {}, {});
  s.index_shape = shape;
  s.offsets = empty({element_count(shape)}, DType::i64);
  if (s.offsets.size() == 0) return s;
  const int last = x.ndim() - 1;
  const int64_t cols = shape[last];
  const auto entry = [&](int64_t row, int64_t& base) {
    int64_t at = 0;
    base = 0;
    for (int k = last - 1; k >= 0; row /= shape[k--]) {
      at += row % shape[k] * index.strides[k];
      if (k != axis) base += row % shape[k] * strides[k];
    }
    return index.data + at * static_cast<int64_t>(index.itemsize());
  };
  FirstBad bad;
  parallel_for(s.offsets.size() / cols, std::max<int64_t>(1, kChunk / cols), static_cast<double>(cols),
               [&](int64_t begin, int64_t end) {
                 OffsetArgs args{
                     cols, index.strides[last], x.shape[axis], strides[axis], 0, axis == last ? 0 : strides[last],
                     false};
                 for (int64_t row = begin; row < end; ++row) {
                   const char* from = entry(row, args.base);
                   const int64_t j = fn(args, from, s.offsets.ptr<int64_t>() + row * cols);
                   if (j >= 0) bad.report(row * cols + j);
                 }
               });
  if (bad.any()) {
    int64_t base;
    const int64_t row = bad.position() / cols, col = bad.position() % cols;
    out_of_bounds(op, index, entry(row, base) + col * index.strides[last] * static_cast<int64_t>(index.itemsize()),
                  axis, x.shape);
  }
  return s;
}

Array broadcast_value(const char* op, const Selection& s, const Array& value) {
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
  const Array out = empty(selected_shape(s), s.rest.dtype);
  if (out.size() == 0) return out;
  const PickWalk walk = plan(s, flatten_positions(s, out));
  const GatherFn fn = kernels().index.gather[log2_itemsize(out)];
  const int64_t* offsets = s.offsets.ptr<int64_t>();
  run_pieces(walk, true, [&](const PickArgs& args, char* x, char* y, int64_t j) {
    fn(args, x, offsets + j, y + j * args.y_count * walk.itemsize);
  });
  return out;
}

void scatter(const Selection& s, const Array& value) {
  if (value.size() == 0) return;
  const PickWalk walk = plan(s, flatten_positions(s, apart_from(s.rest, value)));
  const ScatterFn fn = kernels().index.scatter[log2_itemsize(s.rest)];
  run_pieces(walk, false,
             [&](const PickArgs& args, char* x, char* y, int64_t) { fn(args, y, s.offsets.ptr<int64_t>(), x); });
}

void scatter_add(const char* op, const Selection& s, const Array& value) {
  if (is_complex(s.rest.dtype)) {  // sums of parts, which lie two by two
    Selection parts = s;
    parts.rest = split_components(s.rest);
    parts.offsets =
        binary({"multiply", DTypeRule::same, kernels().multiply}, {&s.offsets, {}}, {nullptr, {Scalar::integer, 2}});
    return scatter_add(op, parts, split_components(value));
  }
  const ScatterAddFn fn = kernels().index.scatter_add[static_cast<int>(s.rest.dtype)];
  if (!fn) fail<TypeError>(op, ": dtype ", s.rest.dtype, " is not supported");
  if (value.size() == 0) return;
  const Array flat = flatten_positions(s, apart_from(s.rest, value));
  const PickWalk walk = plan(s, flat);
  const SortedOffsets sorted = sort_offsets(s.offsets);
  const int64_t *offsets = sorted.offsets.ptr<int64_t>(), *end = offsets + sorted.offsets.size();
  // A piece takes the runs of equal offsets that start in it.
  const auto run_from = [&](const int64_t* entry) {
    return entry == offsets || entry == end || entry[0] != entry[-1] ? entry : std::upper_bound(entry, end, entry[-1]);
  };
  run_pieces(walk, true, [&](const PickArgs& args, char* x, char* y, int64_t j) {
    const int64_t* first = run_from(offsets + j);
    PickArgs piece = args;
    piece.count = run_from(offsets + j + args.count) - first;
    if (piece.count > 0) fn(piece, y, first, sorted.order.ptr<int64_t>() + (first - offsets), x);
  });
}

void add_offsets(const char* op, const Array& index, const Dims& index_shape, const Dims& shape, int axis,
                 int64_t stride, const Array& offsets, bool accumulate) {
  const OffsetFn fn = offset_kernel(op, index);
  if (offsets.size() == 0) return;
  const Array spread = broadcast_to(op, index, index_shape);
  const Dims flat_shape{offsets.size()};
  Array flat;
  if (!try_reshape_view(spread, flat_shape, flat)) try_reshape_view(contiguous(spread), flat_shape, flat);
  const int64_t step = flat.strides[0] * static_cast<int64_t>(flat.itemsize());
  FirstBad bad;
  parallel_for(offsets.size(), kChunk, 1.0, [&](int64_t begin, int64_t end) {
    const OffsetArgs args{end - begin, flat.strides[0], shape[axis], stride, 0, 0, accumulate};
    const int64_t j = fn(args, flat.data + begin * step, offsets.ptr<int64_t>() + begin);
    if (j >= 0) bad.report(begin + j);
  });
  if (bad.any()) out_of_bounds(op, flat, flat.data + bad.position() * step, axis, shape);
}

Array true_positions(const Array& mask, int64_t step) {
  constexpr int64_t kMaskChunk = 4 * kChunk;
  const Array flat = contiguous(mask);
  const int64_t count = flat.size(), chunks = (count + kMaskChunk - 1) / kMaskChunk;
  const bool* entries = flat.ptr<bool>();
  std::vector<int64_t> before(static_cast<size_t>(chunks) + 1, 0);
  parallel_for(count, kMaskChunk, 0.05, [&](int64_t begin, int64_t end) {
    before[static_cast<size_t>(begin / kMaskChunk) + 1] = kernels().index.count_true(entries + begin, 1, end - begin);
  });
  std::partial_sum(before.begin(), before.end(), before.begin());
  const Array positions = empty({before.back()}, DType::i64);
  parallel_for(count, kMaskChunk, 0.5, [&](int64_t begin, int64_t end) {
    int64_t* out = positions.ptr<int64_t>() + before[static_cast<size_t>(begin / kMaskChunk)];
    kernels().index.mask_offsets({end - begin, 1, begin * step, step}, entries + begin, out);
  });
  return positions;
}

std::vector<Array> nonzero(const Array& x) {
  if (x.ndim() == 0) fail<ValueError>("nonzero: x must have at least one dimension");
  const Array flat = true_positions(astype(x, DType::boolean, false), 1);
  if (x.ndim() == 1) return {flat};
  std::vector<Array> positions;
  for (int axis = 0; axis < x.ndim(); ++axis) positions.push_back(empty(flat.shape, DType::i64));
  parallel_for(flat.size(), kChunk, 5.0, [&](int64_t begin, int64_t end) {
    for (int64_t j = begin; j < end; ++j) {
      int64_t rest = flat.ptr<int64_t>()[j];
      for (int axis = x.ndim() - 1; axis >= 0; rest /= x.shape[axis--])
        positions[static_cast<size_t>(axis)].ptr<int64_t>()[j] = rest % x.shape[axis];
    }
  });
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

void put_along_axis_add(const Array& target, const Array& indices, const Array& value, int64_t axis) {
  const char* op = "put_along_axis_add";
  require_writable(op, target);
  const Selection s = select_each(op, target, indices, normalize_axis(op, axis, target.ndim()));
  scatter_add(op, s, broadcast_value(op, s, value));
}

}  // namespace tw
