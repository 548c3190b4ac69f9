#include "ops/softmax.h"

#include "backend/backend.h"
#include "ops/elementwise.h"
#include "ops/transfer.h"

namespace tw {
namespace {

// A contiguous array seen as outer x n x inner.
SoftmaxShape shape_of(const Array& x, int axis) {
  SoftmaxShape shape{1, x.shape[axis], 1};
  for (int i = 0; i < axis; ++i) shape.outer *= x.shape[i];
  for (int i = axis + 1; i < x.ndim(); ++i) shape.inner *= x.shape[i];
  return shape;
}

[[noreturn]] void refuse_dtype(const char* op, DType dtype) {
  fail<TypeError>(op, ": dtype ", dtype, " is not supported, it must be floating");
}

Array floating_contiguous(const char* op, const Array& x) {
  if (is_complex(x.dtype)) refuse_dtype(op, x.dtype);
  return is_floating(x.dtype) ? contiguous(x) : astype(x, default_float());
}

Array forward(const char* op, Softmax kind, const Array& input, int64_t axis_given) {
  const int axis = normalize_axis(op, axis_given, input.ndim());
  const Array x = floating_contiguous(op, input), y = empty(x.shape, x.dtype, x.device);
  backend(x.device).softmax.forward({kind, x.dtype, shape_of(x, axis), x.data, y.data});
  return y;
}

Array backward(const char* op, Softmax kind, const Array& g_given, const Array& y_given, int64_t axis_given) {
  const int axis = normalize_axis(op, axis_given, y_given.ndim());
  if (!(g_given.shape == y_given.shape))
    fail<ValueError>(op, ": g has shape ", g_given.shape, ", but y has ", y_given.shape);
  if (g_given.dtype != y_given.dtype) fail<TypeError>(op, ": g is ", g_given.dtype, ", but y is ", y_given.dtype);
  if (!is_floating(y_given.dtype)) refuse_dtype(op, y_given.dtype);
  common_device(op, {{"g", &g_given}, {"y", &y_given}});
  const Array g = contiguous(g_given), y = contiguous(y_given), gx = empty(y.shape, y.dtype, y.device);
  backend(y.device).softmax.backward({kind, y.dtype, shape_of(y, axis), g.data, y.data, gx.data});
  return gx;
}

// ---- cross-entropy --------------------------------------------------------------------------------------------------

constexpr const char* kCrossEntropy = "cross_entropy";

void check_shapes(const Array& logits, const Array& given, int axis) {
  if (logits.ndim() == 0)
    fail<ValueError>(kCrossEntropy, ": logits have shape (), but need a class axis: (C,), (N, C) or (N, C, d1, ..)");
  if (!is_floating(logits.dtype))
    fail<TypeError>(kCrossEntropy, ": logits are ", logits.dtype, ", but must be floating");
  if (!is_integer(given.dtype))
    fail<TypeError>(kCrossEntropy, ": target is ", given.dtype, ", but class indices are integers");
  Dims wanted = logits.shape;
  wanted.erase(axis);
  if (!(given.shape == wanted))
    fail<ValueError>(kCrossEntropy, ": target has shape ", given.shape, ", but logits ", logits.shape, " need ",
                     wanted);
}

// The arguments, checked and in the form that devices take.
struct CrossEntropyOperands {
  Array x, target, weight;
  CrossEntropyInputs in;

  CrossEntropyOperands(const Array& logits, const Array& target_given, const CrossEntropyOptions& options) {
    const int axis = logits.ndim() > 1 ? 1 : 0;
    check_shapes(logits, target_given, axis);
    common_device(kCrossEntropy, {{"logits", &logits}, {"target", &target_given}, {"weight", options.weight}});
    const double smoothing = options.label_smoothing;
    x = contiguous(logits);
    target = contiguous(astype(target_given, DType::i64, false));
    in = {x.dtype, shape_of(x, axis),    x.data,    target.ptr<int64_t>(),
          nullptr, options.ignore_index, smoothing, options.reduction};
    if (!(smoothing >= 0 && smoothing <= 1))
      fail<ValueError>(kCrossEntropy, ": label_smoothing is ", smoothing, ", but must be between 0 and 1");
    if (options.weight) use_weight(*options.weight);
  }

  int64_t samples() const { return target.size(); }
  Dims loss_shape() const { return in.reduction == LossReduction::none ? target.shape : Dims{}; }

  [[noreturn]] void refuse_target(int64_t sample) const {
    const Array flat = as_strided(target, target.data + sample * static_cast<int64_t>(target.itemsize()), {}, {});
    fail<IndexError>(kCrossEntropy, ": ", element_name("target", sample, target.shape), " is ",
                     *to_host(kCrossEntropy, flat).ptr<int64_t>(), ", but logits ", x.shape, " have ", in.shape.n,
                     " classes, 0 to ", in.shape.n - 1);
  }

 private:
  void use_weight(const Array& given) {
    if (!(given.shape == Dims{in.shape.n}))
      fail<ValueError>(kCrossEntropy, ": weight has shape ", given.shape, ", but there are ", in.shape.n, " classes");
    if (!is_floating(given.dtype))
      fail<TypeError>(kCrossEntropy, ": weight is ", given.dtype, ", but must be floating");
    weight = contiguous(astype(given, compute_type(x.dtype), false));
    in.weight = weight.data;
  }
};

}  // namespace

Array softmax(const Array& x, int64_t axis) { return forward("softmax", Softmax::softmax, x, axis); }
Array log_softmax(const Array& x, int64_t axis) { return forward("log_softmax", Softmax::log_softmax, x, axis); }

Array logsumexp(const Array& input, int64_t axis_given) {
  const int axis = normalize_axis("logsumexp", axis_given, input.ndim());
  const Array x = floating_contiguous("logsumexp", input);
  if (x.shape[axis] == 0)
    fail<ValueError>("logsumexp: axis ", axis, " of x ", x.shape,
                     " has length 0, and logsumexp of nothing is not defined");
  Dims shape = x.shape;
  shape[axis] = 1;
  const Array y = empty(shape, x.dtype, x.device);
  backend(x.device).softmax.forward({Softmax::logsumexp, x.dtype, shape_of(x, axis), x.data, y.data});
  return y;
}

Array softmax_backward(const Array& g, const Array& y, int64_t axis) {
  return backward("softmax_backward", Softmax::softmax, g, y, axis);
}
Array log_softmax_backward(const Array& g, const Array& y, int64_t axis) {
  return backward("log_softmax_backward", Softmax::log_softmax, g, y, axis);
}

CrossEntropyResult cross_entropy(const Array& logits, const Array& target, const CrossEntropyOptions& options) {
  const CrossEntropyOperands p(logits, target, options);
  const DType compute = compute_type(p.x.dtype);
  CrossEntropyResult result;
  result.saved = empty({2 * p.samples() + 1}, compute, p.x.device);
  result.loss = empty(p.loss_shape(), compute, p.x.device);
  const int64_t bad = backend(p.x.device).softmax.cross_entropy({p.in, result.loss.data, result.saved.data});
  if (bad >= 0) p.refuse_target(bad);
  result.loss = astype(result.loss, p.x.dtype, false);
  return result;
}

Array cross_entropy_backward(const Array& g_given, const Array& logits, const Array& target, const Array& saved,
                             const CrossEntropyOptions& options) {
  const CrossEntropyOperands p(logits, target, options);
  if (!(g_given.shape == p.loss_shape()))
    fail<ValueError>("cross_entropy_backward: g has shape ", g_given.shape, ", but the loss has ", p.loss_shape());
  const DType compute = compute_type(p.x.dtype);
  if (saved.dtype != compute || !(saved.shape == Dims{2 * p.samples() + 1}) || !saved.is_contiguous())
    fail<ValueError>("cross_entropy_backward: saved is not what cross_entropy returned for these logits");
  common_device("cross_entropy_backward", {{"g", &g_given}, {"logits", &logits}, {"saved", &saved}});
  const Array g = contiguous(astype(g_given, compute, false)), gx = empty(p.x.shape, p.x.dtype, p.x.device);
  const int64_t bad = backend(gx.device).softmax.cross_entropy_backward({p.in, saved.data, g.data, gx.data});
  if (bad >= 0) p.refuse_target(bad);
  return gx;
}

}  // namespace tw
