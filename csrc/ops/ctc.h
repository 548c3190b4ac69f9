// Connectionist temporal classification.
#pragma once
#include "core/array.h"

namespace tw {

// log_probs (T, N, C), floating; targets (N, S), or 1-D with one sequence behind another; lengths (N,). Classes but
// `blank`.
struct CtcTargets {
  const Array &targets, &input_lengths, &target_lengths;
  int64_t blank;
};
struct CtcResult {
  Array losses;     // (N,), negative log-likelihoods; inf where there is no alignment
  Array log_alpha;  // for the backward pass
};
CtcResult ctc_loss(const Array& log_probs, const CtcTargets&);
Array ctc_loss_backward(const Array& g, const Array& log_probs, const Array& log_alpha, const CtcTargets&);

}  // namespace tw
