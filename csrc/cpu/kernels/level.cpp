// Compiled once for each ISA level (and for the reference): collects the families of this level into one table.
#include "cpu/kernels/table.h"

namespace tw::TW_ISA {

void fill_conv(KernelTable&);
void fill_elementwise_unary(KernelTable&);
void fill_elementwise_activation(KernelTable&);
void fill_elementwise_binary(KernelTable&);
void fill_elementwise_cast(KernelTable&);
void fill_elementwise_complex(KernelTable&);
void fill_gemm(KernelTable&);
void fill_index(KernelTable&);
void fill_optim(KernelTable&);
void fill_probe(KernelTable&);
void fill_random(KernelTable&);
void fill_reduce(KernelTable&);
void fill_softmax(KernelTable&);

#define TW_STRINGIFY(x) #x
#define TW_LEVEL_NAME(x) TW_STRINGIFY(x)

void fill(KernelTable& table) {
  table.level = TW_LEVEL_NAME(TW_ISA);
  fill_conv(table);
  fill_elementwise_unary(table);
  fill_elementwise_activation(table);
  fill_elementwise_binary(table);
  fill_elementwise_cast(table);
  fill_elementwise_complex(table);
  fill_gemm(table);
  fill_index(table);
  fill_optim(table);
  fill_probe(table);
  fill_random(table);
  fill_reduce(table);
  fill_softmax(table);
}

}  // namespace tw::TW_ISA
