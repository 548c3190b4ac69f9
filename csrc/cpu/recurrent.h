// What the ways there and back of recurrent layers share: private to recurrent.cpp and recurrent_backward.cpp.
#pragma once
#include <algorithm>
#include <initializer_list>
#include <vector>

#include "core/divide.h"
#include "cpu/cpu.h"
#include "cpu/dispatch/dispatch.h"
#include "cpu/gemm_split.h"

namespace tw::cpu {

// The steps of packed sequences, in the order in which a layer walks them.
class RecurrentWalk {
 public:
  explicit RecurrentWalk(const RecurrentShape& shape);

  int64_t steps() const { return shape_.steps(); }
  int64_t step(int64_t turn) const { return shape_.reverse ? steps() - 1 - turn : turn; }
  int64_t rows(int64_t step) const { return shape_.batch_sizes[static_cast<size_t>(step)]; }
  int64_t start(int64_t step) const { return starts_[static_cast<size_t>(step)]; }  // its first row
  // Those of these sequences that the step has.
  int64_t rows(int64_t step, Part sequences) const {
    return std::clamp<int64_t>(rows(step) - sequences.from, 0, sequences.size);
  }

  // Of the rows of a step, those that were in the step walked before it: the first ones, which lie from row `start` on.
  // The others begin here, with first states.
  struct Before {
    int64_t count, start;
  };
  Before before(int64_t step) const;

  // call(first sequence, how many, row of the first one's last step): of all sequences that have a step.
  template <class Call>
  void for_each_last(Call call) const {
    for (int64_t t = 0; t < steps(); ++t) {
      const int64_t from = shape_.reverse || t + 1 == steps() ? 0 : rows(t + 1);
      if (rows(t) > from) call(from, rows(t) - from, start(t) + from);
      if (shape_.reverse) return;
    }
  }

 private:
  const RecurrentShape& shape_;
  std::vector<int64_t> starts_;
};

// Whether the fused kernels of steps do it; else each step is a product and an update.
inline bool is_fused(const RecurrentShape& s, DType dtype) {
  return kernels().recurrent.step[static_cast<int>(dtype)] && s.cell != RecurrentCell::gru_reset_first &&
         s.output == s.hidden && s.steps() > 1 && s.rows > 0;
}

// Up to so many sequences are one chain of steps, and their products with x one GEMM; more are several chains, whose
// steps multiply x too.
inline constexpr int64_t kFewSequences = 12;
inline int64_t chains_of_sequences(int64_t count) { return power_of_two_below(ceil_div(count, kFewSequences)); }

// Hidden units of a piece of a step: whole panels, four gates' worth of them.
inline int64_t units_of_piece(const RecurrentShape& s, DType dtype) {
  return kernels().gemm.packed[static_cast<int>(dtype)].nr * (4 / gates_of(s.cell));
}

// Elements from one row of scratch to the next: rows of a register tile must not evict each other.
int64_t scratch_stride(int64_t columns, DType dtype);

// A piece's part of rows [row, row + rows) of arrays so many columns wide, as what is wanted next.
struct RecurrentColumns {
  const char* data;  // or null
  int64_t columns;
};
RecurrentAhead recurrent_ahead(const RecurrentShape&, DType, int64_t row, int64_t rows, int64_t piece, int64_t pieces,
                               std::initializer_list<RecurrentColumns> arrays);

// c (m, n) = bias + residual + a (m, k) w (n, k)^T; or a w where w is (k, n). Rows of a and of c lie apart.
struct RecurrentGemm {
  DType dtype;
  int64_t m, n, k;
  const char* a;
  int64_t a_row;
  const char* w;
  bool transposed;
  char* c;
  int64_t c_row;
  const char* bias = nullptr;
  bool add = false;  // residual: c

  void run() const;
};

inline double step_ns(const RecurrentShape& s, int64_t rows, int64_t columns) {
  return static_cast<double>(rows * s.hidden) * (0.03 * static_cast<double>(gates_of(s.cell) * columns) + 5);
}

}  // namespace tw::cpu
