// Elementwise kernels, the slow way: one element at a time, floats in double through the C library, integers in int64
// or uint64. Shares no arithmetic with the vector kernels; they are tested against this.
#include "cpu/kernels/elementwise/elementwise.h"
#include "core/half.h"

namespace tw::TW_ISA {
namespace {

// ---- one element in and out -----------------------------------------------------------------------------------------

// A half type as sign, exponent and `mantissa` bits; `lowest` is the exponent of its smallest normal number.
double decode(uint16_t bits, int mantissa, int lowest) {
  const int field = (bits & 0x7fff) >> mantissa, fraction = bits & ((1 << mantissa) - 1);
  const int top = 0x7fff >> mantissa;
  double x;
  if (field == top)
    x = fraction ? __builtin_nan("") : __builtin_inf();
  else if (field == 0)
    x = __builtin_ldexp(fraction, lowest - mantissa);
  else
    x = __builtin_ldexp(fraction + (1 << mantissa), lowest - mantissa + field - 1);
  return bits & 0x8000 ? -x : x;
}

template <class T>
struct Number {  // integers and bool: a type that holds every value
  typedef int64_t type;
};
template <>
struct Number<uint64_t> {
  typedef uint64_t type;
};
template <>
struct Number<f16> {
  typedef double type;
};
template <>
struct Number<bf16> {
  typedef double type;
};
template <>
struct Number<float> {
  typedef double type;
};
template <>
struct Number<double> {
  typedef double type;
};
template <class T>
constexpr bool is_bf16 = false;
template <>
constexpr bool is_bf16<bf16> = true;
template <class T>
using number_t = typename Number<T>::type;

template <class T>
number_t<T> read(const void* p, int64_t i) {
  return ((const T*)p)[i];
}
template <>
int64_t read<bool>(const void* p, int64_t i) {
  return ((const uint8_t*)p)[i] != 0;
}
template <>
double read<f16>(const void* p, int64_t i) {
  return decode(((const f16*)p)[i].bits, 10, -14);
}
template <>
double read<bf16>(const void* p, int64_t i) {
  return decode(((const bf16*)p)[i].bits, 7, -126);
}

template <class T>
struct Written {
  template <class N>
  static T from(N x) {
    return (T)x;
  }
};
template <>
struct Written<f16> {
  static f16 from(double x) { return to_f16(x); }
};
template <>
struct Written<bf16> {
  static bf16 from(double x) { return to_bf16(x); }
};
template <class T, class N>
void write(void* p, int64_t i, N x) {
  ((T*)p)[i] = Written<T>::from(x);
}

// f is called for every element with the offsets of out and of the inputs.
template <class F>
void each(const Loop& l, F f) {
  for (int64_t r = 0; r < l.rows; ++r)
    for (int64_t c = 0; c < l.cols; ++c) {
      int64_t at[3];
      for (int k = 0; k < 3; ++k) at[k] = r * l.in[k].row + c * l.in[k].col;
      f(r * l.out.row + c * l.out.col, at);
    }
}

// The parameters as kernels have them, who compute in float but for double: a bound is the same number to both.
template <class T>
struct Params {
  double value[2] = {};
  explicit Params(const double* given) {
    if (given)
      for (int k = 0; k < 2; ++k) value[k] = sizeof(T) == 8 ? given[k] : (double)(float)given[k];
  }
};

template <class Out, class T, class F>
void unary(const Loop& l, const void* const* in, void* out, const double* given) {
  const Params<T> params(given);
  each(l, [&](int64_t o, const int64_t* i) { write<Out>(out, o, F()(read<T>(in[0], i[0]), params.value)); });
}
template <class Out, class T, class F>
void binary(const Loop& l, const void* const* in, void* out, const double* given) {
  const Params<T> params(given);
  each(l, [&](int64_t o, const int64_t* i) {
    write<Out>(out, o, F()(read<T>(in[0], i[0]), read<T>(in[1], i[1]), params.value));
  });
}

// ---- what is computed -----------------------------------------------------------------------------------------------

// In long double where x times a vanishing factor would magnify the last bits of double.
typedef long double real;
real sigmoid(real x) { return x < 0 ? __builtin_expl(x) / (1 + __builtin_expl(x)) : 1 / (1 + __builtin_expl(-x)); }
real normal(real x) { return 0.5L * __builtin_erfcl(x * -0.707106781186547524400844362104849039L); }
real density(real x) { return 0.398942280401432677939946059934381868L * __builtin_expl(-0.5L * x * x); }
real tanh_argument(real x) { return 0.797884560802865355879892119868763737L * (x + 0.044715L * x * x * x); }
real tanh_argument_slope(real x) { return 0.797884560802865355879892119868763737L * (1 + 3 * 0.044715L * x * x); }
// x f(x) where f vanishes faster than x grows, so that the limit at -inf is a zero, not NaN.
real times(real x, real f) { return f == 0 ? __builtin_copysignl(0, x) : x * f; }
real softplus(real x) { return (x > 0 ? x : 0) + __builtin_log1pl(__builtin_expl(-__builtin_fabsl(x))); }
real mish_slope(real x) {
  const real t = __builtin_tanhl(softplus(x));
  return t + times(x, sigmoid(x) * (1 - t) * (1 + t));
}
constexpr double selu_scale = 1.0507009873554804934193349852946, selu_alpha = 1.6732632423543772848170429916717;
// x - tanh(x), by its series where that would cancel.
real tanhshrink(real x) {
  if (__builtin_fabsl(x) > 0.1L) return x - __builtin_tanhl(x);
  const real z = x * x;
  return x * z *
         (1 / 3.0L +
          z * (-2 / 15.0L +
               z * (17 / 315.0L + z * (-62 / 2835.0L + z * (1382 / 155925.0L + z * (-21844 / 6081075.0L +
                                                                                    z * (929569 / 638512875.0L)))))));
}

double floor_divide(double a, double b) {
  if (b == 0 || __builtin_isinf(a) || __builtin_isinf(b)) return a / b;
  const double r = __builtin_fmod(a, b);
  double q = (a - r) / b;
  if (r != 0 && (r < 0) != (b < 0)) q -= 1;
  return q == 0 ? __builtin_copysign(0.0, a / b) : __builtin_floor(q + 0.5);
}
double remainder(double a, double b) {
  const double r = __builtin_fmod(a, b);
  if (r == 0) return __builtin_copysign(0.0, b);
  return (r < 0) != (b < 0) ? r + b : r;
}

// The logarithm of e^(a unit) + e^(b unit), in that unit.
real logaddexp(real a, real b, real unit) {
  if (a != a || b != b) return a + b;
  if (a == b) return a + 0.693147180559945309417232121458176568L / unit;
  return (a > b ? a : b) + softplus(-__builtin_fabsl(a - b) * unit) / unit;
}

// The number of type T that follows a on the way to b.
template <class T>
double next(double a, double b) {
  const int mantissa = sizeof(T) == 8 ? 52 : sizeof(T) == 4 ? 23 : is_bf16<T> ? 7 : 10;
  const int lowest = sizeof(T) == 8 ? -1022 : sizeof(T) == 4 || is_bf16<T> ? -126 : -14;
  if (a != a || b != b || a == b) return a == a ? b : a;
  if (a == 0) return __builtin_copysign(__builtin_ldexp(1, lowest - mantissa), b);
  const bool inwards = (b < a) == (a > 0);
  if (__builtin_isinf(a)) return __builtin_copysign(__builtin_ldexp(2 - __builtin_ldexp(1, -mantissa), 1 - lowest), a);
  int exponent;
  const double fraction = __builtin_frexp(__builtin_fabs(a), &exponent);  // in [1/2, 1)
  exponent -= inwards && fraction == 0.5 ? 2 : 1;
  const double step = __builtin_ldexp(1, (exponent > lowest ? exponent : lowest) - mantissa);
  return __builtin_copysign(__builtin_fabs(a) + (inwards ? -step : step), a);
}

__extension__ typedef __int128 wide;  // so that nothing overflows
wide quotient(wide a, wide b) {
  if (b == 0) return 0;
  const wide q = a / b;
  return q * b != a && (a < 0) != (b < 0) ? q - 1 : q;
}
uint64_t magnitude(wide x) { return (uint64_t)(x < 0 ? -x : x); }
uint64_t divisor(wide a, wide b) { return b == 0 ? magnitude(a) : divisor(b, a % b); }
template <class N>
N integer_power(N a, N b) {
  if (b < 0) return a == 1 ? 1 : a == (N)-1 ? (b % 2 ? a : 1) : 0;
  uint64_t y = 1;
  for (uint64_t e = (uint64_t)b, s = (uint64_t)a; e; e /= 2, s *= s) y *= e % 2 ? s : 1;
  return (N)y;
}

// ---- the table ------------------------------------------------------------------------------------------------------

// Entry `name` for stored type T at dtype d; the expression is in x, or a and b, of the type N that holds every T,
// and the parameters p.
#define TW_UNARY(name, Out, expression) \
  t.name[(int)d] =                      \
      unary<Out, T, decltype([]([[maybe_unused]] N x, [[maybe_unused]] const double* p) { return expression; })>
#define TW_BINARY(name, Out, expression) \
  t.name[(int)d] = binary<Out, T, decltype([](N a, N b, [[maybe_unused]] const double* p) { return expression; })>

template <class T>
void fill_float(ElementwiseKernels& t, DType d) {
  typedef double N;
  TW_UNARY(positive, T, x);
  TW_UNARY(negative, T, -x);
  TW_UNARY(abs, T, __builtin_fabs(x));
  TW_UNARY(sign, T, x != x ? x : (x > 0) - (x < 0));
  TW_UNARY(square, T, x * x);
  TW_UNARY(floor, T, __builtin_floor(x));
  TW_UNARY(ceil, T, __builtin_ceil(x));
  TW_UNARY(trunc, T, __builtin_trunc(x));
  TW_UNARY(round, T, __builtin_rint(x));
  TW_UNARY(rint, T, __builtin_rint(x));
  TW_UNARY(logical_not, bool, x == 0);
  TW_UNARY(isnan, bool, x != x);
  TW_UNARY(isinf, bool, __builtin_fabs(x) == __builtin_inf());
  TW_UNARY(isfinite, bool, __builtin_fabs(x) < __builtin_inf());
  TW_UNARY(signbit, bool, __builtin_signbit(x) != 0);
  TW_UNARY(reciprocal, T, 1 / x);
  TW_UNARY(sqrt, T, __builtin_sqrt(x));
  TW_UNARY(rsqrt, T, 1 / __builtin_sqrt(x));
  TW_UNARY(cbrt, T, __builtin_cbrt(x));
  TW_UNARY(exp, T, __builtin_exp(x));
  TW_UNARY(exp2, T, __builtin_exp2(x));
  TW_UNARY(expm1, T, __builtin_expm1(x));
  TW_UNARY(log, T, __builtin_log(x));
  TW_UNARY(log1p, T, __builtin_log1p(x));
  TW_UNARY(log2, T, __builtin_log2(x));
  TW_UNARY(log10, T, __builtin_log10(x));
  TW_UNARY(deg2rad, T, x * 0.0174532925199432957692369076848861271L);
  TW_UNARY(rad2deg, T, x * 57.2957795130823208767981548141051703L);
  TW_UNARY(sin, T, __builtin_sin(x));
  TW_UNARY(cos, T, __builtin_cos(x));
  TW_UNARY(tan, T, __builtin_tan(x));
  TW_UNARY(arcsin, T, __builtin_asin(x));
  TW_UNARY(arccos, T, __builtin_acos(x));
  TW_UNARY(arctan, T, __builtin_atan(x));
  TW_UNARY(sinh, T, __builtin_sinh(x));
  TW_UNARY(cosh, T, __builtin_cosh(x));
  TW_UNARY(arcsinh, T, __builtin_asinh(x));
  TW_UNARY(arccosh, T, __builtin_acosh(x));
  TW_UNARY(arctanh, T, __builtin_atanh(x));
}

template <class T>
void fill_float_activation(ElementwiseKernels& t, DType d) {
  typedef double N;
  TW_UNARY(relu, T, x > 0 || x != x ? x : 0);
  TW_UNARY(tanh, T, __builtin_tanh(x));
  TW_UNARY(sigmoid, T, sigmoid(x));
  TW_UNARY(erf, T, __builtin_erf(x));
  TW_UNARY(silu, T, times(x, sigmoid(x)));
  TW_UNARY(gelu, T, times(x, normal(x)));
  TW_UNARY(gelu_tanh, T, times(x, sigmoid(2 * tanh_argument(x))));
  TW_UNARY(softplus, T, x * p[0] > p[1] ? x : softplus(x * p[0]) / p[0]);
  TW_UNARY(log_sigmoid, T, -softplus(-x));
  TW_UNARY(mish, T, times(x, __builtin_tanhl(softplus(x))));
  TW_UNARY(softsign, T, __builtin_isinf(x) ? __builtin_copysign(1, x) : x / (1 + __builtin_fabs(x)));
  TW_UNARY(tanhshrink, T, tanhshrink(x));
  TW_UNARY(elu, T, x > 0 ? x : p[0] * __builtin_expm1(x));
  TW_UNARY(celu, T, x > 0 ? x : p[0] * __builtin_expm1(x / p[0]));
  TW_UNARY(selu, T, selu_scale * (x > 0 ? x : selu_alpha * __builtin_expm1(x)));
  TW_BINARY(relu_backward, T, b <= 0 ? 0 : a);
  TW_BINARY(tanh_backward, T, a * (1 - b * b));
  TW_BINARY(sigmoid_backward, T, a * (b * (1 - b)));
  TW_BINARY(silu_backward, T, a * (sigmoid(b) + times(b, sigmoid(b) * sigmoid(-b))));
  TW_BINARY(gelu_backward, T, a * (normal(b) + times(b, density(b))));
  TW_BINARY(
      gelu_tanh_backward, T,
      a * (sigmoid(2 * tanh_argument(b)) +
           times(2 * b * tanh_argument_slope(b), sigmoid(2 * tanh_argument(b)) * sigmoid(-2 * tanh_argument(b)))));
  TW_BINARY(softplus_backward, T, b * p[0] > p[1] ? a : a * sigmoid(b * p[0]));
  TW_BINARY(log_sigmoid_backward, T, a * sigmoid(-b));
  TW_BINARY(mish_backward, T, a * mish_slope(b));
  TW_BINARY(softsign_backward, T, a / ((1 + __builtin_fabsl(b)) * (1 + __builtin_fabsl(b))));
  TW_BINARY(tanhshrink_backward, T, a * (__builtin_tanhl(b) * __builtin_tanhl(b)));
  TW_BINARY(elu_backward, T, b > 0 ? a : a * p[0] * __builtin_exp(b));
  TW_BINARY(celu_backward, T, b > 0 ? a : a * __builtin_exp(b / p[0]));
  TW_BINARY(selu_backward, T, a * selu_scale * (b > 0 ? 1 : selu_alpha * __builtin_exp(b)));
}

// Straight pieces.
template <class T>
void fill_float_piecewise(ElementwiseKernels& t, DType d) {
  typedef double N;
  TW_UNARY(leaky_relu, T, x > 0 ? x : p[0] * x);
  TW_UNARY(hardtanh, T, x < p[0] ? p[0] : x > p[1] ? p[1] : x);
  TW_UNARY(hardsigmoid, T, x <= -3 ? 0 : x >= 3 ? 1 : (x + 3) / 6);
  TW_UNARY(hardswish, T, x <= -3 ? 0 : x >= 3 ? x : x * (x + 3) / 6);
  TW_UNARY(hardshrink, T, x >= -p[0] && x <= p[0] ? 0 : x);
  TW_UNARY(softshrink, T, x < -p[0] ? x + p[0] : x > p[0] ? x - p[0] : x != x ? x : 0);
  TW_UNARY(threshold, T, x <= p[0] ? p[1] : x);
  TW_BINARY(prelu, T, a > 0 ? a : a * b);
  TW_BINARY(leaky_relu_backward, T, b > 0 ? a : p[0] * a);
  TW_BINARY(hardtanh_backward, T, b <= p[0] || b >= p[1] ? 0 : a);
  TW_BINARY(hardsigmoid_backward, T, b <= -3 || b >= 3 ? 0 : a / 6);
  TW_BINARY(hardswish_backward, T, b <= -3 ? 0 : b >= 3 ? a : a * (b / 3 + 0.5));
  TW_BINARY(hardshrink_backward, T, b == 0 ? 0 : a);
  TW_BINARY(threshold_backward, T, b <= p[0] ? 0 : a);
}

template <class T>
void fill_float_binary(ElementwiseKernels& t, DType d) {
  typedef double N;
  TW_BINARY(add, T, a + b);
  TW_BINARY(subtract, T, a - b);
  TW_BINARY(multiply, T, a * b);
  TW_BINARY(divide, T, a / b);
  TW_BINARY(floor_divide, T, floor_divide(a, b));
  TW_BINARY(remainder, T, remainder(a, b));
  TW_BINARY(power, T, __builtin_pow(a, b));
  TW_BINARY(maximum, T, a != a || a > b ? a : b);
  TW_BINARY(minimum, T, a != a || a < b ? a : b);
  TW_BINARY(fmax, T, a != a || b > a ? b : a);
  TW_BINARY(fmin, T, a != a || b < a ? b : a);
  TW_BINARY(fmod, T, __builtin_fmod(a, b));
  TW_BINARY(arctan2, T, __builtin_atan2(a, b));
  TW_BINARY(hypot, T, __builtin_hypot(a, b));
  TW_BINARY(copysign, T, __builtin_copysign(a, b));
  TW_BINARY(nextafter, T, next<T>(a, b));
  TW_BINARY(logaddexp, T, logaddexp(a, b, 1));
  TW_BINARY(logaddexp2, T, logaddexp(a, b, 0.693147180559945309417232121458176568L));
  TW_BINARY(heaviside, T, a != a ? a : a == 0 ? b : a > 0);
}

// Comparisons and logic, the same text for every type.
template <class T>
void fill_truth(ElementwiseKernels& t, DType d) {
  typedef number_t<T> N;
  TW_BINARY(equal, bool, a == b);
  TW_BINARY(not_equal, bool, a != b);
  TW_BINARY(less, bool, a < b);
  TW_BINARY(less_equal, bool, a <= b);
  TW_BINARY(greater, bool, a > b);
  TW_BINARY(greater_equal, bool, a >= b);
  TW_BINARY(logical_and, bool, a != 0 && b != 0);
  TW_BINARY(logical_or, bool, a != 0 || b != 0);
  TW_BINARY(logical_xor, bool, (a != 0) != (b != 0));
}

// What may wrap is done modulo 2^64 and cut to size by the write.
template <class T>
void fill_integer(ElementwiseKernels& t, DType d) {
  typedef number_t<T> N;
  TW_UNARY(positive, T, x);
  TW_UNARY(negative, T, 0 - (uint64_t)x);
  TW_UNARY(abs, T, x < 0 ? 0 - (uint64_t)x : (uint64_t)x);
  TW_UNARY(sign, T, (x > 0) - (x < 0));
  TW_UNARY(square, T, (uint64_t)x * (uint64_t)x);
  TW_UNARY(floor, T, x);
  TW_UNARY(ceil, T, x);
  TW_UNARY(trunc, T, x);
  TW_UNARY(round, T, x);
  TW_UNARY(bitwise_invert, T, ~x);
  TW_UNARY(logical_not, bool, x == 0);
  TW_UNARY(isnan, bool, false);
  TW_UNARY(isinf, bool, false);
  TW_UNARY(isfinite, bool, true);
  TW_UNARY(signbit, bool, x < 0);
  TW_UNARY(relu, T, x > 0 ? x : 0);
}

template <class T>
void fill_integer_binary(ElementwiseKernels& t, DType d) {
  typedef number_t<T> N;
  constexpr N bits = sizeof(T) * 8;
  TW_BINARY(add, T, (uint64_t)a + (uint64_t)b);
  TW_BINARY(subtract, T, (uint64_t)a - (uint64_t)b);
  TW_BINARY(multiply, T, (uint64_t)a * (uint64_t)b);
  TW_BINARY(floor_divide, T, quotient(a, b));
  TW_BINARY(remainder, T, b == 0 ? 0 : a - quotient(a, b) * b);
  TW_BINARY(power, T, integer_power(a, b));
  TW_BINARY(maximum, T, a > b ? a : b);
  TW_BINARY(minimum, T, a < b ? a : b);
  TW_BINARY(fmax, T, a > b ? a : b);
  TW_BINARY(fmin, T, a < b ? a : b);
  TW_BINARY(fmod, T, b == 0 ? 0 : (wide)a % (wide)b);
  TW_BINARY(gcd, T, divisor(a, b));
  TW_BINARY(lcm, T, a == 0 || b == 0 ? 0 : (magnitude(a) / divisor(a, b)) * magnitude(b));
  TW_BINARY(bitwise_and, T, a & b);
  TW_BINARY(bitwise_or, T, a | b);
  TW_BINARY(bitwise_xor, T, a ^ b);
  TW_BINARY(bitwise_left_shift, T, b < 0 || b >= bits ? 0 : (uint64_t)a << b);
  TW_BINARY(bitwise_right_shift, T, b < 0 || b >= bits ? (a < 0 ? -1 : 0) : a >> b);
}

void fill_bool(ElementwiseKernels& t) {
  typedef bool T;
  typedef int64_t N;
  const DType d = DType::boolean;
  TW_UNARY(abs, T, x);
  TW_UNARY(floor, T, x);
  TW_UNARY(ceil, T, x);
  TW_UNARY(trunc, T, x);
  TW_UNARY(bitwise_invert, T, x == 0);
  TW_UNARY(logical_not, T, x == 0);
  TW_UNARY(isnan, T, false);
  TW_UNARY(isinf, T, false);
  TW_UNARY(isfinite, T, true);
  TW_UNARY(signbit, T, false);
  TW_BINARY(add, T, a | b);
  TW_BINARY(multiply, T, a & b);
  TW_BINARY(maximum, T, a | b);
  TW_BINARY(minimum, T, a & b);
  TW_BINARY(fmax, T, a | b);
  TW_BINARY(fmin, T, a & b);
  TW_BINARY(bitwise_and, T, a & b);
  TW_BINARY(bitwise_or, T, a | b);
  TW_BINARY(bitwise_xor, T, a ^ b);
}
#undef TW_UNARY
#undef TW_BINARY

template <class T>
void where(const Loop& l, const void* const* in, void* out, const double*) {
  each(l, [&](int64_t o, const int64_t* i) {
    ((T*)out)[o] = read<bool>(in[0], i[0]) ? ((const T*)in[1])[i[1]] : ((const T*)in[2])[i[2]];
  });
}

template <class T>
constexpr bool is_bool = false;
template <>
constexpr bool is_bool<bool> = true;
template <class T>
constexpr bool is_real = (number_t<T>)0.5 != 0;

// Double to an integer type: towards zero, held at the ends, NaN to 0.
template <class To>
To to_integer(double x) {
  const int bits = sizeof(To) * 8 - ((To)-1 < 0);
  const To low = (To)-1 < 0 ? (To)((uint64_t)1 << bits % 64) : 0;
  if (x != x) return 0;
  if (x >= __builtin_ldexp(1, bits)) return (To)~low;
  return x <= (double)low ? low : (To)x;
}
template <class To, class From>
void cast(const Loop& l, const void* const* in, void* out, const double*) {
  each(l, [&](int64_t o, const int64_t* i) {
    const auto x = read<From>(in[0], i[0]);
    if constexpr (is_real<To> && sizeof(To) == 2)
      write<To>(out, o, (double)x);
    else if constexpr (is_real<From> && !is_real<To> && !is_bool<To>)
      write<To>(out, o, to_integer<To>(x));
    else
      write<To>(out, o, x);
  });
}
template <class T>
void copy(const Loop& l, const void* const* in, void* out, const double*) {
  each(l, [&](int64_t o, const int64_t* i) { ((T*)out)[o] = ((const T*)in[0])[i[0]]; });
}
template <class From>
void fill_cast(ElementwiseFn* row, DType d) {
#define X(To, name) row[(int)DType::name] = cast<To, From>;
  TW_FOR_EACH_REAL(X)
#undef X
  row[(int)d] = copy<From>;
}

}  // namespace

void fill_complex(ElementwiseKernels&);

void fill(ElementwiseKernels& t) {
#define X(T, name)                          \
  fill_float<T>(t, DType::name);            \
  fill_float_activation<T>(t, DType::name); \
  fill_float_piecewise<T>(t, DType::name);  \
  fill_float_binary<T>(t, DType::name);
  TW_FOR_EACH_FLOAT(X)
#undef X
#define X(T, name)                 \
  fill_integer<T>(t, DType::name); \
  fill_integer_binary<T>(t, DType::name);
  TW_FOR_EACH_INTEGER(X)
#undef X
#define X(T, name)                      \
  fill_truth<T>(t, DType::name);        \
  t.where[(int)DType::name] = where<T>; \
  fill_cast<T>(t.cast[(int)DType::name], DType::name);
  TW_FOR_EACH_REAL(X)
#undef X
  fill_bool(t);
  fill_complex(t);
}

}  // namespace tw::TW_ISA
