#include "graph/product.h"
#include "ops/creation.h"
#include "ops/elementwise.h"

namespace tw::graph {
namespace {

Array combined(Elementwise op, const Array& a, const Array& b) {
  return binary(elementwise_op(op), {&a, {}}, {&b, {}});
}

// Statistics, weight and bias of a norm, and what the product before it has, as arrays.
class Fold {
 public:
  Fold(Graph& g, const NormChannelsProblem& norm) : g_(g), norm_(norm) {
    const Array variance = numbers(norm.variance, DType::f64);
    const Array wide =
        binary(elementwise_op(Elementwise::add), {&variance, {}}, {nullptr, {Scalar::floating, 0, norm.eps}});
    const Array deviation = unary(elementwise_op(Elementwise::sqrt), wide);
    factor_ = binary(elementwise_op(Elementwise::divide), {nullptr, {Scalar::floating, 0, 1}}, {&deviation, {}});
    if (norm.weight) factor_ = combined(Elementwise::multiply, numbers(norm.weight, norm.dtype), factor_);
  }

  // The bias of the product that is the norm, too: (bias - mean) factor + the norm's bias.
  void* bias(const void* before) {
    const Array mean = numbers(norm_.mean, DType::f64);
    Array shift = before ? combined(Elementwise::subtract, numbers(before, norm_.dtype), mean)
                         : unary(elementwise_op(Elementwise::negative), mean);
    shift = combined(Elementwise::multiply, shift, factor_);
    if (norm_.bias) shift = combined(Elementwise::add, shift, numbers(norm_.bias, norm_.dtype));
    return keep(shift);
  }

  // A weight with the channels as its first axes, times the factors; in C order.
  void* scaled(const void* weight, const Dims& shape, const Dims& strides) {
    const Array x = g_.constant(weight, norm_.dtype, shape, strides);
    Dims along = shape;
    along[along.size() - 1] = 1;
    return keep(combined(Elementwise::multiply, astype(x, DType::f64), reshape(factor_, along)));
  }

 private:
  // One for each channel, in float64.
  Array numbers(const void* data, DType dtype) {
    return astype(g_.constant(data, dtype, {norm_.shape.channels}, {1}), DType::f64);
  }

  void* keep(const Array& x) { return g_.keep(astype(x, norm_.dtype)); }

  Graph& g_;
  const NormChannelsProblem& norm_;
  Array factor_;
};

// Why the norm cannot be a part of the weights of the product; null where it can.
const char* why_not(Graph& g, const Product& product, const void* op, const NormChannelsProblem& norm) {
  const NormChannels& s = norm.shape;
  if (product.size() != s.images * s.channels * s.spatial || product.dtype() != norm.dtype || !product.is_whole())
    return "it takes another view of its result";
  const GemmBatch* gemm = product.gemm();
  const ConvProblem* conv = product.conv();
  if (gemm ? s.spatial != 1 || s.channels != gemm->each.n : s.spatial != conv->out.channel)
    return "its channels are not the columns of the product";
  if (conv && op != &g.device_of(norm.y).conv.forward) return "the convolution is transposed";
  if (gemm && (!gemm->shape.empty() || gemm->packed_b)) return "the weight is packed, or one of a batch";
  if (product.activation() != Activation::none || product.has_residual() || product.keeps_before())
    return "the product has an epilogue";
  if (g.escapes(g.find(norm.rstd)) || g.uses(g.find(norm.rstd)).size() > 1) return "its statistics are used, too";
  const void* bias = gemm ? gemm->each.out.bias.data : conv->bias;
  for (const void* operand : {static_cast<const void*>(norm.mean), static_cast<const void*>(norm.variance),
                              static_cast<const void*>(norm.weight), static_cast<const void*>(norm.bias), bias,
                              gemm ? static_cast<const void*>(gemm->each.b.data) : conv->weight.data})
    if (operand && !g.is_constant(operand)) return "weights or statistics depend on the input";
  return nullptr;
}

const char* fold(Graph& g, size_t step) {
  const auto& norm = *g.steps[step].call->as<NormChannelsProblem>();
  if (!norm.given) return "its statistics are those of the batch";
  const int before = product_before(g, step, norm.x);
  if (before < 0) return "there is no product or convolution before it";
  Call& call = *g.steps[static_cast<size_t>(before)].call;
  Product product(call);
  if (const char* why = why_not(g, product, call.op(), norm)) return why;
  if (const char* why = cannot_move(g, static_cast<size_t>(before), step, norm.y)) return why;
  Fold folded(g, norm);
  if (GemmBatch* gemm = product.gemm()) {
    GemmMatrix& b = gemm->each.b;  // weightᵀ: stays one
    product.set_bias(folded.bias(gemm->each.out.bias.data));
    b = {folded.scaled(b.data, {gemm->each.n, gemm->each.k}, {b.col, b.row}), 1, gemm->each.k};
  } else {
    ConvProblem& conv = *product.conv();
    const ConvShape& s = conv.shape;
    const int64_t taps = s.in_channels * s.taps();
    product.set_bias(folded.bias(conv.bias));
    conv.weight = {folded.scaled(conv.weight.data, {s.groups, s.out_channels, taps},
                                 {conv.weight.group, conv.weight.filter, conv.weight.tap}),
                   s.out_channels * taps, taps, 1};
  }
  product.set_result(norm.y);
  move(g, static_cast<size_t>(before), step, describe(*g.steps[step].call) + ": in weight and bias");
  return nullptr;
}

}  // namespace

void fold_norms(Graph& g) {
  for (size_t step = 0; step < g.steps.size();) {
    const bool is_norm = g.steps[step].call->as<NormChannelsProblem>();
    const char* why = is_norm ? fold(g, step) : nullptr;
    if (why) g.steps[step].notes.push_back(std::string("not in the weights before: ") + why);
    if (!is_norm || why) ++step;  // else it is the next one that stands there
  }
}

}  // namespace tw::graph
