// THE list of elementwise ops.
#pragma once
#include "core/dtype.h"

// How ops/ derives the dtypes of an elementwise op:
//   same     inputs are promoted to one dtype, the result has it
//   floating as `same`, but integers and bool become floating first: float32, or what NumPy has (ops/operand.h)
//   boolean  inputs are promoted to one dtype, the result is bool
//   comparison as `boolean`, and integers that one dtype does not hold are compared exactly
//   magnitude as `same`, but of complex numbers the result is real
// And which dtypes it takes, after that:
//   all; numbers: not bool; real: not complex; quantities: numbers that are real; bits: integers and bool; integers;
//   complex: nothing else
// X(name, rule, dtypes, number of float parameters, see ElementwiseParams)
#define TW_UNARY_OPS(X)             \
  X(positive, same, numbers, 0)     \
  X(negative, same, numbers, 0)     \
  X(conj, same, complex, 0)         \
  X(abs, magnitude, all, 0)         \
  X(sign, same, numbers, 0)         \
  X(square, same, numbers, 0)       \
  X(floor, same, real, 0)           \
  X(ceil, same, real, 0)            \
  X(trunc, same, real, 0)           \
  X(round, same, numbers, 0)        \
  X(rint, floating, all, 0)         \
  X(bitwise_invert, same, bits, 0)  \
  X(relu, same, quantities, 0)      \
  X(logical_not, boolean, real, 0)  \
  X(isnan, boolean, all, 0)         \
  X(isinf, boolean, all, 0)         \
  X(isfinite, boolean, all, 0)      \
  X(signbit, boolean, real, 0)      \
  X(reciprocal, floating, all, 0)   \
  X(sqrt, floating, all, 0)         \
  X(rsqrt, floating, real, 0)       \
  X(cbrt, floating, real, 0)        \
  X(exp, floating, all, 0)          \
  X(exp2, floating, real, 0)        \
  X(expm1, floating, all, 0)        \
  X(log, floating, all, 0)          \
  X(log1p, floating, all, 0)        \
  X(log2, floating, all, 0)         \
  X(log10, floating, all, 0)        \
  X(deg2rad, floating, real, 0)     \
  X(rad2deg, floating, real, 0)     \
  X(sin, floating, all, 0)          \
  X(cos, floating, all, 0)          \
  X(tan, floating, all, 0)          \
  X(arcsin, floating, all, 0)       \
  X(arccos, floating, all, 0)       \
  X(arctan, floating, all, 0)       \
  X(sinh, floating, all, 0)         \
  X(cosh, floating, all, 0)         \
  X(tanh, floating, all, 0)         \
  X(arcsinh, floating, all, 0)      \
  X(arccosh, floating, all, 0)      \
  X(arctanh, floating, all, 0)      \
  X(sigmoid, floating, real, 0)     \
  X(erf, floating, real, 0)         \
  X(silu, floating, real, 0)        \
  X(gelu, floating, real, 0)        \
  X(gelu_tanh, floating, real, 0)   \
  X(softplus, floating, real, 2)    \
  X(log_sigmoid, floating, real, 0) \
  X(mish, floating, real, 0)        \
  X(softsign, floating, real, 0)    \
  X(tanhshrink, floating, real, 0)  \
  X(elu, floating, real, 1)         \
  X(celu, floating, real, 1)        \
  X(selu, floating, real, 0)        \
  X(leaky_relu, floating, real, 1)  \
  X(hardtanh, floating, real, 2)    \
  X(hardsigmoid, floating, real, 0) \
  X(hardswish, floating, real, 0)   \
  X(hardshrink, floating, real, 1)  \
  X(softshrink, floating, real, 1)  \
  X(threshold, floating, real, 2)

// The *_backward ops take (g, x), or (g, y) where the gradient is cheaper from the result: see
// cpu/kernels/elementwise/README.md.
#define TW_BINARY_OPS(X)                     \
  X(add, same, all, 0)                       \
  X(subtract, same, numbers, 0)              \
  X(multiply, same, all, 0)                  \
  X(divide, floating, all, 0)                \
  X(floor_divide, same, quantities, 0)       \
  X(remainder, same, quantities, 0)          \
  X(power, same, numbers, 0)                 \
  X(maximum, same, real, 0)                  \
  X(minimum, same, real, 0)                  \
  X(fmax, same, real, 0)                     \
  X(fmin, same, real, 0)                     \
  X(fmod, same, quantities, 0)               \
  X(gcd, same, integers, 0)                  \
  X(lcm, same, integers, 0)                  \
  X(arctan2, floating, real, 0)              \
  X(hypot, floating, real, 0)                \
  X(copysign, floating, real, 0)             \
  X(nextafter, floating, real, 0)            \
  X(logaddexp, floating, real, 0)            \
  X(logaddexp2, floating, real, 0)           \
  X(heaviside, floating, real, 0)            \
  X(prelu, floating, real, 0)                \
  X(bitwise_and, same, bits, 0)              \
  X(bitwise_or, same, bits, 0)               \
  X(bitwise_xor, same, bits, 0)              \
  X(bitwise_left_shift, same, integers, 0)   \
  X(bitwise_right_shift, same, integers, 0)  \
  X(equal, comparison, all, 0)               \
  X(not_equal, comparison, all, 0)           \
  X(less, comparison, real, 0)               \
  X(less_equal, comparison, real, 0)         \
  X(greater, comparison, real, 0)            \
  X(greater_equal, comparison, real, 0)      \
  X(logical_and, boolean, real, 0)           \
  X(logical_or, boolean, real, 0)            \
  X(logical_xor, boolean, real, 0)           \
  X(relu_backward, floating, real, 0)        \
  X(tanh_backward, floating, real, 0)        \
  X(sigmoid_backward, floating, real, 0)     \
  X(silu_backward, floating, real, 0)        \
  X(gelu_backward, floating, real, 0)        \
  X(gelu_tanh_backward, floating, real, 0)   \
  X(softplus_backward, floating, real, 2)    \
  X(log_sigmoid_backward, floating, real, 0) \
  X(mish_backward, floating, real, 0)        \
  X(softsign_backward, floating, real, 0)    \
  X(tanhshrink_backward, floating, real, 0)  \
  X(elu_backward, floating, real, 1)         \
  X(celu_backward, floating, real, 1)        \
  X(selu_backward, floating, real, 0)        \
  X(leaky_relu_backward, floating, real, 1)  \
  X(hardtanh_backward, floating, real, 2)    \
  X(hardsigmoid_backward, floating, real, 0) \
  X(hardswish_backward, floating, real, 0)   \
  X(hardshrink_backward, floating, real, 0)  \
  X(threshold_backward, floating, real, 1)

namespace tw {

// What an op is given besides arrays: as many numbers as the list says, then zeros.
struct ElementwiseParams {
  double value[2];
};

// Those of the lists, and: `where` of (bool condition, x, y); times_i, (-im, re) of complex numbers; `cast`, also
// between equal dtypes: the strided copy, and with a number as its input the fill. To a complex dtype casts go from the
// other one and from that of its parts; from one to the other and to bool.
#define X(name, rule, dtypes, params) name,
enum class Elementwise : uint8_t { TW_UNARY_OPS(X) TW_BINARY_OPS(X) where, times_i, cast };
#undef X

}  // namespace tw
