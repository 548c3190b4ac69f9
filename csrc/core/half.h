// float16 and bfloat16 out of double, rounded once, to nearest even. Included by the reference kernels too, so: no
// standard headers with code.
#pragma once
#include "core/dtype.h"

namespace tw {

// The bits of x with `mantissa` bits of fraction; `lowest` is the exponent of the smallest normal number.
__attribute__((always_inline)) inline uint16_t half_bits(double x, int mantissa, int lowest) {
  const uint16_t sign = __builtin_signbit(x) ? 0x8000 : 0;
  const int top = 0x7fff >> mantissa;
  const double a = __builtin_fabs(x);
  if (a != a) return sign | top << mantissa | 1 << (mantissa - 1);
  if (a == __builtin_inf()) return sign | top << mantissa;
  int exponent = a == 0 ? lowest : __builtin_ilogb(a);
  if (exponent < lowest) exponent = lowest;
  const int64_t steps = (int64_t)__builtin_rint(__builtin_ldexp(a, mantissa - exponent));
  // One step past the mantissa carries into the exponent field by itself, past the largest number into infinity.
  const int64_t bits = steps + ((int64_t)(exponent - lowest) << mantissa);
  return sign | (uint16_t)(bits < top << mantissa ? bits : top << mantissa);
}
__attribute__((always_inline)) inline f16 to_f16(double x) { return {half_bits(x, 10, -14)}; }
__attribute__((always_inline)) inline bf16 to_bf16(double x) { return {half_bits(x, 7, -126)}; }

}  // namespace tw
