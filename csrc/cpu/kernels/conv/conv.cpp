// Collects the convolution kernels of this level.
#include "cpu/kernels/conv/conv.h"

namespace tw::TW_ISA {

void fill_depthwise(ConvKernels&);
void fill_direct(ConvKernels&);
void fill_im2col(ConvKernels&);
void fill_move(ConvKernels&);
void fill_winograd(ConvKernels&);

void fill(ConvKernels& conv) {
  conv = {};
  fill_depthwise(conv);
  fill_direct(conv);
  fill_im2col(conv);
  fill_move(conv);
  fill_winograd(conv);
}

}  // namespace tw::TW_ISA
