// The level v4dot: v4, but for the products that have dot-product instructions of their own.
#include "cpu/kernels/table.h"

namespace tw::v4 {
void fill(KernelTable&);
}

namespace tw::TW_ISA {

void fill_bf16_native(GemmKernels&);
void fill_bytes_native(GemmKernels&);

void fill(KernelTable& table) {
  v4::fill(table);
  table.level = "v4dot";
  fill_bf16_native(table.gemm);
  fill_bytes_native(table.gemm);
}

}  // namespace tw::TW_ISA
