// Optimiser steps, as kernels of any device see them.
#pragma once
#include "core/dtype.h"

namespace tw {

// g <- -g if maximize; g <- g + weight_decay p; buffer <- momentum buffer + (1 - dampening) g, or g on the first step;
// d <- g + momentum buffer if nesterov, else buffer; p <- p - lr d. Without momentum d is g and `buffer` null.
struct SgdArgs {
  double lr, momentum, dampening, weight_decay;
  bool nesterov, maximize, first_step;
};

// g <- -g if maximize; weight decay is added to g, or decoupled: p <- p - lr weight_decay p;
// m <- beta1 m + (1 - beta1) g; v <- beta2 v + (1 - beta2) g^2; w <- max(w, v) if amsgrad (w non-null), else v;
// p <- p - (lr / bias1) m / (sqrt(w / bias2) + eps), where bias_i = 1 - beta_i^step.
struct AdamArgs {
  double lr, beta1, beta2, eps, weight_decay;
  double bias1, bias2;
  bool decoupled, maximize;
};

}  // namespace tw
