#include "ops/attention.h"

#include <algorithm>

#include "backend/backend.h"
#include "ops/elementwise.h"
#include "ops/transfer.h"

namespace tw {
namespace {

constexpr const char* kOp = "scaled_dot_product_attention";

void check_is(const char* name, const Array& x, const Dims& needed, const Array& q) {
  if (!(x.shape == needed))
    fail<ValueError>(kOp, ": ", name, " has shape ", x.shape, ", but q ", q.shape, " needs ", needed);
}

}  // namespace

CheckedAttention::CheckedAttention(const AttentionOperands& in) {
  check_dtypes(in);
  check_shapes(in);
  if (!(in.softcap >= 0)) fail<ValueError>(kOp, ": softcap is ", in.softcap, ", but must not be negative");
  if (!(in.p >= 0 && in.p <= 1)) fail<ValueError>(kOp, ": p is ", in.p, ", but a probability is between 0 and 1");
  for (const int64_t side : {in.band.left, in.band.right})
    if (side < -1)
      fail<ValueError>(kOp, ": the band reaches ", side, " keys, but must reach at least 0, or -1 for all");
  AttentionShape& s = inputs.shape;
  s.scale = in.scale;
  s.softcap = in.softcap;
  s.band = in.band;
  s.p = in.p;
  s.source = in.source;
  if (in.sequences) {
    check_sequences(*in.sequences);
  } else {
    for (int64_t item = 0; item < s.batch; ++item) s.sequences.push_back({item, 0, s.queries, 0, s.keys});
  }
  inputs.q = rows_of(in.q);
  inputs.k = rows_of(in.k);
  inputs.v = rows_of(in.v);
  inputs.keep = of_scores("keep", in.keep, DType::boolean);
  inputs.bias = of_scores("bias", in.bias, inputs.dtype);
  if (!in.relative) return;
  held_.push_back(astype(*in.relative, inputs.dtype, false));
  const Array& relative = held_.back();
  inputs.relative = {relative.data, 0, relative.shape[0] == 1 ? 0 : relative.strides[0], 0, relative.strides[1]};
}

void CheckedAttention::check_dtypes(const AttentionOperands& in) {
  device = common_device(
      kOp, {{"q", &in.q}, {"k", &in.k}, {"v", &in.v}, {"keep", in.keep}, {"bias", in.bias}, {"relative", in.relative}});
  dtype = in.q.dtype;
  for (const Named& named : {Named{"q", &in.q}, Named{"k", &in.k}, Named{"v", &in.v}, Named{"bias", in.bias},
                             Named{"relative", in.relative}}) {
    if (!named.array) continue;
    dtype = promote_types(dtype, named.array->dtype);
    if (is_complex(named.array->dtype))
      fail<TypeError>(kOp, ": ", named.name, " is ", named.array->dtype, ", but must be real");
  }
  if (in.keep && in.keep->dtype != DType::boolean)
    fail<TypeError>(kOp, ": keep is ", in.keep->dtype, ", but must be bool");
  if (!is_floating(dtype)) dtype = default_float();
  inputs.dtype = dtype == DType::f64 ? DType::f64 : DType::f32;
}

void CheckedAttention::check_shapes(const AttentionOperands& in) {
  for (const Named& named : {Named{"q", &in.q}, Named{"k", &in.k}, Named{"v", &in.v}})
    if (named.array->ndim() != 4)
      fail<ValueError>(kOp, ": ", named.name, " has shape ", named.array->shape,
                       ", but must be (batch, heads, length, size)");
  AttentionShape& s = inputs.shape;
  s.batch = in.q.shape[0];
  s.heads = in.q.shape[1];
  s.queries = in.q.shape[2];
  s.size = in.q.shape[3];
  s.kv_heads = in.k.shape[1];
  s.keys = in.k.shape[2];
  s.value_size = in.v.shape[3];
  check_is("k", in.k, {s.batch, s.kv_heads, s.keys, s.size}, in.q);
  check_is("v", in.v, {s.batch, s.kv_heads, s.keys, s.value_size}, in.q);
  if (s.kv_heads != s.heads && (s.kv_heads == 0 || s.heads % s.kv_heads != 0))
    fail<ValueError>(kOp, ": q has ", s.heads, " heads, which the ", s.kv_heads, " of k do not divide");
  element_count({s.batch, s.heads, s.queries, s.keys});  // dropout counts them
  if (!in.relative) return;
  const Dims& shape = in.relative->shape;
  const int64_t needed = std::max<int64_t>(0, s.queries + s.keys - 1);
  if (shape.size() != 2 || (shape[0] != 1 && shape[0] != s.heads) || shape[1] != needed)
    fail<ValueError>(kOp, ": relative has shape ", shape, ", but ", s.heads, " heads of ", s.queries, " queries and ",
                     s.keys, " keys need ", Dims{s.heads, needed});
}

// They come in the order of their queries and keys; queries between them are in one without keys.
void CheckedAttention::check_sequences(const std::vector<int64_t>& given) {
  const AttentionShape& s = inputs.shape;
  if (given.size() % 5 != 0)
    fail<ValueError>(kOp, ": sequences has ", given.size(), " numbers, but needs five for each sequence");
  AttentionSequence before{-1, 0, 0, 0, 0};  // the last one with keys
  for (size_t at = 0; at < given.size(); at += 5) {
    const AttentionSequence of{given[at], given[at + 1], given[at + 2], given[at + 3], given[at + 4]};
    const auto within = [](int64_t from, int64_t count, int64_t extent) {
      return from >= 0 && count >= 0 && from <= extent && count <= extent - from;
    };
    if (of.item < 0 || of.item >= s.batch || !within(of.query, of.queries, s.queries) ||
        !within(of.key, of.keys, s.keys))
      fail<ValueError>(kOp, ": sequence ", at / 5, " is (", of.item, ", ", of.query, ", ", of.queries, ", ", of.key,
                       ", ", of.keys, "), which ", s.batch, " items of ", s.queries, " queries and ", s.keys,
                       " keys do not have");
    add_sequence(of);
    if (of.item == before.item && of.keys > 0 && of.key < before.key + before.keys)
      fail<ValueError>(kOp, ": sequences must be in the order of their keys, and share none");
    if (of.keys > 0) before = of;
  }
  add_sequence({s.batch, 0, 0, 0, 0});
}

void CheckedAttention::add_sequence(const AttentionSequence& sequence) {
  AttentionShape& s = inputs.shape;
  const auto end = [&] {
    if (s.sequences.empty()) return AttentionSequence{0, 0, 0, 0, 0};
    const AttentionSequence& last = s.sequences.back();
    return AttentionSequence{last.item, last.query + last.queries, 0, 0, 0};
  };
  AttentionSequence gap = end();
  if (sequence.item < gap.item || (sequence.item == gap.item && sequence.query < gap.query))
    fail<ValueError>(kOp, ": sequences must be in the order of their queries, and share none");
  for (; gap.item < sequence.item; gap = {gap.item + 1, 0, 0, 0, 0})
    if (gap.query < s.queries) s.sequences.push_back({gap.item, gap.query, s.queries - gap.query, 0, 0});
  if (gap.query < sequence.query) s.sequences.push_back({gap.item, gap.query, sequence.query - gap.query, 0, 0});
  if (sequence.item < s.batch) s.sequences.push_back(sequence);
}

AttentionInput CheckedAttention::rows_of(const Array& x) {
  Array made = astype(x, inputs.dtype, false);
  if (made.strides[3] != 1 && made.shape[3] > 1) made = contiguous(made);
  held_.push_back(made);
  return {made.data, made.strides[0], made.strides[1], made.strides[2], 1};
}

AttentionInput CheckedAttention::of_scores(const char* name, const Array* x, DType as) {
  if (!x) return {};
  const AttentionShape& s = inputs.shape;
  const Dims shape{s.batch, s.heads, s.queries, s.keys};
  bool fits = x->ndim() <= 4;
  for (int i = 0; fits && i < x->ndim(); ++i) {
    const int64_t extent = x->shape[x->ndim() - 1 - i];
    fits = extent == 1 || extent == shape[3 - i];
  }
  if (!fits)
    fail<ValueError>(kOp, ": ", name, " has shape ", x->shape, ", which does not broadcast to the scores ", shape);
  held_.push_back(astype(*x, as, false));
  const Dims strides = broadcast_strides(kOp, held_.back(), shape);
  return {held_.back().data, strides[0], strides[1], strides[2], strides[3]};
}

Array CheckedAttention::empty_like_queries(const Array& q, int64_t columns) const {
  Dims order{0, 1, 2};
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    return q.strides[static_cast<int>(a)] > q.strides[static_cast<int>(b)];
  });
  Dims shape{0, 0, 0, columns}, back{0, 0, 0, 3};
  for (int i = 0; i < 3; ++i) {
    shape[i] = q.shape[static_cast<int>(order[i])];
    back[static_cast<int>(order[i])] = i;
  }
  return permute(empty(shape, inputs.dtype, device), back);
}

AttentionOutput CheckedAttention::written(const Array& x) {
  return {x.data, x.strides[0], x.strides[1], x.strides[2], x.strides[3]};
}

AttentionResult scaled_dot_product_attention(const AttentionOperands& in) {
  const CheckedAttention checked(in);
  const AttentionShape& s = checked.inputs.shape;
  const Array output = checked.empty_like_queries(in.q, s.value_size);
  const Array lse = empty({s.batch, s.heads, s.queries}, checked.inputs.dtype, checked.device);
  backend(checked.device).attention.forward({checked.inputs, CheckedAttention::written(output), lse.data});
  return {astype(output, checked.dtype, false), lse};
}

}  // namespace tw
