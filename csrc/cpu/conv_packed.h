// Convolutions of few pixels with a weight that is packed once: why not, or null, and the driver.
#pragma once
#include "backend/conv_problem.h"
#include "core/storage.h"

namespace tw::cpu {

const char* packed_unsupported(const ConvProblem&);
void run_packed(const ConvProblem&);

StorageRef pack_weight(const ConvProblem&);

}  // namespace tw::cpu
