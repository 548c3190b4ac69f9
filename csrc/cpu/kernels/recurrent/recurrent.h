// The kernels of recurrent layers: a step of some rows and some hidden units, and the way back. See README.md.
#pragma once
#include "backend/recurrent_problem.h"

namespace tw {

// Numbers of rows, `row` apart, each row in blocks of hidden units, `block` apart. Null where there are none.
struct RecurrentRows {
  void* data;
  int64_t row, block;

  __attribute__((always_inline)) RecurrentRows at(int64_t r, int64_t unit, int64_t size) const {
    return {data ? static_cast<char*>(data) + (r * row + unit) * size : nullptr, row, block};
  }
};

// Memory that is wanted next and lies in no cache near by: products fetch it into L2 on their way.
struct RecurrentAhead {
  static constexpr int kMost = 5;
  struct Range {
    const void* data;
    int64_t nbytes;
  } ranges[kMost];
  int count;
  bool weights_too;  // they do not stay in L2, and are fetched too: then tiles are many, and each fetches less
};

// What sums become: gates, c and h. The parts of gru_reset_first are r h, which a product has to wait for, and h.
enum class RecurrentPart : uint8_t { all, reset, rest };

struct RecurrentUpdate {
  RecurrentCell cell;
  RecurrentPart part;
  int64_t rows, units;
  RecurrentRows sums;          // of each block; n of the GRU is that of x
  RecurrentRows h_before;      // of the GRU
  RecurrentRows c;             // before and after
  RecurrentRows peephole;      // of i, f and o in one row; null without
  RecurrentRows y, h;          // both get h; y may be null
  RecurrentRows gates, cells;  // for the way back, or null; gates may be the sums

  __attribute__((always_inline)) RecurrentUpdate at(int64_t r, int64_t unit, int64_t size) const {
    return {cell,
            part,
            rows,
            units,
            sums,
            h_before.at(r, unit, size),
            c.at(r, unit, size),
            peephole.at(0, unit, size),
            y.at(r, unit, size),
            h.at(r, unit, size),
            gates.at(r, unit, size),
            cells.at(r, unit, size)};
  }
};

// A step of all rows and of hidden units [from, to): sums = bias + x Wx^T + h Wh^T, updated while they are in L1.
// `a` has the rows x | h. Without `inputs` their products with x lie in `projection` instead, a row of H for each gate.
// Weights are packed in groups of nr units: see pack_of().
struct RecurrentStep {
  RecurrentUpdate update;  // its sums are not looked at
  int64_t rows, hidden, from, to;
  const void* a;
  int64_t a_row, inputs;
  const void* packed;
  const void* bias;  // (blocks, hidden)
  RecurrentRows projection;
  RecurrentAhead ahead;
};

// How weights of a step are packed: of each group of nr units, of each block, the columns of Wx^T, as deep as x or not
// at all, and those of Wh^T. A GRU's n has a block for either.
struct RecurrentBlock {
  int64_t gate;
  bool of_x, of_h;
};
constexpr RecurrentBlock recurrent_block(RecurrentCell cell, int64_t block) {
  if (gates_of(cell) == 3 && block >= 2) return {2, block == 2, block == 3};
  return {block, true, true};
}

// The way back through the update: cotangents of the gates' sums from those of h and c.
struct RecurrentBackward {
  RecurrentCell cell;
  RecurrentPart part;
  int64_t rows, units;
  RecurrentRows g;           // of y; may be null
  RecurrentRows of_h, of_c;  // in: from later steps; out: what does not go through a product
  RecurrentRows gates, c, c_before, h_before;
  RecurrentRows y;  // of the plain cell; of the LSTM, where it is wanted, written: h before its projection
  RecurrentRows peephole;
  RecurrentRows of_gates;     // of each gate, of what comes from x
  RecurrentRows of_products;  // of what comes from h, where that differs: of the GRU; or null
  RecurrentRows copy;         // once more, for the product, or null

  __attribute__((always_inline)) RecurrentBackward at(int64_t r, int64_t unit, int64_t size) const {
    return {cell,
            part,
            rows,
            units,
            g.at(r, unit, size),
            of_h.at(r, unit, size),
            of_c.at(r, unit, size),
            gates.at(r, unit, size),
            c.at(r, unit, size),
            c_before.at(r, unit, size),
            h_before.at(r, unit, size),
            y.at(r, unit, size),
            peephole.at(0, unit, size),
            of_gates.at(r, unit, size),
            of_products.at(r, unit, size),
            copy.at(r, unit, size)};
  }
};

// c (rows, [from, to)) = a (rows, k) b, or += it; b packed in panels of nr columns, k deep.
struct RecurrentProduct {
  int64_t rows, k, from, to;
  const void* a;
  int64_t a_row;
  const void* packed;
  RecurrentRows c;
  bool add;
  RecurrentAhead ahead;
};

// Indexed by dtype: float32 and float64.
struct RecurrentKernels {
  static constexpr int64_t kMostRows = 32;  // of a step or a product

  void (*update[kDTypes])(const RecurrentUpdate&);
  void (*backward[kDTypes])(const RecurrentBackward&);
  // Null at levels without packed products.
  void (*step[kDTypes])(const RecurrentStep&);
  void (*product[kDTypes])(const RecurrentProduct&);
};

}  // namespace tw
