// Optimiser steps over all parameters in one call, in place. Everything is checked before anything is written.
#pragma once
#include <vector>

#include "backend/optim_problem.h"
#include "core/array.h"

namespace tw {

typedef std::vector<const Array*> ArrayRefs;

// Parameters and their states must be contiguous and writable, float32 or float64, and agree in shape and dtype;
// gradients may have any strides. states[k][i] is state k of parameter i, and settings[which[i]] are its settings, the
// first ones where `which` is empty.
void optim_step(StepRule rule, const ArrayRefs& params, const ArrayRefs& grads, const std::vector<ArrayRefs>& states,
                std::vector<StepSettings> settings, const std::vector<size_t>& which);

// The norm of all arrays as one vector; p is 1, 2 or infinity. Computed in double, in an order fixed by the shapes.
double total_norm(const ArrayRefs& arrays, double p);

}  // namespace tw
