#include "cpu/kernels/gemm/register_tile.h"

namespace tw::TW_ISA {

void multiply_tile(const RegisterTile<FmaStep<float>>& t) { run_tile<FmaStep<float>, true>(t); }
void multiply_tile(const RegisterTile<FmaStep<double>>& t) { run_tile<FmaStep<double>, true>(t); }

}  // namespace tw::TW_ISA
