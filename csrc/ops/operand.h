// What a binary op accepts (an array or a bare Python number) and which dtype comes out.
#pragma once
#include "core/array.h"

namespace tw {

inline constexpr DType kDefaultFloat = DType::f32;
inline constexpr DType kDefaultInt = DType::i64;
inline constexpr DType kDefaultComplex = DType::c64;

// A Python number. It is weak: it takes the dtype of the arrays it meets, and only its kind may lift theirs.
struct Scalar {
  enum Kind { boolean, integer, floating, complex } kind = boolean;
  int64_t i = 0;  // of an integer above int64, the bits as uint64
  double f = 0;   // also of an integer outside int64, and the real part of a complex number
  enum Range { in_int64, in_uint64, beyond } range = in_int64;
  double im = 0;
  DType default_dtype() const;  // ValueError for an integer that no dtype holds
};

// A borrowed array, or a scalar where `array` is null.
struct Operand {
  const Array* array = nullptr;
  Scalar scalar;
};

// The Array API standard's promotion, and for the mixed kinds it leaves open: floating wins over integer (as in
// PyTorch), float16 with bfloat16 gives float32, uint64 with a signed integer gives float64 (as in NumPy).
DType promote_types(DType a, DType b);
DType result_type(const Operand& a, const Operand& b);

// Where an integer lies: -1 below the range of an integer dtype, 1 above it, else 0.
int side_of_range(const Scalar& integer, DType dtype);

// The scalar as an element of dtype. ValueError naming op where an integer does not fit, TypeError for a complex number
// that would have to become a real one.
void write_scalar(const char* op, const Scalar& scalar, DType dtype, void* to);
Array scalar_array(const char* op, const Scalar& scalar, DType dtype, Device device = {});  // 0-d

}  // namespace tw
