#include "ops/reduce.h"

#include <algorithm>

#include "backend/backend.h"
#include "ops/creation.h"
#include "ops/elementwise.h"

namespace tw {
namespace {

constexpr const char* kNames[] = {"sum", "prod", "mean", "max", "min", "any", "all"};

bool has_identity(Reduction r) { return r != Reduction::max && r != Reduction::min; }

DType result_dtype(Reduction r, DType x) {
  if (r == Reduction::any || r == Reduction::all) return DType::boolean;
  if (is_inexact(x) || r == Reduction::max || r == Reduction::min) return x;
  if (r == Reduction::mean) return DType::f32;
  return is_integer(x) && !is_signed(x) ? DType::u64 : DType::i64;
}

bool takes(Reduction r, DType x) { return !is_complex(x) || r == Reduction::prod; }

// The axes of x that are reduced, a bit for each.
uint32_t axis_set(const char* op, const Array& x, const std::optional<Dims>& axes) {
  static_assert(kMaxDims <= 32);
  if (!axes) return static_cast<uint32_t>((uint64_t{1} << x.ndim()) - 1);
  uint32_t set = 0;
  for (const int64_t entry : *axes) {
    const uint32_t bit = 1u << normalize_axis(op, entry, x.ndim());
    if (set & bit) fail<ValueError>(op, ": axis ", entry, " is given twice in ", *axes);
    set |= bit;
  }
  return set;
}

void require_elements(const char* op, const Array& x, uint32_t axes) {
  for (int i = 0; i < x.ndim(); ++i)
    if (axes >> i & 1 && x.shape[i] == 0)
      fail<ValueError>(op, ": axis ", i, " of x ", x.shape, " has length 0, and ", op, " of nothing is not defined");
}

// The result, and its strides by x's axes as a problem has them. Kept axes lie in memory in the order they have in x,
// whatever their order in shape.
struct Result {
  Array array;
  Dims strides;
};

Result result_like(const Array& x, uint32_t axes, bool keepdims, DType dtype) {
  Dims shape, kept;
  for (int i = 0; i < x.ndim(); ++i) {
    const bool reduced = axes >> i & 1;
    if (!reduced || keepdims) shape.push_back(reduced ? 1 : x.shape[i]);
    if (reduced || x.shape[i] == 1) continue;
    int at = kept.size();
    for (; at > 0 && memory_rank(x.strides[static_cast<int>(kept[at - 1])]) < memory_rank(x.strides[i]); --at) continue;
    kept.insert(at, i);
  }
  Result result{empty(shape, dtype, x.device), Dims(x.ndim(), 0)};
  int64_t step = 1;
  for (int k = kept.size() - 1; k >= 0; --k) {
    const int axis = static_cast<int>(kept[k]);
    result.strides[axis] = step;
    step *= x.shape[axis];
  }
  for (int i = 0, to = 0; i < x.ndim(); ++i) {
    const bool reduced = axes >> i & 1;
    if (reduced && !keepdims) continue;
    if (!reduced && x.shape[i] != 1) result.array.strides[to] = result.strides[i];
    ++to;
  }
  return result;
}

// Sums of complex numbers are those of their parts, and any and all ask for numbers that are not 0.
Array reduce_complex(Reduction r, const Array& x, uint32_t set, bool keepdims) {
  Dims axes;
  for (int i = 0; i < x.ndim(); ++i)
    if (set >> i & 1) axes.push_back(i);
  if (r == Reduction::any || r == Reduction::all) return reduce(r, astype(x, DType::boolean), axes, keepdims);
  return join_components(reduce(r, split_components(x), axes, keepdims));
}

Array arg_reduce(const char* op, bool largest, const Array& x, std::optional<int64_t> axis, bool keepdims) {
  if (!axis && x.ndim() != 1) {
    const Array found = arg_reduce(op, largest, reshape(x, {x.size()}), 0, false);
    return keepdims ? reshape(found, Dims(x.ndim(), 1)) : found;
  }
  const int chosen = normalize_axis(op, axis.value_or(0), x.ndim());
  require_elements(op, x, 1u << chosen);
  if (is_complex(x.dtype)) fail<TypeError>(op, ": dtype ", x.dtype, " is not supported");
  const Result result = result_like(x, 1u << chosen, keepdims, DType::i64);
  if (result.array.size() > 0)
    backend(x.device).reduce.arg_reduce(
        {largest, x.shape, chosen, view_of(x), {result.array.data, DType::i64, result.strides}});
  return result.array;
}

}  // namespace

Array reduce(Reduction r, const Array& x, const std::optional<Dims>& axes, bool keepdims) {
  const char* op = kNames[static_cast<int>(r)];
  const uint32_t set = axis_set(op, x, axes);
  const bool by_parts = r == Reduction::sum || r == Reduction::mean || r == Reduction::any || r == Reduction::all;
  if (by_parts && is_complex(x.dtype)) return reduce_complex(r, x, set, keepdims);
  // The sum of a few 64-bit integers does not fit 64 bits, and float64 is wanted for what float32 would round.
  if (r == Reduction::mean && !is_inexact(x.dtype) &&
      (default_float() == DType::f64 || (is_integer(x.dtype) && x.itemsize() == 8)))
    return astype(reduce(r, astype(x, DType::f64), axes, keepdims), default_float());
  if (!has_identity(r)) require_elements(op, x, set);
  if (!takes(r, x.dtype)) fail<TypeError>(op, ": dtype ", x.dtype, " is not supported");
  const DType dtype = result_dtype(r, x.dtype);
  const Result result = result_like(x, set, keepdims, dtype);
  if (result.array.size() > 0)
    backend(x.device).reduce.reduce({r, x.shape, set, view_of(x), {result.array.data, dtype, result.strides}});
  return result.array;
}

Array argmax(const Array& x, std::optional<int64_t> axis, bool keepdims) {
  return arg_reduce("argmax", true, x, axis, keepdims);
}

Array argmin(const Array& x, std::optional<int64_t> axis, bool keepdims) {
  return arg_reduce("argmin", false, x, axis, keepdims);
}

}  // namespace tw
