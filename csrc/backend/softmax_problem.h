// Softmax and cross-entropy, as kernels of any device see them.
#pragma once
#include "core/dtype.h"

namespace tw {

enum class Softmax : uint8_t { softmax, log_softmax, logsumexp };
enum class LossReduction : uint8_t { none, mean, sum };

}  // namespace tw
