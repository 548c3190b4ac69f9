// Arithmetic, rounding, tests and elementary functions of one operand.
#include "cpu/kernels/elementwise/rows.h"
#include "cpu/kernels/hyperbolic.h"
#include "cpu/kernels/math.h"
#include "cpu/kernels/trig.h"

namespace tw::TW_ISA {
namespace {

#define TW_FUNCTOR(Name, expression)       \
  struct Name {                            \
    template <class V>                     \
    TW_INLINE auto operator()(V x) const { \
      return expression;                   \
    }                                      \
  };
TW_FUNCTOR(Negative, -x)
TW_FUNCTOR(Abs, abs(x))
TW_FUNCTOR(Square, x* x)
TW_FUNCTOR(Floor, round_to<1>(x))
TW_FUNCTOR(Ceil, round_to<2>(x))
TW_FUNCTOR(Trunc, round_to<3>(x))
TW_FUNCTOR(Round, round_to<0>(x))
TW_FUNCTOR(Reciprocal, splat<V>(1) / x)
TW_FUNCTOR(Sqrt, sqrt(x))
TW_FUNCTOR(Rsqrt, splat<V>(1) / sqrt(x))
TW_FUNCTOR(Cbrt, cbrt(x))
TW_FUNCTOR(Exp, exp(x))
TW_FUNCTOR(Exp2, exp2(x))
TW_FUNCTOR(Expm1, expm1(x))
TW_FUNCTOR(Log, log(x))
TW_FUNCTOR(Log1p, log1p(x))
TW_FUNCTOR(Log2, log2(x))
TW_FUNCTOR(Log10, log10(x))
TW_FUNCTOR(Deg2rad, x* splat<V>(0x1.1df46a2529d39p-6))
TW_FUNCTOR(Rad2deg, x* splat<V>(0x1.ca5dc1a63c1f8p+5))
TW_FUNCTOR(Sin, sin(x))
TW_FUNCTOR(Cos, cos(x))
TW_FUNCTOR(Tan, tan(x))
TW_FUNCTOR(Arcsin, arcsin(x))
TW_FUNCTOR(Arccos, arccos(x))
TW_FUNCTOR(Arctan, arctan(x))
TW_FUNCTOR(Sinh, sinh(x))
TW_FUNCTOR(Cosh, cosh(x))
TW_FUNCTOR(Arcsinh, arcsinh(x))
TW_FUNCTOR(Arccosh, arccosh(x))
TW_FUNCTOR(Arctanh, arctanh(x))
TW_FUNCTOR(IsNan, x != x)
TW_FUNCTOR(IsInf, abs(x) == splat<V>(__builtin_inf()))
TW_FUNCTOR(IsFinite, abs(x) < splat<V>(__builtin_inf()))

// For integer vectors too.
TW_FUNCTOR(Invert, ~x)
TW_FUNCTOR(NotBool, x ^ 1)
TW_FUNCTOR(LogicalNot, x == V{})
#undef TW_FUNCTOR

struct Sign {
  TW_INLINE vf operator()(vf x) const { return signs(x, splat<vf>(1)); }
  TW_INLINE vd operator()(vd x) const { return signs(x, splat<vd>(1)); }
  template <class V>
  static TW_INLINE V signs(V x, V one) {
    return x > V{} ? one : (x < V{} ? -one : (x == x ? V{} : x));
  }
};
template <class T>
struct AbsInteger {
  TW_INLINE vec<T> operator()(vec<T> x) const {
    const auto u = (vec<raw_t<T>>)x;  // the most negative number wraps to itself
    return (vec<T>)(x < 0 ? 0 - u : u);
  }
};
struct SignInteger {
  template <class V>
  TW_INLINE V operator()(V x) const {
    return (V)(x < 0) - (V)(x > 0);  // a true comparison is -1; unsigned x is never below 0
  }
};

template <class F>
void fill_truth(ElementwiseFn* row) {
  at(row, DType::f16) = entry<unary_truth_row<float, F>, bool, f16>;
  at(row, DType::bf16) = entry<unary_truth_row<float, F>, bool, bf16>;
  at(row, DType::f32) = entry<unary_truth_row<float, F>, bool, float>;
  at(row, DType::f64) = entry<unary_truth_row<double, F>, bool, double>;
}

void fill_floats(ElementwiseKernels& t) {
  fill_floats_unary<Negative>(t.negative);
  fill_floats_unary<Abs>(t.abs);
  fill_floats_unary<Sign>(t.sign);
  fill_floats_unary<Square>(t.square);
  fill_floats_unary<Floor>(t.floor);
  fill_floats_unary<Ceil>(t.ceil);
  fill_floats_unary<Trunc>(t.trunc);
  fill_floats_unary<Round>(t.round);
  fill_floats_unary<Round>(t.rint);
  fill_floats_unary<Reciprocal>(t.reciprocal);
  fill_floats_unary<Sqrt>(t.sqrt);
  fill_floats_unary<Rsqrt>(t.rsqrt);
  fill_floats_unary<Cbrt>(t.cbrt);
  fill_floats_unary<Exp>(t.exp);
  fill_floats_unary<Exp2>(t.exp2);
  fill_floats_unary<Expm1>(t.expm1);
  fill_floats_unary<Log>(t.log);
  fill_floats_unary<Log1p>(t.log1p);
  fill_floats_unary<Log2>(t.log2);
  fill_floats_unary<Log10>(t.log10);
  fill_floats_unary<Deg2rad>(t.deg2rad);
  fill_floats_unary<Rad2deg>(t.rad2deg);
  fill_floats_unary<Sin>(t.sin);
  fill_floats_unary<Cos>(t.cos);
  fill_floats_unary<Tan>(t.tan);
  fill_floats_unary<Arcsin>(t.arcsin);
  fill_floats_unary<Arccos>(t.arccos);
  fill_floats_unary<Arctan>(t.arctan);
  fill_floats_unary<Sinh>(t.sinh);
  fill_floats_unary<Cosh>(t.cosh);
  fill_floats_unary<Arcsinh>(t.arcsinh);
  fill_floats_unary<Arccosh>(t.arccosh);
  fill_floats_unary<Arctanh>(t.arctanh);
  fill_truth<LogicalNot>(t.logical_not);
  fill_truth<IsNan>(t.isnan);
  fill_truth<IsInf>(t.isinf);
  fill_truth<IsFinite>(t.isfinite);
}

// Wrap-around arithmetic is done on the unsigned type of the size.
template <class T>
void fill_integer(ElementwiseKernels& t, DType dtype) {
  typedef raw_t<T> U;
  constexpr bool is_signed = (T)-1 < (T)0;
  at(t.negative, dtype) = entry<unary_row<U, Negative>, U, U>;
  at(t.square, dtype) = entry<unary_row<U, Square>, U, U>;
  at(t.bitwise_invert, dtype) = entry<unary_row<U, Invert>, U, U>;
  at(t.logical_not, dtype) = entry<unary_truth_row<U, LogicalNot>, bool, U>;
  at(t.sign, dtype) = entry<unary_row<T, SignInteger>, T, T>;
  set(dtype, entry<nullptr, U, U>, t.abs, t.positive);
  if constexpr (is_signed) at(t.abs, dtype) = entry<unary_row<T, AbsInteger<T>>, T, T>;
  set(dtype, entry<nullptr, U, U>, t.floor, t.ceil, t.trunc, t.round);
  set(dtype, entry<constant_row<0>, bool, U>, t.isnan, t.isinf);
  at(t.isfinite, dtype) = entry<constant_row<1>, bool, U>;
}

void fill_bool(ElementwiseKernels& t) {
  set(DType::boolean, entry<nullptr, bool, bool>, t.abs, t.floor, t.ceil, t.trunc);
  set(DType::boolean, entry<unary_row<uint8_t, NotBool>, bool, bool>, t.bitwise_invert, t.logical_not);
  set(DType::boolean, entry<constant_row<0>, bool, bool>, t.isnan, t.isinf);
  set(DType::boolean, entry<constant_row<1>, bool, bool>, t.isfinite);
}

}  // namespace

void fill_unary(ElementwiseKernels& t) {
  fill_floats(t);
#define X(T, name) fill_integer<T>(t, DType::name);
  TW_FOR_EACH_INTEGER(X)
#undef X
  fill_bool(t);
}

}  // namespace tw::TW_ISA
