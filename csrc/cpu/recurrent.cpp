// Recurrent layers: which steps are fused, how threads share the work, and the walk over a sequence.
#include "cpu/recurrent.h"

#include <algorithm>
#include <cstring>

#include "core/caches.h"
#include "core/denormals.h"
#include "core/parallel.h"

namespace tw::cpu {

RecurrentWalk::RecurrentWalk(const RecurrentShape& shape) : shape_(shape) {
  int64_t start = 0;
  for (const int64_t rows : shape.batch_sizes) {
    starts_.push_back(start);
    start += rows;
  }
}

RecurrentWalk::Before RecurrentWalk::before(int64_t step) const {
  const int64_t other = shape_.reverse ? step + 1 : step - 1;
  if (other < 0 || other == steps()) return {0, 0};
  return {std::min(rows(step), rows(other)), start(other)};
}

int64_t scratch_stride(int64_t columns, DType dtype) {
  const int64_t line = kLine / size_of(dtype), stride = round_up(columns, line) + line;
  return stride * size_of(dtype) % kEvictingStride == 0 ? stride + line : stride;
}

RecurrentAhead recurrent_ahead(const RecurrentShape& s, DType dtype, int64_t row, int64_t rows, int64_t piece,
                               int64_t pieces, std::initializer_list<RecurrentColumns> arrays) {
  const int64_t size = size_of(dtype);
  RecurrentAhead ahead{};
  if (rows <= 1 || gates_of(s.cell) == 1) return ahead;  // then it is little
  ahead.weights_too = gates_of(s.cell) * s.hidden * s.hidden * size > l2_bytes();
  int64_t all = 0, before = 0;
  for (const RecurrentColumns& of : arrays) all += of.data ? rows * of.columns * size : 0;
  const Part wanted = part(all, kLine, pieces, piece);  // of the arrays one after another
  for (const RecurrentColumns& of : arrays) {
    if (!of.data) continue;
    const int64_t nbytes = rows * of.columns * size;
    const int64_t from = std::max<int64_t>(wanted.from - before, 0);
    const int64_t to = std::min(wanted.from + wanted.size - before, nbytes);
    if (from < to) ahead.ranges[ahead.count++] = {of.data + row * of.columns * size + from, to - from};
    before += nbytes;
  }
  return ahead;
}

void RecurrentGemm::run() const {
  GemmBatch g{};
  g.dtype = dtype;
  g.each.m = m;
  g.each.n = n;
  g.each.k = k;
  g.each.a = {const_cast<char*>(a), a_row, 1};
  g.each.b = {const_cast<char*>(w), transposed ? 1 : n, transposed ? k : 1};
  g.each.out.c = {c, c_row, 1};
  if (bias) g.each.out.bias = {const_cast<char*>(bias), 0, 1};
  if (add) g.each.out.residual = g.each.out.c;
  gemm(g);
}

namespace {

class RecurrentForward {
 public:
  explicit RecurrentForward(const RecurrentProblem& p)
      : p_(p), s_(p.shape), walk_(p.shape), size_(size_of(p.dtype)), kernel_(kernels().recurrent) {}

  void run() {
    copy(p_.h_n, p_.h, s_.batch * s_.output);
    if (p_.c) copy(p_.c_n, p_.c, s_.batch * s_.hidden);
    if (s_.rows == 0 || s_.hidden == 0) return;
    if (!is_fused(s_, p_.dtype)) return one_by_one();
    stride_ = scratch_stride(inputs() + s_.hidden, p_.dtype);
    pack();
    add_biases();
    walk_steps();
    walk_.for_each_last([&](int64_t first, int64_t count, int64_t row) {
      copy(p_.h_n + first * s_.hidden * size_, p_.y + row * s_.hidden * size_, count * s_.hidden);
    });
  }

 private:
  void copy(char* to, const char* from, int64_t count) const {
    if (count > 0) std::memcpy(to, from, static_cast<size_t>(count * size_));
  }
  RecurrentRows rows_at(const char* data, int64_t row, int64_t columns, int64_t block = 0) const {
    return {data ? const_cast<char*>(data) + row * columns * size_ : nullptr, columns, block};
  }

  // ---- a product and an update for each step ------------------------------------------------------------------------

  void one_by_one() {
    const int64_t blocks = blocks_of(s_.cell), width = blocks * s_.hidden, gates = gates_of(s_.cell);
    const StorageRef own = allocate(p_.gates || blocks == 1 ? 1 : static_cast<size_t>(s_.rows * width * size_));
    char* const sums = p_.gates ? p_.gates : blocks == 1 ? p_.y : static_cast<char*>(own->data);
    const StorageRef unprojected = allocate(static_cast<size_t>(s_.batch * s_.hidden * size_));
    RecurrentGemm{p_.dtype, s_.rows, gates * s_.hidden, s_.inputs, p_.x, s_.inputs, p_.weight_ih, true,
                  sums,     width,   p_.bias_ih}
        .run();
    for (int64_t turn = 0; turn < walk_.steps(); ++turn) {
      const int64_t step = walk_.step(turn), rows = walk_.rows(step), start = walk_.start(step);
      char* const at = sums + start * width * size_;
      const bool projected = s_.output != s_.hidden;
      char* const y = p_.y + start * s_.output * size_;
      char* const h = projected ? static_cast<char*>(unprojected->data) : p_.h_n;
      RecurrentUpdate update{};
      update.cell = s_.cell;
      update.sums = update.gates = {at, width, s_.hidden};
      update.h_before = {p_.h_n, s_.hidden, 0};
      update.c = {p_.c_n, s_.hidden, 0};
      update.peephole = {const_cast<char*>(p_.peephole), 0, s_.hidden};
      update.y = {projected ? nullptr : y, s_.hidden, 0};
      update.h = {h, s_.hidden, 0};
      update.cells = rows_at(p_.cells, start, s_.hidden);
      add_products(rows, at, width);
      if (s_.cell == RecurrentCell::gru_reset_first) {
        update.part = RecurrentPart::reset;
        run_update(update, rows);
        of_h(rows, 2, 1, at + 3 * s_.hidden * size_, width, at + 2 * s_.hidden * size_, width, true);
        update.part = RecurrentPart::rest;
      }
      run_update(update, rows);
      if (!projected) continue;
      RecurrentGemm{p_.dtype, rows, s_.output, s_.hidden, h, s_.hidden, p_.weight_hr, true, y, s_.output}.run();
      copy(p_.h_n, y, rows * s_.output);
    }
  }

  // The products of `rows` states with the weights of some gates, to c.
  void of_h(int64_t rows, int64_t gate, int64_t count, const char* a, int64_t a_row, char* c, int64_t c_row, bool add) {
    const int64_t first = gate * s_.hidden * size_;
    RecurrentGemm{p_.dtype,
                  rows,
                  count * s_.hidden,
                  s_.output,
                  a,
                  a_row,
                  p_.weight_hh + first * s_.output,
                  true,
                  c,
                  c_row,
                  p_.bias_hh ? p_.bias_hh + first : nullptr,
                  add}
        .run();
  }
  void add_products(int64_t rows, char* sums, int64_t width) {
    const bool gru = gates_of(s_.cell) == 3;
    of_h(rows, 0, gru ? 2 : gates_of(s_.cell), p_.h_n, s_.output, sums, width, true);
    if (s_.cell == RecurrentCell::gru) of_h(rows, 2, 1, p_.h_n, s_.output, sums + 3 * s_.hidden * size_, width, false);
  }

  void run_update(const RecurrentUpdate& update, int64_t rows) {
    const auto fn = kernel_.update[static_cast<int>(p_.dtype)];
    const double ns = 5 * static_cast<double>(s_.hidden);
    parallel_for(rows, std::max<int64_t>(1, 4096 / s_.hidden), ns, [&](int64_t begin, int64_t end) {
      RecurrentUpdate part = update.at(begin, 0, size_);
      part.sums = update.sums.at(begin, 0, size_);
      part.rows = end - begin;
      part.units = s_.hidden;
      fn(part);
    });
  }

  // ---- fused steps --------------------------------------------------------------------------------------------------

  bool takes_x() const { return walk_.rows(0) > kFewSequences; }  // steps multiply x too
  int64_t inputs() const { return takes_x() ? s_.inputs : 0; }
  int64_t depth(const RecurrentBlock& of) const { return (of.of_x ? inputs() : 0) + (of.of_h ? s_.hidden : 0); }

  void pack() {
    const PackedGemm& layout = kernels().gemm.packed[static_cast<int>(p_.dtype)];
    const int64_t nr = layout.nr, groups = ceil_div(s_.hidden, nr), blocks = blocks_of(s_.cell);
    int64_t depths = 0;
    for (int64_t block = 0; block < blocks; ++block) depths += depth(recurrent_block(s_.cell, block));
    packed_ = allocate(static_cast<size_t>(groups * nr * depths * size_));
    const auto pack_rows = [&](const char* weight, int64_t row, int64_t count, int64_t k, char*& to) {
      layout.pack_b(weight + row * k * size_, k, 1, count, k, to);
      to += k * nr * size_;
    };
    parallel_for(groups, 1, static_cast<double>(nr * depths), [&](int64_t begin, int64_t end) {
      for (int64_t group = begin; group < end; ++group) {
        char* to = static_cast<char*>(packed_->data) + group * nr * depths * size_;
        const int64_t count = std::min(nr, s_.hidden - group * nr);
        for (int64_t block = 0; block < blocks; ++block) {
          const RecurrentBlock of = recurrent_block(s_.cell, block);
          const int64_t row = of.gate * s_.hidden + group * nr;
          if (of.of_x && inputs()) pack_rows(p_.weight_ih, row, count, inputs(), to);
          if (of.of_h) pack_rows(p_.weight_hh, row, count, s_.hidden, to);
        }
      }
    });
  }

  template <class T>
  void add_biases_of() {
    T* to = reinterpret_cast<T*>(biases_->data);
    const T *of_x = reinterpret_cast<const T*>(p_.bias_ih), *of_h = reinterpret_cast<const T*>(p_.bias_hh);
    for (int64_t block = 0; block < blocks_of(s_.cell); ++block) {
      const RecurrentBlock of = recurrent_block(s_.cell, block);
      const int64_t from = of.gate * s_.hidden;
      for (int64_t i = 0; i < s_.hidden; ++i)
        *to++ = (of.of_x && of_x ? of_x[from + i] : T(0)) + (of.of_h && of_h ? of_h[from + i] : T(0));
    }
  }
  void add_biases() {
    biases_ = allocate(static_cast<size_t>(blocks_of(s_.cell) * s_.hidden * size_));
    if (p_.dtype == DType::f32)
      add_biases_of<float>();
    else
      add_biases_of<double>();
  }

  // What is the same in each step.
  RecurrentStep first_step() const {
    RecurrentStep step{};
    step.update.cell = s_.cell;
    step.update.peephole = {const_cast<char*>(p_.peephole), 0, s_.hidden};
    step.hidden = s_.hidden;
    step.inputs = inputs();
    step.a_row = stride_;
    step.packed = packed_->data;
    step.bias = biases_->data;
    return step;
  }

  // What a turn reads of these sequences, x | h or h: in two buffers, which take turns.
  char* rows_of(int64_t turn, Part sequences) const {
    const int64_t row = turn % 2 * walk_.rows(0) + sequences.from;
    return static_cast<char*>(rows_->data) + row * stride_ * size_;
  }

  // Those of `sequences` that a turn has.
  int64_t count_in(int64_t turn, Part sequences) const {
    return turn < walk_.steps() ? walk_.rows(walk_.step(turn), sequences) : 0;
  }

  void copy_x(int64_t turn, Part sequences) const {
    for (int64_t r = 0; r < count_in(turn, sequences); ++r)
      copy(rows_of(turn, sequences) + r * stride_ * size_,
           p_.x + (walk_.start(walk_.step(turn)) + sequences.from + r) * s_.inputs * size_, inputs());
  }
  // h in both buffers, for sequences that begin later.
  void copy_first() {
    const Part all{0, walk_.rows(0)};
    rows_ = allocate(static_cast<size_t>(2 * all.size * stride_ * size_));
    for (int64_t turn = 0; turn < 2; ++turn)
      for (int64_t r = 0; r < all.size; ++r)
        copy(rows_of(turn, all) + (r * stride_ + inputs()) * size_, p_.h + r * s_.hidden * size_, s_.hidden);
    copy_x(0, all);
  }

  // Points the step at `count` sequences from `sequences.from` on.
  void aim(RecurrentStep& step, int64_t turn, Part sequences, int64_t count) const {
    const int64_t row = walk_.start(walk_.step(turn)) + sequences.from, h = inputs() * size_;
    char *const now = rows_of(turn, sequences), *const next = rows_of(turn + 1, sequences);
    step.rows = count;
    step.a = now;
    RecurrentUpdate& update = step.update;
    update.h_before = {now + h, step.a_row, 0};
    update.h = {next + h, step.a_row, 0};
    update.c = rows_at(p_.c_n, sequences.from, s_.hidden);
    update.y = rows_at(p_.y, row, s_.hidden);
    update.gates = rows_at(p_.gates, row, blocks_of(s_.cell) * s_.hidden, s_.hidden);
    update.cells = rows_at(p_.cells, row, s_.hidden);
  }

  // A piece's part of what a turn of these sequences writes for the way back.
  RecurrentAhead ahead(int64_t turn, Part sequences, int64_t piece, int64_t pieces) const {
    const int64_t count = count_in(turn, sequences);
    if (count == 0) return {};
    return recurrent_ahead(s_, p_.dtype, walk_.start(walk_.step(turn)) + sequences.from, count, piece, pieces,
                           {{p_.gates, blocks_of(s_.cell) * s_.hidden}, {p_.cells, s_.hidden}, {p_.y, s_.hidden}});
  }

  void walk_steps() {
    const auto fn = kernel_.step[static_cast<int>(p_.dtype)];
    const int64_t units = units_of_piece(s_, p_.dtype), pieces = ceil_div(s_.hidden, units);
    const int64_t steps = walk_.steps(), chains = chains_of_sequences(walk_.rows(0));
    const int64_t width = gates_of(s_.cell) * s_.hidden;
    StorageRef projection;
    if (!takes_x()) {
      projection = allocate(static_cast<size_t>(s_.rows * width * size_));
      RecurrentGemm{p_.dtype,     s_.rows, width,
                    s_.inputs,    p_.x,    s_.inputs,
                    p_.weight_ih, true,    static_cast<char*>(projection->data),
                    width}
          .run();
    }
    copy_first();
    const RecurrentStep first = first_step();
    const double ns = step_ns(s_, s_.rows, inputs() + s_.hidden) / static_cast<double>(chains * steps * pieces);
    parallel_chains(chains, steps, pieces, ns, [&](int64_t chain, int64_t turn, int64_t piece) {
      const Part sequences = part(walk_.rows(0), 1, chains, chain);
      if (piece == 0) copy_x(turn + 1, sequences);
      const int64_t count = count_in(turn, sequences);
      if (count == 0) return;
      RecurrentStep step = first;
      aim(step, turn, sequences, count);
      if (!takes_x())
        step.projection = rows_at(static_cast<char*>(projection->data), walk_.start(walk_.step(turn)) + sequences.from,
                                  width, s_.hidden);
      step.ahead = ahead(turn + 1, sequences, piece, pieces);
      step.from = piece * units;
      step.to = std::min(step.from + units, s_.hidden);
      fn(step);
    });
  }

  const RecurrentProblem& p_;
  const RecurrentShape& s_;
  const RecurrentWalk walk_;
  const int64_t size_;
  const RecurrentKernels& kernel_;
  StorageRef packed_, biases_, rows_;
  int64_t stride_ = 0;  // of rows x | h
};

}  // namespace

void recurrent(const RecurrentProblem& p) {
  const FlushDenormals flushed;
  RecurrentForward(p).run();
}

}  // namespace tw::cpu
