#include "ops/sort.h"

#include "backend/backend.h"
#include "ops/elementwise.h"
#include "ops/transfer.h"

namespace tw {
namespace {

constexpr int64_t kShortRow = 1024;  // sorting it takes no longer than parting it

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

void refuse_complex(const char* op, const Array& x) {
  if (is_complex(x.dtype)) fail<TypeError>(op, ": dtype ", x.dtype, " is not supported: it has no order");
}

// The k first, or where `around` all, around the k-th.
Sorted run(const char* op, const Array& given, int axis, int64_t k, bool descending, Wanted wanted,
           bool around = false) {
  refuse_complex(op, given);
  const int last = given.ndim() - 1;
  const Array x = contiguous(move_axis(given, axis, last));
  Dims shape = x.shape;
  if (!around) shape[last] = k;
  Sorted sorted;
  if (wanted.values) sorted.values = empty(shape, x.dtype, x.device);
  if (wanted.positions) sorted.positions = empty(shape, DType::i64, x.device);
  const int64_t n = x.shape[last];
  if (element_count(shape) > 0) {
    const auto& sort = backend(x.device).sort;
    (around ? sort.partition : sort.run)(
        {x.dtype, descending, x.size() / n, n, k, x.data, sorted.values.data, sorted.positions.ptr<int64_t>()});
  }
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

Sorted partition(const Array& x, int64_t k, int64_t axis_given, bool positions) {
  const char* op = positions ? "argpartition" : "partition";
  const int axis = normalize_axis(op, axis_given, x.ndim());
  const int64_t n = x.shape[axis];
  if (k < -n || k >= n)
    fail<ValueError>(op, ": kth is ", k, ", but axis ", axis, " of a ", x.shape, " has only ", n, " elements");
  if (n <= kShortRow) return run(op, x, axis, n, false, {!positions, positions});
  return run(op, x, axis, k < 0 ? k + n : k, false, {!positions, positions}, true);
}

Array search(const Array& x, const Array& needles, bool right) {
  constexpr const char* op = "searchsorted";
  refuse_complex(op, x);
  refuse_complex(op, needles);
  if (x.ndim() != 1) fail<ValueError>(op, ": x1 has shape ", x.shape, ", but must be 1-D");
  common_device(op, {{"x1", &x}, {"x2", &needles}});
  const DType dtype = promote_types(x.dtype, needles.dtype);
  const Array row = contiguous(astype(x, dtype, false)), each = contiguous(astype(needles, dtype, false));
  Array places = empty(needles.shape, DType::i64, x.device);
  if (places.size() > 0)
    backend(x.device).sort.search({dtype, right, row.size(), each.size(), row.data, each.data, places.ptr<int64_t>()});
  return places;
}

}  // namespace tw
