// Functions of a float's bits: signs, and the number beside another. Bits are read as signed integers of the float's
// size, also of the half types, which nothing converts then.
#include "cpu/kernels/elementwise/rows.h"

namespace tw::TW_ISA {
namespace {

template <class I>
constexpr I kSign = (I)((uint64_t)1 << (sizeof(I) * 8 - 1));

struct Below0 {
  template <class V>
  TW_INLINE auto operator()(V x) const {
    return x < 0;
  }
};

template <class I>
struct CopySign {
  TW_INLINE vec<I> operator()(vec<I> x, vec<I> sign) const { return (x & ~kSign<I>) | (sign & kSign<I>); }
};

// The float's place in their order; both zeros have the place 0. It is its own inverse.
template <class I>
TW_INLINE vec<I> place(vec<I> bits) {
  const vec<I> size = bits & ~kSign<I>;  // not kSign - bits, which overflows in the lanes that are not taken
  return bits < 0 ? -size : size;
}
template <class I, int64_t Infinity>
struct NextAfter {
  TW_INLINE vec<I> operator()(vec<I> x, vec<I> y) const {
    const vec<I> from = place<I>(x), to = place<I>(y);
    const vec<I> next = place<I>(from + (vec<I>)(to < from) - (vec<I>)(to > from));  // a true comparison is -1
    const vec<I> stepped = next == 0 ? x & kSign<I> : next;
    const auto nan_x = (x & ~kSign<I>) > (I)Infinity, nan_y = (y & ~kSign<I>) > (I)Infinity;
    return nan_x ? x : nan_y | (from == to) ? y : stepped;
  }
};

template <class I, int64_t Infinity>
void fill_float(ElementwiseKernels& t, DType dtype) {
  at(t.positive, dtype) = entry<nullptr, I, I>;
  at(t.signbit, dtype) = entry<unary_truth_row<I, Below0>, bool, I>;
  at(t.copysign, dtype) = entry<binary_row<I, CopySign<I>>, I, I, I>;
  at(t.nextafter, dtype) = entry<binary_row<I, NextAfter<I, Infinity>>, I, I, I>;
}

template <class T>
void fill_integer(ElementwiseKernels& t, DType dtype) {
  constexpr bool is_signed = (T)-1 < (T)0;
  at(t.signbit, dtype) = entry<constant_row<0>, bool, T>;
  if constexpr (is_signed) at(t.signbit, dtype) = entry<unary_truth_row<T, Below0>, bool, T>;
}

}  // namespace

void fill_bits(ElementwiseKernels& t) {
  fill_float<int16_t, 0x7c00>(t, DType::f16);
  fill_float<int16_t, 0x7f80>(t, DType::bf16);
  fill_float<int32_t, 0x7f800000>(t, DType::f32);
  fill_float<int64_t, 0x7ff0000000000000>(t, DType::f64);
#define X(T, name) fill_integer<T>(t, DType::name);
  TW_FOR_EACH_INTEGER(X)
#undef X
  at(t.signbit, DType::boolean) = entry<constant_row<0>, bool, bool>;
}

}  // namespace tw::TW_ISA
