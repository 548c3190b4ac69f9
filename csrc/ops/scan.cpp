#include "ops/scan.h"

#include "backend/backend.h"
#include "ops/elementwise.h"

namespace tw {
namespace {

// What a dtype is scanned in, and what comes out.
DType working_dtype(DType x) {
  if (x == DType::f16 || x == DType::bf16) return DType::f32;
  if (is_inexact(x)) return x;
  return is_integer(x) && !is_signed(x) ? DType::u64 : DType::i64;
}

Array run(const char* op, Scan kind, const Array& given, int64_t axis_given, bool reverse) {
  const int axis = normalize_axis(op, axis_given, given.ndim());
  const DType dtype = working_dtype(given.dtype);
  const Array x = contiguous(astype(given, dtype, false));
  const Array y = empty(x.shape, dtype, x.device);
  ScanProblem p{kind, dtype, reverse, 1, x.shape[axis], 1, x.data, y.data};
  for (int i = 0; i < axis; ++i) p.outer *= x.shape[i];
  for (int i = axis + 1; i < x.ndim(); ++i) p.inner *= x.shape[i];
  if (kind == Scan::sum && is_complex(dtype)) {  // a sum of complex numbers is that of their parts
    p.dtype = component_of(dtype);
    p.inner *= 2;
  }
  if (x.size() > 0) backend(x.device).scan.run(p);
  return is_inexact(given.dtype) ? astype(y, given.dtype, false) : y;
}

}  // namespace

Array cumsum(const Array& x, int64_t axis, bool reverse) { return run("cumsum", Scan::sum, x, axis, reverse); }
Array cumprod(const Array& x, int64_t axis) { return run("cumprod", Scan::prod, x, axis, false); }

}  // namespace tw
