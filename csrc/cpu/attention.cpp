// Attention: how its work is cut.
#include <algorithm>
#include <cmath>
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
  scores.low = s.band.left < 0 || s.band.left > kFar ? -kFar : shift - s.band.left;
  scores.high = s.band.right < 0 || s.band.right > kFar ? kFar : shift + s.band.right;
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

constexpr int64_t kRows = 256;        // queries of a task, of all its heads
constexpr int64_t kTasks = 12;        // wanted
constexpr int64_t kRangeKeys = 1024;  // of a range, at least, where few tasks have their keys cut into ranges

constexpr int64_t kMostRowsOfRanges = 32;

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
    const int64_t count = static_cast<int64_t>(tasks_.size()), ranges = ranges_of(count);
    const double ns = expected_ns(p_) / static_cast<double>(std::max<int64_t>(1, count * ranges));
    if (ranges == 1) {
      parallel_for(count, 1, ns, [&](int64_t begin, int64_t end) {
        for (int64_t n = begin; n < end; ++n) run_kernel(task(n));
      });
      return;
    }
    const Parts parts(*this, ranges);
    parallel_for(count * ranges, 1, ns, [&](int64_t begin, int64_t end) {
      for (int64_t n = begin; n < end; ++n) run_kernel(parts.task(n / ranges, n % ranges));
    });
    for (int64_t n = 0; n < count; ++n) {
      if (p_.in.dtype == DType::f32)
        parts.join<float>(n);
      else
        parts.join<double>(n);
    }
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

  // A few queries of long sequences: so that there is work for several threads.
  int64_t ranges_of(int64_t tasks) const {
    int64_t keys = 0;
    for (const Task& of : tasks_) {
      if (of.rows > kMostRowsOfRanges) return 1;
      keys = std::max(keys, of.sequence->keys);
    }
    return std::max<int64_t>(1, std::min(kTasks / std::max<int64_t>(1, tasks), keys / kRangeKeys));
  }

  void run_kernel(AttentionForward a) const {
    const auto& of = kernels().attention;
    const int dtype = static_cast<int>(p_.in.dtype);
    const StorageRef scratch = allocate(static_cast<size_t>(of.forward_scratch[dtype](a)));
    a.scratch = scratch->data;
    of.forward[dtype](a);
  }

  AttentionForward task(int64_t n) const {
    const Task& of = tasks_[static_cast<size_t>(n)];
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

  // What each range of keys gives of each task, (task, range, head, query).
  class Parts {
   public:
    Parts(const Forward& of, int64_t ranges)
        : of_(of), ranges_(ranges), size_(size_of(of.p_.in.dtype)), columns_(of.s_.value_size) {
      const int64_t rows = static_cast<int64_t>(of.tasks_.size()) * ranges * rows_of_task();
      outputs_ = allocate(static_cast<size_t>(rows * columns_ * size_));
      lse_ = allocate(static_cast<size_t>(rows * size_));
    }

    AttentionForward task(int64_t n, int64_t range) const {
      AttentionForward a = of_.task(n);
      const int64_t keys = a.key_end, row = (n * ranges_ + range) * rows_of_task();
      a.key = keys * range / ranges_;
      a.key_end = keys * (range + 1) / ranges_;
      // Rows count from the sequence's first query, which may lie before those of the task.
      a.output = {static_cast<char*>(outputs_->data) + (row - a.from) * columns_ * size_, kMostRowsOfRanges * columns_,
                  columns_, 1};
      a.lse = {static_cast<char*>(lse_->data) + (row - a.from) * size_, kMostRowsOfRanges, 1, 0};
      return a;
    }

    template <class T>
    void join(int64_t n) const {
      const AttentionForward to = of_.task(n);
      for (int64_t head = 0; head < to.scores.heads; ++head)
        for (int64_t i = 0; i < to.rows; ++i) {
          T* output = static_cast<T*>(to.output.data) + head * to.output.head + (to.from + i) * to.output.row;
          T* lse = static_cast<T*>(to.lse.data) + head * to.lse.head + to.from + i;
          join_row<T>(n * ranges_ * rows_of_task() + head * kMostRowsOfRanges + i, output, *lse);
        }
    }

   private:
    int64_t rows_of_task() const { return of_.heads_ * kMostRowsOfRanges; }

    // The mean of the ranges' outputs, weighted by the powers of their log-sum-exps, in the order of the ranges.
    template <class T>
    void join_row(int64_t row, T* output, T& lse) const {
      const T* const lses = static_cast<const T*>(lse_->data) + row;
      const T* const outputs = static_cast<const T*>(outputs_->data) + row * columns_;
      const int64_t step = rows_of_task();
      constexpr double kNone = -std::numeric_limits<double>::infinity();
      double most = kNone, total = 0, weights[kTasks];
      for (int64_t r = 0; r < ranges_; ++r) most = std::max<double>(most, lses[r * step]);
      for (int64_t r = 0; r < ranges_; ++r) {
        weights[r] = std::exp(lses[r * step] - (most == kNone ? 0 : most));
        total += weights[r];
      }
      for (int64_t c = 0; c < columns_; ++c) {
        double sum = 0;
        for (int64_t r = 0; r < ranges_; ++r)
          if (weights[r] != 0) sum += weights[r] * static_cast<double>(outputs[r * step * columns_ + c]);
        output[c] = static_cast<T>(total == 0 ? 0 : sum / total);
      }
      lse = static_cast<T>(total == 0 ? kNone : most + std::log(total));
    }

    const Forward& of_;
    const int64_t ranges_, size_, columns_;
    StorageRef outputs_, lse_;
  };

  const AttentionProblem& p_;
  const AttentionShape& s_;
  const int64_t heads_;  // that share the keys of one
  std::vector<Task> tasks_;
};

}  // namespace

void attention(const AttentionProblem& p) { Forward(p).run(); }

}  // namespace tw::cpu
