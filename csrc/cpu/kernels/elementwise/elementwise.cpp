// Collects the elementwise kernels of this level.
#include "cpu/kernels/elementwise/elementwise.h"

namespace tw::TW_ISA {

void fill_activation(ElementwiseKernels&);
void fill_binary(ElementwiseKernels&);
void fill_bits(ElementwiseKernels&);
void fill_cast(ElementwiseKernels&);
void fill_complex(ElementwiseKernels&);
void fill_complex_functions(ElementwiseKernels&);
void fill_piecewise(ElementwiseKernels&);
void fill_unary(ElementwiseKernels&);

void fill(ElementwiseKernels& t) {
  fill_activation(t);
  fill_binary(t);
  fill_bits(t);
  fill_cast(t);
  fill_complex(t);
  fill_complex_functions(t);
  fill_piecewise(t);
  fill_unary(t);
}

}  // namespace tw::TW_ISA
