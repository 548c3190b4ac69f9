// Conversions between dtypes, and strided copies (the same dtype).
//
// integer -> integer  modulo 2^bits
// float -> integer    towards zero, held at the ends of the range, NaN to 0
// anything -> bool    whether it is not zero (NaN is true)
// anything -> float   to nearest, ties to even; into float16 and bfloat16 with one rounding, also from double and
// integers
#include "cpu/kernels/elementwise/rows.h"

namespace tw::TW_ISA {
namespace {

template <class T>
constexpr bool is_real = false;
template <>
constexpr bool is_real<float> = true;
template <>
constexpr bool is_real<double> = true;

template <class I>
constexpr I largest = (I)-1 < 0 ? (I)((raw_t<I>)-1 >> 1) : (I)-1;

template <class I, class F>
TW_INLINE I saturate(F x) {
  constexpr int bits = sizeof(I) * 8 - ((I)-1 < 0);
  constexpr F end = (F)((uint64_t)1 << (bits - 1)) * 2;  // the first number too large, exact in F
  constexpr I low = (I)-1 < 0 ? (I)((raw_t<I>)1 << bits % (sizeof(I) * 8)) : (I)0;
  if (x >= end) return largest<I>;
  if (x > (F)low) return (I)x;
  return x == x ? low : (I)0;
}

template <class To, class From>
TW_INLINE To convert(From x) {
  if constexpr (is_real<From> && !is_real<To>)
    return saturate<To>(x);
  else
    return (To)x;
}

template <class To, class From>
void cast_row(const void* const* in, void* out, int64_t n, const double*) {
  for (int64_t i = 0; i < n; ++i) ((To*)out)[i] = convert<To>(((const From*)in[0])[i]);
}
template <class From>
void truth_row(const void* const* in, void* out, int64_t n, const double*) {
  for (int64_t i = 0; i < n; ++i) ((uint8_t*)out)[i] = ((const From*)in[0])[i] != 0;
}

// To float by rounding to odd: what is lost leaves the last bit set, so that the rounding to a half type that follows
// goes the way it would have gone from the exact value.
TW_INLINE float to_odd(double x) {
  const float f = (float)x;
  const double back = (double)f;
  int32_t bits = bitcast<int32_t>(f);
  if (back == x || x != x || (bits & 1)) return f;
  const bool away = __builtin_fabs(back) > __builtin_fabs(x);
  return bitcast<float>(away ? bits - 1 : bits + 1);
}
// A 64-bit integer beyond 2^53, rounded to odd at bit 11, so that double holds it.
template <class T>
TW_INLINE double to_double(T x) {
  if constexpr (sizeof(T) == 8 && !is_real<T>) {
    const T limit = (T)1 << 53;
    const bool large = x > limit || ((T)-1 < 0 && x < -limit);
    if (large && (x & 0x7ff) != 0) x = (T)((x | 0x800) & ~(T)0x7ff);
  }
  return (double)x;
}
template <class From>
void odd_row(const void* const* in, void* out, int64_t n, const double*) {
  for (int64_t i = 0; i < n; ++i) ((float*)out)[i] = to_odd(to_double(((const From*)in[0])[i]));
}

// ---- choosing the core ----------------------------------------------------------------------------------------------

template <class T>
struct Computed {  // what the port of a stored type hands to the core
  typedef compute_t<T> type;
};
template <>
struct Computed<bool> {
  typedef uint8_t type;
};
template <class T>
constexpr bool is_half = false;
template <>
constexpr bool is_half<f16> = true;
template <>
constexpr bool is_half<bf16> = true;

template <class A, class B>
constexpr bool same = false;
template <class A>
constexpr bool same<A, A> = true;

template <class T>
constexpr bool whole = !is_half<T> && !is_real<T>;

template <class To, class From>
constexpr ElementwiseFn cast_entry() {
  typedef typename Computed<From>::type C;
  typedef typename Computed<To>::type R;
  if constexpr (same<To, From> || (!same<To, bool> && sizeof(To) == sizeof(From) && whole<To> && whole<From>)) {
    typedef raw_t<To> U;
    return entry<nullptr, U, U>;
  } else if constexpr (same<C, R> && is_real<C>) {
    return entry<nullptr, To, From>;  // the ports convert
  } else if constexpr (same<To, bool>) {
    if constexpr (is_real<C>)
      return entry<truth_row<C>, bool, From>;
    else
      return entry<truth_row<raw_t<C>>, bool, From>;
  } else if constexpr (is_half<To> && (sizeof(C) == 8 || (sizeof(C) == 4 && !is_real<C>))) {
    return entry<odd_row<C>, To, From>;
  } else if constexpr (is_real<C> || is_real<R>) {
    return entry<cast_row<R, C>, To, From>;
  } else if constexpr (sizeof(R) <= sizeof(C)) {
    return entry<cast_row<raw_t<R>, raw_t<C>>, To, From>;  // low bytes: signs do not matter
  } else {
    return entry<cast_row<raw_t<R>, C>, To, From>;
  }
}

template <class From>
void fill_from(ElementwiseFn* row) {
#define X(To, name) at(row, DType::name) = cast_entry<To, From>();
  TW_FOR_EACH_REAL(X)
#undef X
}

}  // namespace

void fill_cast(ElementwiseKernels& t) {
#define X(From, name) fill_from<From>(t.cast[(int)DType::name]);
  TW_FOR_EACH_REAL(X)
#undef X
}

}  // namespace tw::TW_ISA
