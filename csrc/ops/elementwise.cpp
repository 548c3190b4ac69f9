#include "ops/elementwise.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "backend/backend.h"
#include "ops/reduce.h"
#include "ops/transfer.h"

namespace tw {
namespace {

typedef uint32_t DTypeSet;  // a bit for each

constexpr DTypeSet bit(DType dtype) { return DTypeSet{1} << static_cast<int>(dtype); }

// What the lists say of dtypes, by Elementwise.
constexpr DTypeSet all = (DTypeSet{1} << kDTypes) - 1, complex = bit(DType::c64) | bit(DType::c128);
constexpr DTypeSet real = all & ~complex, numbers = all & ~bit(DType::boolean), quantities = real & numbers;
constexpr DTypeSet bits = bit(DType::f16) - 1, integers = bits & numbers;  // in the order of the dtypes
constexpr DTypeSet kTaken[] = {
#define X(name, rule, dtypes, params) dtypes,
    TW_UNARY_OPS(X) TW_BINARY_OPS(X)
#undef X
};

void require_dtype(const ElementwiseOp& op, DType dtype) {
  if (!takes(op.op, dtype)) fail<TypeError>(op.name, ": dtype ", dtype, " is not supported");
}

// In NumPy, bool is a number to powers, remainders and shifts, but has no sign and no divisors.
bool counts_bool(const ElementwiseOp& op) {
  switch (op.op) {
    case Elementwise::positive:
    case Elementwise::negative:
    case Elementwise::subtract:
    case Elementwise::sign:
    case Elementwise::gcd:
    case Elementwise::lcm:
      return false;
    default:
      return dtype_rules() == DTypeRules::numpy && takes(op.op, DType::i8);
  }
}

DType compute_dtype(const ElementwiseOp& op, DType promoted) {
  if (promoted == DType::boolean && !takes(op.op, promoted) && counts_bool(op)) return DType::i8;
  if (op.rule != DTypeRule::floating || is_inexact(promoted)) return promoted;
  return op.op == Elementwise::divide ? default_float() : floating_for(promoted);
}

DType result_dtype(const ElementwiseOp& op, DType computed) {
  if (op.rule == DTypeRule::boolean || op.rule == DTypeRule::comparison) return DType::boolean;
  return op.rule == DTypeRule::magnitude ? component_of(computed) : computed;
}

// An operand on its way into a problem: an array, cast where it has another dtype, or a number.
class CastOperand {
 public:
  CastOperand(const Operand& operand, DType dtype) : array_(operand.array), number_(operand.scalar), dtype_(dtype) {
    if (array_ && array_->dtype != dtype) hold(astype(*array_, dtype));
  }
  CastOperand(const CastOperand&) = delete;

  bool is_number() const { return !array_; }
  const Array& operator*() const { return *array_; }
  void copy() { hold(astype(*array_, array_->dtype, true)); }

  // Whether it lies as a contiguous `out` does, or is one element for all.
  bool is_flat(const Array& out) const {
    return !array_ || array_->ndim() == 0 || (array_->shape == out.shape && array_->is_contiguous());
  }

  // As input k, broadcast to the problem's shape; `flat` as the problem is.
  void enter(const char* op, ElementwiseProblem& p, int k, bool flat = false) const {
    View& in = p.in[k];
    in.dtype = dtype_;
    if (array_)
      in.data = array_->data;
    else
      write_scalar(op, number_, dtype_, p.number[k]);
    if (flat)
      in.strides = Dims(1, array_ && array_->ndim() > 0);
    else if (!array_)
      in.strides = Dims(p.shape.size(), 0);
    else if (array_->shape == p.shape)
      in.strides = array_->strides;
    else
      in.strides = broadcast_strides(op, *array_, p.shape);
  }

 private:
  void hold(Array x) {
    own_ = std::move(x);
    array_ = &own_;
  }
  const Array* array_;
  const Scalar& number_;
  Array own_;
  DType dtype_;
};

// op on `inputs` operands, which are entered next, into out. `flat`: all of them lie as a contiguous result does, and
// one axis will do. With a few elements, axes to copy and to merge are what takes the time.
struct Problem : ElementwiseProblem {
  Problem(Elementwise kind, int count, const Array& result, bool flat = false) {
    op = kind;
    inputs = count;
    out.data = result.data;
    out.dtype = result.dtype;
    shape = flat ? Dims(1, result.size()) : result.shape;
    out.strides = flat ? Dims(1, 1) : result.strides;
  }
};

Dims broadcast(const char* op, const CastOperand& a, const CastOperand& b) {
  if (a.is_number()) return b.is_number() ? Dims{} : (*b).shape;
  if (b.is_number() || (*a).shape == (*b).shape) return (*a).shape;
  return broadcast_shapes(op, (*a).shape, (*b).shape);
}

Device device_of(const char* op, const Operand& a, const Operand& b) {
  if (a.array && b.array && !(a.array->device == b.array->device))
    common_device(op, {{"x1", a.array}, {"x2", b.array}});
  return a.array ? a.array->device : b.array ? b.array->device : Device{};
}

// Whether writing a in one pass could spoil b before it is read: they share bytes, but not element for element. By
// address, since foreign memory that entered twice has two storages.
bool overlaps_unaligned(const Array& a, const Array& b) {
  if (a.data == b.data && a.itemsize() == b.itemsize() && a.shape == b.shape && a.strides == b.strides) return false;
  return may_overlap(a, b);
}

void require_cast(const char* op, DType from, DType to) {
  if (is_complex(from) && !is_complex(to) && to != DType::boolean)
    fail<TypeError>(op, ": ", from, " cannot become ", to, ", which would drop the imaginary part; use real() first");
}

// Real numbers become complex by way of the dtype of their parts, for which there is a kernel.
bool needs_component(DType from, DType to) { return is_complex(to) && !is_complex(from) && from != component_of(to); }

// ---- comparisons that no common dtype holds -------------------------------------------------------------------------

Scalar python_integer(int64_t value) { return {Scalar::integer, value}; }

Array answer_for_all(const ElementwiseOp& op, int64_t a, int64_t b, const Dims& shape, Device device) {
  const Array answer = binary(op, {nullptr, python_integer(a)}, {nullptr, python_integer(b)});
  return broadcast_to(op.name, to_device(answer, device), shape);
}

// uint64 against a signed dtype: what is below 0 is below every uint64, all else is a uint64 itself.
Array compare_with_signed(const ElementwiseOp& op, const Array& a, const Array& b) {
  const bool first = is_signed(a.dtype);
  const Array& with_sign = first ? a : b;
  const Array as_unsigned = astype(with_sign, DType::u64);
  const Array same = first ? binary(op, {&as_unsigned, {}}, {&b, {}}) : binary(op, {&a, {}}, {&as_unsigned, {}});
  const Array below = answer_for_all(op, first ? -1 : 0, first ? 0 : -1, {}, a.device);
  const Array negative = binary(elementwise_op(Elementwise::less), {&with_sign, {}}, {nullptr, python_integer(0)});
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
  return astype(answer_for_all(op, x_first ? 0 : side, x_first ? side : 0, x.shape, x.device), DType::boolean, true);
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
    least = *to_host("power", astype(least_of_all, DType::i64)).ptr<int64_t>();
  }
  if (least < 0)
    fail<ValueError>(op.name,
                     ": x2 has negative exponents, and integers to a negative power are fractions; convert x1 "
                     "to a floating dtype");
}

Array binary_in_one_dtype(const ElementwiseOp& op, const Operand& a, const Operand& b,
                          const ElementwiseParams& params) {
  const Device device = device_of(op.name, a, b);
  const DType dtype = compute_dtype(op, result_type(a, b));
  require_dtype(op, dtype);
  const CastOperand x(a, dtype), y(b, dtype);
  if (op.op == Elementwise::power && is_integer(dtype) && is_signed(dtype)) require_whole_powers(op, b);
  const Array out = empty(broadcast(op.name, x, y), result_dtype(op, dtype), device);
  const bool flat = x.is_flat(out) && y.is_flat(out);
  Problem p(op.op, 2, out, flat);
  x.enter(op.name, p, 0, flat);
  y.enter(op.name, p, 1, flat);
  p.params = params;
  backend(device).elementwise.run(p);
  return out;
}

}  // namespace

bool may_overlap(const Array& a, const Array& b) {
  if (a.size() == 0 || b.size() == 0) return false;
  const Extent x = extent_of(a), y = extent_of(b);
  return x.low < y.high && y.low < x.high;
}

void require_writable(const char* op, const Array& target, const char* name) {
  if (target.storage->readonly) fail<ValueError>(op, ": ", name, " is read-only");
  if (target.size() == 0) return;
  for (int i = 0; i < target.ndim(); ++i)
    if (target.strides[i] == 0 && target.shape[i] > 1)
      fail<ValueError>(op, ": cannot write to a broadcast view: ", name, " has shape ", target.shape,
                       ", but several of its elements share memory; copy it first");
}

void run_elementwise(Elementwise op, std::initializer_list<const Array*> in, const Array& out,
                     const ElementwiseParams& params) {
  bool flat = out.is_contiguous();
  for (const Array* x : in) flat = flat && x->is_contiguous();
  Problem p(op, 0, out, flat);
  for (const Array* x : in) p.in[p.inputs++] = {x->data, x->dtype, flat ? Dims(1, 1) : x->strides};
  p.params = params;
  backend(out.device).elementwise.run(p);
}

const ElementwiseOp& elementwise_op(Elementwise op) {
  static constexpr ElementwiseOp kOps[] = {
#define X(name, rule, dtypes, params) {#name, DTypeRule::rule, Elementwise::name},
      TW_UNARY_OPS(X) TW_BINARY_OPS(X)
#undef X
  };
  return kOps[static_cast<int>(op)];
}

bool takes(Elementwise op, DType dtype) { return kTaken[static_cast<int>(op)] & bit(dtype); }

Array unary(const ElementwiseOp& op, const Array& x, const ElementwiseParams& params) {
  const DType dtype = compute_dtype(op, x.dtype);
  require_dtype(op, dtype);
  if (dtype != x.dtype) return unary(op, astype(x, dtype), params);
  const Array out = empty(x.shape, result_dtype(op, dtype), x.device);
  run_elementwise(op.op, {&x}, out, params);
  return out;
}

Array binary(const ElementwiseOp& op, const Operand& a, const Operand& b, const ElementwiseParams& params) {
  if (op.rule != DTypeRule::comparison) return binary_in_one_dtype(op, a, b, params);
  std::optional<Array> answer = compare_exactly(op, a, b);
  return answer ? *std::move(answer) : binary_in_one_dtype(op, a, b, params);
}

void binary_inplace(const ElementwiseOp& op, const Array& target, const Operand& b) {
  require_writable(op.name, target);
  common_device(op.name, {{"the target", &target}, {"x2", b.array}});
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
  require_dtype(op, dtype);
  CastOperand y(b, dtype);
  if (op.op == Elementwise::power && is_integer(dtype) && is_signed(dtype)) require_whole_powers(op, b);
  if (b.array && overlaps_unaligned(target, *y)) y.copy();
  Problem p(op.op, 2, target);
  p.in[0] = p.out;
  y.enter(op.name, p, 1);
  backend(target.device).elementwise.run(p);
}

Array where(const Operand& condition, const Operand& x, const Operand& y) {
  const DType kind = condition.array ? condition.array->dtype : condition.scalar.default_dtype();
  if (kind != DType::boolean) fail<TypeError>("where: condition has dtype ", kind, ", but must be bool");
  const Device device = common_device("where", {{"condition", condition.array}, {"x1", x.array}, {"x2", y.array}});
  const DType dtype = result_type(x, y);
  const CastOperand c(condition, kind), a(x, dtype), b(y, dtype);
  Dims shape = broadcast("where", a, b);
  if (!c.is_number()) shape = broadcast_shapes("where", (*c).shape, shape);
  const Array out = empty(shape, dtype, device);
  Problem p(Elementwise::where, 3, out);
  c.enter("where", p, 0);
  a.enter("where", p, 1);
  b.enter("where", p, 2);
  backend(device).elementwise.run(p);
  return out;
}

Array astype(const Array& x, DType dtype, bool copy) {
  if (!copy && x.dtype == dtype) return x;
  if (needs_component(x.dtype, dtype)) return astype(astype(x, component_of(dtype)), dtype);
  require_cast("astype", x.dtype, dtype);
  const Array out = empty(x.shape, dtype, x.device);
  run_elementwise(Elementwise::cast, {&x}, out);
  return out;
}

Array contiguous(const Array& x) { return x.is_contiguous() ? x : astype(x, x.dtype); }

void assign(const Array& target, const Operand& from) {
  require_writable("assignment", target);
  if (!from.array) {
    Problem p(Elementwise::cast, 1, target);
    CastOperand(from, target.dtype).enter("assignment", p, 0);
    return backend(target.device).elementwise.run(p);
  }
  common_device("assignment", {{"the target", &target}, {"the value", from.array}});
  // Leading axes of length 1 may be dropped, as NumPy does.
  Array source = *from.array;
  while (source.ndim() > target.ndim() && source.shape[0] == 1) {
    source.shape.erase(0);
    source.strides.erase(0);
  }
  source = broadcast_to("assignment", source, target.shape);
  if (needs_component(source.dtype, target.dtype)) source = astype(source, component_of(target.dtype));
  require_cast("assignment", source.dtype, target.dtype);
  if (overlaps_unaligned(target, source)) source = astype(source, source.dtype);
  run_elementwise(Elementwise::cast, {&source}, target);
}

}  // namespace tw
