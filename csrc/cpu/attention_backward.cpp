// The way back through attention: a task has a head of keys and values with all queries that see it, so it owns what it
// adds to. Where heads are few, their keys are shared out, and what each share gives the queries is added in order.
#include <algorithm>
#include <cstring>

#include "core/array.h"
#include "core/divide.h"
#include "core/parallel.h"
#include "cpu/attention.h"
#include "cpu/dispatch/dispatch.h"

namespace tw::cpu {
namespace {

constexpr int64_t kEnough = 8;        // tasks
constexpr int64_t kFewestKeys = 128;  // of a share
constexpr int64_t kChunk = 128;       // queries or keys of a task that owns a part of a bias
constexpr int64_t kDistances = 512;   // columns of one that owns a part of a relative bias

struct Span {
  int64_t from, to;
  bool empty() const { return from >= to; }
};

// Rows of an array from `row` on, for kernels.
AttentionWrite rows_of(const AttentionOutput& x, DType dtype, int64_t item, int64_t head, int64_t row) {
  if (!x.data) return {};
  return {x.data + (item * x.item + head * x.head + row * x.row) * size_of(dtype), 0, x.row, x.column};
}

void clear(const AttentionWrite& x, int64_t rows, int64_t columns, DType dtype) {
  char* const data = static_cast<char*>(x.data);
  for (int64_t i = 0; i < rows && data; ++i)
    std::memset(data + i * x.row * size_of(dtype), 0, static_cast<size_t>(columns * size_of(dtype)));
}

// What both ops are given, for kernels.
class Parts {
 public:
  explicit Parts(const AttentionWayBack& p)
      : in_(p.in), output_(p.output), of_output_(p.of_output), lse_(p.lse), of_lse_(p.of_lse) {
    if (of_output_.data) return;
    const int64_t nbytes = std::max<int64_t>(1, in_.shape.value_size * size_of(in_.dtype));
    zeros_ = allocate(static_cast<size_t>(nbytes));
    std::memset(zeros_->data, 0, static_cast<size_t>(nbytes));
    of_output_ = {static_cast<const char*>(zeros_->data), 0, 0, 0, 1};
  }

  // One query head of a sequence.
  AttentionBackward of(const AttentionSequence& sequence, int64_t head, Span queries, Span keys) const {
    const AttentionShape& s = in_.shape;
    const int64_t own = head / (s.heads / s.kv_heads);
    AttentionBackward part{};
    part.scores = attention_scores(in_, sequence, head, 1);
    part.from = queries.from;
    part.end = queries.to;
    part.key = keys.from;
    part.key_end = keys.to;
    part.size = s.size;
    part.value_size = s.value_size;
    part.q = attention_queries(in_.q, in_.dtype, sequence, head);
    part.k = attention_keys(in_.k, in_.dtype, sequence, own);
    part.v = attention_keys(in_.v, in_.dtype, sequence, own);
    part.output = attention_queries(output_, in_.dtype, sequence, head);
    part.of_output = attention_queries(of_output_, in_.dtype, sequence, head);
    const int64_t row = (sequence.item * s.heads + head) * s.queries + sequence.query;
    part.lse = {lse_ + row * size_of(in_.dtype), 0, 1, 0};
    if (of_lse_) part.of_lse = {of_lse_ + row * size_of(in_.dtype), 0, 1, 0};
    return part;
  }

  void run(AttentionBackward part, const AttentionBackwardFn (&kernel)[kDTypes]) const {
    const int dtype = static_cast<int>(in_.dtype);
    const StorageRef scratch = allocate(static_cast<size_t>(kernels().attention.backward_scratch[dtype](part)));
    part.scratch = scratch->data;
    kernel[dtype](part);
  }

 private:
  const AttentionInputs& in_;
  const AttentionInput output_;
  AttentionInput of_output_;
  const char *lse_, *of_lse_;
  StorageRef zeros_;
};

class Backward {
 public:
  explicit Backward(const AttentionBackwardProblem& p)
      : p_(p), s_(p.in.shape), dtype_(p.in.dtype), parts_(p), group_(s_.kv_heads ? s_.heads / s_.kv_heads : 0) {
    const auto sequences = static_cast<int64_t>(s_.sequences.size());
    int64_t longest = 0;
    for (const AttentionSequence& sequence : s_.sequences) {
      longest = std::max(longest, sequence.keys);
      keys_ += sequence.keys;
    }
    const int64_t whole = sequences * s_.kv_heads;
    if (whole > 0 && whole < kEnough) shares_ = std::clamp<int64_t>(longest / kFewestKeys, 1, ceil_div(kEnough, whole));
    tasks_ = whole * shares_;
  }

  void run() {
    if (keys_ < s_.batch * s_.keys) clear_keys();
    if (shares_ > 1 && p_.of_q.data)
      of_later_shares_ =
          allocate(static_cast<size_t>((shares_ - 1) * s_.batch * s_.heads * s_.queries * s_.size * size_of(dtype_)));
    parallel_for(tasks_, 1, expected_ns(p_) / static_cast<double>(tasks_), [&](int64_t begin, int64_t end) {
      for (int64_t task = begin; task < end; ++task)
        run_task(s_.sequences[static_cast<size_t>(task / shares_ / s_.kv_heads)], task / shares_ % s_.kv_heads,
                 task % shares_);
    });
    if (of_later_shares_.get()) dtype_ == DType::f64 ? join<double>() : join<float>();
  }

 private:
  // Some are in no sequence.
  void clear_keys() const {
    const double ns = static_cast<double>(s_.keys * (s_.size + s_.value_size));
    parallel_for(s_.batch * s_.kv_heads, 1, ns, [&](int64_t begin, int64_t end) {
      for (int64_t n = begin; n < end; ++n) {
        clear(rows_of(p_.of_k, dtype_, n / s_.kv_heads, n % s_.kv_heads, 0), s_.keys, s_.size, dtype_);
        clear(rows_of(p_.of_v, dtype_, n / s_.kv_heads, n % s_.kv_heads, 0), s_.keys, s_.value_size, dtype_);
      }
    });
  }

  // What a share of the keys gives the queries; the first one's is the result's memory.
  AttentionWrite of_q(const AttentionSequence& of, int64_t head, int64_t share) const {
    if (share == 0 || !p_.of_q.data) return rows_of(p_.of_q, dtype_, of.item, head, of.query);
    const int64_t row = (((share - 1) * s_.batch + of.item) * s_.heads + head) * s_.queries + of.query;
    return {static_cast<char*>(of_later_shares_->data) + row * s_.size * size_of(dtype_), 0, s_.size, 1};
  }

  void run_task(const AttentionSequence& of, int64_t own, int64_t share) const {
    const Span keys = {of.keys * share / shares_, of.keys * (share + 1) / shares_};
    const auto clear_own = [&](const AttentionOutput& x, int64_t columns) {
      clear(rows_of(x, dtype_, of.item, own, of.key + keys.from), keys.to - keys.from, columns, dtype_);
    };
    clear_own(p_.of_k, s_.size);
    clear_own(p_.of_v, s_.value_size);
    for (int64_t head = own * group_; head < (own + 1) * group_; ++head) {
      AttentionBackward part = parts_.of(of, head, {0, of.queries}, keys);
      part.of_q = of_q(of, head, share);
      part.of_k = rows_of(p_.of_k, dtype_, of.item, own, of.key);
      part.of_v = rows_of(p_.of_v, dtype_, of.item, own, of.key);
      clear(part.of_q, of.queries, s_.size, dtype_);
      parts_.run(part, kernels().attention.backward);
    }
  }

  template <class T>
  void join() const {
    const int64_t tasks = static_cast<int64_t>(s_.sequences.size()) * s_.heads;
    const double ns = static_cast<double>(shares_ * s_.queries * s_.size);
    parallel_for(tasks, 1, ns, [&](int64_t begin, int64_t end) {
      for (int64_t task = begin; task < end; ++task) {
        const AttentionSequence& of = s_.sequences[static_cast<size_t>(task / s_.heads)];
        const AttentionWrite sum = of_q(of, task % s_.heads, 0);
        for (int64_t share = 1; share < shares_; ++share) {
          const AttentionWrite more = of_q(of, task % s_.heads, share);
          for (int64_t i = 0; i < of.queries; ++i) {
            T* const to = static_cast<T*>(sum.data) + i * sum.row;
            const T* const from = static_cast<const T*>(more.data) + i * more.row;
            for (int64_t d = 0; d < s_.size; ++d) to[d] += from[d];
          }
        }
      }
    });
  }

  const AttentionBackwardProblem& p_;
  const AttentionShape& s_;
  const DType dtype_;
  const Parts parts_;
  const int64_t group_;  // query heads that share keys
  int64_t keys_ = 0;     // of all sequences
  int64_t shares_ = 1;   // of the keys of each
  int64_t tasks_;
  StorageRef of_later_shares_;
};

// Each task owns a part of a result, and adds what the items and heads that share it give, in their order.
class BiasBackward {
 public:
  explicit BiasBackward(const AttentionBiasProblem& p) : p_(p), s_(p.in.shape), dtype_(p.in.dtype), parts_(p) {}

  void run() const {
    if (p_.of_bias.data) of_bias();
    if (p_.of_relative.data) of_relative();
  }

 private:
  static int64_t own(int64_t stride, int64_t extent) { return stride ? extent : 1; }
  static Span within(Span of, int64_t first, int64_t count) {
    return {std::max<int64_t>(of.from - first, 0), std::min(of.to - first, count)};
  }

  // call(sequence, head) for those of which `x` has one part, of this item and head.
  template <class Call>
  void for_each(const AttentionOutput& x, int64_t item, int64_t head, Call call) const {
    for (const AttentionSequence& sequence : s_.sequences) {
      if (x.item != 0 && sequence.item != item) continue;
      for (int64_t h = x.head ? head : 0; h < (x.head ? head + 1 : s_.heads); ++h) call(sequence, h);
    }
  }
  void clear_part(const AttentionOutput& x, int64_t item, int64_t head, Span rows, Span columns) const {
    for (int64_t i = rows.from; i < rows.to; ++i)
      for (int64_t j = columns.from; j < columns.to; ++j) {
        const int64_t element = item * x.item + head * x.head + i * x.row + j * x.column;
        std::memset(x.data + element * size_of(dtype_), 0, static_cast<size_t>(size_of(dtype_)));
      }
  }

  // Parts are rows, or where these broadcast, columns.
  void of_bias() const {
    const AttentionOutput& b = p_.of_bias;
    const int64_t items = own(b.item, s_.batch), heads = own(b.head, s_.heads);
    const Span all_rows = {0, own(b.row, s_.queries)}, all_columns = {0, own(b.column, s_.keys)};
    const bool by_rows = all_rows.to > 1;
    const int64_t extent = by_rows ? all_rows.to : all_columns.to, parts = ceil_div(extent, kChunk);
    const double ns = expected_ns(p_) / static_cast<double>(items * heads * parts);
    parallel_for(items * heads * parts, 1, ns, [&](int64_t begin, int64_t end) {
      for (int64_t task = begin; task < end; ++task) {
        const int64_t item = task / parts / heads, head = task / parts % heads, first = task % parts * kChunk;
        const Span part = {first, std::min(first + kChunk, extent)};
        clear_part(b, item, head, by_rows ? part : all_rows, by_rows ? all_columns : part);
        const Span queries = by_rows ? part : Span{0, s_.queries};
        const Span keys = by_rows || extent == 1 ? Span{0, s_.keys} : part;
        for_each(b, item, head, [&](const AttentionSequence& of, int64_t h) {
          const Span its_queries = within(queries, of.query, of.queries), its_keys = within(keys, of.key, of.keys);
          if (its_queries.empty() || its_keys.empty()) return;
          AttentionBackward kernel = parts_.of(of, h, its_queries, its_keys);
          kernel.of_added[0] = rows_of(b, dtype_, of.item, h, of.query);
          kernel.of_added[0].data = static_cast<char*>(kernel.of_added[0].data) + of.key * b.column * size_of(dtype_);
          parts_.run(kernel, kernels().attention.bias_backward);
        });
      }
    });
  }

  // Parts are distances: a band.
  void of_relative() const {
    const AttentionOutput& r = p_.of_relative;
    const int64_t heads = own(r.head, s_.heads), columns = s_.queries + s_.keys - 1;
    const int64_t parts = ceil_div(columns, kDistances), middle = s_.queries - 1;
    const double ns = expected_ns(p_) / static_cast<double>(heads * parts);
    parallel_for(heads * parts, 1, ns, [&](int64_t begin, int64_t end) {
      for (int64_t task = begin; task < end; ++task) {
        const int64_t head = task / parts, first = task % parts * kDistances;
        const Span part = {first, std::min(first + kDistances, columns)};
        clear_part(r, 0, head, {0, 1}, part);
        for_each(r, 0, head, [&](const AttentionSequence& of, int64_t h) {
          AttentionBackward kernel = parts_.of(of, h, {0, of.queries}, {0, of.keys});
          kernel.scores.low = std::max(kernel.scores.low, part.from - middle);
          kernel.scores.high = std::min(kernel.scores.high, part.to - 1 - middle);
          kernel.of_added[1] = rows_of(r, dtype_, 0, h, 0);
          kernel.of_added[1].data = static_cast<char*>(kernel.of_added[1].data) + middle * r.column * size_of(dtype_);
          kernel.of_added[1].row = -r.column;
          parts_.run(kernel, kernels().attention.bias_backward);
        });
      }
    });
  }

  const AttentionBiasProblem& p_;
  const AttentionShape& s_;
  const DType dtype_;
  const Parts parts_;
};

}  // namespace

void attention_backward(const AttentionBackwardProblem& p) { Backward(p).run(); }
void attention_bias_backward(const AttentionBiasProblem& p) { BiasBackward(p).run(); }

}  // namespace tw::cpu
