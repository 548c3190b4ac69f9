// Softmax along any axis, and cross-entropy fused with it.
#pragma once
#include "backend/softmax_problem.h"
#include "core/array.h"

namespace tw {

// Floating point only; integers become float32.
Array softmax(const Array& x, int64_t axis);
Array log_softmax(const Array& x, int64_t axis);
Array logsumexp(const Array& x, int64_t axis);  // which is kept with length 1

// Gradients from the result y: y (g - sum g y), and g - exp(y) sum g. g and y have one shape and dtype.
Array softmax_backward(const Array& g, const Array& y, int64_t axis);
Array log_softmax_backward(const Array& g, const Array& y, int64_t axis);

// As torch.nn.functional.cross_entropy with class indices. logits (C,), (N, C) or (N, C, d1, ..), float; target the
// same without C, integer; weight (C,) or null. mean divides by the weights of the targets that count.
struct CrossEntropyOptions {
  const Array* weight = nullptr;
  int64_t ignore_index = -100;
  double label_smoothing = 0;
  LossReduction reduction = LossReduction::mean;
};
struct CrossEntropyResult {
  Array loss;   // (), or of target's shape without a reduction; the logits' dtype
  Array saved;  // for the backward pass: max and log sum of each sample, then the divisor
};
CrossEntropyResult cross_entropy(const Array& logits, const Array& target, const CrossEntropyOptions& options);
Array cross_entropy_backward(const Array& g, const Array& logits, const Array& target, const Array& saved,
                             const CrossEntropyOptions& options);

}  // namespace tw
