// The gradient of a weight with few filters, tap by tap: why not, or null, and the driver.
#pragma once
#include "backend/conv_problem.h"

namespace tw::cpu {

const char* shifted_gradient_unsupported(const ConvWeightGradientProblem&);

// False, and nothing is written, where an element of the images is not finite.
bool shifted_gradient(const ConvWeightGradientProblem&);

}  // namespace tw::cpu
