#include "ops/softmax.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "core/divide.h"
#include "core/parallel.h"
#include "dispatch/dispatch.h"
#include "ops/elementwise.h"

namespace tw {
namespace {

constexpr int64_t kChunk = 16384;  // elements a thread takes at a time
constexpr int64_t kTile = 8192;    // elements of a tile of columns: as much as L1 holds
constexpr int64_t kColumns = 64;   // its least width: shorter pieces of rows waste cache lines and prefetching
constexpr double kNsPerElement = 0.4;

// A contiguous array seen as outer × n × inner, cut into chunks of rows, or of columns where n is not the last axis.
class Split {
 public:
  Split(const Dims& shape, int axis) {
    n_ = shape[axis];
    for (int i = 0; i < axis; ++i) outer_ *= shape[i];
    for (int i = axis + 1; i < shape.size(); ++i) inner_ *= shape[i];
    const int64_t row = std::max<int64_t>(1, n_);
    piece_ = inner_;
    if (inner_ * row > 2 * kChunk) piece_ = std::min(inner_, std::max(kTile / row / kColumns * kColumns, kColumns));
    pieces_ = piece_ == 0 ? 0 : ceil_div(inner_, piece_);
    chunk_ = pieces_ > 1 ? 1 : std::max<int64_t>(1, kChunk / std::max<int64_t>(1, row * inner_));
  }
  int64_t samples() const { return outer_ * inner_; }
  int64_t chunks() const { return ceil_div(outer_ * pieces_, chunk_); }

  // call(args, first element, first sample, chunk)
  template <class Call>
  void run(Call call) const {
    const int64_t items = outer_ * pieces_;
    parallel_for(items, chunk_, kNsPerElement * static_cast<double>(piece_ * n_), [&](int64_t begin, int64_t end) {
      if (pieces_ == 1) {
        const SoftmaxArgs all{end - begin, n_, inner_, inner_};
        return call(all, begin * n_ * inner_, begin * inner_, begin / chunk_);
      }
      const int64_t outer = begin / pieces_, column = begin % pieces_ * piece_;
      const SoftmaxArgs some{1, n_, std::min(piece_, inner_ - column), inner_};
      call(some, outer * n_ * inner_ + column, outer * inner_ + column, begin);
    });
  }

 private:
  int64_t outer_ = 1, n_, inner_ = 1, piece_, pieces_, chunk_;
};

// Columns far apart in memory fall on few sets of the caches, and would be read from memory again by every pass. So
// they are copied side by side first: call(args, inputs.., output) then works on the copies, the output in the place of
// the first input, and the output is copied back. Columns that are whole rows are worked on where they lie. `out` may
// be null.
template <class Call>
void through_tile(const SoftmaxArgs& a, const char* in, const char* in2, char* out, int64_t itemsize, Call call) {
  const bool light = in2 && a.n <= 32;  // two quick passes, and L2 has ways for this many
  if (a.stride == a.inner || light) return call(a, in, in2, out);
  const int64_t width = a.inner * itemsize, step = a.stride * itemsize;
  const StorageRef memory = allocate(static_cast<size_t>((in2 ? 2 : 1) * a.n * width));
  char* tile = static_cast<char*>(memory->data);
  char* tile2 = in2 ? tile + a.n * width : nullptr;
  for (int64_t i = 0; i < a.n; ++i) {
    std::memcpy(tile + i * width, in + i * step, static_cast<size_t>(width));
    if (in2) std::memcpy(tile2 + i * width, in2 + i * step, static_cast<size_t>(width));
  }
  call(SoftmaxArgs{1, a.n, a.inner, a.inner}, tile, tile2, out ? tile : nullptr);
  if (!out) return;
  for (int64_t i = 0; i < a.n; ++i) std::memcpy(out + i * step, tile + i * width, static_cast<size_t>(width));
}

template <class Fn>
Fn kernel_for(const char* op, const Fn* row, DType dtype) {
  const Fn fn = row[static_cast<int>(dtype)];
  if (!fn) fail<TypeError>(op, ": dtype ", dtype, " is not supported, it must be floating");
  return fn;
}

Array floating_contiguous(const char* op, const Array& x) {
  if (is_complex(x.dtype)) fail<TypeError>(op, ": dtype ", x.dtype, " is not supported, it must be floating");
  return is_floating(x.dtype) ? contiguous(x) : astype(x, kDefaultFloat);
}

DType compute_dtype(DType dtype) { return dtype == DType::f64 ? DType::f64 : DType::f32; }

Array forward(const char* op, const SoftmaxFn* row, const Array& input, int64_t axis_given) {
  const int axis = normalize_axis(op, axis_given, input.ndim());
  const Array x = floating_contiguous(op, input);
  const SoftmaxFn fn = kernel_for(op, row, x.dtype);
  const Array y = empty(x.shape, x.dtype);
  const auto itemsize = static_cast<int64_t>(x.itemsize());
  Split(x.shape, axis).run([&](const SoftmaxArgs& a, int64_t first, int64_t, int64_t) {
    const int64_t at = first * itemsize;
    through_tile(a, x.data + at, nullptr, y.data + at, itemsize,
                 [&](const SoftmaxArgs& t, const char* in, const char*, char* out) { fn(t, in, out); });
  });
  return y;
}

Array backward(const char* op, const SoftmaxBackwardFn* row, const Array& g_given, const Array& y_given,
               int64_t axis_given) {
  const int axis = normalize_axis(op, axis_given, y_given.ndim());
  if (!(g_given.shape == y_given.shape))
    fail<ValueError>(op, ": g has shape ", g_given.shape, ", but y has ", y_given.shape);
  if (g_given.dtype != y_given.dtype) fail<TypeError>(op, ": g is ", g_given.dtype, ", but y is ", y_given.dtype);
  const SoftmaxBackwardFn fn = kernel_for(op, row, y_given.dtype);
  const Array g = contiguous(g_given), y = contiguous(y_given), gx = empty(y.shape, y.dtype);
  const auto itemsize = static_cast<int64_t>(y.itemsize());
  Split(y.shape, axis).run([&](const SoftmaxArgs& a, int64_t first, int64_t, int64_t) {
    const int64_t at = first * itemsize;
    through_tile(a, g.data + at, y.data + at, gx.data + at, itemsize,
                 [&](const SoftmaxArgs& t, const char* in, const char* in2, char* out) { fn(t, in, in2, out); });
  });
  return gx;
}

// ---- cross-entropy --------------------------------------------------------------------------------------------------

constexpr const char* kCrossEntropy = "cross_entropy";

// Where sample number i is, in the target's own indices.
std::string position_of(int64_t i, const Dims& shape) {
  if (shape.empty()) return "target";
  std::string text;
  for (int axis = shape.size() - 1; axis >= 0; --axis) {
    text = std::to_string(i % shape[axis]) + (text.empty() ? "" : ", ") + text;
    i /= shape[axis];
  }
  return "target[" + text + "]";
}

// The arguments, checked and in the form that the kernels want.
struct CrossEntropyInputs {
  int axis;
  Array x, target, weight;
  CrossEntropyArgs args{};

  CrossEntropyInputs(const Array& logits, const Array& target_given, const CrossEntropyOptions& options) {
    axis = logits.ndim() > 1 ? 1 : 0;
    check_shapes(logits, target_given);
    x = contiguous(logits);
    target = contiguous(astype(target_given, DType::i64, false));
    const int64_t classes = x.shape[axis];
    check_targets(classes, options.ignore_index);
    args.ignore_index = options.ignore_index;
    args.smoothing = options.label_smoothing;
    if (!(args.smoothing >= 0 && args.smoothing <= 1))
      fail<ValueError>(kCrossEntropy, ": label_smoothing is ", args.smoothing, ", but must be between 0 and 1");
    args.weight_sum = static_cast<double>(classes);
    if (options.weight) use_weight(*options.weight, classes);
  }

 private:
  void check_shapes(const Array& logits, const Array& given) const {
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

  void check_targets(int64_t classes, int64_t ignore_index) const {
    const auto* t = target.ptr<int64_t>();
    const int64_t n = target.size();
    for (int64_t i = 0; i < n; ++i)
      if (static_cast<uint64_t>(t[i]) >= static_cast<uint64_t>(classes) && t[i] != ignore_index)
        fail<IndexError>(kCrossEntropy, ": ", position_of(i, target.shape), " is ", t[i], ", but logits ", x.shape,
                         " have ", classes, " classes, 0 to ", classes - 1);
  }

  void use_weight(const Array& given, int64_t classes) {
    if (!(given.shape == Dims{classes}))
      fail<ValueError>(kCrossEntropy, ": weight has shape ", given.shape, ", but there are ", classes, " classes");
    if (!is_floating(given.dtype))
      fail<TypeError>(kCrossEntropy, ": weight is ", given.dtype, ", but must be floating");
    weight = contiguous(astype(given, compute_dtype(x.dtype), false));
    args.weight = weight.data;
    args.weight_sum = 0;
    for (int64_t i = 0; i < classes; ++i)
      args.weight_sum += x.dtype == DType::f64 ? weight.ptr<double>()[i] : weight.ptr<float>()[i];
  }
};

void set_number(const Array& x, int64_t i, double v) {
  if (x.dtype == DType::f64)
    x.ptr<double>()[i] = v;
  else
    x.ptr<float>()[i] = static_cast<float>(v);
}
double get_number(const Array& x, int64_t i) {
  return x.dtype == DType::f64 ? x.ptr<double>()[i] : static_cast<double>(x.ptr<float>()[i]);
}

}  // namespace

Array softmax(const Array& x, int64_t axis) { return forward("softmax", kernels().softmax.softmax, x, axis); }
Array log_softmax(const Array& x, int64_t axis) {
  return forward("log_softmax", kernels().softmax.log_softmax, x, axis);
}

Array logsumexp(const Array& input, int64_t axis_given, bool keepdims) {
  const int axis = normalize_axis("logsumexp", axis_given, input.ndim());
  const Array x = floating_contiguous("logsumexp", input);
  const SoftmaxFn fn = kernel_for("logsumexp", kernels().softmax.logsumexp, x.dtype);
  Dims shape = x.shape;
  shape[axis] = 1;
  if (!keepdims) shape.erase(axis);
  const Array y = empty(shape, x.dtype);
  const auto itemsize = static_cast<int64_t>(x.itemsize());
  Split(x.shape, axis).run([&](const SoftmaxArgs& a, int64_t first, int64_t sample, int64_t) {
    through_tile(
        a, x.data + first * itemsize, nullptr, nullptr, itemsize,
        [&](const SoftmaxArgs& t, const char* in, const char*, char*) { fn(t, in, y.data + sample * itemsize); });
  });
  return y;
}

Array softmax_backward(const Array& g, const Array& y, int64_t axis) {
  return backward("softmax_backward", kernels().softmax.softmax_backward, g, y, axis);
}
Array log_softmax_backward(const Array& g, const Array& y, int64_t axis) {
  return backward("log_softmax_backward", kernels().softmax.log_softmax_backward, g, y, axis);
}

CrossEntropyResult cross_entropy(const Array& logits, const Array& target, const CrossEntropyOptions& options) {
  CrossEntropyInputs in(logits, target, options);
  const CrossEntropyFn fn = kernel_for(kCrossEntropy, kernels().softmax.cross_entropy, in.x.dtype);
  const Split split(in.x.shape, in.axis);
  const int64_t samples = split.samples();
  const DType compute = compute_dtype(in.x.dtype);
  CrossEntropyResult result;
  result.saved = empty({2 * samples + 1}, compute);
  const bool each = options.reduction == LossReduction::none;
  result.loss = empty(each ? in.target.shape : Dims{}, compute);
  const auto itemsize = static_cast<int64_t>(in.x.itemsize()), wide = static_cast<int64_t>(result.saved.itemsize());
  std::vector<double> sums(static_cast<size_t>(2 * split.chunks()));
  split.run([&](const SoftmaxArgs& a, int64_t first, int64_t sample, int64_t chunk) {
    char* shift = result.saved.data + sample * wide;
    through_tile(a, in.x.data + first * itemsize, nullptr, nullptr, itemsize,
                 [&](const SoftmaxArgs& t, const char* x, const char*, char*) {
                   CrossEntropyArgs args = in.args;
                   args.shape = t;
                   fn(args, x, in.target.ptr<int64_t>() + sample, each ? result.loss.data + sample * wide : nullptr,
                      shift, shift + samples * wide, &sums[static_cast<size_t>(2 * chunk)]);
                 });
  });
  double total = 0, weight = 0;
  for (size_t i = 0; i < sums.size(); i += 2) total += sums[i], weight += sums[i + 1];
  const double divisor = options.reduction == LossReduction::mean ? weight : 1;
  set_number(result.saved, 2 * samples, divisor);
  if (!each) set_number(result.loss, 0, total / divisor);
  result.loss = astype(result.loss, in.x.dtype, false);
  return result;
}

Array cross_entropy_backward(const Array& g_given, const Array& logits, const Array& target, const Array& saved,
                             const CrossEntropyOptions& options) {
  CrossEntropyInputs in(logits, target, options);
  const CrossEntropyBackwardFn fn =
      kernel_for("cross_entropy_backward", kernels().softmax.cross_entropy_backward, in.x.dtype);
  const bool each = options.reduction == LossReduction::none;
  const Dims wanted = each ? in.target.shape : Dims{};
  if (!(g_given.shape == wanted))
    fail<ValueError>("cross_entropy_backward: g has shape ", g_given.shape, ", but the loss has ", wanted);
  const Split split(in.x.shape, in.axis);
  const int64_t samples = split.samples();
  const DType compute = compute_dtype(in.x.dtype);
  if (saved.dtype != compute || !(saved.shape == Dims{2 * samples + 1}) || !saved.is_contiguous())
    fail<ValueError>("cross_entropy_backward: saved is not what cross_entropy returned for these logits");
  const Array g = contiguous(astype(g_given, compute, false)), gx = empty(in.x.shape, in.x.dtype);
  const double g_all = each ? 0 : get_number(g, 0) / get_number(saved, 2 * samples);
  const auto itemsize = static_cast<int64_t>(in.x.itemsize()), wide = static_cast<int64_t>(saved.itemsize());
  split.run([&](const SoftmaxArgs& a, int64_t first, int64_t sample, int64_t) {
    const char* shift = saved.data + sample * wide;
    const int64_t at = first * itemsize;
    through_tile(a, in.x.data + at, nullptr, gx.data + at, itemsize,
                 [&](const SoftmaxArgs& t, const char* x, const char*, char* out) {
                   CrossEntropyArgs args = in.args;
                   args.shape = t;
                   fn(args, x, in.target.ptr<int64_t>() + sample, shift, shift + samples * wide,
                      each ? g.data + sample * wide : nullptr, g_all, out);
                 });
  });
  return gx;
}

}  // namespace tw
