// The way back through recurrent layers: cotangents of all sums, and of the first states. What is a product over all
// steps, the gradients of weights and of x, ops/ and the tape make of them.
#include <algorithm>
#include <cstring>

#include "core/denormals.h"
#include "core/divide.h"
#include "core/parallel.h"
#include "cpu/gemm_split.h"
#include "cpu/recurrent.h"

namespace tw::cpu {
namespace {

template <class T>
void add(const char* a, const char* b, char* to, int64_t count) {
  const T *x = reinterpret_cast<const T*>(a), *y = reinterpret_cast<const T*>(b);
  for (int64_t i = 0; i < count; ++i) reinterpret_cast<T*>(to)[i] = x[i] + y[i];
}

class RecurrentBack {
 public:
  explicit RecurrentBack(const RecurrentBackwardProblem& p)
      : p_(p),
        s_(p.shape),
        walk_(p.shape),
        size_(size_of(p.dtype)),
        width_(gates_of(s_.cell) * s_.hidden),
        kernel_(kernels().recurrent) {}

  void run() {
    copy_or_clear(p_.of_h, p_.g_h, s_.batch * s_.output);
    copy_or_clear(p_.of_c, p_.g_c, s_.batch * s_.hidden);
    if (s_.rows == 0 || s_.hidden == 0) return copy_or_clear(p_.of_x, nullptr, s_.rows * s_.inputs);
    if (!is_fused(s_, p_.dtype)) {
      one_by_one();
      return all_of_x();
    }
    pack();
    walk_steps();
    if (!steps_of_x()) all_of_x();
  }

 private:
  void copy_or_clear(char* to, const char* from, int64_t count) const {
    const auto nbytes = static_cast<size_t>(count * size_);
    if (nbytes == 0 || !to) return;
    if (from)
      std::memcpy(to, from, nbytes);
    else
      std::memset(to, 0, nbytes);
  }
  RecurrentRows rows_at(const char* data, int64_t row, int64_t columns, int64_t block = 0) const {
    return {data ? const_cast<char*>(data) + row * columns * size_ : nullptr, columns, block};
  }

  // Of sequences [from, from + rows) in a step; states before it are those of the step before.
  RecurrentBackward at_step(int64_t step, int64_t from) const {
    const int64_t row = walk_.start(step) + from, before = walk_.before(step).start + from;
    const int64_t blocks = blocks_of(s_.cell);
    RecurrentBackward b{};
    b.cell = s_.cell;
    b.units = s_.hidden;
    b.g = rows_at(p_.g, row, s_.hidden);
    b.of_h = rows_at(p_.of_h, from, s_.hidden);
    b.of_c = rows_at(p_.of_c, from, s_.hidden);
    b.gates = rows_at(p_.gates, row, blocks * s_.hidden, s_.hidden);
    b.c = rows_at(p_.cells, row, s_.hidden);
    b.c_before = rows_at(p_.cells, before, s_.hidden);
    b.h_before = rows_at(p_.y, before, s_.output);
    b.y = rows_at(s_.cell == RecurrentCell::lstm ? nullptr : p_.y, row, s_.hidden);
    b.peephole = {const_cast<char*>(p_.peephole), 0, s_.hidden};
    b.of_gates = rows_at(p_.of_gates, row, width_, s_.hidden);
    b.of_products = rows_at(p_.of_products, row, width_, s_.hidden);
    return b;
  }

  // In one product.
  void all_of_x() const {
    if (!p_.of_x) return;
    RecurrentGemm{p_.dtype, s_.rows, s_.inputs, width_, p_.of_gates, width_, p_.weight_ih, false, p_.of_x, s_.inputs}
        .run();
  }

  // `b` is of sequences from `from` on; those of its rows that begin in this step have first states before it.
  void pass(const RecurrentBackward& b, int64_t step, int64_t from, int64_t rows, int64_t unit) const {
    const auto fn = kernel_.backward[static_cast<int>(p_.dtype)];
    const int64_t later = std::clamp<int64_t>(walk_.before(step).count - from, 0, rows);
    RecurrentBackward part = b.at(0, unit, size_);
    part.rows = later;
    if (later > 0) fn(part);
    if (later == rows) return;
    part = b.at(later, unit, size_);
    part.rows = rows - later;
    part.c_before = rows_at(p_.c, from + later, s_.hidden).at(0, unit, size_);
    part.h_before = rows_at(p_.h, from + later, s_.output).at(0, unit, size_);
    fn(part);
  }

  // ---- a pass and a product for each step ---------------------------------------------------------------------------

  void pass_in_parallel(const RecurrentBackward& b, int64_t step, int64_t rows) const {
    const double ns = 5 * static_cast<double>(s_.hidden);
    parallel_for(rows, std::max<int64_t>(1, 4096 / s_.hidden), ns,
                 [&](int64_t begin, int64_t end) { pass(b.at(begin, 0, size_), step, begin, end - begin, 0); });
  }

  // of_h = of the products of these gates, or += them.
  void through_weights(const char* of_sums, int64_t rows, int64_t gate, int64_t count, char* to, bool adds) const {
    const int64_t first = gate * s_.hidden;
    RecurrentGemm{p_.dtype,
                  rows,
                  s_.output,
                  count * s_.hidden,
                  of_sums + first * size_,
                  width_,
                  p_.weight_hh + first * s_.output * size_,
                  false,
                  to,
                  s_.output,
                  nullptr,
                  adds}
        .run();
  }

  void one_by_one() {
    const bool projected = s_.output != s_.hidden, resets_first = s_.cell == RecurrentCell::gru_reset_first;
    const StorageRef memory = allocate(static_cast<size_t>(s_.batch * s_.hidden * size_));
    char* const scratch = static_cast<char*>(memory->data);
    for (int64_t turn = walk_.steps() - 1; turn >= 0; --turn) {
      const int64_t step = walk_.step(turn), rows = walk_.rows(step), start = walk_.start(step);
      RecurrentBackward b = at_step(step, 0);
      if (projected) {
        char* const of_y = p_.of_y + start * s_.output * size_;
        const char* const g = p_.g + start * s_.output * size_;
        if (!p_.g)
          std::memcpy(of_y, p_.of_h, static_cast<size_t>(rows * s_.output * size_));
        else if (p_.dtype == DType::f32)
          add<float>(p_.of_h, g, of_y, rows * s_.output);
        else
          add<double>(p_.of_h, g, of_y, rows * s_.output);
        RecurrentGemm{p_.dtype, rows, s_.hidden, s_.output, of_y, s_.output, p_.weight_hr, false, scratch, s_.hidden}
            .run();
        b.g = {};
        b.of_h = {scratch, s_.hidden, 0};
        b.y = rows_at(p_.unprojected, start, s_.hidden);
      }
      if (resets_first) b.part = RecurrentPart::reset;
      pass_in_parallel(b, step, rows);
      char* const of_gates = p_.of_gates + start * width_ * size_;
      const char* const of_sums = p_.of_products ? p_.of_products + start * width_ * size_ : of_gates;
      if (resets_first) {
        through_weights(of_gates, rows, 2, 1, scratch, false);
        b.part = RecurrentPart::rest;
        b.g = {scratch, s_.hidden, 0};
        pass_in_parallel(b, step, rows);
      }
      through_weights(of_sums, rows, 0, resets_first ? 2 : gates_of(s_.cell), p_.of_h, gates_of(s_.cell) == 3);
    }
  }

  // ---- fused steps --------------------------------------------------------------------------------------------------

  // Weights as they lie: (width, columns).
  StorageRef packed(const char* weight, int64_t columns) const {
    const PackedGemm& layout = kernels().gemm.packed[static_cast<int>(p_.dtype)];
    const int64_t nr = layout.nr, panels = ceil_div(columns, nr);
    StorageRef all = allocate(static_cast<size_t>(panels * nr * width_ * size_));
    parallel_for(panels, 1, static_cast<double>(nr * width_), [&](int64_t begin, int64_t end) {
      for (int64_t panel = begin; panel < end; ++panel)
        layout.pack_b(weight + panel * nr * size_, 1, columns, std::min(nr, columns - panel * nr), width_,
                      static_cast<char*>(all->data) + panel * nr * width_ * size_);
    });
    return all;
  }
  void pack() {
    packed_ = packed(p_.weight_hh, s_.hidden);
    if (steps_of_x()) packed_ih_ = packed(p_.weight_ih, s_.inputs);
  }

  bool steps_of_x() const { return p_.of_x && walk_.rows(0) > kFewSequences; }  // steps make cotangents of x too

  int64_t step_of(int64_t turn) const { return walk_.step(walk_.steps() - 1 - turn); }
  // Those of `sequences` that a turn of the way back has.
  int64_t count_in(int64_t turn, Part sequences) const {
    return turn < walk_.steps() ? walk_.rows(step_of(turn), sequences) : 0;
  }

  // A piece's part of what the pass of a turn reads and writes.
  RecurrentAhead ahead(int64_t turn, Part sequences, int64_t piece, int64_t pieces) const {
    const int64_t count = count_in(turn, sequences);
    if (count == 0) return {};
    return recurrent_ahead(s_, p_.dtype, walk_.start(step_of(turn)) + sequences.from, count, piece, pieces,
                           {{p_.gates, blocks_of(s_.cell) * s_.hidden},
                            {p_.cells, s_.hidden},
                            {p_.g, s_.hidden},
                            {p_.of_gates, width_},
                            {p_.of_products, width_}});
  }

  // In each turn the products of the one before, then the pass of the same units; so threads wait once.
  void walk_steps() const {
    const auto fn = kernel_.product[static_cast<int>(p_.dtype)];
    const int64_t each = units_of_piece(s_, p_.dtype), pieces = ceil_div(s_.hidden, each);
    const int64_t all = walk_.rows(0), steps = walk_.steps(), chains = chains_of_sequences(all);
    const int64_t stride = scratch_stride(width_, p_.dtype);
    const StorageRef scratch = allocate(static_cast<size_t>(2 * all * stride * size_));
    const auto sums_of = [&](int64_t turn, Part sequences) {
      return static_cast<char*>(scratch->data) + (turn % 2 * all + sequences.from) * stride * size_;
    };
    const double ns = step_ns(s_, s_.rows, s_.hidden) / static_cast<double>(chains * steps * pieces);
    parallel_chains(chains, steps + 1, pieces, ns, [&](int64_t chain, int64_t turn, int64_t piece) {
      const Part sequences = part(all, 1, chains, chain), units = part(s_.hidden, each, pieces, piece);
      const int64_t last = turn > 0 ? count_in(turn - 1, sequences) : 0, count = count_in(turn, sequences);
      if (last > 0) {
        const char* const sums = sums_of(turn - 1, sequences);
        fn({last, width_, units.from, units.from + units.size, sums, stride, packed_->data,
            rows_at(p_.of_h, sequences.from, s_.hidden), gates_of(s_.cell) == 3,
            ahead(turn + 1, sequences, piece, pieces)});
        if (steps_of_x()) {
          const int64_t row = walk_.start(step_of(turn - 1)) + sequences.from;
          const bool copied = !p_.of_products;  // else the copy is of the products with h
          const Part columns = part(s_.inputs, each, pieces, piece);
          fn({last,
              width_,
              columns.from,
              columns.from + columns.size,
              copied ? sums : p_.of_gates + row * width_ * size_,
              copied ? stride : width_,
              packed_ih_->data,
              rows_at(p_.of_x, row, s_.inputs),
              false,
              {}});
        }
      }
      if (count == 0) return;
      RecurrentBackward b = at_step(step_of(turn), sequences.from);
      b.copy = {sums_of(turn, sequences), stride, s_.hidden};
      b.units = units.size;
      pass(b, step_of(turn), sequences.from, count, units.from);
    });
  }

  const RecurrentBackwardProblem& p_;
  const RecurrentShape& s_;
  const RecurrentWalk walk_;
  const int64_t size_;
  const int64_t width_;  // of the cotangents of a row's sums
  const RecurrentKernels& kernel_;
  StorageRef packed_, packed_ih_;
};

}  // namespace

void recurrent_backward(const RecurrentBackwardProblem& p) {
  const FlushDenormals flushed;
  RecurrentBack(p).run();
}

}  // namespace tw::cpu
