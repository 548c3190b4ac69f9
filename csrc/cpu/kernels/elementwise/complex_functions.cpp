// Functions of complex numbers by the C library, a number at a time, in double: its values at infinities, NaN and
// signed zeros are those of the C standard's annex G. expm1 and log1p, which C lacks, are made of real functions.
#include "cpu/kernels/elementwise/rows.h"

namespace tw::TW_ISA {
namespace {

__extension__ typedef __complex__ double Number;

Number make(double re, double im) {
  Number z;
  __real__ z = re;
  __imag__ z = im;
  return z;
}

template <class C, class F>
void function_row(const void* const* in, void* out, int64_t n, const double*) {
  const C* x = (const C*)in[0];
  for (int64_t i = 0; i < n; ++i) {
    const Number y = F()(make(x[i].re, x[i].im));
    ((C*)out)[i] = {(decltype(C::re))__real__ y, (decltype(C::re))__imag__ y};
  }
}

// e^x cos y - 1 = (e^x - 1) cos y - 2 sin^2(y / 2), where nothing that is large cancels. + 0.0: the real part is 0, not
// -0, at either zero.
struct Expm1 {
  Number operator()(Number z) const {
    const double x = __real__ z, y = __imag__ z;
    if (!(__builtin_fabs(x) < 1 && __builtin_fabs(y) < __builtin_inf())) {
      const Number e = __builtin_cexp(z);
      return make(__real__ e - 1, __imag__ e);
    }
    const double half = __builtin_sin(y / 2);
    return make(__builtin_expm1(x) * __builtin_cos(y) - 2 * half * half + 0.0, __builtin_exp(x) * __builtin_sin(y));
  }
};

// log|1 + z| = log1p(|1 + z|^2 - 1) / 2 near 0; near -1 the sum is exact.
struct Log1p {
  Number operator()(Number z) const {
    const double x = __real__ z, y = __imag__ z;
    if (!(x > -0.5 && x < 2 && __builtin_fabs(y) < 2)) return __builtin_clog(make(1 + x, y));
    return make(__builtin_log1p(x * (2 + x) + y * y) / 2, __builtin_atan2(y, 1 + x));
  }
};

// C's annex G lets the imaginary part of the limit at an infinite real one have the sign of sin 2y; the array API
// standard asks for that of y.
struct Tanh {
  Number operator()(Number z) const {
    const double x = __real__ z, y = __imag__ z;
    return __builtin_isinf(x) ? make(__builtin_copysign(1, x), __builtin_copysign(0, y)) : __builtin_ctanh(z);
  }
};
struct Tan {  // -i tanh(iz)
  Number operator()(Number z) const {
    const double x = __real__ z, y = __imag__ z;
    return __builtin_isinf(y) ? make(__builtin_copysign(0, x), __builtin_copysign(1, y)) : __builtin_ctan(z);
  }
};

#define TW_FUNCTION(Name, function)                                       \
  struct Name {                                                           \
    Number operator()(Number z) const { return __builtin_##function(z); } \
  };
TW_FUNCTION(Sin, csin)
TW_FUNCTION(Cos, ccos)
TW_FUNCTION(Arcsin, casin)
TW_FUNCTION(Arccos, cacos)
TW_FUNCTION(Arctan, catan)
TW_FUNCTION(Sinh, csinh)
TW_FUNCTION(Cosh, ccosh)
TW_FUNCTION(Arcsinh, casinh)
TW_FUNCTION(Arccosh, cacosh)
TW_FUNCTION(Arctanh, catanh)
#undef TW_FUNCTION

template <class F>
void fill_row(ElementwiseFn* row) {
  at(row, DType::c64) = entry<function_row<c64, F>, c64, c64>;
  at(row, DType::c128) = entry<function_row<c128, F>, c128, c128>;
}

}  // namespace

void fill_complex_functions(ElementwiseKernels& t) {
  fill_row<Expm1>(t.expm1);
  fill_row<Log1p>(t.log1p);
  fill_row<Sin>(t.sin);
  fill_row<Cos>(t.cos);
  fill_row<Tan>(t.tan);
  fill_row<Arcsin>(t.arcsin);
  fill_row<Arccos>(t.arccos);
  fill_row<Arctan>(t.arctan);
  fill_row<Sinh>(t.sinh);
  fill_row<Cosh>(t.cosh);
  fill_row<Tanh>(t.tanh);
  fill_row<Arcsinh>(t.arcsinh);
  fill_row<Arccosh>(t.arccosh);
  fill_row<Arctanh>(t.arctanh);
}

}  // namespace tw::TW_ISA
