#include "ops/norm.h"

#include <pybind11/stl.h>

#include "bind/bind.h"
#include "bind/caster.h"

namespace tw {
namespace {

py::tuple parts(NormResult&& r) { return py::make_tuple(std::move(r.y), std::move(r.mean), std::move(r.rstd)); }

py::tuple with_sum(NormResult&& r) {
  return py::make_tuple(std::move(r.y), std::move(r.sum), std::move(r.mean), std::move(r.rstd));
}

py::tuple parts(NormGradients&& r) { return py::make_tuple(or_none(r.x), or_none(r.weight), or_none(r.bias)); }

}  // namespace

void bind_norm(py::module_& m) {
  m.def("layer_norm", [](const Array& x, const Array* weight, const Array* bias, const Dims& shape, double eps) {
    return parts(layer_norm(x, weight, bias, shape, eps));
  });
  m.def("rms_norm", [](const Array& x, const Array* weight, const Dims& shape, double eps) {
    return parts(rms_norm(x, weight, shape, eps));
  });
  m.def("add_layer_norm",
        [](const Array& x, const Array& residual, const Array* weight, const Array* bias, const Dims& shape,
           double eps) { return with_sum(add_layer_norm(x, residual, weight, bias, shape, eps)); });
  m.def("add_rms_norm", [](const Array& x, const Array& residual, const Array* weight, const Dims& shape, double eps) {
    return with_sum(add_rms_norm(x, residual, weight, shape, eps));
  });
  m.def("group_norm", [](const Array& x, const Array* weight, const Array* bias, int64_t groups, double eps) {
    return parts(group_norm(x, weight, bias, groups, eps));
  });
  m.def("untracked_instance_norm", [](const Array& x, const Array* weight, const Array* bias, double eps) {
    return parts(instance_norm(x, weight, bias, eps));
  });
  m.def("untracked_batch_norm", [](const Array& x, const Array* weight, const Array* bias, double eps) {
    return parts(batch_norm(x, weight, bias, eps));
  });
  m.def("instance_norm", [](const Array& x, const Array* weight, const Array* bias, const Array& mean, const Array& var,
                            const Array& batches, std::optional<double> momentum, double eps) {
    return parts(instance_norm(x, weight, bias, {mean, var, batches, momentum}, eps));
  });
  m.def("batch_norm", [](const Array& x, const Array* weight, const Array* bias, const Array& mean, const Array& var,
                         const Array& batches, std::optional<double> momentum, double eps) {
    return parts(batch_norm(x, weight, bias, {mean, var, batches, momentum}, eps));
  });
  m.def("given_norm", [](const Array& x, const Array* weight, const Array* bias, const Array& mean, const Array& var,
                         const std::string& op,
                         double eps) { return parts(given_norm(op.c_str(), x, weight, bias, mean, var, eps)); });
  m.def("norm_rows_backward",
        [](const Array& g, const Array& x, const Array* weight, const Array& mean, const Array& rstd,
           const Array* added, const Dims& channels, int64_t inner, int64_t groups, bool centered, bool wants_weights) {
          return parts(
              norm_rows_backward({g, x, weight, mean, rstd}, added, channels, inner, groups, centered, wants_weights));
        });
  m.def("norm_channels_backward", [](const Array& g, const Array& x, const Array* weight, const Array& mean,
                                     const Array& rstd, bool given, bool wants_x, bool wants_weights) {
    return parts(norm_channels_backward({g, x, weight, mean, rstd}, given, wants_x, wants_weights));
  });
}

}  // namespace tw
