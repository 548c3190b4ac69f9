// Connectionist temporal classification, as devices are given it. Arrays are contiguous.
#pragma once
#include "backend/operands.h"
#include "core/dtype.h"

namespace tw {

struct CtcInputs {
  DType dtype;  // float32 or float64
  int64_t steps, batch, classes, blank;
  int64_t width;          // of targets: entries for each sequence, or -1 where sequences lie one behind another
  int64_t count;          // of all entries of targets
  const char* log_probs;  // (steps, batch, classes)
  const int64_t *targets, *input_lengths, *target_lengths;

  // Forward variables that are kept: of all steps and of 2 * labels + 1 states, by sequence.
  int64_t kept() const { return steps * (2 * count + batch); }
};

// Both give the first sequence whose lengths or targets are not possible, `batch` where the lengths of targets one
// behind another do not add up to `count`, and then write nothing; or -1.
struct CtcProblem {
  CtcInputs in;
  char* losses;     // (batch,)
  char* log_alpha;  // for the way back
};
struct CtcBackwardProblem {
  CtcInputs in;
  const char *log_alpha, *g;  // g as losses
  char* gx;                   // as log_probs
};

template <class F>
void operands(CtcInputs& p, F f) {
  f(Access::reads, p.log_probs);
  for (const int64_t** read : {&p.targets, &p.input_lengths, &p.target_lengths}) f(Access::reads, *read);
}
template <class F>
void operands(CtcProblem& p, F f) {
  operands(p.in, f);
  for (char** written : {&p.losses, &p.log_alpha}) f(Access::writes, *written);
}
template <class F>
void operands(CtcBackwardProblem& p, F f) {
  operands(p.in, f);
  for (const char** read : {&p.log_alpha, &p.g}) f(Access::reads, *read);
  f(Access::writes, p.gx);
}

}  // namespace tw
