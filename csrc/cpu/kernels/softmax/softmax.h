// Softmax along one axis, its logarithm, their gradients, and cross-entropy fused with it.
#pragma once
#include "core/dtype.h"

namespace tw {

// Arrays seen as outer × n × inner, reduced over n: element (o, i, c) lies at (o * n + i) * stride + c. stride is the
// full length of the last axis, of which one call may cover only `inner` columns; it is 1 where n is the last axis
// itself. Arrays without the n axis have (o, c) at o * stride + c.
struct SoftmaxArgs {
  int64_t outer, n, inner, stride;
};

typedef void (*SoftmaxFn)(const SoftmaxArgs&, const void* x, void* y);
typedef void (*SoftmaxBackwardFn)(const SoftmaxArgs&, const void* g, const void* y, void* gx);

struct CrossEntropyArgs {
  SoftmaxArgs shape;     // of the logits; n is the number of classes
  int64_t ignore_index;  // samples with this target count for nothing
  double smoothing;      // share of the target distribution that is spread over all classes
  const void* weight;    // of each class, or null for 1
  double weight_sum;     // of all classes
};

// target[o * stride + c] is a class or ignore_index. For each sample
//   w = weight[target],  loss = (1 - smoothing) w d[target] + smoothing / n * sum over i of weight[i] d[i],
// 0 where ignored, with d[i] = log sum exp x - x[i]. log sum exp x is kept in two parts, shift = max x and log_total,
// since the sum of the two would lose log_total's digits where logits are huge. Writes loss (skipped where null), shift
// and log_total, laid out as target; adds the samples' losses to sums[0] and their w to sums[1].
typedef void (*CrossEntropyFn)(const CrossEntropyArgs&, const void* x, const int64_t* target, void* loss, void* shift,
                               void* log_total, double* sums);

// gx = d(sum of g loss)/dx. g is laid out as target; null where it is `g_all` for every sample.
typedef void (*CrossEntropyBackwardFn)(const CrossEntropyArgs&, const void* x, const int64_t* target, const void* shift,
                                       const void* log_total, const void* g, double g_all, void* gx);

// Indexed by dtype: float32 and float64, which all operands have.
struct SoftmaxKernels {
  SoftmaxFn softmax[kDTypes];
  SoftmaxFn log_softmax[kDTypes];
  SoftmaxFn logsumexp[kDTypes];                     // y without the n axis
  SoftmaxBackwardFn softmax_backward[kDTypes];      // y (g - sum g y)
  SoftmaxBackwardFn log_softmax_backward[kDTypes];  // g - exp(y) sum g
  CrossEntropyFn cross_entropy[kDTypes];
  CrossEntropyBackwardFn cross_entropy_backward[kDTypes];
};

}  // namespace tw
