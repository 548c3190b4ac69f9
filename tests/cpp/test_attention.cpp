// Attention at every level against the reference: the way there, the way back, and that of biases, over drawn shapes,
// strides and options. Operands lie in memory that ends with them, with NaN between their rows.
#include <cmath>
#include <limits>
#include <string>

#include "levels.h"

namespace tw::test {
namespace {

int64_t draw(int64_t low, int64_t high) { return std::uniform_int_distribution<int64_t>(low, high)(rng()); }
bool chance(double p) { return uniform(0, 1) < p; }
int64_t one_of(std::initializer_list<int64_t> all) {
  return all.begin()[draw(0, static_cast<int64_t>(all.size()) - 1)];
}

// (heads, rows, columns) with gaps between rows of unit stride, and nothing behind the last.
template <class T>
class Operand {
 public:
  Operand(int64_t heads, int64_t rows, int64_t columns) {
    row_ = columns + draw(0, 2);
    if (chance(0.2)) row_ = (columns + 511) / 512 * 512;  // rows that evict each other
    head_ = heads == 1 ? 0 : rows * row_ + draw(0, 3);
    const int64_t count = heads && rows && columns ? (heads - 1) * head_ + (rows - 1) * row_ + columns : 0;
    memory_.assign(static_cast<size_t>(1 + count), std::numeric_limits<T>::quiet_NaN());
    for (int64_t h = 0; h < heads; ++h)
      for (int64_t i = 0; i < rows; ++i)
        for (int64_t c = 0; c < columns; ++c) origin()[h * head_ + i * row_ + c] = static_cast<T>(uniform(-1, 1));
  }
  AttentionRead read(int64_t head = 0) { return {origin() + head * head_, head_, row_, 1}; }

 private:
  T* origin() { return memory_.data() + 1; }
  std::vector<T> memory_;
  int64_t head_, row_;
};

// Something of the scores: (heads, queries, keys), any of which may broadcast, with columns `apart`.
template <class T>
struct OfScores {
  int64_t head, row, column;
  std::vector<T> memory;

  template <class Draw>
  OfScores(const AttentionScores& s, Draw drawn) {
    column = chance(0.25) ? 0 : chance(0.25) ? 3 : 1;
    row = chance(0.25) ? 0 : s.keys * column + 1;
    head = chance(0.25) ? 0 : s.queries * row + 1;
    memory.resize(static_cast<size_t>(size(s)));
    for (T& x : memory) x = drawn();
  }
  int64_t size(const AttentionScores& s) const {
    if (s.queries * s.keys == 0) return 1;
    return (s.heads - 1) * head + (s.queries - 1) * row + (s.keys - 1) * column + 1;
  }
  AttentionRead read() const { return {memory.data(), head, row, column}; }
};

template <class T>
T bias() {
  return chance(0.1) ? -std::numeric_limits<T>::infinity() : static_cast<T>(uniform(-1, 1));
}

// An attention of a sequence, drawn.
template <class T>
struct Case {
  AttentionScores s{};
  int64_t size, value_size;
  Operand<T> q, k, v, of_output;
  OfScores<uint8_t> keep;
  OfScores<T> added;
  std::vector<T> relative;

  Case()
      : s(scores()),
        size(one_of({0, 1, 3, 7, 8, 15, 16, 17, 33, 40, 64, 130, 257, 530})),
        value_size(one_of({0, 1, 3, 7, 8, 15, 16, 17, 33, 40, 64, 130, 257})),
        q(s.heads, s.queries, size),
        k(1, s.keys, size),
        v(1, s.keys, value_size),
        of_output(s.heads, s.queries, value_size),
        keep(s, [] { return static_cast<uint8_t>(chance(0.7)); }),
        added(s, bias<T>),
        relative(static_cast<size_t>(s.queries + s.keys)) {
    for (T& x : relative) x = bias<T>();
    if (chance(0.3)) s.keep = keep.read();
    if (chance(0.3)) s.added[0] = added.read();
    if (chance(0.3)) s.added[1] = {relative.data() + s.queries - 1, 0, -1, 1};
  }

  static AttentionScores scores() {
    AttentionScores s{};
    s.heads = one_of({1, 1, 2, 3, 5});
    s.queries = one_of({1, 2, 4, 5, 6, 7, 13, 14, 15, 29, 64, 65});
    s.keys = one_of({0, 1, 2, 3, 7, 8, 15, 16, 17, 31, 33, 63, 64, 65, 127, 128, 129, 150});
    s.scale = one_of({-1, 0, 1, 1, 1}) * 0.3;
    s.softcap = chance(0.2) ? 0.7 : 0;
    s.low = chance(0.5) ? -(int64_t(1) << 60) : draw(-s.queries, s.keys);
    s.high = chance(0.5) ? int64_t(1) << 60 : s.low < -s.queries ? draw(-s.queries, s.keys) : s.low + draw(-1, 20);
    s.drops = chance(0.3);
    s.kept = static_cast<uint64_t>(one_of({0, 3, 4})) << 30;
    s.factor = s.kept ? 0x1p32 / static_cast<double>(s.kept) : 0;
    s.seed = 7;
    s.position = static_cast<uint64_t>(draw(0, 5));
    s.first = draw(0, 9);
    s.of_row = s.keys + draw(0, 3);
    s.of_head = s.queries * s.of_row;
    return s;
  }

  // `scores` of one head alone.
  AttentionScores of(int64_t head) const {
    AttentionScores one = s;
    one.heads = 1;
    for (AttentionRead* x : {&one.added[0], &one.added[1]})
      if (x->data) x->data = static_cast<const T*>(x->data) + head * x->head;
    if (one.keep.data) one.keep.data = static_cast<const uint8_t*>(one.keep.data) + head * one.keep.head;
    one.first += head * s.of_head;
    return one;
  }

  std::string text() const {
    char text[200];
    std::snprintf(text, sizeof text, "%ld x (%ld x %ld, %ld, %ld) band %ld %ld scale %g cap %g p %g%s%s%s",
                  long(s.heads), long(s.queries), long(s.keys), long(size), long(value_size), long(s.low), long(s.high),
                  s.scale, s.softcap, s.drops ? double(s.kept) / 0x1p32 : 1, s.keep.data ? " keep" : "",
                  s.added[0].data ? " bias" : "", s.added[1].data ? " relative" : "");
    return text;
  }
};

template <class T>
void compare(const char* what, const char* level, const std::string& shape, Guarded<T>& got, Guarded<T>& want) {
  check(got.intact(), "%s %s %s wrote outside", what, level, shape.c_str());
  double most = 1;
  for (int64_t i = 0; i < got.size(); ++i)
    if (std::isfinite(want[i])) most = std::fmax(most, std::fabs(want[i]));
  const double tolerance = 200 * most * std::numeric_limits<T>::epsilon();
  for (int64_t i = 0; i < got.size(); ++i)
    check(got[i] == want[i] || std::fabs(got[i] - want[i]) <= tolerance, "%s %s %s [%ld]: %.17g, want %.17g", what,
          level, shape.c_str(), long(i), double(got[i]), double(want[i]));
}

template <class T>
void fill(Guarded<T>& x, T value) {
  for (int64_t i = 0; i < x.size(); ++i) x[i] = value;
}

// Runs the kernel in scratch of NaN, of the size that it asks for.
template <class T, class Problem, class Size, class Kernel>
void run(Problem p, Size size, Kernel kernel, const char* level, const std::string& shape) {
  Guarded<T> scratch((size(p) + static_cast<int64_t>(sizeof(T)) - 1) / static_cast<int64_t>(sizeof(T)));
  fill(scratch, std::numeric_limits<T>::quiet_NaN());
  p.scratch = scratch.data();
  kernel(p);
  check(scratch.intact(), "%s %s wrote outside its scratch", level, shape.c_str());
}

// (heads, queries, columns) that a kernel writes: what it is not to write stays.
template <class T>
struct Written {
  int64_t columns;
  Guarded<T> data;
  Written(const AttentionScores& s, int64_t columns_) : columns(columns_), data(s.heads * s.queries * columns_, 1) {
    fill(data, T(-77));
  }
  AttentionWrite write(const AttentionScores& s) { return {data.data(), s.queries * columns, columns, 1}; }
  AttentionRead read(const AttentionScores& s, int64_t head) {
    return {data.data() + head * s.queries * columns, 0, columns, 1};
  }
};

template <class T>
void test_forward(DType d, Case<T>& c, Written<T>& output, Written<T>& lse) {
  const AttentionScores& s = c.s;
  AttentionForward p{};
  p.scores = s;
  p.size = c.size, p.value_size = c.value_size;
  p.q = c.q.read(), p.k = c.k.read(), p.v = c.v.read();
  const int t = static_cast<int>(d);
  const auto call = [&](const KernelTable& table, Written<T>& to, Written<T>& to_lse) {
    p.output = to.write(s), p.lse = to_lse.write(s);
    run<T>(p, table.attention.forward_scratch[t], table.attention.forward[t], table.level, c.text());
  };
  // Some queries over some keys, then all over all: the last is what the way back is given.
  for (const bool all : {false, true}) {
    p.from = all ? 0 : draw(0, s.queries - 1);
    p.rows = all ? s.queries : draw(1, s.queries - p.from);
    p.key = all ? 0 : draw(0, s.keys);
    p.key_end = all ? s.keys : draw(p.key, s.keys);
    Written<T> want(s, c.value_size), want_lse(s, 1);
    call(reference_table(), want, want_lse);
    for (const KernelTable* level : levels()) {
      Written<T> got(s, c.value_size), got_lse(s, 1);
      call(*level, got, got_lse);
      compare("output", level->level, c.text(), got.data, want.data);
      compare("lse", level->level, c.text(), got_lse.data, want_lse.data);
    }
    if (all) call(reference_table(), output, lse);
  }
}

template <class T>
void test_backward(DType d, Case<T>& c, AttentionBackward p, int64_t head) {
  const AttentionScores& s = c.s;
  const int t = static_cast<int>(d);
  struct Gradients {
    Guarded<T> q, k, v;
    explicit Gradients(const Case<T>& of)
        : q(of.s.queries * of.size, 1), k(of.s.keys * of.size, 1), v(of.s.keys * of.value_size, 1) {
      for (Guarded<T>* x : {&q, &k, &v}) fill(*x, T(0.5));  // which they are added to
    }
  };
  const auto call = [&](const KernelTable& table, Gradients& to) {
    p.of_q = {to.q.data(), 0, c.size, 1};
    p.of_k = {to.k.data(), 0, c.size, 1};
    p.of_v = {to.v.data(), 0, c.value_size, 1};
    run<T>(p, table.attention.backward_scratch[t], table.attention.backward[t], table.level, c.text());
  };
  Gradients want(c);
  call(reference_table(), want);
  for (const KernelTable* level : levels()) {
    Gradients got(c);
    call(*level, got);
    compare("of q", level->level, c.text(), got.q, want.q);
    compare("of k", level->level, c.text(), got.k, want.k);
    compare("of v", level->level, c.text(), got.v, want.v);
  }
  if (!s.added[0].data && !s.added[1].data) return;
  const AttentionRead added = c.added.read();
  const int64_t size = c.added.size(s), skipped = head * added.head;
  const auto call_bias = [&](const KernelTable& table, Guarded<T>& of_bias, Guarded<T>& of_relative) {
    fill(of_bias, T(0.5)), fill(of_relative, T(0.5));
    if (s.added[0].data) p.of_added[0] = {of_bias.data() + skipped, 0, added.row, added.column};
    if (s.added[1].data) p.of_added[1] = {of_relative.data() + s.queries - 1, 0, -1, 1};
    run<T>(p, table.attention.backward_scratch[t], table.attention.bias_backward[t], table.level, c.text());
  };
  Guarded<T> want_bias(size, 1), want_relative(s.queries + s.keys, 1);
  call_bias(reference_table(), want_bias, want_relative);
  for (const KernelTable* level : levels()) {
    Guarded<T> of_bias(size, 1), of_relative(s.queries + s.keys, 1);
    call_bias(*level, of_bias, of_relative);
    compare("of bias", level->level, c.text(), of_bias, want_bias);
    compare("of relative", level->level, c.text(), of_relative, want_relative);
  }
}

template <class T>
void test(DType d, int count) {
  for (int n = 0; n < count; ++n) {
    Case<T> c;
    const AttentionScores& s = c.s;
    Written<T> output(s, c.value_size), lse(s, 1), of_lse(s, 1);
    test_forward<T>(d, c, output, lse);
    for (int64_t i = 0; i < of_lse.data.size(); ++i) of_lse.data[i] = static_cast<T>(uniform(-1, 1));
    const int64_t head = draw(0, s.heads - 1);
    AttentionBackward p{};
    p.scores = c.of(head);
    p.from = draw(0, 2) ? 0 : draw(0, s.queries - 1);
    p.end = draw(0, 2) ? s.queries : draw(p.from, s.queries);
    p.key = draw(0, 2) ? 0 : draw(0, s.keys);
    p.key_end = draw(0, 2) ? s.keys : draw(p.key, s.keys);
    p.size = c.size, p.value_size = c.value_size;
    p.q = c.q.read(head), p.k = c.k.read(), p.v = c.v.read(), p.of_output = c.of_output.read(head);
    p.output = output.read(s, head), p.lse = lse.read(s, head);
    if (chance(0.5)) p.of_lse = of_lse.read(s, head);
    test_backward<T>(d, c, p, head);
  }
}

}  // namespace
}  // namespace tw::test

int main() {
  using namespace tw::test;
  test<float>(tw::DType::f32, 400);
  test<double>(tw::DType::f64, 400);
  return report();
}
