// Padding, and its adjoint.
#pragma once
#include <string>

#include "ops/operand.h"

namespace tw {

// x with before[k] elements more at the front of axis k and after[k] behind; negative ones are left out. ValueError
// where a mode reads elements of an axis that has none, where an axis would have a negative length, and for a mode that
// there is not; `mode` is the name of one of TW_PAD_MODES. `value` is a number.
Array pad(const Array& x, const Dims& before, const Dims& after, const std::string& mode, const Operand& value);

// The adjoint: each element of g is added to the one that pad() read; what was the value is dropped.
Array unpad(const Array& g, const Dims& before, const Dims& after, const std::string& mode);

}  // namespace tw
