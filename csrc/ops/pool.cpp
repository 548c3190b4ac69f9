#include "ops/pool.h"

#include "backend/backend.h"
#include "ops/elementwise.h"
#include "ops/transfer.h"

namespace tw {
namespace {

constexpr int64_t kLargest = INT32_MAX;  // of an option: products of two fit 64 bits
constexpr int64_t kByteTaps = 256;

// "max_pool2d", for so many spatial axes.
struct Name {
  const char* op;
  int axes;
};
std::ostream& operator<<(std::ostream& out, const Name& name) { return out << name.op << name.axes << "d"; }

constexpr const char* kShapes[] = {"(C, L) or (N, C, L)", "(C, H, W) or (N, C, H, W)",
                                   "(C, D, H, W) or (N, C, D, H, W)"};

void check_axes(Name name, const Array& x) {
  if (is_complex(x.dtype)) fail<TypeError>(name, ": dtype ", x.dtype, " is not supported, it must be real");
  if (x.ndim() != name.axes + 1 && x.ndim() != name.axes + 2)
    fail<ValueError>(name, ": input has shape ", x.shape, ", but must be ", kShapes[name.axes - 1]);
}

// Spatial axes have elements; batch and channels may be empty.
void check_input(Name name, const Array& x) {
  check_axes(name, x);
  for (int i = x.ndim() - name.axes; i < x.ndim(); ++i)
    if (x.shape[i] == 0)
      fail<ValueError>(name, ": input has shape ", x.shape, ", but a window of an empty axis has no elements");
}

int count_of_axes(const char* op, const Dims& sizes, const char* what) {
  if (sizes.size() < 1 || sizes.size() > 3)
    fail<ValueError>(op, ": ", what, " has ", sizes.size(), " entries, but there are one to three spatial axes");
  return sizes.size();
}

void check_option(Name name, const char* what, const Dims& given, int64_t least) {
  if (given.size() != name.axes)
    fail<ValueError>(name, ": ", what, " has ", given.size(), " entries, but there are ", name.axes, " spatial axes");
  for (const int64_t value : given) {
    if (value < least) fail<ValueError>(name, ": ", what, " is ", value, ", but must be at least ", least);
    if (value > kLargest) fail<ValueError>(name, ": ", what, " is ", value, ", but must be at most ", kLargest);
  }
}

void check_options(Name name, const PoolOptions& o) {
  check_option(name, "kernel_size", o.kernel, 1);
  check_option(name, "stride", o.stride, 1);
  check_option(name, "padding", o.padding, 0);
  check_option(name, "dilation", o.dilation, 1);
  for (int i = 0; i < name.axes; ++i)
    if (2 * o.padding[i] > o.kernel[i])
      fail<ValueError>(name, ": padding ", o.padding[i], " must be at most half of kernel_size ", o.kernel[i]);
}

// How many windows there are along an axis.
int64_t output_size(Name name, const PoolAxis& a, bool ceil_mode) {
  const int64_t room = a.n + 2 * a.p - a.d * (a.k - 1) - 1;
  const int64_t up = room + (ceil_mode ? a.s - 1 : 0);
  int64_t m = (up >= 0 ? up / a.s : -((a.s - 1 - up) / a.s)) + 1;
  if (ceil_mode && (m - 1) * a.s >= a.n + a.p) --m;  // the last window would begin in the padding
  if (m < 1)
    fail<ValueError>(name, ": an axis of length ", a.n, " gives ", m, " windows, ", ceil_mode ? "ceil" : "floor", "((",
                     a.n, " + 2*", a.p, " - ", a.d, "*(", a.k, " - 1) - 1) / ", a.s,
                     ") + 1, but there must be at least 1; kernel_size is too large");
  return m;
}

// Where taps are far apart, all of a window may fall beside a short axis.
void check_windows_hold_elements(Name name, const PoolAxis& a) {
  if (a.d <= a.n) return;
  for (int64_t i = 0; i < a.m; ++i) {
    const int64_t start = i * a.s - a.p, before = start < 0 ? (a.d - 1 - start) / a.d : 0;
    if (before >= a.k || start + before * a.d >= a.n)
      fail<ValueError>(name, ": with dilation ", a.d, " and padding ", a.p,
                       " a window has no element of an axis of length ", a.n);
  }
}

PoolWindows plane_of_one() {
  PoolWindows w{};
  for (PoolAxis& a : w.axis) a = {1, 1, 1, 1, 0, 1};
  return w;
}

// Windows over the last axes of a shape; m is not known yet.
PoolWindows windows_of(Name name, const int64_t* spatial, const PoolOptions& o) {
  PoolWindows w = plane_of_one();
  for (int i = 0; i < name.axes; ++i)
    w.axis[3 - name.axes + i] = {spatial[i], 0, o.kernel[i], o.stride[i], o.padding[i], o.dilation[i]};
  return w;
}

PoolWindows adaptive_windows(Name name, const int64_t* spatial, const int64_t* sizes) {
  PoolWindows w = plane_of_one();
  w.adaptive = true;
  for (int i = 0; i < name.axes; ++i) w.axis[3 - name.axes + i] = {spatial[i], sizes[i], 1, 1, 0, 1};
  return w;
}

// A floating, contiguous x with its windows, and the shape of what there is for each.
struct Pooling {
  Array x;
  PoolWindows windows;
  int64_t planes = 1;
  Dims shape;

  Pooling(Name name, const Array& given) : shape(given.shape) {
    check_input(name, given);
    x = is_floating(given.dtype) ? contiguous(given) : astype(given, default_float());
    for (int i = 0; i < x.ndim() - name.axes; ++i) planes *= x.shape[i];
  }
  Pooling(Name name, const Array& given, const PoolOptions& o) : Pooling(name, given) {
    check_options(name, o);
    windows = windows_of(name, x.shape.end() - name.axes, o);
    for (int i = 0; i < name.axes; ++i) {
      PoolAxis& a = windows.axis[3 - name.axes + i];
      a.m = shape[x.ndim() - name.axes + i] = output_size(name, a, o.ceil_mode);
      check_windows_hold_elements(name, a);
    }
  }
  Pooling(Name name, const Array& given, const Dims& sizes) : Pooling(name, given) {
    for (int i = 0; i < name.axes; ++i) {
      if (sizes[i] < 0 || sizes[i] > kLargest)
        fail<ValueError>(name, ": output_size is ", sizes[i], ", but must be from 0 to ", kLargest);
      shape[x.ndim() - name.axes + i] = sizes[i];
    }
    windows = adaptive_windows(name, x.shape.end() - name.axes, sizes.begin());
  }
  Array empty_result() const { return empty(shape, x.dtype, x.device); }
};

PoolPlaces places_in(const Array& places) {
  if (places.dtype == DType::u8) return {places.ptr<uint8_t>(), nullptr};
  return {nullptr, places.ptr<int64_t>()};
}

// The maxima, and into `places`, where it is not null, where they are.
Array maxima(const Pooling& p, DType dtype_of_places, Array* places) {
  const Array y = p.empty_result();
  PoolPlaces into{};
  if (places) {
    *places = empty(p.shape, dtype_of_places, y.device);
    into = places_in(*places);
  }
  if (y.size() > 0) backend(y.device).pool.max({p.x.dtype, p.windows, p.planes, p.x.data, y.data, into});
  return y;
}

MaxPoolResult with_indices(const Pooling& p) {
  MaxPoolResult r;
  r.y = maxima(p, DType::i64, &r.indices);
  return r;
}

Pooling max_windows(const Array& x, const PoolOptions& options) {
  return {{"max_pool", count_of_axes("max_pool", options.kernel, "kernel_size")}, x, options};
}
Pooling adaptive_windows(const char* op, const Array& x, const Dims& output_size) {
  return {{op, count_of_axes(op, output_size, "output_size")}, x, output_size};
}

// ---- from windows to elements ---------------------------------------------------------------------------------------

// What there is for each window of (.., spatial), with these windows.
struct Transposed {
  Array g;
  PoolWindows windows;
  int64_t planes = 1;
  Dims shape;

  Transposed(Name name, const Array& given, const Dims& spatial, const PoolOptions* o) : shape(given.shape) {
    check_axes(name, given);
    if (!is_floating(given.dtype)) fail<TypeError>(name, ": g is ", given.dtype, ", but must be floating");
    g = contiguous(given);
    const int first = g.ndim() - name.axes;
    for (int i = 0; i < first; ++i) planes *= g.shape[i];
    if (o) check_options(name, *o);
    windows =
        o ? windows_of(name, spatial.begin(), *o) : adaptive_windows(name, spatial.begin(), g.shape.end() - name.axes);
    for (int i = 0; i < name.axes; ++i) {
      PoolAxis& a = windows.axis[3 - name.axes + i];
      a.m = g.shape[first + i];
      shape[first + i] = a.n;
      if (a.n < 1 || (o && a.m != output_size(name, a, o->ceil_mode)))
        fail<ValueError>(name, ": g has shape ", g.shape, ", which is not that of windows of ", spatial);
      if (o) check_windows_hold_elements(name, a);
    }
  }
};

Array average_transposed(const Transposed& t, PoolDivisor divisor) {
  const Array gx = empty(t.shape, t.g.dtype, t.g.device);
  if (gx.size() > 0 && t.g.size() > 0)
    backend(gx.device).pool.average_backward({t.g.dtype, t.windows, divisor, t.planes, t.g.data, gx.data});
  else if (gx.size() > 0)
    assign(gx, {nullptr, Scalar{Scalar::integer}});
  return gx;
}

void check_places(Name name, const Array& places, const Dims& shape) {
  if (places.dtype != DType::u8 && places.dtype != DType::i64)
    fail<TypeError>(name, ": places are ", places.dtype, ", but must be taps, uint8, or positions, int64");
  if (!(places.shape == shape)) fail<ValueError>(name, ": places have shape ", places.shape, ", but windows ", shape);
}

const PoolOptions* sliding(const PoolOptions& o) { return o.kernel.empty() ? nullptr : &o; }

[[noreturn]] void refuse_place(Name name, int64_t window, const Array& places) {
  fail<IndexError>(name, ": ", element_name("places", window, places.shape), " is outside of its plane");
}

PoolDivisor divisor_of(const AverageOptions& average) { return {average.divisor_override, average.count_include_pad}; }

}  // namespace

Array max_pool(const Array& x, const PoolOptions& options, Array* places) {
  const Pooling p = max_windows(x, options);
  return maxima(p, p.windows.taps() <= kByteTaps ? DType::u8 : DType::i64, places);
}
MaxPoolResult max_pool_with_indices(const Array& x, const PoolOptions& options) {
  return with_indices(max_windows(x, options));
}
Array adaptive_max_pool(const Array& x, const Dims& output_size, Array* places) {
  return maxima(adaptive_windows("adaptive_max_pool", x, output_size), DType::i64, places);
}
MaxPoolResult adaptive_max_pool_with_indices(const Array& x, const Dims& output_size) {
  return with_indices(adaptive_windows("adaptive_max_pool", x, output_size));
}

Array max_pool_scatter(const Array& g, const Array& places_given, const Dims& spatial, const PoolOptions& options) {
  const Name name{"max_pool_scatter", count_of_axes("max_pool_scatter", spatial, "spatial")};
  const Transposed t(name, g, spatial, sliding(options));
  check_places(name, places_given, g.shape);
  common_device("max_pool_scatter", {{"g", &g}, {"places", &places_given}});
  const Array places = contiguous(places_given), gx = empty(t.shape, t.g.dtype, t.g.device);
  if (gx.size() == 0) return gx;
  const int64_t bad =
      backend(gx.device).pool.scatter({gx.dtype, t.windows, t.planes, t.g.data, places_in(places), gx.data});
  if (bad >= 0) refuse_place(name, bad, places);
  return gx;
}

Array max_pool_gather(const Array& given, const Array& places_given, const Dims& spatial, const PoolOptions& options) {
  const Name name{"max_pool_gather", count_of_axes("max_pool_gather", spatial, "spatial")};
  check_axes(name, given);
  Dims shape = given.shape;
  for (int i = 0; i < name.axes; ++i) {
    const int axis = given.ndim() - name.axes + i;
    if (given.shape[axis] != spatial[i])
      fail<ValueError>(name, ": x has shape ", given.shape, ", but its last axes must be ", spatial);
    if (places_given.ndim() == given.ndim()) shape[axis] = places_given.shape[axis];
  }
  check_places(name, places_given, shape);
  common_device("max_pool_gather", {{"x", &given}, {"places", &places_given}});
  const Array x = contiguous(given), places = contiguous(places_given), y = empty(shape, x.dtype, x.device);
  const Transposed t(name, y, spatial, sliding(options));
  if (y.size() == 0) return y;
  const int64_t bad = backend(y.device).pool.gather({y.dtype, t.windows, t.planes, x.data, places_in(places), y.data});
  if (bad >= 0) refuse_place(name, bad, places);
  return y;
}

Array avg_pool(const Array& x, const PoolOptions& options, const AverageOptions& average) {
  const Pooling p({"avg_pool", count_of_axes("avg_pool", options.kernel, "kernel_size")}, x, options);
  const Array y = p.empty_result();
  if (y.size() > 0)
    backend(y.device).pool.average({y.dtype, p.windows, divisor_of(average), p.planes, p.x.data, y.data});
  return y;
}

Array adaptive_avg_pool(const Array& x, const Dims& output_size) {
  const Pooling p = adaptive_windows("adaptive_avg_pool", x, output_size);
  const Array y = p.empty_result();
  if (y.size() > 0) backend(y.device).pool.average({y.dtype, p.windows, {}, p.planes, p.x.data, y.data});
  return y;
}

Array avg_pool_backward(const Array& g, const Dims& spatial, const PoolOptions& options,
                        const AverageOptions& average) {
  const Name name{"avg_pool_backward", count_of_axes("avg_pool_backward", spatial, "spatial")};
  return average_transposed(Transposed(name, g, spatial, &options), divisor_of(average));
}
Array adaptive_avg_pool_backward(const Array& g, const Dims& spatial) {
  const Name name{"adaptive_avg_pool_backward", count_of_axes("adaptive_avg_pool_backward", spatial, "spatial")};
  return average_transposed(Transposed(name, g, spatial, nullptr), {});
}

}  // namespace tw
