// The level v4: v3, but for the families that measure faster with vectors of 64 bytes.
#include "cpu/kernels/table.h"

namespace tw::v3 {
void fill(KernelTable&);
}

namespace tw::TW_ISA {

void fill(AttentionKernels&);
void fill(ConvKernels&);
void fill(CtcKernels&);
void fill(ElementwiseKernels&);
void fill(GemmKernels&);
void fill(NormKernels&);
void fill(OptimKernels&);
void fill(PoolKernels&);
void fill(ProbeKernels&);
void fill(RandomKernels&);
void fill(RecurrentKernels&);
void fill(ReduceKernels&);
void fill(ScanKernels&);
void fill(SoftmaxKernels&);
void fill(SortKernels&);

void fill(KernelTable& table) {
  v3::fill(table);
  table.level = "v4";
  fill(table.attention);
  fill(table.conv);
  fill(table.ctc);
  fill(table.elementwise);
  fill(table.gemm);
  fill(table.norm);
  fill(table.optim);
  fill(table.pool);
  fill(table.probe);
  fill(table.random);
  fill(table.recurrent);
  fill(table.reduce);
  fill(table.scan);
  fill(table.softmax);
  fill(table.sort);
}

}  // namespace tw::TW_ISA
