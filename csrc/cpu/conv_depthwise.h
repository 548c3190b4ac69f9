// Convolutions with a group for each channel: why they cannot be direct, or null, and the drivers.
#pragma once
#include "backend/conv_problem.h"

namespace tw::cpu {

const char* depthwise_unsupported(const ConvProblem&);
void depthwise(const ConvProblem&);

const char* depthwise_transpose_unsupported(const ConvProblem&);
void depthwise_transpose(const ConvProblem&);

const char* depthwise_weight_gradient_unsupported(const ConvWeightGradientProblem&);
void depthwise_weight_gradient(const ConvWeightGradientProblem&);

}  // namespace tw::cpu
