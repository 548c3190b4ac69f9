// Complex numbers: arithmetic, elementary functions, comparison, conversion and copies.
//
// In memory parts alternate; a core takes two vectors of them apart into one of real and one of imaginary parts, and
// puts results together again. What treats all parts alike is the real core on twice the elements.
#include "cpu/kernels/complex.h"

#include "cpu/kernels/elementwise/rows.h"

namespace tw::TW_ISA {
namespace {

template <int... I>
struct Indices {};
template <class T>
using lane_indices = Indices<__integer_pack(lanes<T>)...>;

template <class T, int... I>
TW_INLINE Complex<vec<T>> apart(vec<T> low, vec<T> high, Indices<I...>) {
  typedef vec<mask_t<T>> M;
  return {__builtin_shuffle(low, high, M{(2 * I)...}), __builtin_shuffle(low, high, M{(2 * I + 1)...})};
}
template <class T, int... I>
TW_INLINE void together(Complex<vec<T>> z, vec<T>& low, vec<T>& high, Indices<I...>) {
  typedef vec<mask_t<T>> M;
  constexpr int L = lanes<T>;
  low = __builtin_shuffle(z.re, z.im, M{(I / 2 + I % 2 * L)...});
  high = __builtin_shuffle(z.re, z.im, M{(L / 2 + I / 2 + I % 2 * L)...});
}

// n of the lanes<T> complex numbers; the others read as zero and are not written.
template <class T>
TW_INLINE Complex<vec<T>> load_complex(const T* p, int n) {
  constexpr int L = lanes<T>;
  if (n == L) return apart<T>(load(p), load(p + L), lane_indices<T>());
  T buffer[2 * L] = {};
  __builtin_memcpy(buffer, p, 2 * n * sizeof(T));
  return apart<T>(load(buffer), load(buffer + L), lane_indices<T>());
}

// What a core gives: complex numbers, real ones, or truth values.
template <class T>
TW_INLINE void put(void* out, int64_t i, Complex<vec<T>> z, int n) {
  vec<T> parts[2];
  together<T>(z, parts[0], parts[1], lane_indices<T>());
  T* p = (T*)out + 2 * i;
  __builtin_memcpy(p, parts, n == lanes<T> ? sizeof parts : 2 * n * sizeof(T));
}
template <class T>
TW_INLINE void put(void* out, int64_t i, vec<T> x, int n) {
  __builtin_memcpy((T*)out + i, &x, n == lanes<T> ? sizeof x : n * sizeof(T));
}
template <class T>
TW_INLINE void put(void* out, int64_t i, vec<mask_t<T>> mask, int n) {
  store_truth<T>(out, i, mask, n);
}

// The core stands there once, for whole vectors and for the tail.
template <class T, class F>
void unary_complex(const void* const* in, void* out, int64_t n, const double* params) {
  const F f = make<F>(params);
  const T* x = (const T*)in[0];
  for (int64_t i = 0; i < n; i += lanes<T>) {
    const int count = n - i < lanes<T> ? (int)(n - i) : lanes<T>;
    put<T>(out, i, f(load_complex(x + 2 * i, count)), count);
  }
}
template <class T, class F>
void binary_complex(const void* const* in, void* out, int64_t n, const double*) {
  const T *a = (const T*)in[0], *b = (const T*)in[1];
  for (int64_t i = 0; i < n; i += lanes<T>) {
    const int count = n - i < lanes<T> ? (int)(n - i) : lanes<T>;
    put<T>(out, i, F()(load_complex(a + 2 * i, count), load_complex(b + 2 * i, count)), count);
  }
}
// The real core, on parts.
template <RowFn core>
void on_parts(const void* const* in, void* out, int64_t n, const double* params) {
  core(in, out, 2 * n, params);
}

// ---- operations -----------------------------------------------------------------------------------------------------

// Of parts.
struct Negative {
  template <class V>
  TW_INLINE V operator()(V x) const {
    return -x;
  }
};
struct Round {
  template <class V>
  TW_INLINE V operator()(V x) const {
    return round_to<0>(x);
  }
};
struct Add {
  template <class V>
  TW_INLINE V operator()(V a, V b) const {
    return a + b;
  }
};
struct Subtract {
  template <class V>
  TW_INLINE V operator()(V a, V b) const {
    return a - b;
  }
};

#define TW_UNARY(Name, expression)                  \
  struct Name {                                     \
    template <class V>                              \
    TW_INLINE auto operator()(Complex<V> z) const { \
      return expression;                            \
    }                                               \
  };
#define TW_BINARY(Name, expression)                               \
  struct Name {                                                   \
    template <class V>                                            \
    TW_INLINE auto operator()(Complex<V> a, Complex<V> b) const { \
      return expression;                                          \
    }                                                             \
  };
TW_UNARY(Conj, (Complex<V>{z.re, -z.im}))
TW_UNARY(TimesI, (Complex<V>{-z.im, z.re}))
TW_UNARY(Abs, magnitude(z))
TW_UNARY(Square, multiply(z, z))
TW_UNARY(Reciprocal, divide(Complex<V>{splat<V>(1), V{}}, z))
TW_UNARY(Sqrt, sqrt(z))
TW_UNARY(Exp, exp(z))
TW_UNARY(Log, log(z))
TW_UNARY(Log2, times(log(z), 0x1.71547652b82fep+0))
TW_UNARY(Log10, times(log(z), 0x1.bcb7b1526e50ep-2))
TW_UNARY(Sign, sign(z))
TW_UNARY(IsNan, (z.re != z.re) | (z.im != z.im))
TW_UNARY(IsInf, is_infinite(z.re) | is_infinite(z.im))
TW_UNARY(IsFinite, (abs(z.re) < splat<V>(__builtin_inf())) & (abs(z.im) < splat<V>(__builtin_inf())))
TW_UNARY(NotZero, (z.re != V{}) | (z.im != V{}))
TW_BINARY(Multiply, multiply(a, b))
TW_BINARY(Divide, divide(a, b))
TW_BINARY(Power, power(a, b))
TW_BINARY(Equal, (a.re == b.re) & (a.im == b.im))
TW_BINARY(NotEqual, (a.re != b.re) | (a.im != b.im))
#undef TW_UNARY
#undef TW_BINARY

// z^n for a whole n by repeated multiplication.
struct WholePower {
  int n;
  explicit WholePower(const double* params) : n((int)params[0]) {}
  template <class V>
  TW_INLINE Complex<V> operator()(Complex<V> z) const {
    Complex<V> y = {splat<V>(1), V{}};
    for (int e = n < 0 ? -n : n; e; e /= 2) {
      if (e % 2) y = multiply(y, z);
      if (e > 1) z = multiply(z, z);
    }
    return n < 0 ? Reciprocal()(y) : y;
  }
};
constexpr int kMostFactors = 64;

// One whole exponent for all is what most powers have, and it needs no logarithm.
template <class C, class T>
void power_entry(const Loop& loop, const void* const* in, void* out, const double* params) {
  const Loop::Stride s = loop.in[1];
  if (s.row == 0 && s.col == 0) {
    const C w = *(const C*)in[1];
    const double exponent = w.re;
    if (w.im == 0 && __builtin_fabs(exponent) <= kMostFactors && exponent == (int)exponent)
      return run(loop, in, out, &exponent, unary_complex<T, WholePower>, ports<C, C>);
  }
  run(loop, in, out, params, binary_complex<T, Power>, ports<C, C, C>);
}

// ---- choice and conversion ------------------------------------------------------------------------------------------

template <class U>
void where_row(const void* const* in, void* out, int64_t n, const double*) {
  const uint8_t* condition = (const uint8_t*)in[0];
  const U *a = (const U*)in[1], *b = (const U*)in[2];
  for (int64_t i = 0; i < n; ++i) ((U*)out)[i] = condition[i] ? a[i] : b[i];
}
template <class To, class From>
void convert_row(const void* const* in, void* out, int64_t n, const double*) {
  for (int64_t i = 0; i < n; ++i) ((To*)out)[i] = (To)((const From*)in[0])[i];
}
template <class T>
void from_real_row(const void* const* in, void* out, int64_t n, const double*) {
  const T* x = (const T*)in[0];
  T* y = (T*)out;
  for (int64_t i = 0; i < n; ++i) {
    y[2 * i] = x[i];
    y[2 * i + 1] = 0;
  }
}

// ---- the table ------------------------------------------------------------------------------------------------------

template <class C, class T>
void fill_arithmetic(ElementwiseKernels& t, DType dtype) {
  at(t.positive, dtype) = entry<nullptr, C, C>;
  at(t.negative, dtype) = entry<on_parts<unary_row<T, Negative>>, C, C>;
  at(t.round, dtype) = entry<on_parts<unary_row<T, Round>>, C, C>;
  at(t.rint, dtype) = entry<on_parts<unary_row<T, Round>>, C, C>;
  at(t.conj, dtype) = entry<unary_complex<T, Conj>, C, C>;
  at(t.times_i, dtype) = entry<unary_complex<T, TimesI>, C, C>;
  at(t.abs, dtype) = entry<unary_complex<T, Abs>, T, C>;
  at(t.sign, dtype) = entry<unary_complex<T, Sign>, C, C>;
  at(t.square, dtype) = entry<unary_complex<T, Square>, C, C>;
  at(t.reciprocal, dtype) = entry<unary_complex<T, Reciprocal>, C, C>;
  at(t.sqrt, dtype) = entry<unary_complex<T, Sqrt>, C, C>;
  at(t.exp, dtype) = entry<unary_complex<T, Exp>, C, C>;
  at(t.log, dtype) = entry<unary_complex<T, Log>, C, C>;
  at(t.log2, dtype) = entry<unary_complex<T, Log2>, C, C>;
  at(t.log10, dtype) = entry<unary_complex<T, Log10>, C, C>;
  at(t.isnan, dtype) = entry<unary_complex<T, IsNan>, bool, C>;
  at(t.isinf, dtype) = entry<unary_complex<T, IsInf>, bool, C>;
  at(t.isfinite, dtype) = entry<unary_complex<T, IsFinite>, bool, C>;
  at(t.add, dtype) = entry<on_parts<binary_row<T, Add>>, C, C, C>;
  at(t.subtract, dtype) = entry<on_parts<binary_row<T, Subtract>>, C, C, C>;
  at(t.multiply, dtype) = entry<binary_complex<T, Multiply>, C, C, C>;
  at(t.divide, dtype) = entry<binary_complex<T, Divide>, C, C, C>;
  at(t.power, dtype) = power_entry<C, T>;
  at(t.equal, dtype) = entry<binary_complex<T, Equal>, bool, C, C>;
  at(t.not_equal, dtype) = entry<binary_complex<T, NotEqual>, bool, C, C>;
}

// U holds a C as it is.
template <class C, class T, class U>
void fill_moves(ElementwiseKernels& t, DType dtype, DType part) {
  at(t.where, dtype) = entry<where_row<U>, C, bool, C, C>;
  at(t.cast[(int)dtype], dtype) = entry<nullptr, C, C>;
  at(t.cast[(int)dtype], DType::boolean) = entry<unary_complex<T, NotZero>, bool, C>;
  at(t.cast[(int)part], dtype) = entry<from_real_row<T>, C, T>;
}

}  // namespace

void fill_complex(ElementwiseKernels& t) {
  fill_arithmetic<c64, float>(t, DType::c64);
  fill_arithmetic<c128, double>(t, DType::c128);
  fill_moves<c64, float, uint64_t>(t, DType::c64, DType::f32);
  fill_moves<c128, double, c128>(t, DType::c128, DType::f64);
  at(t.cast[(int)DType::c64], DType::c128) = entry<on_parts<convert_row<double, float>>, c128, c64>;
  at(t.cast[(int)DType::c128], DType::c64) = entry<on_parts<convert_row<float, double>>, c64, c128>;
}

}  // namespace tw::TW_ISA
