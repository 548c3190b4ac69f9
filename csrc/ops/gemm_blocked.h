// The packed GEMM after BLIS: both operands are packed by all threads, then tiles of C are computed from the panels.
#pragma once
#include "ops/gemm.h"

namespace tw {

void gemm_blocked(const GemmBatch&);

// The operands of product `item` of a batch, in C order.
GemmProblem batch_item(const GemmBatch&, int64_t item);

}  // namespace tw
