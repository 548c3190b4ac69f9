// A strided operand of a problem. Its shape stands in the problem, once for all operands.
#pragma once
#include "core/dtype.h"
#include "core/shape.h"

namespace tw {

struct View {
  char* data = nullptr;
  DType dtype = DType::f32;
  Dims strides;  // in elements, may be 0 or negative
};

}  // namespace tw
