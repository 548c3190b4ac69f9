#include "ops/pad.h"

#include "backend/backend.h"
#include "ops/elementwise.h"
#include "ops/resample.h"

namespace tw {
namespace {

#define X(name) #name,
constexpr const char* kModes[] = {TW_PAD_MODES(X)};
#undef X

PadMode mode_named(const char* op, const std::string& name) {
  int code = 0;
  for (const char* known : kModes) {
    if (name == known) return static_cast<PadMode>(code);
    ++code;
  }
  fail<ValueError>(op, ": there is no mode '", name, "'");
}

void check(const char* op, const Array& x, const Dims& before, const Dims& after) {
  if (before.size() != x.ndim() || after.size() != x.ndim())
    fail<ValueError>(op, ": widths for ", before.size(), " and ", after.size(), " axes, but x has shape ", x.shape);
  for (const Dims* widths : {&before, &after})
    for (const int64_t width : *widths)
      if (width > kMaxElements || width < -kMaxElements)
        fail<ValueError>(op, ": a width of ", width, " is beyond any array");
}

Dims negated(const Dims& widths) {
  Dims result = widths;
  for (int64_t& width : result) width = -width;
  return result;
}

Array padded(const Array& given, const Dims& before, const Dims& after, PadMode mode, const Scalar& value) {
  PadProblem p{mode, static_cast<int64_t>(given.itemsize()), given.shape, given.shape, before, {}, {}, nullptr};
  for (int k = 0; k < given.ndim(); ++k) {
    const int64_t n = given.shape[k], length = n + before[k] + after[k];
    if (length < 0)
      fail<ValueError>("pad: axis ", k, " of x ", given.shape, " has ", n, " elements, but widths ", before[k], " and ",
                       after[k], " leave ", length);
    if (mode != PadMode::constant && n == 0 && length > 0)
      fail<ValueError>("pad: axis ", k, " of x ", given.shape, " is empty: mode ", kModes[static_cast<int>(mode)],
                       " has no element to repeat");
    p.shape[k] = length;
  }
  const Array out = empty(p.shape, given.dtype, given.device);
  write_scalar("pad", value, given.dtype, p.value);
  if (out.size() == 0) return out;
  if (out.ndim() == 0) return astype(given, given.dtype, true);
  const Array x = given.strides.back() == 1 || given.shape.back() <= 1 ? given : contiguous(given);
  p.x = view_of(x);
  p.out = out.data;
  backend(x.device).pad.run(p);
  return out;
}

}  // namespace

Array pad(const Array& x, const Dims& before, const Dims& after, const std::string& mode, const Operand& value) {
  check("pad", x, before, after);
  if (value.array) fail<TypeError>("pad: value is an array, but must be a Python number");
  return padded(x, before, after, mode_named("pad", mode), value.scalar);
}

Array unpad(const Array& g, const Dims& before, const Dims& after, const std::string& mode_name) {
  check("unpad", g, before, after);
  const PadMode mode = mode_named("unpad", mode_name);
  if (mode == PadMode::constant) return padded(g, negated(before), negated(after), mode, {});
  Array x = g;
  for (int k = 0; k < g.ndim(); ++k) {
    if (before[k] == 0 && after[k] == 0) continue;
    const int64_t length = g.shape[k] - before[k] - after[k];
    if (length < 0)
      fail<ValueError>("unpad: widths ", before[k], " and ", after[k], " exceed axis ", k, " of ", g.shape);
    x = resample("unpad", x, k, length, {Resampling::padding, 0, false, mode, before[k]}, true);
  }
  return x;
}

}  // namespace tw
