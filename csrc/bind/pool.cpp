#include "ops/pool.h"

#include "bind/bind.h"
#include "bind/op.h"

namespace tw {
namespace {

py::tuple both(MaxPoolResult r) { return py::make_tuple(std::move(r.y), std::move(r.indices)); }

Array call_max_pool(const NativeCall& c, Array& kept) {
  const PoolOptions options{Parameter<Dims>::get(c, 1), Parameter<Dims>::get(c, 2), Parameter<Dims>::get(c, 3),
                            Parameter<Dims>::get(c, 4), Parameter<bool>::get(c, 5)};
  return max_pool(c.array(0), options, c.recorded ? &kept : nullptr);
}

Array call_adaptive_max_pool(const NativeCall& c, Array& kept) {
  return adaptive_max_pool(c.array(0), Parameter<Dims>::get(c, 1), c.recorded ? &kept : nullptr);
}

Array scatter(const Array& g, const Array& places, const Dims& spatial, const Dims& kernel, const Dims& stride,
              const Dims& padding, const Dims& dilation, bool ceil_mode) {
  return max_pool_scatter(g, places, spatial, {kernel, stride, padding, dilation, ceil_mode});
}
Array gather(const Array& x, const Array& places, const Dims& spatial, const Dims& kernel, const Dims& stride,
             const Dims& padding, const Dims& dilation, bool ceil_mode) {
  return max_pool_gather(x, places, spatial, {kernel, stride, padding, dilation, ceil_mode});
}

Array average(const Array& x, const Dims& kernel, const Dims& stride, const Dims& padding, bool ceil_mode,
              bool count_include_pad, int64_t divisor) {
  return avg_pool(x, {kernel, stride, padding, Dims(kernel.size(), 1), ceil_mode}, {count_include_pad, divisor});
}
Array average_backward(const Array& g, const Dims& spatial, const Dims& kernel, const Dims& stride, const Dims& padding,
                       bool ceil_mode, bool count_include_pad, int64_t divisor) {
  const PoolOptions options{kernel, stride, padding, Dims(kernel.size(), 1), ceil_mode};
  return avg_pool_backward(g, spatial, options, {count_include_pad, divisor});
}

}  // namespace

void bind_pool(py::module_& m) {
  register_native("max_pool", call_max_pool, nullptr);
  m.def("max_pool",
        [](const Array& x, const Dims& kernel, const Dims& stride, const Dims& padding, const Dims& dilation,
           bool ceil_mode) { return max_pool(x, {kernel, stride, padding, dilation, ceil_mode}, nullptr); });
  m.def("max_pool_with_indices",
        [](const Array& x, const Dims& kernel, const Dims& stride, const Dims& padding, const Dims& dilation,
           bool ceil_mode) { return both(max_pool_with_indices(x, {kernel, stride, padding, dilation, ceil_mode})); });
  register_native("adaptive_max_pool", call_adaptive_max_pool, nullptr);
  m.def("adaptive_max_pool", [](const Array& x, const Dims& sizes) { return adaptive_max_pool(x, sizes, nullptr); });
  m.def("adaptive_max_pool_with_indices",
        [](const Array& x, const Dims& sizes) { return both(adaptive_max_pool_with_indices(x, sizes)); });
  def_function<scatter>(m, "max_pool_scatter", scatter);
  def_function<gather>(m, "max_pool_gather", gather);
  def_function<average>(m, "avg_pool", average);
  def_function<average_backward>(m, "avg_pool_backward", average_backward);
  def_op<adaptive_avg_pool>(m, "adaptive_avg_pool");
  def_op<adaptive_avg_pool_backward>(m, "adaptive_avg_pool_backward");
}

}  // namespace tw
