// Attention: how its work is cut.
#include <algorithm>
#include <limits>
#include <vector>

#include "core/array.h"
#include "core/divide.h"
#include "core/parallel.h"
#include "cpu/attention.h"
#include "cpu/dispatch/dispatch.h"

namespace tw::cpu {
namespace {

constexpr int64_t kFar = std::numeric_limits<int64_t>::max() / 4;

template <class To, class Array>
To matrix(const Array& x, int64_t size, int64_t item, int64_t head, int64_t row, int64_t column, bool shared = false) {
  if (!x.data) return {};
  return {x.data + (item * x.item + head * x.head + row * x.row + column * x.column) * size, shared ? 0 : x.head, x.row,
          x.column};
}

}  // namespace

AttentionScores attention_scores(const AttentionInputs& in, const AttentionSequence& of, int64_t head, int64_t heads) {
  const AttentionShape& s = in.shape;
  const int64_t size = size_of(in.dtype), shift = s.band.lower_right ? of.keys - of.queries : 0;
  AttentionScores scores{};
  scores.heads = heads;
  scores.queries = of.queries;
  scores.keys = of.keys;
  scores.scale = s.scale;
  scores.softcap = s.softcap;
  scores.low = s.band.left < 0 ? -kFar : std::max(-kFar, shift - s.band.left);
  scores.high = s.band.right < 0 ? kFar : std::min(kFar, shift + s.band.right);
  scores.keep = matrix<AttentionRead>(in.keep, 1, of.item, head, of.query, of.key);
  scores.added[0] = matrix<AttentionRead>(in.bias, size, of.item, head, of.query, of.key);
  scores.added[1] = matrix<AttentionRead>(in.relative, size, 0, head, 0, s.queries - 1);
  scores.added[1].row = -scores.added[1].column;
  scores.drops = s.p > 0;
  scores.kept = random_threshold(1 - s.p);
  scores.seed = s.source.seed;
  scores.position = s.source.offset;
  scores.of_row = s.keys;
  scores.of_head = s.queries * s.keys;
  scores.first = (of.item * s.heads + head) * scores.of_head + of.query * s.keys + of.key;
  scores.factor = s.p < 1 ? 1 / (1 - s.p) : 0;
  return scores;
}

AttentionRead attention_queries(const AttentionInput& x, DType dtype, const AttentionSequence& of, int64_t head) {
  return matrix<AttentionRead>(x, size_of(dtype), of.item, head, of.query, 0);
}
AttentionWrite attention_queries(const AttentionOutput& x, DType dtype, const AttentionSequence& of, int64_t head) {
  return matrix<AttentionWrite>(x, size_of(dtype), of.item, head, of.query, 0);
}
AttentionRead attention_keys(const AttentionInput& x, DType dtype, const AttentionSequence& of, int64_t head) {
  return matrix<AttentionRead>(x, size_of(dtype), of.item, head, of.key, 0, true);
}

namespace {

constexpr int64_t kRows = 256;  // queries of a task, of all its heads
constexpr int64_t kTasks = 12;  // wanted

// Queries [from, from + rows) of the heads that share the keys of one.
struct Task {
  const AttentionSequence* sequence;
  int64_t kv_head, from, rows;
};

class Forward {
 public:
  explicit Forward(const AttentionProblem& p)
      : p_(p), s_(p.in.shape), heads_(s_.heads / std::max<int64_t>(1, s_.kv_heads)) {}

  void run() {
    if (s_.heads == 0) return;
    cut();
    const auto& kernels_of = kernels().attention;
    const auto scratch_of = kernels_of.forward_scratch[static_cast<int>(p_.in.dtype)];
    const auto fn = kernels_of.forward[static_cast<int>(p_.in.dtype)];
    const double ns = expected_ns(p_) / static_cast<double>(std::max<size_t>(1, tasks_.size()));
    parallel_for(static_cast<int64_t>(tasks_.size()), 1, ns, [&](int64_t begin, int64_t end) {
      for (int64_t n = begin; n < end; ++n) {
        AttentionForward a = task(tasks_[static_cast<size_t>(n)]);
        const StorageRef scratch = allocate(static_cast<size_t>(scratch_of(a)));
        a.scratch = scratch->data;
        fn(a);
      }
    });
  }

 private:
  void cut() {
    int64_t rows = kRows / std::max<int64_t>(1, heads_);
    const auto count = [&](int64_t rows) {
      int64_t tasks = 0;
      for (const AttentionSequence& sequence : s_.sequences) tasks += s_.kv_heads * ceil_div(sequence.queries, rows);
      return tasks;
    };
    rows = std::max<int64_t>(rows, 32);
    while (rows > 32 && count(rows) < kTasks) rows /= 2;
    for (const AttentionSequence& sequence : s_.sequences)
      for (int64_t head = 0; head < s_.kv_heads; ++head)
        for (int64_t from = 0; from < sequence.queries; from += rows)
          tasks_.push_back({&sequence, head, from, std::min(rows, sequence.queries - from)});
  }

  AttentionForward task(const Task& of) const {
    const AttentionInputs& in = p_.in;
    const int64_t head = of.kv_head * heads_, size = size_of(in.dtype);
    AttentionForward a{};
    a.scores = attention_scores(in, *of.sequence, head, heads_);
    a.from = of.from;
    a.rows = of.rows;
    a.key_end = of.sequence->keys;
    a.size = s_.size;
    a.value_size = s_.value_size;
    a.q = attention_queries(in.q, in.dtype, *of.sequence, head);
    a.k = attention_keys(in.k, in.dtype, *of.sequence, of.kv_head);
    a.v = attention_keys(in.v, in.dtype, *of.sequence, of.kv_head);
    a.output = attention_queries(p_.output, in.dtype, *of.sequence, head);
    a.lse = {p_.lse + ((of.sequence->item * s_.heads + head) * s_.queries + of.sequence->query) * size, s_.queries, 1,
             0};
    return a;
  }

  const AttentionProblem& p_;
  const AttentionShape& s_;
  const int64_t heads_;  // that share the keys of one
  std::vector<Task> tasks_;
};

}  // namespace

void attention(const AttentionProblem& p) { Forward(p).run(); }

}  // namespace tw::cpu
