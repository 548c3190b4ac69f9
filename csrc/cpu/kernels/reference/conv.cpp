#include "cpu/kernels/conv/conv.h"

namespace tw::TW_ISA {

void fill_im2col(ConvKernels&);

void fill(ConvKernels& conv) {
  conv = {};
  fill_im2col(conv);
}

}  // namespace tw::TW_ISA
