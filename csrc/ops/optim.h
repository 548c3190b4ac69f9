// Optimiser steps over all parameters in one call, in place. Everything is checked before anything is written.
#pragma once
#include <vector>

#include "backend/optim_problem.h"
#include "core/array.h"

namespace tw {

typedef std::vector<const Array*> ArrayRefs;

// Parameters and their state must be contiguous and writable, float32 or float64, and agree in shape and dtype;
// gradients may have any strides. `buffers` is empty without momentum.
void sgd_step(const ArrayRefs& params, const ArrayRefs& grads, const ArrayRefs& buffers, const SgdArgs& args);

// steps: how many steps each parameter will have made with this one, from 1. max_exp_avg_sqs is empty without AMSGrad.
void adam_step(const ArrayRefs& params, const ArrayRefs& grads, const ArrayRefs& exp_avgs, const ArrayRefs& exp_avg_sqs,
               const ArrayRefs& max_exp_avg_sqs, const std::vector<int64_t>& steps, AdamArgs args);

// The norm of all arrays as one vector; p is 1, 2 or infinity. Computed in double, in an order fixed by the shapes.
double total_norm(const ArrayRefs& arrays, double p);

}  // namespace tw
