#include "backend/backend.h"
#include "ops/attention.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/transfer.h"

namespace tw {
namespace {

constexpr const char* kOp = "scaled_dot_product_attention";

// What was saved, found to fit the operands, in the type that is computed in.
class Saved {
 public:
  Saved(CheckedAttention& checked, const AttentionSaved& given) : checked_(checked) {
    const AttentionShape& s = checked.inputs.shape;
    const Dims queries{s.batch, s.heads, s.queries}, values{s.batch, s.heads, s.queries, s.value_size};
    const auto check = [](const char* name, const Array* x, const Dims& needed) {
      if (x && !(x->shape == needed))
        fail<ValueError>(kOp, ": ", name, " has shape ", x->shape, ", but the operands need ", needed);
    };
    check("output", &given.output, values);
    check("the cotangent of output", given.of_output, values);
    check("lse", &given.lse, queries);
    check("the cotangent of lse", given.of_lse, queries);
    output_ = checked.rows_of(given.output);
    if (given.of_output) of_output_ = checked.rows_of(*given.of_output);
    lse_ = contiguous(astype(given.lse, checked.inputs.dtype, false));
    if (given.of_lse) of_lse_ = contiguous(astype(*given.of_lse, checked.inputs.dtype, false));
  }

  AttentionWayBack way_back() const { return {checked_.inputs, output_, lse_.data, of_output_, of_lse_.data}; }

 private:
  const CheckedAttention& checked_;
  AttentionInput output_, of_output_{};
  Array lse_, of_lse_;
};

}  // namespace

AttentionGradients attention_backward(const AttentionOperands& in, const AttentionSaved& given,
                                      AttentionWanted wanted) {
  CheckedAttention checked(in);
  const Saved saved(checked, given);
  const auto made = [&](bool wants, const Array& x) {
    return wants ? checked.empty_like_queries(x, x.shape[3]) : Array{};
  };
  const auto written = [](const Array& x) { return x.data ? CheckedAttention::written(x) : AttentionOutput{}; };
  const auto rounded = [&](const Array& x) { return x.storage.get() ? astype(x, checked.dtype, false) : x; };
  const Array q = made(wanted.q, in.q), k = made(wanted.k, in.k), v = made(wanted.v, in.v);
  backend(checked.device).attention.backward({saved.way_back(), written(q), written(k), written(v)});
  return {rounded(q), rounded(k), rounded(v)};
}

AttentionBiasGradients attention_bias_backward(const AttentionOperands& in, const AttentionSaved& given, bool of_bias,
                                               bool of_relative) {
  CheckedAttention checked(in);
  const Saved saved(checked, given);
  const AttentionShape& s = checked.inputs.shape;
  const Dims scores{s.batch, s.heads, s.queries, s.keys};
  const auto made = [&](bool wants, const Array* x) {
    return wants && x ? empty(x->shape, checked.inputs.dtype, checked.device) : Array{};
  };
  const auto rounded = [&](const Array& x) { return x.storage.get() ? astype(x, checked.dtype, false) : x; };
  const Array bias = made(of_bias, in.bias), relative = made(of_relative, in.relative);
  AttentionOutput to_bias{}, to_relative{};
  if (bias.storage.get() && bias.size() > 0) {
    const Dims strides = broadcast_strides(kOp, bias, scores);
    to_bias = {bias.data, strides[0], strides[1], strides[2], strides[3]};
  }
  if (relative.storage.get() && relative.size() > 0)
    to_relative = {relative.data, 0, relative.shape[0] == 1 ? 0 : relative.strides[0], 0, relative.strides[1]};
  backend(checked.device).attention.bias_backward({saved.way_back(), to_bias, to_relative});
  return {rounded(bias), rounded(relative)};
}

}  // namespace tw
