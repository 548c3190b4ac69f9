#include "ops/resample.h"

#include "backend/backend.h"
#include "ops/creation.h"
#include "ops/elementwise.h"

namespace tw {
namespace {

constexpr const char* kKinds[] = {"nearest", "nearest_exact", "linear",      "cubic",
                                  "area",    "smooth_linear", "smooth_cubic"};

Resampling kind_named(const std::string& name) {
  int code = 0;
  for (const char* known : kKinds) {
    if (name == known) return static_cast<Resampling>(code);
    ++code;
  }
  fail<ValueError>("resample: there is no kind '", name, "'");
}

}  // namespace

Array resample(const char* op, const Array& given, int64_t axis_given, int64_t length, const ResamplingRule& rule,
               bool adjoint) {
  const int axis = normalize_axis(op, axis_given, given.ndim());
  if (!is_inexact(given.dtype)) fail<TypeError>(op, ": dtype ", given.dtype, " is not supported, it must be floating");
  const int64_t n = given.shape[axis];
  if (length < 0) fail<ValueError>(op, ": length is ", length, ", but must be at least 0");
  if ((n == 0) != (length == 0) && !adjoint)
    fail<ValueError>(op, ": axis ", axis, " of x ", given.shape, " cannot become of length ", length);
  Dims shape = given.shape;
  shape[axis] = length;
  const bool is_half = given.itemsize() == 2;
  const Array x = contiguous(is_half ? astype(given, DType::f32) : given), y = empty(shape, x.dtype, x.device);
  if (y.size() == 0) return astype(y, given.dtype, false);
  if (x.size() == 0) return full(shape, {}, given.dtype, given.device);
  ResampleProblem p{component_of(x.dtype), rule, adjoint, 1,     adjoint ? length : n,
                    adjoint ? n : length,  1,    x.data,  y.data};
  for (int i = 0; i < axis; ++i) p.outer *= x.shape[i];
  for (int i = axis + 1; i < x.ndim(); ++i) p.inner *= x.shape[i];
  if (is_complex(x.dtype)) p.inner *= 2;
  backend(x.device).resample.run(p);
  return astype(y, given.dtype, false);
}

Array resample_by_name(const Array& x, int64_t axis, int64_t length, const std::string& kind, double scale,
                       bool corners, bool adjoint) {
  return resample("resample", x, axis, length, {kind_named(kind), scale, corners, {}, 0}, adjoint);
}

}  // namespace tw
