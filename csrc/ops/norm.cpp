#include "ops/norm.h"

#include <cmath>

#include "backend/backend.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/reduce.h"
#include "ops/transfer.h"

namespace tw {
namespace {

void check_eps(const char* op, double eps) {
  if (!(eps >= 0 && std::isfinite(eps))) fail<ValueError>(op, ": eps is ", eps, ", but must be finite and at least 0");
}

// x, weight, bias and residual: in one floating dtype, contiguous.
struct Operands {
  const char* op;
  Array x, weight, bias, residual;
  bool has_weight, has_bias, has_residual;

  Operands(const char* op_name, const Array& x_given, const Array* w, const Array* b, const Array* added = nullptr)
      : op(op_name), has_weight(w), has_bias(b), has_residual(added) {
    common_device(op, {{"input", &x_given}, {"residual", added}, {"weight", w}, {"bias", b}});
    DType dtype = x_given.dtype;
    for (const Array* other : {added, w, b})
      if (other) dtype = promote_types(dtype, other->dtype);
    if (is_complex(dtype)) fail<TypeError>(op, ": dtype ", dtype, " is not supported, it must be real");
    if (!is_floating(dtype)) dtype = default_float();
    x = contiguous(astype(x_given, dtype, false));
    if (w) weight = contiguous(astype(*w, dtype, false));
    if (b) bias = contiguous(astype(*b, dtype, false));
    if (added) residual = contiguous(astype(*added, dtype, false));
  }

  // Of `shape`, which `why` explains.
  void check_weights(const Dims& shape, const char* why) const {
    const Named given[] = {{"weight", has_weight ? &weight : nullptr}, {"bias", has_bias ? &bias : nullptr}};
    for (const Named& named : given)
      if (named.array && !(named.array->shape == shape))
        fail<ValueError>(op, ": ", named.name, " has shape ", named.array->shape, ", but ", why, " ", x.shape,
                         " needs ", shape);
  }
};

const char* data_or_null(bool there, const Array& array) { return there ? array.data : nullptr; }

NormResult rows(const Operands& o, const NormRows& shape) {
  check_eps(o.op, shape.eps);
  NormResult r{empty(o.x.shape, o.x.dtype, o.x.device), empty({shape.rows}, DType::f64, o.x.device),
               empty({shape.rows}, DType::f64, o.x.device)};
  if (o.has_residual) r.sum = empty(o.x.shape, o.x.dtype, o.x.device);
  if (r.y.size() == 0) return r;
  backend(o.x.device)
      .norm.rows({shape, o.x.dtype, o.x.data, data_or_null(o.has_residual, o.residual),
                  data_or_null(o.has_weight, o.weight), data_or_null(o.has_bias, o.bias), r.sum.data, r.y.data,
                  r.mean.ptr<double>(), r.rstd.ptr<double>()});
  return r;
}

NormResult over_last_axes(const Operands& o, const Dims& shape, bool centered, double eps) {
  const int first = o.x.ndim() - shape.size();
  bool ends_so = first >= 0 && !shape.empty();
  for (int i = 0; i < shape.size() && ends_so; ++i) ends_so = o.x.shape[first + i] == shape[i];
  if (!ends_so)
    fail<ValueError>(o.op, ": input has shape ", o.x.shape, ", which does not end in normalized_shape ", shape);
  o.check_weights(shape, "input");
  if (o.has_residual && !(o.residual.shape == o.x.shape))
    fail<ValueError>(o.op, ": residual has shape ", o.residual.shape, ", but input ", o.x.shape, "; they must agree");
  NormRows s{1, element_count(shape), 1, 1, centered, eps};
  for (int i = 0; i < first; ++i) s.rows *= o.x.shape[i];
  return rows(o, s);
}

// (N, C, ..) as images, channels, spatial.
NormChannels channels_of(const Operands& o) {
  if (o.x.ndim() < 2) fail<ValueError>(o.op, ": input has shape ", o.x.shape, ", but needs (N, C) or (N, C, ..)");
  NormChannels s{o.x.shape[0], o.x.shape[1], 1};
  for (int i = 2; i < o.x.ndim(); ++i) s.spatial *= o.x.shape[i];
  o.check_weights({s.channels}, "input");
  return s;
}

NormResult groups_of(const Operands& o, const NormChannels& s, int64_t groups, double eps) {
  const int64_t each = s.channels / groups;
  return rows(o, {s.images * groups, each * s.spatial, s.spatial, groups, true, eps});
}

NormResult channels(const Operands& o, const NormChannels& s, double eps, const Array& var) {
  NormResult r{empty(o.x.shape, o.x.dtype, o.x.device), empty({s.channels}, DType::f64, o.x.device),
               empty({s.channels}, DType::f64, o.x.device)};
  if (r.y.size() == 0) return r;
  backend(o.x.device)
      .norm.channels({s, o.x.dtype, false, eps, o.x.data, data_or_null(o.has_weight, o.weight),
                      data_or_null(o.has_bias, o.bias), r.y.data, r.mean.ptr<double>(), var.ptr<double>(),
                      r.rstd.ptr<double>()});
  return r;
}

NormChannels check_batch(const Operands& o, double eps) {
  const NormChannels s = channels_of(o);
  check_eps(o.op, eps);
  if (s.images * s.spatial == 1)
    fail<ValueError>(o.op, ": input has shape ", o.x.shape,
                     ", one value for each channel, but training needs more: they have no variance");
  return s;
}
NormChannels check_instances(const Operands& o, double eps) {
  const NormChannels s = channels_of(o);
  check_eps(o.op, eps);
  if (s.spatial == 1)
    fail<ValueError>(o.op, ": input has shape ", o.x.shape,
                     ", one value for each channel of an instance, but needs more: they have no variance");
  return s;
}

// ---- running statistics ---------------------------------------------------------------------------------------------

void check_statistics(const char* op, const Array& x, const Array& mean, const Array& var) {
  common_device(op, {{"input", &x}, {"running_mean", &mean}, {"running_var", &var}});
  for (const Named& named : {Named{"running_mean", &mean}, Named{"running_var", &var}}) {
    if (!(named.array->shape == Dims{x.shape[1]}))
      fail<ValueError>(op, ": ", named.name, " has shape ", named.array->shape, ", but input ", x.shape, " has ",
                       x.shape[1], " channels");
    if (!is_floating(named.array->dtype))
      fail<TypeError>(op, ": ", named.name, " is ", named.array->dtype, ", but must be floating");
  }
}

void check_running(const char* op, const Array& x, const RunningStatistics& running) {
  check_statistics(op, x, running.mean, running.var);
  common_device(op, {{"input", &x}, {"num_batches_tracked", &running.batches}});
  if (running.batches.ndim() != 0 || !is_integer(running.batches.dtype))
    fail<ValueError>(op, ": num_batches_tracked is ", running.batches.dtype, " of shape ", running.batches.shape,
                     ", but must be an integer of shape ()");
  if (running.momentum && !(*running.momentum >= 0 && *running.momentum <= 1))
    fail<ValueError>(op, ": momentum is ", *running.momentum, ", but must be between 0 and 1, or None");
}

const ElementwiseOp& op_of(Elementwise op) { return elementwise_op(op); }
Operand number(double v) { return {nullptr, {Scalar::floating, 0, v}}; }

// target += (of_batch - target) share, computed in float64.
void move(const Array& target, const Array& of_batch, const Operand& share) {
  const Array old = astype(target, DType::f64);
  const Array apart = binary(op_of(Elementwise::subtract), {&of_batch, {}}, {&old, {}});
  const Array step = binary(op_of(Elementwise::multiply), {&apart, {}}, share);
  const Array moved = binary(op_of(Elementwise::add), {&old, {}}, {&step, {}});
  assign(target, {&moved, {}});
}

// By mean and biased variance of a batch, of `count` values each.
void update(const RunningStatistics& running, const Array& mean, const Array& var, double count) {
  const Scalar one{Scalar::integer, 1, 1};
  binary_inplace(op_of(Elementwise::add), running.batches, {nullptr, one});
  const Array unbiased = binary(op_of(Elementwise::multiply), {&var, {}}, number(count / (count - 1)));
  Array share;
  if (!running.momentum) {
    const Array batches = astype(running.batches, DType::f64);
    share = binary(op_of(Elementwise::divide), number(1), {&batches, {}});
  }
  const Operand by = running.momentum ? number(*running.momentum) : Operand{&share, {}};
  move(running.mean, mean, by);
  move(running.var, unbiased, by);
}

}  // namespace

NormResult layer_norm(const Array& x, const Array* weight, const Array* bias, const Dims& shape, double eps) {
  return over_last_axes({"layer_norm", x, weight, bias}, shape, true, eps);
}
NormResult rms_norm(const Array& x, const Array* weight, const Dims& shape, double eps) {
  return over_last_axes({"rms_norm", x, weight, nullptr}, shape, false, eps);
}

NormResult add_layer_norm(const Array& x, const Array& residual, const Array* weight, const Array* bias,
                          const Dims& shape, double eps) {
  return over_last_axes({"add_layer_norm", x, weight, bias, &residual}, shape, true, eps);
}
NormResult add_rms_norm(const Array& x, const Array& residual, const Array* weight, const Dims& shape, double eps) {
  return over_last_axes({"add_rms_norm", x, weight, nullptr, &residual}, shape, false, eps);
}

NormResult group_norm(const Array& x, const Array* weight, const Array* bias, int64_t groups, double eps) {
  const Operands o("group_norm", x, weight, bias);
  const NormChannels s = channels_of(o);
  if (groups < 1 || s.channels % groups != 0)
    fail<ValueError>("group_norm: num_groups is ", groups, ", but must divide the ", s.channels, " channels of input ",
                     o.x.shape);
  return groups_of(o, s, groups, eps);
}

NormResult instance_norm(const Array& x, const Array* weight, const Array* bias, double eps) {
  const Operands o("instance_norm", x, weight, bias);
  const NormChannels s = check_instances(o, eps);
  return groups_of(o, s, std::max<int64_t>(s.channels, 1), eps);
}

NormResult instance_norm(const Array& x, const Array* weight, const Array* bias, const RunningStatistics& running,
                         double eps) {
  const Operands o("instance_norm", x, weight, bias);
  const NormChannels s = check_instances(o, eps);
  check_running(o.op, o.x, running);
  const NormResult r = groups_of(o, s, std::max<int64_t>(s.channels, 1), eps);
  if (r.y.size() == 0) return r;
  const auto over_images = [&](const Array& of_rows) {
    return reduce(Reduction::mean, reshape(of_rows, {s.images, s.channels}), Dims{0}, false);
  };
  const Array squared = binary(op_of(Elementwise::multiply), {&r.rstd, {}}, {&r.rstd, {}});
  const Array with_eps = binary(op_of(Elementwise::divide), number(1), {&squared, {}});
  const Array var = binary(op_of(Elementwise::subtract), {&with_eps, {}}, number(eps));
  update(running, over_images(r.mean), over_images(var), static_cast<double>(s.spatial));
  return r;
}

NormResult batch_norm(const Array& x, const Array* weight, const Array* bias, double eps) {
  const Operands o("batch_norm", x, weight, bias);
  const NormChannels s = check_batch(o, eps);
  return channels(o, s, eps, empty({s.channels}, DType::f64, o.x.device));
}

NormResult batch_norm(const Array& x, const Array* weight, const Array* bias, const RunningStatistics& running,
                      double eps) {
  const Operands o("batch_norm", x, weight, bias);
  const NormChannels s = check_batch(o, eps);
  check_running(o.op, o.x, running);
  const Array var = empty({s.channels}, DType::f64, o.x.device);
  const NormResult r = channels(o, s, eps, var);
  if (r.y.size() != 0) update(running, r.mean, var, static_cast<double>(s.images * s.spatial));
  return r;
}

NormResult given_norm(const char* op, const Array& x, const Array* weight, const Array* bias, const Array& mean,
                      const Array& var, double eps) {
  const Operands o(op, x, weight, bias);
  const NormChannels s = channels_of(o);
  check_eps(o.op, eps);
  check_statistics(o.op, o.x, mean, var);
  const Array variance = contiguous(astype(var, DType::f64, false));
  NormResult r{empty(o.x.shape, o.x.dtype, o.x.device), contiguous(astype(mean, DType::f64, true)),
               empty({s.channels}, DType::f64, o.x.device)};
  if (r.y.size() == 0) return r;
  backend(o.x.device)
      .norm.channels({s, o.x.dtype, true, eps, o.x.data, data_or_null(o.has_weight, o.weight),
                      data_or_null(o.has_bias, o.bias), r.y.data, r.mean.ptr<double>(), variance.ptr<double>(),
                      r.rstd.ptr<double>()});
  return r;
}

// ---- backward -------------------------------------------------------------------------------------------------------

namespace {

// Checked for what the kernels count on; the shapes of the statistics follow from the forward pass.
void check_backward(const char* op, const NormOperands& o) {
  if (!(o.g.shape == o.x.shape)) fail<ValueError>(op, ": g has shape ", o.g.shape, ", but x ", o.x.shape);
  if (o.g.dtype != o.x.dtype || !is_floating(o.x.dtype))
    fail<TypeError>(op, ": g is ", o.g.dtype, " and x ", o.x.dtype, ", but must have one floating dtype");
  common_device(op, {{"g", &o.g}, {"x", &o.x}, {"weight", o.weight}, {"mean", &o.mean}, {"rstd", &o.rstd}});
  for (const Array* saved : {&o.mean, &o.rstd})
    if (saved->dtype != DType::f64 || !saved->is_contiguous())
      fail<ValueError>(op, ": mean and rstd are not what the forward pass left");
}

NormGradients gradients_like(const Array& x, const Dims& channels, bool wants_x, bool wants_weights) {
  NormGradients r;
  if (wants_x) r.x = empty(x.shape, x.dtype, x.device);
  if (!wants_weights) return r;
  r.weight = full(channels, {Scalar::floating, 0, 0}, x.dtype, x.device);
  r.bias = full(channels, {Scalar::floating, 0, 0}, x.dtype, x.device);
  return r;
}

Array like_x(const Array& x, const Array* weight) {
  return weight ? contiguous(astype(*weight, x.dtype, false)) : Array{};
}

}  // namespace

NormGradients norm_rows_backward(const NormOperands& o, const Array* added, const Dims& channels, int64_t inner,
                                 int64_t groups, bool centered, bool wants_weights) {
  constexpr const char* op = "norm_rows_backward";
  check_backward(op, o);
  if (added && (!(added->shape == o.x.shape) || added->dtype != o.x.dtype))
    fail<ValueError>(op, ": added is ", added->dtype, " of shape ", added->shape, ", but x ", o.x.dtype, " of ",
                     o.x.shape);
  common_device(op, {{"x", &o.x}, {"added", added}});
  const Array g = contiguous(o.g), x = contiguous(o.x), weight = like_x(x, o.weight);
  const Array more = added ? contiguous(*added) : Array{};
  const NormGradients r = gradients_like(x, channels, true, wants_weights);
  if (x.size() == 0) return r;
  const int64_t rows = o.mean.size();
  if (rows == 0 || inner < 1 || groups < 1 || x.size() % (rows * inner) != 0 || rows % groups != 0)
    fail<ValueError>(op, ": x ", x.shape, " has not ", rows, " rows");
  const NormRows shape{rows, x.size() / rows, inner, groups, centered, 0};
  if (shape.channels() != element_count(channels) || (o.weight && weight.size() != shape.channels()))
    fail<ValueError>(op, ": there are ", shape.channels(), " channels, not ", element_count(channels));
  backend(x.device).norm.rows_backward({shape, x.dtype, g.data, x.data, weight.data, o.mean.ptr<double>(),
                                        o.rstd.ptr<double>(), data_or_null(added, more), r.x.data, r.weight.data,
                                        r.bias.data});
  return r;
}

NormGradients norm_channels_backward(const NormOperands& o, bool given, bool wants_x, bool wants_weights) {
  constexpr const char* op = "norm_channels_backward";
  check_backward(op, o);
  const Array g = contiguous(o.g), x = contiguous(o.x), weight = like_x(x, o.weight);
  NormChannels s{x.ndim() > 0 ? x.shape[0] : 0, o.mean.size(), 1};
  for (int i = 2; i < x.ndim(); ++i) s.spatial *= x.shape[i];
  if (x.ndim() < 2 || x.shape[1] != s.channels || o.rstd.size() != s.channels)
    fail<ValueError>(op, ": x ", x.shape, " has not ", s.channels, " channels");
  const NormGradients r = gradients_like(x, {s.channels}, wants_x, wants_weights);
  if (x.size() == 0) return r;
  backend(x.device).norm.channels_backward({s, x.dtype, given, g.data, x.data, weight.data, o.mean.ptr<double>(),
                                            o.rstd.ptr<double>(), r.x.data, r.weight.data, r.bias.data});
  return r;
}

}  // namespace tw
