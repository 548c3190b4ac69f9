// Collects the convolution kernels of this level.
#include "cpu/kernels/conv/conv.h"

namespace tw::TW_ISA {

void fill_im2col(ConvKernels&);
void fill_move(ConvKernels&);

void fill(ConvKernels& conv) {
  conv = {};
  fill_im2col(conv);
  fill_move(conv);
}

}  // namespace tw::TW_ISA
