// What a binary op accepts (an array or a bare Python number) and which dtype comes out.
#pragma once
#include "core/array.h"

namespace tw {

inline constexpr DType kDefaultInt = DType::i64;

// Which dtypes the ops of this thread give where operands alone do not settle it: those of tilewright, float32 from
// Python's floats and from integers, or NumPy's, float64.
enum class DTypeRules : uint8_t { tilewright, numpy };
DTypeRules dtype_rules();

// Sets them for a scope.
class UnderDTypeRules {
 public:
  explicit UnderDTypeRules(DTypeRules rules);
  ~UnderDTypeRules();
  UnderDTypeRules(const UnderDTypeRules&) = delete;

 private:
  DTypeRules before_;
};

DType default_float();
DType default_complex();

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
// PyTorch), float16 with bfloat16 gives float32, uint64 with a signed integer gives float64 (as in NumPy). Under
// NumPy's rules a floating dtype grows until it holds the integers: int32 with float32 gives float64.
DType promote_types(DType a, DType b);

// What an operand that has to be floating becomes: itself, or for integers and bool the default, under NumPy's rules
// the smallest floating dtype that holds them.
DType floating_for(DType dtype);
DType result_type(const Operand& a, const Operand& b);

// Where an integer lies: -1 below the range of an integer dtype, 1 above it, else 0.
int side_of_range(const Scalar& integer, DType dtype);

// The scalar as an element of dtype. ValueError naming op where an integer does not fit, TypeError for a complex number
// that would have to become a real one.
void write_scalar(const char* op, const Scalar& scalar, DType dtype, void* to);
Array scalar_array(const char* op, const Scalar& scalar, DType dtype, Device device = {});  // 0-d

}  // namespace tw
