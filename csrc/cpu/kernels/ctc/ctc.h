// Connectionist temporal classification: the likelihood of a sequence of labels summed over its alignments with time
// steps, and the gradient of its logarithm.
#pragma once
#include "core/dtype.h"

namespace tw {

// One sequence. Its states are blank, label 0, blank, label 1, .., blank: 2 * labels + 1 of them.
struct CtcArgs {
  int64_t steps, labels;
  int64_t all_steps;  // of the longest sequence
  int64_t stride;     // elements from one step of log_probs to the next
  int64_t classes, blank;
};

constexpr int64_t kCtcMargin = 64;  // states more that each of the four rows of scratch memory has

// The negative log-likelihood, inf where there is no alignment. Leaves the forward variables of each step, (steps,
// states), up to a constant for each step. `scratch`: 4 * (states + kCtcMargin) doubles.
typedef double (*CtcForwardFn)(const CtcArgs&, const void* log_probs, const int64_t* labels, void* log_alpha,
                               double* scratch);

// gx = -g times how likely each class is at each step, given the labels: g times the derivative of the loss. Zeros
// beyond the sequence's steps, and everywhere where there is no alignment. Laid out as log_probs.
typedef void (*CtcBackwardFn)(const CtcArgs&, const void* log_probs, const int64_t* labels, const void* log_alpha,
                              double g, void* gx, double* scratch);

// Indexed by dtype: float32 and float64.
struct CtcKernels {
  CtcForwardFn forward[kDTypes];
  CtcBackwardFn backward[kDTypes];
};

}  // namespace tw
