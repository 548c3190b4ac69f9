// Convolutions of one to three axes, and their gradients. Each is the gradient of the others: bilinear, and closed
// under differentiation.
#pragma once
#include "core/array.h"

namespace tw {

// x (images, channels, extents..), weight (filters, channels / groups, kernel..), bias (filters) or null -> (images,
// filters, pixels..). `padding` has two numbers for each axis, elements before and behind: zeros, or where it is
// negative, what is left out.
Array conv(const Array& x, const Array& weight, const Array* bias, const Dims& stride, const Dims& padding,
           const Dims& dilation, int64_t groups);

// The gradient of conv() with respect to an input of these extents: x (images, filters, pixels..), the same weight,
// bias (channels) or null -> (images, channels, extents..).
Array conv_transpose(const Array& x, const Array& weight, const Array* bias, const Dims& extents, const Dims& stride,
                     const Dims& padding, const Dims& dilation, int64_t groups);

// The gradient of conv() with respect to a weight of this kernel: g (images, filters, pixels..), the input x ->
// (filters, channels / groups, kernel..).
Array conv_weight_gradient(const Array& g, const Array& x, const Dims& kernel, const Dims& stride, const Dims& padding,
                           const Dims& dilation, int64_t groups);

// out += that. ValueError and TypeError before anything is written.
void conv_weight_gradient_add(const Array& out, const Array& g, const Array& x, const Dims& stride, const Dims& padding,
                              const Dims& dilation, int64_t groups);

// Tiles of m x m pixels, or 0, are the largest that convolutions of this thread take by Winograd's minimal filtering
// from now on. Gives what it was before.
int set_winograd(int m);

}  // namespace tw
