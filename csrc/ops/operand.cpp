#include "ops/operand.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "core/half.h"
#include "core/watch.h"
#include "ops/transfer.h"

namespace tw {
namespace {

thread_local DTypeRules current_rules = DTypeRules::tilewright;

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

// The smallest floating dtype that holds all of an integer one, as NumPy has it: int64 counts as held by float64.
DType smallest_float(DType dtype) {
  const size_t nbytes = item_size(dtype);
  return nbytes == 1 ? DType::f16 : nbytes == 2 ? DType::f32 : DType::f64;
}

// bfloat16, which NumPy does not have, takes integers as they come.
DType promote_as_numpy(DType inexact, DType integer) {
  const DType component = component_of(inexact);
  if (component == DType::bf16) return inexact;
  const DType wide = std::max(component, smallest_float(integer));
  return is_complex(inexact) ? complex_of(wide) : wide;
}

}  // namespace

DTypeRules dtype_rules() { return current_rules; }
UnderDTypeRules::UnderDTypeRules(DTypeRules rules) : before_(std::exchange(current_rules, rules)) {}
UnderDTypeRules::~UnderDTypeRules() { current_rules = before_; }

DType default_float() { return current_rules == DTypeRules::numpy ? DType::f64 : DType::f32; }
DType default_complex() { return complex_of(default_float()); }

DType floating_for(DType dtype) {
  if (is_inexact(dtype)) return dtype;
  return current_rules == DTypeRules::numpy ? smallest_float(dtype) : default_float();
}

int side_of_range(const Scalar& integer, DType dtype) {
  if (integer.range == Scalar::beyond) return integer.f < 0 ? -1 : 1;
  if (integer.range == Scalar::in_uint64) return dtype == DType::u64 ? 0 : 1;
  const int bits = static_cast<int>(item_size(dtype)) * 8 - is_signed(dtype);
  const int64_t high = bits < 63 ? (int64_t{1} << bits) - 1 : INT64_MAX;
  const int64_t low = is_signed(dtype) ? -high - 1 : 0;
  return integer.i < low ? -1 : integer.i > high ? 1 : 0;
}

DType Scalar::default_dtype() const {
  if (kind == complex) return default_complex();
  if (kind != integer) return kind == boolean ? DType::boolean : default_float();
  if (range == beyond) fail<ValueError>("asarray: Python integer of about ", f, " fits neither int64 nor uint64");
  return range == in_uint64 ? DType::u64 : kDefaultInt;
}

DType promote_types(DType a, DType b) {
  if (a == b) return a;
  if (a == DType::boolean) return b;
  if (b == DType::boolean) return a;
  if (current_rules == DTypeRules::numpy && is_inexact(a) != is_inexact(b))
    return is_inexact(a) ? promote_as_numpy(a, b) : promote_as_numpy(b, a);
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
  if (weak.kind == Scalar::complex) return is_floating(dtype) ? complex_of(dtype) : default_complex();
  if (is_floating(dtype)) return dtype;
  if (weak.kind == Scalar::floating) return default_float();
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
  if (MemoryWatch* watch = memory_watch()) watch->filled(x.storage);
  return to_device(x, device);
}

}  // namespace tw
