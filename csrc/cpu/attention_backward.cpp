// The way back through attention: tasks are a head of keys and values with all queries that see it, so that each owns
// what it adds to. Where there are few, keys are shared too, and sums over them are added in their order.
#include <algorithm>
#include <cstring>
#include <vector>

#include "core/divide.h"
#include "core/parallel.h"
#include "cpu/cpu.h"
#include "cpu/dispatch/dispatch.h"

namespace tw::cpu {
namespace {

constexpr int64_t kEnough = 8;           // tasks
constexpr int64_t kFewestKeys = 128;     // of a task, where keys are shared
constexpr int64_t kChunk = 128;          // queries or keys of a task that owns a part of a bias
constexpr int64_t kDistances = 512;      // of one that owns a part of a relative bias
constexpr int64_t kFar = int64_t{1} << 60;  // of an unbounded band
constexpr double kNsPerProduct = 0.02;

struct Span {
  int64_t from, to;
};

// What both ways have, for kernels: one head of one sequence.
class Parts {
 public:
  template <class Problem>
  explicit Parts(const Problem& p)
      : in_(p.in),
        s_(p.in.shape),
        size_(size_of(p.in.dtype)),
        output_(p.output),
        of_output_(p.of_output),
        lse_(p.lse),
        of_lse_(p.of_lse) {
    if (of_output_.data) return;
    const auto nbytes = static_cast<size_t>(std::max<int64_t>(1, s_.value_size * size_));
    zeros_ = allocate(nbytes);
    std::memset(zeros_->data, 0, nbytes);
    of_output_ = {static_cast<const char*>(zeros_->data), 0, 0, 0, 1};
  }

  StorageRef scratch() const {
    const auto blocks = AttentionBackwardBlocks::of(s_.size, s_.value_size, size_);
    return allocate(static_cast<size_t>(blocks.scratch_elements(s_.size, s_.value_size, size_) * size_));
  }

  // Rows of an array from (query, key) on, where rows are queries, or from `key` on, where they are keys.
  template <class Data>
  static AttentionRows rows(const AttentionArray<Data>& x, int64_t item, int64_t head, int64_t row, int64_t column,
                            int64_t size) {
    const int64_t first = item * x.item + head * x.head + row * x.row + column * x.column;
    return {x.data ? const_cast<char*>(x.data) + first * size : nullptr, x.row, x.column};
  }

  // Of its queries [queries.from, queries.to) and keys [keys.from, keys.to).
  AttentionBackwardPart of(const AttentionSequence& q, int64_t head, Span queries, Span keys) const {
    const int64_t item = q.item, i = q.query + queries.from, own = head / (s_.heads / s_.kv_heads);
    const int64_t aligned = s_.band.lower_right ? q.keys - q.queries : 0, first = item * s_.heads + head;
    AttentionBackwardPart part{};
    part.queries = queries.to - queries.from;
    part.keys = q.keys;
    part.size = s_.size;
    part.value_size = s_.value_size;
    part.q = rows(in_.q, item, head, i, 0, size_);
    part.k = rows(in_.k, item, own, q.key, 0, size_);
    part.v = rows(in_.v, item, own, q.key, 0, size_);
    part.output = rows(output_, item, head, i, 0, size_);
    part.of_output = rows(of_output_, item, head, i, 0, size_);
    part.lse = lse_ + (first * s_.queries + i) * size_;
    part.of_lse = of_lse_ ? of_lse_ + (first * s_.queries + i) * size_ : nullptr;
    part.scale = s_.scale;
    part.softcap = s_.softcap;
    part.before = s_.band.left < 0 ? kFar : s_.band.left - aligned - queries.from;
    part.after = s_.band.right < 0 ? kFar : s_.band.right + aligned + queries.from;
    part.keep = rows(in_.keep, item, head, i, q.key, 1);
    part.bias = rows(in_.bias, item, head, i, q.key, size_);
    part.relative = rows(in_.relative, 0, head, 0, s_.queries - 1 - queries.from, size_);
    part.p = s_.p;
    part.seed = s_.source.seed;
    part.offset = s_.source.offset;
    part.first = static_cast<uint64_t>((first * s_.queries + i) * s_.keys + q.key);
    part.step = static_cast<uint64_t>(s_.keys);
    part.from = keys.from;
    part.to = keys.to;
    return part;
  }

  double ns(double scores) const { return kNsPerProduct * scores * static_cast<double>(5 * (s_.size + s_.value_size)); }

 private:
  const AttentionInputs& in_;
  const AttentionShape& s_;
  const int64_t size_;
  const AttentionInput output_;
  AttentionInput of_output_;
  const char *lse_, *of_lse_;
  StorageRef zeros_;
};

void clear(const AttentionRows& x, int64_t rows, int64_t columns, int64_t size) {
  char* const data = static_cast<char*>(x.data);
  for (int64_t i = 0; i < rows && data; ++i) std::memset(data + i * x.row * size, 0, static_cast<size_t>(columns * size));
}

class Backward {
 public:
  explicit Backward(const AttentionBackwardProblem& p)
      : p_(p), s_(p.in.shape), size_(size_of(p.in.dtype)), parts_(p), group_(s_.heads / std::max<int64_t>(1, s_.kv_heads)) {
    int64_t queries = 0, keys = 0;
    for (const AttentionSequence& q : s_.sequences) {
      queries += q.queries;
      keys += q.keys;
      longest_ = std::max(longest_, q.keys);
    }
    covered_ = queries == s_.batch * s_.queries && keys == s_.batch * s_.keys;
    const int64_t tasks = static_cast<int64_t>(s_.sequences.size()) * s_.kv_heads;
    if (tasks > 0 && tasks < kEnough)
      shares_ = std::clamp<int64_t>(longest_ / kFewestKeys, 1, ceil_div(kEnough, tasks));
  }

  void run() {
    if (!covered_) clear_all();
    if (shares_ > 1 && p_.of_q.data)
      partial_ = allocate(static_cast<size_t>((shares_ - 1) * s_.batch * s_.heads * s_.queries * s_.size * size_));
    const int64_t tasks = static_cast<int64_t>(s_.sequences.size()) * s_.kv_heads * shares_;
    const double ns = parts_.ns(static_cast<double>(longest_) * static_cast<double>(s_.queries * group_)) /
                      static_cast<double>(shares_);
    parallel_for(tasks, 1, ns, [&](int64_t begin, int64_t end) {
      const StorageRef scratch = parts_.scratch();
      for (int64_t task = begin; task < end; ++task) {
        const AttentionSequence& q = s_.sequences[static_cast<size_t>(task / shares_ / s_.kv_heads)];
        run_task(q, task / shares_ % s_.kv_heads, task % shares_, scratch->data);
      }
    });
    if (partial_.get()) p_.in.dtype == DType::f64 ? join<double>() : join<float>();
  }

 private:
  void clear_all() const {
    parallel_for(s_.batch * s_.heads, 1, static_cast<double>(s_.queries * s_.size), [&](int64_t begin, int64_t end) {
      for (int64_t n = begin; n < end; ++n)
        clear(Parts::rows(p_.of_q, n / s_.heads, n % s_.heads, 0, 0, size_), s_.queries, s_.size, size_);
    });
    const double columns = static_cast<double>(s_.size + s_.value_size);
    parallel_for(s_.batch * s_.kv_heads, 1, static_cast<double>(s_.keys) * columns, [&](int64_t begin, int64_t end) {
      for (int64_t n = begin; n < end; ++n) {
        const int64_t item = n / s_.kv_heads, head = n % s_.kv_heads;
        clear(Parts::rows(p_.of_k, item, head, 0, 0, size_), s_.keys, s_.size, size_);
        clear(Parts::rows(p_.of_v, item, head, 0, 0, size_), s_.keys, s_.value_size, size_);
      }
    });
  }

  // The sums of q's cotangent over the keys of a share; the first ones are the result's memory.
  AttentionRows of_q(const AttentionSequence& q, int64_t head, int64_t share) const {
    if (share == 0 || !p_.of_q.data) return Parts::rows(p_.of_q, q.item, head, q.query, 0, size_);
    const int64_t row = (((share - 1) * s_.batch + q.item) * s_.heads + head) * s_.queries + q.query;
    return {static_cast<char*>(partial_->data) + row * s_.size * size_, s_.size};
  }

  void run_task(const AttentionSequence& q, int64_t own, int64_t share, void* scratch) const {
    const auto fn = kernels().attention_backward.backward[static_cast<int>(p_.in.dtype)];
    const Span keys = {q.keys * share / shares_, q.keys * (share + 1) / shares_};
    const AttentionRows of_k = Parts::rows(p_.of_k, q.item, own, q.key, 0, size_);
    const AttentionRows of_v = Parts::rows(p_.of_v, q.item, own, q.key, 0, size_);
    const auto from = [&](AttentionRows x) {
      if (x.data) x.data = static_cast<char*>(x.data) + keys.from * x.row * size_;
      return x;
    };
    clear(from(of_k), keys.to - keys.from, s_.size, size_);
    clear(from(of_v), keys.to - keys.from, s_.value_size, size_);
    for (int64_t head = own * group_; head < (own + 1) * group_; ++head) {
      AttentionBackwardPart part = parts_.of(q, head, {0, q.queries}, keys);
      part.scratch = scratch;
      part.of_q = of_q(q, head, share);
      part.of_k = of_k;
      part.of_v = of_v;
      clear(part.of_q, q.queries, s_.size, size_);
      fn(part);
    }
  }

  template <class T>
  void join() const {
    const int64_t tasks = static_cast<int64_t>(s_.sequences.size()) * s_.heads;
    parallel_for(tasks, 1, static_cast<double>(shares_ * s_.queries * s_.size), [&](int64_t begin, int64_t end) {
      for (int64_t task = begin; task < end; ++task) {
        const AttentionSequence& q = s_.sequences[static_cast<size_t>(task / s_.heads)];
        const AttentionRows sum = of_q(q, task % s_.heads, 0);
        for (int64_t share = 1; share < shares_; ++share) {
          const AttentionRows more = of_q(q, task % s_.heads, share);
          for (int64_t i = 0; i < q.queries; ++i) {
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
  const int64_t size_;
  const Parts parts_;
  const int64_t group_;    // heads of queries that share keys
  int64_t longest_ = 0;    // sequence, in keys
  int64_t shares_ = 1;     // of the keys of each
  bool covered_ = false;   // whether all rows are in sequences
  StorageRef partial_;
};

// Each task owns a part of the result, and adds to it what items and heads it broadcasts to give, in their order.
class BiasBackward {
 public:
  explicit BiasBackward(const AttentionBiasProblem& p)
      : p_(p), s_(p.in.shape), size_(size_of(p.in.dtype)), parts_(p) {}

  void run() const {
    if (p_.of_bias.data) of_bias();
    if (p_.of_relative.data) of_relative();
  }

 private:
  static int64_t own(int64_t stride, int64_t extent) { return stride ? extent : 1; }

  // call(sequence, head) for those that are added to the result's `item` and `head`.
  template <class Call>
  void for_each(int64_t item_stride, int64_t item, int64_t head_stride, int64_t head, Call call) const {
    for (const AttentionSequence& q : s_.sequences) {
      if (item_stride && q.item != item) continue;
      for (int64_t h = head_stride ? head : 0; h < (head_stride ? head + 1 : s_.heads); ++h) call(q, h);
    }
  }

  void add(AttentionBackwardPart part, void* scratch) const {
    part.scratch = scratch;
    kernels().attention_backward.bias_backward[static_cast<int>(p_.in.dtype)](part);
  }

  void of_bias() const {
    const AttentionOutput& b = p_.of_bias;
    const int64_t items = own(b.item, s_.batch), heads = own(b.head, s_.heads);
    const int64_t rows = own(b.row, s_.queries), columns = own(b.column, s_.keys);
    const bool by_rows = rows > 1;
    const int64_t chunks = ceil_div(by_rows ? rows : columns, kChunk);
    const double ns = parts_.ns(static_cast<double>(kChunk) * static_cast<double>(by_rows ? s_.keys : s_.queries));
    parallel_for(items * heads * chunks, 1, ns, [&](int64_t begin, int64_t end) {
      const StorageRef scratch = parts_.scratch();
      for (int64_t task = begin; task < end; ++task) {
        const int64_t item = task / chunks / heads, head = task / chunks % heads, first = task % chunks * kChunk;
        const Span some = {first, std::min(first + kChunk, by_rows ? rows : columns)};
        const Span queries = by_rows ? some : Span{0, s_.queries};
        const Span keys = by_rows || columns == 1 ? Span{0, s_.keys} : some;
        clear_bias(item, head, by_rows ? queries : Span{0, 1}, columns == 1 ? Span{0, 1} : keys);
        for_each(b.item, item, b.head, head, [&](const AttentionSequence& q, int64_t h) {
          const Span its_queries = within(queries, q.query, q.queries), its_keys = within(keys, q.key, q.keys);
          if (its_queries.from >= its_queries.to || its_keys.from >= its_keys.to) return;
          AttentionBackwardPart part = parts_.of(q, h, its_queries, its_keys);
          part.of_bias = Parts::rows(b, q.item, h, q.query + its_queries.from, q.key, size_);
          add(part, scratch->data);
        });
      }
    });
  }
  static Span within(Span of, int64_t first, int64_t count) {
    return {std::max<int64_t>(of.from - first, 0), std::min(of.to - first, count)};
  }
  void clear_bias(int64_t item, int64_t head, Span rows, Span columns) const {
    const AttentionOutput& b = p_.of_bias;
    for (int64_t i = rows.from; i < rows.to; ++i)
      for (int64_t j = columns.from; j < columns.to; ++j)
        std::memset(Parts::rows(b, item, head, i, j, size_).data, 0, static_cast<size_t>(size_));
  }

  void of_relative() const {
    const AttentionOutput& r = p_.of_relative;
    const int64_t heads = own(r.head, s_.heads), columns = s_.queries + s_.keys - 1;
    const int64_t chunks = ceil_div(columns, kDistances);
    const double ns = parts_.ns(static_cast<double>(kDistances) * static_cast<double>(s_.queries));
    parallel_for(heads * chunks, 1, ns, [&](int64_t begin, int64_t end) {
      const StorageRef scratch = parts_.scratch();
      for (int64_t task = begin; task < end; ++task) {
        const int64_t head = task / chunks, first = task % chunks * kDistances;
        const int64_t last = std::min(first + kDistances, columns) - 1;
        for (int64_t column = first; column <= last; ++column)
          std::memset(Parts::rows(r, 0, head, 0, column, size_).data, 0, static_cast<size_t>(size_));
        for_each(0, 0, r.head, head, [&](const AttentionSequence& q, int64_t h) {
          AttentionBackwardPart part = parts_.of(q, h, {0, q.queries}, {0, q.keys});
          part.before = std::min(part.before, s_.queries - 1 - first);
          part.after = std::min(part.after, last - (s_.queries - 1));
          part.of_relative = Parts::rows(r, 0, h, 0, s_.queries - 1, size_);
          add(part, scratch->data);
        });
      }
    });
  }

  const AttentionBiasProblem& p_;
  const AttentionShape& s_;
  const int64_t size_;
  const Parts parts_;
};

}  // namespace

void attention_backward(const AttentionBackwardProblem& p) { Backward(p).run(); }
void attention_bias_backward(const AttentionBiasProblem& p) { BiasBackward(p).run(); }

}  // namespace tw::cpu
