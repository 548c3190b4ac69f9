// Resampling along one axis, and its adjoint.
#pragma once
#include <string>

#include "backend/resample.h"
#include "core/array.h"

namespace tw {

// x along `axis` by the rule's matrix, or by its transpose, to `length` elements. float16 and bfloat16 go through
// float32; complex numbers part by part. TypeError for integers and bool.
Array resample(const char* op, const Array& x, int64_t axis, int64_t length, const ResamplingRule& rule, bool adjoint);

// By the name of one of Resampling.
Array resample_by_name(const Array& x, int64_t axis, int64_t length, const std::string& kind, double scale,
                       bool corners, bool adjoint);

}  // namespace tw
