// Element types. Included by kernels too, so: plain types and constants only, no standard headers with code.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace tw {

// Order matters: it is the index into every per-dtype row of the kernel table.
enum class DType : uint8_t { boolean, u8, i8, u16, i16, u32, i32, u64, i64, f16, bf16, f32, f64, c64, c128 };
enum : int { kDTypes = 15 };

// Storage-only types: kernels load them as float and round to nearest even when they store.
struct f16 {
  uint16_t bits;
};
struct bf16 {
  uint16_t bits;
};

// Complex numbers lie in memory as two floats or doubles, real part first.
struct c64 {
  float re, im;
};
struct c128 {
  double re, im;
};

}  // namespace tw

// TW_FOR_EACH_REAL(X) expands X(C++ type, enumerator) once for each dtype that is not complex, in enum order.
#define TW_FOR_EACH_INTEGER(X) \
  X(uint8_t, u8)               \
  X(int8_t, i8) X(uint16_t, u16) X(int16_t, i16) X(uint32_t, u32) X(int32_t, i32) X(uint64_t, u64) X(int64_t, i64)
#define TW_FOR_EACH_FLOAT(X) X(f16, f16) X(bf16, bf16) X(float, f32) X(double, f64)
#define TW_FOR_EACH_REAL(X) X(bool, boolean) TW_FOR_EACH_INTEGER(X) TW_FOR_EACH_FLOAT(X)
