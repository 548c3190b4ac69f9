// Convolutions of few channels, from rows of the image: why not, or null, and the driver.
#pragma once
#include "backend/conv_problem.h"

namespace tw::cpu {

const char* direct_unsupported(const ConvProblem&);
void direct(const ConvProblem&);

}  // namespace tw::cpu
