// Compiled once for each ISA level (and for the reference): collects the families of this level into one table. Nothing
// else in kernels/ knows the table: a family fills its own struct.
#include "cpu/kernels/table.h"

namespace tw::TW_ISA {

#define X(family, Kernels) void fill(Kernels&);
TW_KERNEL_FAMILIES(X)
#undef X

#define TW_STRINGIFY(x) #x
#define TW_LEVEL_NAME(x) TW_STRINGIFY(x)

void fill(KernelTable& table) {
  table.level = TW_LEVEL_NAME(TW_ISA);
#define X(family, Kernels) fill(table.family);
  TW_KERNEL_FAMILIES(X)
#undef X
}

}  // namespace tw::TW_ISA
