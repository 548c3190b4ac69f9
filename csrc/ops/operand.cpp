#include "ops/operand.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/half.h"
#include "ops/transfer.h"

namespace tw {
namespace {

DType integer_of(bool is_signed, size_t nbytes) {
  switch (nbytes) {
    case 1:
      return is_signed ? DType::i8 : DType::u8;
    case 2:
      return is_signed ? DType::i16 : DType::u16;
    case 4:
      return is_signed ? DType::i32 : DType::u32;
    default:
      return is_signed ? DType::i64 : DType::u64;
  }
}

[[noreturn]] void refuse_integer(const char* op, const Scalar& scalar, DType dtype) {
  if (std::isinf(scalar.f))
    fail<ValueError>(op, ": Python integer beyond the range of floats is out of bounds for ", dtype);
  if (scalar.range == Scalar::in_int64)
    fail<ValueError>(op, ": Python integer ", scalar.i, " is out of bounds for ", dtype);
  if (scalar.range == Scalar::in_uint64)
    fail<ValueError>(op, ": Python integer ", static_cast<uint64_t>(scalar.i), " is out of bounds for ", dtype);
  fail<ValueError>(op, ": Python integer of about ", scalar.f, " is out of bounds for ", dtype);
}

// The low bytes of the two's complement; ValueError where the value is outside the dtype's range.
void write_integer(const char* op, const Scalar& scalar, DType dtype, void* to) {
  if (side_of_range(scalar, dtype) != 0) refuse_integer(op, scalar, dtype);
  std::memcpy(to, &scalar.i, item_size(dtype));
}

}  // namespace

int side_of_range(const Scalar& integer, DType dtype) {
  if (integer.range == Scalar::beyond) return integer.f < 0 ? -1 : 1;
  if (integer.range == Scalar::in_uint64) return dtype == DType::u64 ? 0 : 1;
  const int bits = static_cast<int>(item_size(dtype)) * 8 - is_signed(dtype);
  const int64_t high = bits < 63 ? (int64_t{1} << bits) - 1 : INT64_MAX;
  const int64_t low = is_signed(dtype) ? -high - 1 : 0;
  return integer.i < low ? -1 : integer.i > high ? 1 : 0;
}

DType Scalar::default_dtype() const {
  if (kind == complex) return kDefaultComplex;
  if (kind != integer) return kind == boolean ? DType::boolean : kDefaultFloat;
  if (range == beyond) fail<ValueError>("asarray: Python integer of about ", f, " fits neither int64 nor uint64");
  return range == in_uint64 ? DType::u64 : kDefaultInt;
}

DType promote_types(DType a, DType b) {
  if (a == b) return a;
  if (a == DType::boolean) return b;
  if (b == DType::boolean) return a;
  if (is_complex(a) || is_complex(b))
    return component_of(a) == DType::f64 || component_of(b) == DType::f64 ? DType::c128 : DType::c64;
  if (is_floating(a) != is_floating(b)) return is_floating(a) ? a : b;
  if (is_floating(a)) return item_size(a) == item_size(b) ? DType::f32 : std::max(a, b);
  if (is_signed(a) == is_signed(b)) return item_size(a) > item_size(b) ? a : b;
  const DType with_sign = is_signed(a) ? a : b, without = is_signed(a) ? b : a;
  if (item_size(with_sign) > item_size(without)) return with_sign;
  return item_size(without) == 8 ? DType::f64 : integer_of(true, 2 * item_size(without));
}

DType result_type(const Operand& a, const Operand& b) {
  if (a.array && b.array) return promote_types(a.array->dtype, b.array->dtype);
  if (!a.array && !b.array) return promote_types(a.scalar.default_dtype(), b.scalar.default_dtype());
  const DType dtype = a.array ? a.array->dtype : b.array->dtype;
  const Scalar& weak = a.array ? b.scalar : a.scalar;
  if (is_complex(dtype) || weak.kind == Scalar::boolean) return dtype;
  if (weak.kind == Scalar::complex) return complex_of(dtype);
  if (is_floating(dtype)) return dtype;
  if (weak.kind == Scalar::floating) return kDefaultFloat;
  return dtype == DType::boolean ? weak.default_dtype() : dtype;
}

void write_scalar(const char* op, const Scalar& scalar, DType dtype, void* to) {
  if (is_complex(dtype)) {
    const size_t half = item_size(dtype) / 2;
    Scalar re = scalar;
    if (scalar.kind == Scalar::complex) re.kind = Scalar::floating;
    write_scalar(op, re, component_of(dtype), to);
    write_scalar(op, {Scalar::floating, 0, scalar.im}, component_of(dtype), static_cast<char*>(to) + half);
  } else if (scalar.kind == Scalar::complex && dtype != DType::boolean) {
    fail<TypeError>(op, ": a complex number cannot become ", dtype, "; take its real part first");
  } else if (is_floating(dtype)) {
    if (scalar.kind == Scalar::integer && std::isinf(scalar.f)) refuse_integer(op, scalar, dtype);
    const bool as_float = scalar.kind == Scalar::floating || scalar.range != Scalar::in_int64;
    const double value = as_float ? scalar.f : static_cast<double>(scalar.i);
    if (dtype == DType::f64) {
      std::memcpy(to, &value, sizeof value);
    } else if (dtype == DType::f32) {
      const float narrow = static_cast<float>(value);
      std::memcpy(to, &narrow, sizeof narrow);
    } else {
      const uint16_t bits = dtype == DType::f16 ? to_f16(value).bits : to_bf16(value).bits;
      std::memcpy(to, &bits, sizeof bits);
    }
  } else if (dtype == DType::boolean) {
    *static_cast<bool*>(to) = scalar.f != 0 || scalar.i != 0 || scalar.im != 0;
  } else {
    if (scalar.kind != Scalar::floating) return write_integer(op, scalar, dtype, to);
    if (!(std::abs(scalar.f) < 0x1p63 && scalar.f == std::trunc(scalar.f)))
      fail<ValueError>(op, ": Python float ", scalar.f, " is not representable as ", dtype);
    write_integer(op, {Scalar::integer, static_cast<int64_t>(scalar.f)}, dtype, to);
  }
}

Array scalar_array(const char* op, const Scalar& scalar, DType dtype, Device device) {
  Array x = empty({}, dtype);
  write_scalar(op, scalar, dtype, x.data);
  return to_device(x, device);
}

}  // namespace tw
