// Optimiser steps, as kernels of any device see them.
#pragma once
#include "core/dtype.h"

namespace tw {

// THE list of rules. X(name, fewest states, most states): arrays like the parameter that a rule keeps, s0 s1 s2 below.
//
// With u the gradient g, m and v running means of g and g^2, each rule begins with
//   g <- -g if maximize; g <- g + decay p if decay is not 0; p <- shrink p
// and goes on with
//   sgd       s0 <- first ? g : beta1 s0 + gain g; u <- nesterov ? g + beta1 s0 : s0; without state u <- g; p -= rate u
//   adam      s0 = m (beta1), s1 = v (beta2), AMSGrad: s2 <- max(s2, s1); p -= rate m / (sqrt(unbias2 v or s2) + eps)
//   rmsprop   s0 = v (beta2), centered: then m (beta2); u <- g / (sqrt(v - m^2) + eps); momentum: the last state is
//             b <- beta1 b + u, u <- b; p -= rate u
//   adagrad   s0 <- s0 + g^2; p -= rate g / (sqrt(s0) + eps)
//   adadelta  s0 = v (beta2); u <- sqrt(s1 + eps) / sqrt(s0 + eps) g; s1 = mean of u^2 (beta2); p -= rate u
//   adamax    s0 = m (beta1); s1 <- max(beta2 s1, |g| + eps); p -= rate m / s1
//   nadam     s0 = m (beta1), s1 = v (beta2); p -= (rate m + gain g) / (sqrt(unbias2 v) + eps)
//   radam     s0 = m (beta1), s1 = v (beta2); p -= rectified ? rate m / (sqrt(v) + eps) : rate m
//   lion      u <- sign(beta1 s0 + (1 - beta1) g); s0 = mean of g (beta2); p -= rate u
//   lamb      s0 = m (beta1), s1 = v (beta2) of g without decay; u <- unbias1 m / (sqrt(unbias2 v) + eps) + decay p;
//             p -= rate |p| / |u| u, with norms of the whole parameter, or rate u where one of them is 0
#define TW_STEP_RULES(X) \
  X(sgd, 0, 1)           \
  X(adam, 2, 3)          \
  X(rmsprop, 1, 3)       \
  X(adagrad, 1, 1)       \
  X(adadelta, 2, 2)      \
  X(adamax, 2, 2)        \
  X(nadam, 2, 2)         \
  X(radam, 2, 2)         \
  X(lion, 1, 1)          \
  X(lamb, 2, 2)

enum class StepRule : uint8_t {
#define TW_STEP_RULE(name, fewest, most) name,
  TW_STEP_RULES(TW_STEP_RULE)
#undef TW_STEP_RULE
};
#define TW_COUNT_RULE(...) +1
constexpr int kStepRules = 0 TW_STEP_RULES(TW_COUNT_RULE);
#undef TW_COUNT_RULE
constexpr int kMostStates = 3;

// What the formulas name; a rule reads what its formula has. Corrections that depend on the number of steps are in.
#define TW_STEP_NUMBERS(X) \
  X(rate, 0)               \
  X(decay, 0) X(shrink, 1) X(beta1, 0) X(beta2, 0) X(gain, 0) X(eps, 0) X(unbias1, 1) X(unbias2, 1)
#define TW_STEP_FLAGS(X) X(maximize) X(first) X(nesterov) X(centered) X(rectified)

struct StepSettings {
#define TW_STEP_NUMBER(name, otherwise) double name = otherwise;
#define TW_STEP_FLAG(name) bool name = false;
  TW_STEP_NUMBERS(TW_STEP_NUMBER)
  TW_STEP_FLAGS(TW_STEP_FLAG)
#undef TW_STEP_NUMBER
#undef TW_STEP_FLAG
};

}  // namespace tw
