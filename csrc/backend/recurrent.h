// Recurrent layers over whole sequences, as devices are given them. Arrays are contiguous, of float32 or float64.
//
// Sequences lie packed, one step behind another: see python/tilewright/_functions/recurrent.py.
#pragma once
#include <vector>

#include "backend/operands.h"
#include "backend/recurrent_problem.h"

namespace tw {

struct RecurrentShape {
  RecurrentCell cell;
  bool reverse;
  std::vector<int64_t> batch_sizes;  // of each step; they never increase
  int64_t rows, batch;               // of x, their sum; of the first states
  int64_t inputs, hidden, output;    // columns of x, of c, of h: the last is `hidden` but where h is projected

  int64_t steps() const { return static_cast<int64_t>(batch_sizes.size()); }
};

// Null: c, weight_hr and peephole where there are none; biases that are left out; gates and cells where no way back is
// to come.
struct RecurrentProblem {
  RecurrentShape shape;
  DType dtype;
  const char *x, *h, *c;  // (rows, inputs), (batch, output), (batch, hidden)
  const char *weight_ih, *weight_hh, *bias_ih, *bias_hh;
  const char *weight_hr, *peephole;  // (output, hidden), (3, hidden)
  char *y, *h_n, *c_n;               // (rows, output), as h, as c
  char *gates, *cells;               // (rows, blocks_of(cell) hidden), (rows, hidden)
};

// Null: cotangents that did not arrive, and what there is none of.
struct RecurrentBackwardProblem {
  RecurrentShape shape;
  DType dtype;
  const char *g, *g_h, *g_c;  // of y, h_n and c_n
  const char *h, *c, *weight_ih, *weight_hh, *weight_hr, *peephole, *y, *gates, *cells;
  char* of_gates;            // (rows, gates_of(cell) hidden): of what the weights compute of x
  char* of_products;         // the same of h, where it differs: of the GRU
  char *of_x, *of_h, *of_c;  // of x, where it is wanted, and of the first states
  char *of_y, *unprojected;  // (rows, output), (rows, hidden): of all h, and h before it was projected, where it is
};

template <class F>
void operands(RecurrentProblem& p, F f) {
  for (const char** read :
       {&p.x, &p.h, &p.c, &p.weight_ih, &p.weight_hh, &p.bias_ih, &p.bias_hh, &p.weight_hr, &p.peephole})
    f(Access::reads, *read);
  for (char** written : {&p.y, &p.h_n, &p.c_n, &p.gates, &p.cells}) f(Access::writes, *written);
}
template <class F>
void operands(RecurrentBackwardProblem& p, F f) {
  for (const char** read : {&p.g, &p.g_h, &p.g_c, &p.h, &p.c, &p.weight_ih, &p.weight_hh, &p.weight_hr, &p.peephole,
                            &p.y, &p.gates, &p.cells})
    f(Access::reads, *read);
  for (char** written : {&p.of_gates, &p.of_products, &p.of_x, &p.of_h, &p.of_c, &p.of_y, &p.unprojected})
    f(Access::writes, *written);
}

}  // namespace tw
