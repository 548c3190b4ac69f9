#include "ops/along.h"

#include "backend/backend.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/gather.h"
#include "ops/transfer.h"

namespace tw {
namespace {

int check(const char* op, const Array& x, const Array& index, int64_t axis_given) {
  const int axis = normalize_axis(op, axis_given, x.ndim());
  require_integers(op, index);
  if (index.ndim() != x.ndim())
    fail<ValueError>(op, ": indices have shape ", index.shape, ", but need as many dimensions as x ", x.shape);
  for (int k = 0; k < x.ndim(); ++k)
    if (k != axis && index.shape[k] > x.shape[k])
      fail<ValueError>(op, ": indices have shape ", index.shape, ", which is longer along axis ", k, " than x ",
                       x.shape);
  common_device(op, {{"x", &x}, {"indices", &index}});
  return axis;
}

AlongProblem problem_of(const Array& x, const Array& index, int axis, const Array& picked) {
  return {x.dtype, index.shape, axis, x.shape[axis], view_of(x), view_of(index), view_of(picked)};
}

// Adds src to x, which has its dtype and memory of its own.
void add_to(const char* op, const Array& x, const Array& src, const Array& index, int axis) {
  if (x.dtype == DType::boolean) fail<TypeError>(op, ": dtype ", x.dtype, " is not supported");
  if (index.size() == 0) return;
  AlongProblem p = problem_of(x, index, axis, src);
  if (is_complex(x.dtype)) {  // sums of parts, which lie two by two
    Dims shape = index.shape;
    shape.push_back(2);
    const Array pairs = broadcast_to(op, expand_dims(index, index.ndim()), shape);
    p = problem_of(split_components(x), pairs, axis, split_components(src));
    const int64_t bad = backend(x.device).index.scatter_add_along(p);
    return refuse_entry(op, bad, pairs, axis, x.shape);
  }
  refuse_entry(op, backend(x.device).index.scatter_add_along(p), index, axis, x.shape);
}

// A copy of x in the dtype that it has with src, and src in that dtype and of the index's shape.
struct Operands {
  Array x, src;
  int axis;

  Operands(const char* op, const Array& x_given, const Operand& src_given, const Array& index, int64_t axis_given)
      : axis(check(op, x_given, index, axis_given)) {
    const DType dtype = result_type({&x_given, {}}, src_given);
    if (src_given.array) common_device(op, {{"x", &x_given}, {"src", src_given.array}});
    const Array value = src_given.array ? *src_given.array : scalar_array(op, src_given.scalar, dtype, x_given.device);
    src = broadcast_to(op, astype(value, dtype, false), index.shape);
    x = astype(x_given, dtype, true);
  }
};

}  // namespace

Array gather_along(const char* op, const Array& x, const Array& index, int64_t axis_given) {
  const int axis = check(op, x, index, axis_given);
  const Array out = empty(index.shape, x.dtype, x.device);
  if (out.size() > 0) {
    const int64_t bad = backend(x.device).index.gather_along(problem_of(x, index, axis, out));
    refuse_entry(op, bad, index, axis, x.shape);
  }
  return out;
}

Array scatter_along(const Array& x, const Operand& src, const Array& index, int64_t axis) {
  const char* op = "scatter";
  const Operands o(op, x, src, index, axis);
  if (index.size() > 0) {
    const int64_t bad = backend(x.device).index.scatter_along(problem_of(o.x, index, o.axis, o.src));
    refuse_entry(op, bad, index, o.axis, x.shape);
  }
  return o.x;
}

Array scatter_add_along(const Array& x, const Operand& src, const Array& index, int64_t axis) {
  const Operands o("scatter_add", x, src, index, axis);
  add_to("scatter_add", o.x, o.src, index, o.axis);
  return o.x;
}

Array gather_along_backward(const Array& g, const Array& index, int64_t axis_given, const Dims& shape) {
  const char* op = "gather_backward";
  const Array out = full(shape, {}, g.dtype, g.device);
  const int axis = check(op, out, index, axis_given);
  add_to(op, out, broadcast_to(op, g, index.shape), index, axis);
  return out;
}

Array one_hot(const Array& given, int64_t count, DType dtype) {
  const char* op = "one_hot";
  require_integers(op, given);
  if (count < 1) fail<ValueError>(op, ": num_classes is ", count, ", but must be at least 1");
  const Array classes = contiguous(astype(given, DType::i64, false));
  Dims shape = given.shape;
  shape.push_back(count);
  const Array out = empty(shape, dtype, given.device);
  OneHotProblem p{given.size(), count, classes.ptr<int64_t>(), static_cast<int64_t>(out.itemsize()), {}, out.data};
  write_scalar(op, {Scalar::integer, 1}, dtype, p.one);
  const int64_t bad = backend(out.device).index.one_hot(p);
  if (bad < 0) return out;
  const Array entry = as_strided(classes, classes.data + bad * static_cast<int64_t>(classes.itemsize()), {}, {});
  fail<IndexError>(op, ": ", element_name("input", bad, given.shape), " is ", *to_host("index", entry).ptr<int64_t>(),
                   ", but ", count, " classes are 0 to ", count - 1);
}

}  // namespace tw
