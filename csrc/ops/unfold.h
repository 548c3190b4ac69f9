// Windows of images as columns (im2col), and its adjoint (col2im).
#pragma once
#include "ops/operand.h"

namespace tw {

// Of x (N, C, spatial ..) all windows of kernel[k] elements, dilation[k] apart, at every stride[k]: (N, C * elements of
// a window, windows), both in C order. ValueError where a window is longer than an axis, or the axes do not fit.
Array unfold(const Array& x, const Dims& kernel, const Dims& dilation, const Dims& stride);

// The adjoint: x (N, C * elements of a window, windows) is added up, in the order of the elements of a window, to
// (N, C, size ..). float16 and bfloat16 are added in float32.
Array fold(const Array& x, const Dims& size, const Dims& kernel, const Dims& dilation, const Dims& stride);

}  // namespace tw
