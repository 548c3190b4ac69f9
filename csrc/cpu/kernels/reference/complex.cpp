// Kernels of complex numbers, the slow way: one element at a time, in long double through the C library.
#include "cpu/kernels/elementwise/elementwise.h"

namespace tw::TW_ISA {
namespace {

typedef long double real;
__extension__ typedef __complex__ long double number;

number make(real re, real im) {
  number z;
  __real__ z = re;
  __imag__ z = im;
  return z;
}
real re(number z) { return __real__ z; }
real im(number z) { return __imag__ z; }
bool zero(number z) { return re(z) == 0 && im(z) == 0; }
bool nan(number z) { return re(z) != re(z) || im(z) != im(z); }
bool infinite(number z) {
  return __builtin_fabsl(re(z)) == __builtin_infl() || __builtin_fabsl(im(z)) == __builtin_infl();
}

// The compiler's operators would bring infinities back that the textbook's formulas lose.
number multiply(number a, number b) { return make(re(a) * re(b) - im(a) * im(b), re(a) * im(b) + im(a) * re(b)); }
number divide(number a, number b) {
  if (zero(b)) return make(re(a) / __builtin_fabsl(re(b)), im(a) / __builtin_fabsl(re(b)));
  if (__builtin_fabsl(re(b)) < __builtin_fabsl(im(b))) {
    const real r = re(b) / im(b), d = im(b) + re(b) * r;
    return make((re(a) * r + im(a)) / d, (im(a) * r - re(a)) / d);
  }
  const real r = im(b) / re(b), d = re(b) + im(b) * r;
  return make((re(a) + im(a) * r) / d, (im(a) - re(a) * r) / d);
}
number power(number z, number w) {
  if (zero(w)) return 1;
  if (zero(z)) return re(w) > 0 ? make(0, 0) : make(__builtin_nanl(""), __builtin_nanl(""));
  return __builtin_cexpl(multiply(w, __builtin_clogl(z)));
}

// Near 0 by real functions; elsewhere the subtraction and the sum lose nothing.
number expm1(number z) {
  if (!(__builtin_fabsl(re(z)) < 1 && __builtin_fabsl(im(z)) < __builtin_infl())) {
    const number y = __builtin_cexpl(z);
    return make(re(y) - 1, im(y));
  }
  const real half = __builtin_sinl(im(z) / 2), im_y = __builtin_expl(re(z)) * __builtin_sinl(im(z));
  return make(__builtin_expm1l(re(z)) * __builtin_cosl(im(z)) - 2 * half * half + 0.0L, im_y);
}
number log1p(number z) {
  const real x = re(z), y = im(z);
  if (!(x > -0.5L && x < 2 && __builtin_fabsl(y) < 2)) return __builtin_clogl(make(1 + x, y));
  return make(__builtin_log1pl(x * (2 + x) + y * y) / 2, __builtin_atan2l(y, 1 + x));
}

// At infinities as the array API standard has it, with the signs of the parts.
number tanh(number z) {
  if (!__builtin_isinf(re(z))) return __builtin_ctanhl(z);
  return make(__builtin_copysignl(1, re(z)), __builtin_copysignl(0, im(z)));
}
number tan(number z) {
  if (!__builtin_isinf(im(z))) return __builtin_ctanl(z);
  return make(__builtin_copysignl(0, re(z)), __builtin_copysignl(1, im(z)));
}

template <class C>
number read(const void* p, int64_t i) {
  return make(((const C*)p)[i].re, ((const C*)p)[i].im);
}
void write(c64* p, number z) { *p = {(float)re(z), (float)im(z)}; }
void write(c128* p, number z) { *p = {(double)re(z), (double)im(z)}; }
void write(float* p, real x) { *p = (float)x; }
void write(double* p, real x) { *p = (double)x; }
void write(bool* p, bool x) { *p = x; }

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
template <class Out, class C, class F>
void unary(const Loop& l, const void* const* in, void* out, const double*) {
  each(l, [&](int64_t o, const int64_t* i) { write((Out*)out + o, F()(read<C>(in[0], i[0]))); });
}
template <class Out, class C, class F>
void binary(const Loop& l, const void* const* in, void* out, const double*) {
  each(l, [&](int64_t o, const int64_t* i) { write((Out*)out + o, F()(read<C>(in[0], i[0]), read<C>(in[1], i[1]))); });
}
template <class C>
void where(const Loop& l, const void* const* in, void* out, const double*) {
  each(l, [&](int64_t o, const int64_t* i) {
    ((C*)out)[o] = ((const uint8_t*)in[0])[i[0]] ? ((const C*)in[1])[i[1]] : ((const C*)in[2])[i[2]];
  });
}
template <class C, class T>
void from_real(const Loop& l, const void* const* in, void* out, const double*) {
  each(l, [&](int64_t o, const int64_t* i) { ((C*)out)[o] = {((const T*)in[0])[i[0]], 0}; });
}

// Entry `name` for the stored type C with parts of type T, at dtype d; the expression is in z, or in a and b.
#define TW_UNARY(name, Out, expression) t.name[(int)d] = unary<Out, C, decltype([](number z) { return expression; })>
#define TW_BINARY(name, Out, expression) \
  t.name[(int)d] = binary<Out, C, decltype([](number a, number b) { return expression; })>

template <class C, class T>
void fill_arithmetic(ElementwiseKernels& t, DType d) {
  TW_UNARY(positive, C, z);
  TW_UNARY(negative, C, make(-re(z), -im(z)));
  TW_UNARY(round, C, make(__builtin_rintl(re(z)), __builtin_rintl(im(z))));
  TW_UNARY(rint, C, make(__builtin_rintl(re(z)), __builtin_rintl(im(z))));
  TW_UNARY(conj, C, make(re(z), -im(z)));
  TW_UNARY(times_i, C, make(-im(z), re(z)));
  TW_UNARY(abs, T, __builtin_cabsl(z));
  TW_UNARY(sign, C, zero(z) ? 0 : make(re(z) / __builtin_cabsl(z), im(z) / __builtin_cabsl(z)));
  TW_UNARY(square, C, multiply(z, z));
  TW_UNARY(reciprocal, C, divide(1, z));
  TW_UNARY(sqrt, C, __builtin_csqrtl(z));
  TW_UNARY(exp, C, __builtin_cexpl(z));
  TW_UNARY(log, C, __builtin_clogl(z));
  TW_UNARY(isnan, bool, nan(z));
  TW_UNARY(isinf, bool, infinite(z));
  TW_UNARY(isfinite, bool, !nan(z) && !infinite(z));
  TW_BINARY(add, C, make(re(a) + re(b), im(a) + im(b)));
  TW_BINARY(subtract, C, make(re(a) - re(b), im(a) - im(b)));
  TW_BINARY(multiply, C, multiply(a, b));
  TW_BINARY(divide, C, divide(a, b));
  TW_BINARY(power, C, power(a, b));
  TW_BINARY(equal, bool, re(a) == re(b) && im(a) == im(b));
  TW_BINARY(not_equal, bool, re(a) != re(b) || im(a) != im(b));
}

template <class C>
void fill_functions(ElementwiseKernels& t, DType d) {
  TW_UNARY(expm1, C, expm1(z));
  TW_UNARY(log1p, C, log1p(z));
  TW_UNARY(log2, C, __builtin_clogl(z) * 1.44269504088896340735992468100189214L);
  TW_UNARY(log10, C, __builtin_clogl(z) * 0.434294481903251827651128918916605082L);
  TW_UNARY(sin, C, __builtin_csinl(z));
  TW_UNARY(cos, C, __builtin_ccosl(z));
  TW_UNARY(tan, C, tan(z));
  TW_UNARY(arcsin, C, __builtin_casinl(z));
  TW_UNARY(arccos, C, __builtin_cacosl(z));
  TW_UNARY(arctan, C, __builtin_catanl(z));
  TW_UNARY(sinh, C, __builtin_csinhl(z));
  TW_UNARY(cosh, C, __builtin_ccoshl(z));
  TW_UNARY(tanh, C, tanh(z));
  TW_UNARY(arcsinh, C, __builtin_casinhl(z));
  TW_UNARY(arccosh, C, __builtin_cacoshl(z));
  TW_UNARY(arctanh, C, __builtin_catanhl(z));
}

template <class C, class T, class Other>
void fill_moves(ElementwiseKernels& t, DType d, DType part, DType other) {
  t.cast[(int)d][(int)d] = unary<C, C, decltype([](number z) { return z; })>;
  t.cast[(int)d][(int)other] = unary<Other, C, decltype([](number z) { return z; })>;
  t.cast[(int)d][(int)DType::boolean] = unary<bool, C, decltype([](number z) { return !zero(z); })>;
  t.cast[(int)part][(int)d] = from_real<C, T>;
  t.where[(int)d] = where<C>;
}
#undef TW_UNARY
#undef TW_BINARY

}  // namespace

void fill_complex(ElementwiseKernels& t) {
  fill_arithmetic<c64, float>(t, DType::c64);
  fill_arithmetic<c128, double>(t, DType::c128);
  fill_functions<c64>(t, DType::c64);
  fill_functions<c128>(t, DType::c128);
  fill_moves<c64, float, c128>(t, DType::c64, DType::f32, DType::c128);
  fill_moves<c128, double, c64>(t, DType::c128, DType::f64, DType::c64);
}

}  // namespace tw::TW_ISA
