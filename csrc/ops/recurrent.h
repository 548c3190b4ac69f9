// Recurrent layers over packed sequences, one layer and one direction each. All arrays promote to one floating dtype;
// halves are computed in float32 and rounded at the results.
#pragma once
#include <string>
#include <vector>

#include "backend/recurrent_problem.h"
#include "core/array.h"

namespace tw {

// What python/tilewright/_functions/recurrent.py says of them; null where one is left out.
struct RecurrentInputs {
  RecurrentCell cell;
  const Array &x, &h;
  const Array* c;
  const Array &weight_ih, &weight_hh;
  const Array *bias_ih, *bias_hh, *weight_hr, *weight_peephole;
  const std::vector<int64_t>& batch_sizes;
  bool reverse;
};

// c_n of the LSTM alone. What the way back needs, in the compute type and where `keep` asks for it: gates, and of the
// LSTM cells; see kernels/recurrent/README.md.
struct RecurrentResult {
  Array output, h_n, c_n, gates, cells;
};
RecurrentResult recurrent(const RecurrentInputs& in, bool keep);

// Cotangents that did not arrive are null.
struct RecurrentCotangents {
  const Array *output, *h_n, *c_n;
};
// In the compute type: cotangents of what weight_ih and weight_hh multiply x and h to, (rows, G H), the second empty
// where they are the same; of x, where that is wanted, and the first states; of a projected LSTM of all h, and h before
// it was projected.
struct RecurrentGradients {
  Array gates, products, x, h, c, output, unprojected;
};
RecurrentGradients recurrent_backward(const RecurrentInputs& in, const RecurrentCotangents& g, const Array& output,
                                      const Array* gates, const Array* cells, bool wants_x);

}  // namespace tw
