#include "ops/elementwise.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "core/divide.h"
#include "core/parallel.h"
#include "dispatch/dispatch.h"
#include "ops/reduce.h"

namespace tw {
namespace {

constexpr int64_t kChunk = 16384;  // elements a thread takes at a time: a few L1 caches' worth
constexpr int kMaxInputs = 3;

// One serial element's rough cost; only decides whether waking threads can pay.
double cost(DTypeRule rule) { return rule == DTypeRule::floating ? 0.5 : 0.15; }

// The strided walk of an elementwise op. Operand 0 is the output; strides in elements.
struct Walk {
  int operands = 0;
  Dims shape;
  Dims strides[1 + kMaxInputs];
  size_t itemsize[1 + kMaxInputs] = {};
  char* data[1 + kMaxInputs] = {};

  void add(const Array& x) {
    strides[operands] = x.strides;
    itemsize[operands] = x.itemsize();
    data[operands++] = x.data;
  }

  // Drops axes of length 1 and merges neighbours that every operand steps through evenly: most walks become 1-D or 2-D.
  void collapse() {
    int kept = 0;
    for (int axis = 0; axis < shape.size(); ++axis) {
      if (shape[axis] == 1) continue;
      bool merge = kept > 0;
      for (int k = 0; merge && k < operands; ++k) merge = strides[k][kept - 1] == strides[k][axis] * shape[axis];
      const int to = merge ? kept - 1 : kept++;
      shape[to] = merge ? shape[to] * shape[axis] : shape[axis];
      for (int k = 0; k < operands; ++k) strides[k][to] = strides[k][axis];
    }
    while (shape.size() > kept) {
      shape.erase(shape.size() - 1);
      for (int k = 0; k < operands; ++k) strides[k].erase(strides[k].size() - 1);
    }
    while (shape.size() < 2) {
      shape.insert(0, 1);
      for (int k = 0; k < operands; ++k) strides[k].insert(0, 0);
    }
  }
};

// Rows [begin, end) of the walk, a row being one step of all axes but the last, restricted to columns [column,
// +columns).
void run_rows(ElementwiseFn fn, const Walk& walk, int64_t begin, int64_t end, int64_t column, int64_t columns,
              const double* params) {
  const int ndim = walk.shape.size();
  const int64_t rows_axis = walk.shape[ndim - 2];
  Loop loop{};
  loop.cols = columns;
  const auto stride = [&](int k) { return Loop::Stride{walk.strides[k][ndim - 2], walk.strides[k][ndim - 1]}; };
  loop.out = stride(0);
  for (int k = 1; k < walk.operands; ++k) loop.in[k - 1] = stride(k);
  while (begin < end) {
    // The outer axes' position, then as many rows as share it.
    const int64_t row = begin % rows_axis;
    loop.rows = std::min(rows_axis - row, end - begin);
    char* at[1 + kMaxInputs];
    for (int k = 0; k < walk.operands; ++k) {
      int64_t offset = row * walk.strides[k][ndim - 2] + column * walk.strides[k][ndim - 1];
      int64_t rest = begin / rows_axis;
      for (int axis = ndim - 3; axis >= 0; --axis) {
        offset += rest % walk.shape[axis] * walk.strides[k][axis];
        rest /= walk.shape[axis];
      }
      at[k] = walk.data[k] + offset * static_cast<int64_t>(walk.itemsize[k]);
    }
    fn(loop, const_cast<const void* const*>(reinterpret_cast<void**>(at + 1)), at[0], params);
    begin += loop.rows;
  }
}

void run(ElementwiseFn fn, Walk& walk, const double* params, double ns_per_element) {
  const int64_t count = element_count(walk.shape);
  if (count == 0) return;
  walk.collapse();
  const int64_t cols = walk.shape.back(), rows = count / cols;
  // Items are pieces of rows: whole rows where they are short, chunks of a row where it is long.
  const int64_t piece = std::min(cols, kChunk);
  const int64_t pieces = ceil_div(cols, piece);
  const int64_t items_per_chunk = std::max<int64_t>(1, kChunk / piece);
  parallel_for(rows * pieces, items_per_chunk, ns_per_element * static_cast<double>(piece),
               [&](int64_t begin, int64_t end) {
                 if (pieces == 1) return run_rows(fn, walk, begin, end, 0, cols, params);
                 for (int64_t item = begin; item < end; ++item) {
                   const int64_t column = item % pieces * piece;
                   run_rows(fn, walk, item / pieces, item / pieces + 1, column, std::min(piece, cols - column), params);
                 }
               });
}

ElementwiseFn kernel_for(const ElementwiseOp& op, DType dtype) {
  const ElementwiseFn fn = op.row[static_cast<int>(dtype)];
  if (!fn) fail<TypeError>(op.name, ": dtype ", dtype, " is not supported");
  return fn;
}

DType compute_dtype(const ElementwiseOp& op, DType promoted) {
  return op.rule == DTypeRule::floating && !is_inexact(promoted) ? kDefaultFloat : promoted;
}

DType result_dtype(const ElementwiseOp& op, DType computed) {
  if (op.rule == DTypeRule::boolean || op.rule == DTypeRule::comparison) return DType::boolean;
  return op.rule == DTypeRule::magnitude ? component_of(computed) : computed;
}

// An operand of a binary op as an array of `dtype`: itself, or cast where it has another; of a scalar a 0-d one.
class Prepared {
 public:
  Prepared(const char* op, const Operand& operand, DType dtype) {
    if (operand.array && operand.array->dtype == dtype) {
      array_ = operand.array;
    } else if (operand.array) {
      own_ = astype(*operand.array, dtype);
    } else {
      write_scalar(op, operand.scalar, dtype, scalar_);
      own_.data = scalar_;
      own_.dtype = dtype;
    }
  }
  Prepared(const Prepared&) = delete;

  const Array& operator*() const { return *array_; }
  const Array* operator->() const { return array_; }
  void copy() {
    own_ = astype(*array_, array_->dtype, true);
    array_ = &own_;
  }

 private:
  const Array* array_ = &own_;
  Array own_;
  alignas(16) char scalar_[16];
};

// The common walk, without the machinery of strides: a contiguous output, inputs of its shape and contiguous too, or of
// a single element.
bool run_flat(ElementwiseFn fn, const Array* const* in, int inputs, const Array& out, const double* params, double ns) {
  if (!out.is_contiguous()) return false;
  Loop::Stride strides[kMaxInputs] = {};
  for (int k = 0; k < inputs; ++k) {
    if (in[k]->ndim() == 0) continue;
    if (in[k]->shape != out.shape || !in[k]->is_contiguous()) return false;
    strides[k].col = 1;
  }
  parallel_for(out.size(), kChunk, ns, [&](int64_t begin, int64_t end) {
    Loop loop{1, end - begin, {0, 1}, {strides[0], strides[1], strides[2]}};
    const void* at[kMaxInputs];
    for (int k = 0; k < inputs; ++k)
      at[k] = in[k]->data + begin * strides[k].col * static_cast<int64_t>(in[k]->itemsize());
    fn(loop, at, out.data + begin * static_cast<int64_t>(out.itemsize()), params);
  });
  return true;
}

void run_broadcast(ElementwiseFn fn, const char* name, const Array* const* in, int inputs, const Array& out,
                   const double* params, double ns) {
  if (run_flat(fn, in, inputs, out, params, ns)) return;
  Walk walk;
  walk.shape = out.shape;
  walk.add(out);
  for (int k = 0; k < inputs; ++k) walk.add(in[k]->shape == out.shape ? *in[k] : broadcast_to(name, *in[k], out.shape));
  run(fn, walk, params, ns);
}

struct Extent {
  const char *low, *high;
};
Extent extent_of(const Array& x) {
  Extent e{x.data, x.data};
  for (int i = 0; i < x.ndim(); ++i) {
    const int64_t reach = (x.shape[i] - 1) * x.strides[i] * static_cast<int64_t>(x.itemsize());
    (reach < 0 ? e.low : e.high) += reach;
  }
  e.high += x.itemsize();
  return e;
}

// Whether writing a in one pass could spoil b before it is read: they share bytes, but not element for element. By
// address, since foreign memory that entered twice has two storages.
bool overlaps_unaligned(const Array& a, const Array& b) {
  if (a.data == b.data && a.itemsize() == b.itemsize() && a.shape == b.shape && a.strides == b.strides) return false;
  return may_overlap(a, b);
}

ElementwiseFn cast_kernel(const char* op, DType from, DType to) {
  const ElementwiseFn fn = kernels().cast[static_cast<int>(from)][static_cast<int>(to)];
  if (!fn)
    fail<TypeError>(op, ": ", from, " cannot become ", to, ", which would drop the imaginary part; use real() first");
  return fn;
}

// Real numbers become complex by way of the dtype of their parts, for which there is a kernel.
bool needs_component(DType from, DType to) { return is_complex(to) && !is_complex(from) && from != component_of(to); }

// ---- comparisons that no common dtype holds -------------------------------------------------------------------------

Scalar python_integer(int64_t value) { return {Scalar::integer, value}; }

Array answer_for_all(const ElementwiseOp& op, int64_t a, int64_t b, const Dims& shape) {
  return broadcast_to(op.name, binary(op, {nullptr, python_integer(a)}, {nullptr, python_integer(b)}), shape);
}

// uint64 against a signed dtype: what is below 0 is below every uint64, all else is a uint64 itself.
Array compare_with_signed(const ElementwiseOp& op, const Array& a, const Array& b) {
  const bool first = is_signed(a.dtype);
  const Array& with_sign = first ? a : b;
  const Array as_unsigned = astype(with_sign, DType::u64);
  const Array same = first ? binary(op, {&as_unsigned, {}}, {&b, {}}) : binary(op, {&a, {}}, {&as_unsigned, {}});
  const Array below = answer_for_all(op, first ? -1 : 0, first ? 0 : -1, {});
  const ElementwiseOp less{"less", DTypeRule::comparison, kernels().less};
  const Array negative = binary(less, {&with_sign, {}}, {nullptr, python_integer(0)});
  return where({&negative, {}}, {&below, {}}, {&same, {}});
}

// An integer outside the range of the array's dtype lies on one side of every element, and integers meet a float in
// float64, not in the default dtype.
std::optional<Array> compare_exactly(const ElementwiseOp& op, const Array& x, const Scalar& number, bool x_first) {
  const auto with = [&](const Array& array, const Scalar& scalar) {
    return x_first ? binary(op, {&array, {}}, {nullptr, scalar}) : binary(op, {nullptr, scalar}, {&array, {}});
  };
  if (is_inexact(x.dtype)) {
    if (number.kind != Scalar::integer || !std::isinf(number.f)) return std::nullopt;
    return with(x, {Scalar::floating, 0, number.f});
  }
  if (number.kind == Scalar::floating) return with(astype(x, DType::f64), number);
  if (number.kind != Scalar::integer) return std::nullopt;
  // bool meets an integer in int64 or uint64
  const int side = is_integer(x.dtype)              ? side_of_range(number, x.dtype)
                   : number.range == Scalar::beyond ? side_of_range(number, DType::i64)
                                                    : 0;
  if (side == 0) return std::nullopt;
  return astype(answer_for_all(op, x_first ? 0 : side, x_first ? side : 0, x.shape), DType::boolean, true);
}

[[gnu::noinline]] std::optional<Array> compare_exactly(const ElementwiseOp& op, const Operand& a, const Operand& b) {
  if (a.array && b.array) {
    const DType p = a.array->dtype, q = b.array->dtype;
    if (p == q || !is_integer(p) || !is_integer(q) || is_signed(p) == is_signed(q)) return std::nullopt;
    if (p != DType::u64 && q != DType::u64) return std::nullopt;  // a larger signed dtype holds both
    return compare_with_signed(op, *a.array, *b.array);
  }
  if (a.array) return compare_exactly(op, *a.array, b.scalar, true);
  return b.array ? compare_exactly(op, *b.array, a.scalar, false) : std::nullopt;
}

// ---------------------------------------------------------------------------------------------------------------------

// An integer to a negative power is a fraction.
[[gnu::noinline]] void require_whole_powers(const ElementwiseOp& op, const Operand& exponent) {
  int64_t least = exponent.scalar.i;
  if (exponent.array) {
    if (exponent.array->size() == 0) return;
    const Array least_of_all = reduce(Reduction::min, *exponent.array, std::nullopt, false);
    least = *astype(least_of_all, DType::i64).ptr<int64_t>();
  }
  if (least < 0)
    fail<ValueError>(op.name,
                     ": x2 has negative exponents, and integers to a negative power are fractions; convert x1 "
                     "to a floating dtype");
}

Array binary_in_one_dtype(const ElementwiseOp& op, const Operand& a, const Operand& b, const double* params) {
  const DType dtype = compute_dtype(op, result_type(a, b));
  const ElementwiseFn fn = kernel_for(op, dtype);
  const Prepared x(op.name, a, dtype), y(op.name, b, dtype);
  if (op.row == kernels().power && is_integer(dtype) && is_signed(dtype)) require_whole_powers(op, b);
  const DType result = result_dtype(op, dtype);
  const Array out = empty(x->shape == y->shape ? x->shape : broadcast_shapes(op.name, x->shape, y->shape), result);
  const Array* in[] = {&*x, &*y};
  run_broadcast(fn, op.name, in, 2, out, params, cost(op.rule));
  return out;
}

}  // namespace

bool may_overlap(const Array& a, const Array& b) {
  if (a.size() == 0 || b.size() == 0) return false;
  const Extent x = extent_of(a), y = extent_of(b);
  return x.low < y.high && y.low < x.high;
}

void require_writable(const char* op, const Array& target) {
  if (target.storage->readonly) fail<ValueError>(op, ": the array is read-only");
  if (target.size() == 0) return;
  for (int i = 0; i < target.ndim(); ++i)
    if (target.strides[i] == 0 && target.shape[i] > 1)
      fail<ValueError>(op, ": cannot write to a broadcast view of shape ", target.shape,
                       ", several elements share memory; copy it first");
}

void run_elementwise(ElementwiseFn fn, const Array* const* in, int inputs, const Array& out, const double* params,
                     double ns_per_element) {
  run_broadcast(fn, "elementwise", in, inputs, out, params, ns_per_element);
}

Array unary(const ElementwiseOp& op, const Array& x, const double* params) {
  const DType dtype = compute_dtype(op, x.dtype);
  const ElementwiseFn fn = kernel_for(op, dtype);
  if (dtype != x.dtype) return unary(op, astype(x, dtype), params);
  const Array out = empty(x.shape, result_dtype(op, dtype));
  const Array* in[] = {&x};
  run_broadcast(fn, op.name, in, 1, out, params, cost(op.rule));
  return out;
}

Array binary(const ElementwiseOp& op, const Operand& a, const Operand& b, const double* params) {
  if (op.rule != DTypeRule::comparison) return binary_in_one_dtype(op, a, b, params);
  std::optional<Array> answer = compare_exactly(op, a, b);
  return answer ? *std::move(answer) : binary_in_one_dtype(op, a, b, params);
}

void binary_inplace(const ElementwiseOp& op, const Array& target, const Operand& b) {
  require_writable(op.name, target);
  const DType dtype = compute_dtype(op, result_type({&target, {}}, b));
  const DType result = result_dtype(op, dtype);
  if (b.array && broadcast_shapes(op.name, target.shape, b.array->shape) != target.shape)
    fail<ValueError>(op.name, ": in-place target of shape ", target.shape, " cannot hold the broadcast with ",
                     b.array->shape);
  const bool kind_rises = (is_floating(result) && !is_inexact(target.dtype)) ||
                          (is_complex(result) && !is_complex(target.dtype)) ||
                          (is_integer(result) && target.dtype == DType::boolean);
  if (kind_rises)
    fail<TypeError>(op.name, ": the result is ", result, ", which an in-place target of ", target.dtype,
                    " cannot hold");
  if (result != target.dtype) {  // float64 into float32, say: compute as always, round on the way in
    const Array wide = binary(op, {&target, {}}, b);
    return assign(target, {&wide, {}});
  }
  const ElementwiseFn fn = kernel_for(op, dtype);
  Prepared y(op.name, b, dtype);
  if (op.row == kernels().power && is_integer(dtype) && is_signed(dtype)) require_whole_powers(op, b);
  if (b.array && overlaps_unaligned(target, *y)) y.copy();
  const Array* in[] = {&target, &*y};
  run_broadcast(fn, op.name, in, 2, target, nullptr, cost(op.rule));
}

Array where(const Operand& condition, const Operand& x, const Operand& y) {
  const DType kind = condition.array ? condition.array->dtype : condition.scalar.default_dtype();
  if (kind != DType::boolean) fail<TypeError>("where: condition has dtype ", kind, ", but must be bool");
  const DType dtype = result_type(x, y);
  const Prepared c("where", condition, kind), a("where", x, dtype), b("where", y, dtype);
  const Dims shape = broadcast_shapes("where", c->shape, broadcast_shapes("where", a->shape, b->shape));
  const Array out = empty(shape, dtype);
  const Array* in[] = {&*c, &*a, &*b};
  run_broadcast(kernels().where[static_cast<int>(dtype)], "where", in, 3, out, nullptr, cost(DTypeRule::same));
  return out;
}

Array astype(const Array& x, DType dtype, bool copy) {
  if (!copy && x.dtype == dtype) return x;
  if (needs_component(x.dtype, dtype)) return astype(astype(x, component_of(dtype)), dtype);
  const ElementwiseFn fn = cast_kernel("astype", x.dtype, dtype);
  const Array out = empty(x.shape, dtype);
  const Array* in[] = {&x};
  run_broadcast(fn, "astype", in, 1, out, nullptr, cost(DTypeRule::same));
  return out;
}

Array contiguous(const Array& x) { return x.is_contiguous() ? x : astype(x, x.dtype); }

void assign(const Array& target, const Operand& from) {
  require_writable("assignment", target);
  if (!from.array) {
    const Prepared value("assignment", from, target.dtype);
    const Array* in[] = {&*value};
    return run_broadcast(cast_kernel("assignment", target.dtype, target.dtype), "assignment", in, 1, target, nullptr,
                         cost(DTypeRule::same));
  }
  // Leading axes of length 1 may be dropped, as NumPy does.
  Array source = *from.array;
  while (source.ndim() > target.ndim() && source.shape[0] == 1) {
    source.shape.erase(0);
    source.strides.erase(0);
  }
  source = broadcast_to("assignment", source, target.shape);
  if (needs_component(source.dtype, target.dtype)) source = astype(source, component_of(target.dtype));
  const ElementwiseFn fn = cast_kernel("assignment", source.dtype, target.dtype);
  if (overlaps_unaligned(target, source)) source = astype(source, source.dtype);
  const Array* in[] = {&source};
  run_broadcast(fn, "assignment", in, 1, target, nullptr, cost(DTypeRule::same));
}

}  // namespace tw
