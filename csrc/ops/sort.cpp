#include "ops/sort.h"

#include "backend/backend.h"
#include "ops/elementwise.h"

namespace tw {
namespace {

// Moves an axis to another place.
Array move_axis(const Array& x, int from, int to) {
  if (from == to) return x;
  Dims order;
  for (int i = 0; i < x.ndim(); ++i)
    if (i != from) order.push_back(i);
  order.insert(to, from);
  return permute(x, order);
}

// What is wanted of the k first along the axis.
struct Wanted {
  bool values, positions;
};

Sorted run(const char* op, const Array& given, int axis, int64_t k, bool descending, Wanted wanted) {
  if (is_complex(given.dtype)) fail<TypeError>(op, ": dtype ", given.dtype, " is not supported: it has no order");
  const int last = given.ndim() - 1;
  const Array x = contiguous(move_axis(given, axis, last));
  Dims shape = x.shape;
  shape[last] = k;
  Sorted sorted;
  if (wanted.values) sorted.values = empty(shape, x.dtype, x.device);
  if (wanted.positions) sorted.positions = empty(shape, DType::i64, x.device);
  const int64_t n = x.shape[last];
  if (element_count(shape) > 0)
    backend(x.device).sort.run(
        {x.dtype, descending, x.size() / n, n, k, x.data, sorted.values.data, sorted.positions.ptr<int64_t>()});
  if (wanted.values) sorted.values = contiguous(move_axis(sorted.values, last, axis));
  if (wanted.positions) sorted.positions = contiguous(move_axis(sorted.positions, last, axis));
  return sorted;
}

Sorted run_all(const char* op, const Array& x, int64_t axis_given, bool descending, Wanted wanted) {
  const int axis = normalize_axis(op, axis_given, x.ndim());
  return run(op, x, axis, x.shape[axis], descending, wanted);
}

}  // namespace

Array sort(const Array& x, int64_t axis, bool descending) {
  return run_all("sort", x, axis, descending, {true, false}).values;
}

Array argsort(const Array& x, int64_t axis, bool descending) {
  return run_all("argsort", x, axis, descending, {false, true}).positions;
}

Sorted sort_with_positions(const Array& x, int64_t axis, bool descending) {
  return run_all("sort", x, axis, descending, {true, true});
}

Sorted topk(const Array& x, int64_t k, int64_t axis_given, bool largest) {
  const int axis = normalize_axis("topk", axis_given, x.ndim());
  if (k < 0 || k > x.shape[axis])
    fail<ValueError>("topk: k is ", k, ", but axis ", axis, " of x ", x.shape, " has only ", x.shape[axis],
                     " elements");
  return run("topk", x, axis, k, largest, {true, true});
}

}  // namespace tw
