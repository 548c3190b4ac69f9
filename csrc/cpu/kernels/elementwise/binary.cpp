// Arithmetic, comparisons and bits of two operands, and where.
#include "cpu/kernels/complex.h"
#include "cpu/kernels/elementwise/rows.h"
#include "cpu/kernels/hyperbolic.h"
#include "cpu/kernels/math.h"
#include "cpu/kernels/power.h"
#include "cpu/kernels/trig.h"

namespace tw::TW_ISA {
namespace {

#define TW_FUNCTOR(Name, expression)            \
  struct Name {                                 \
    template <class V>                          \
    TW_INLINE auto operator()(V a, V b) const { \
      return expression;                        \
    }                                           \
  };
TW_FUNCTOR(Add, a + b)
TW_FUNCTOR(Subtract, a - b)
TW_FUNCTOR(Multiply, a* b)
TW_FUNCTOR(Divide, a / b)
TW_FUNCTOR(Power, power(a, b))
TW_FUNCTOR(Maximum, maximum(a, b))
TW_FUNCTOR(Minimum, minimum(a, b))
TW_FUNCTOR(Fmax, (a >= b) | (b != b) ? a : b)
TW_FUNCTOR(Fmin, (a <= b) | (b != b) ? a : b)
TW_FUNCTOR(Arctan2, arctan2(a, b))
TW_FUNCTOR(Hypot, magnitude(Complex<V>{a, b}))
TW_FUNCTOR(Logaddexp, logaddexp(a, b))
TW_FUNCTOR(Logaddexp2, logaddexp2(a, b))
TW_FUNCTOR(Heaviside, a > V{} ? splat<V>(1) : (a < V{} ? V{} : (a == a ? b : a)))
TW_FUNCTOR(And, a& b)
TW_FUNCTOR(Or, a | b)
TW_FUNCTOR(Xor, a ^ b)
TW_FUNCTOR(Equal, a == b)
TW_FUNCTOR(NotEqual, a != b)
TW_FUNCTOR(Less, a < b)
TW_FUNCTOR(LessEqual, a <= b)
TW_FUNCTOR(Greater, a > b)
TW_FUNCTOR(GreaterEqual, a >= b)
TW_FUNCTOR(LogicalAnd, (a != V{}) & (b != V{}))
TW_FUNCTOR(LogicalOr, (a != V{}) | (b != V{}))
TW_FUNCTOR(LogicalXor, (a != V{}) ^ (b != V{}))
#undef TW_FUNCTOR

// ---- float division with Python's sign: the remainder has the divisor's --------------------------------------------

// Lanes that the vector form cannot do exactly.
__attribute__((noinline)) vd remainder_lanes(vd a, vd b) {
  for (int i = 0; i < lanes<double>; ++i) {
    const double r = __builtin_fmod(a[i], b[i]);
    a[i] = r == 0 ? __builtin_copysign(0.0, b[i]) : (r < 0) != (b[i] < 0) ? r + b[i] : r;
  }
  return a;
}
// a - q b is exact where the quotient has few bits and the product is rounded once with the sum, or is short itself:
// operands that were floats make it short on every level.
template <bool floats>
TW_INLINE vd remainder(vd a, vd b) {
  if (!floats && TW_VEC_BYTES == 16) return remainder_lanes(a, b);
  const vd inf = splat<vd>(__builtin_inf()), q = round_to<3>(a / b);
  if (__builtin_expect(any(abs(q) >= splat<vd>(floats ? 0x1p28 : 0x1p51)), 0)) return remainder_lanes(a, b);
  vd r = fma(-q, b, a);
  r = (abs(b) == inf) & (abs(a) < inf) ? a : r;
  r = (r != 0.0) & ((r < 0.0) ^ (b < 0.0)) ? r + b : r;
  return r == 0.0 ? copysign(r, b) : r;
}

__attribute__((noinline)) vd floor_divide_lanes(vd a, vd b) {
  for (int i = 0; i < lanes<double>; ++i) {
    const double q = a[i] / b[i], r = __builtin_fmod(a[i], b[i]);
    double t = (a[i] - r) / b[i];
    if (r != 0 && (r < 0) != (b[i] < 0)) t -= 1;
    t = __builtin_floor(t + 0.5);  // an integer but for its rounding
    const bool infinite = __builtin_isinf(a[i]) || __builtin_isinf(b[i]);
    a[i] = b[i] == 0 || infinite ? q : t == 0 ? __builtin_copysign(0.0, q) : t;
  }
  return a;
}
// The floor of the quotient, taken back by one where rounding lifted the quotient onto the next integer. With infinite
// operands it is the quotient, as the Array API standard has it: 1 // -inf is -0, where Python says -1.
template <bool floats>
TW_INLINE vd floor_divide(vd a, vd b) {
  if (!floats && TW_VEC_BYTES == 16) return floor_divide_lanes(a, b);
  const vd q = a / b, r = fma(-round_to<1>(q), b, a);
  vd t = round_to<1>(q);
  const auto lifted = (((r < 0.0) & (b > 0.0)) | ((r > 0.0) & (b < 0.0))) & (abs(t) < splat<vd>(0x1p53));
  if (floats) return t;
  t = lifted ? t - 1.0 : t;
  const auto underflowed = (t == 0.0) & (a != 0.0) & ((a < 0.0) ^ (b < 0.0)) & (abs(b) < splat<vd>(__builtin_inf()));
  return underflowed ? splat<vd>(-1) : t;
}

struct Remainder {
  TW_INLINE vd operator()(vd a, vd b) const { return remainder<false>(a, b); }
  TW_INLINE vf operator()(vf a, vf b) const {
    return through_double(a, b, [](vd x, vd y) __attribute__((always_inline)) { return remainder<true>(x, y); });
  }
};
struct FloorDivide {
  TW_INLINE vd operator()(vd a, vd b) const { return floor_divide<false>(a, b); }
  TW_INLINE vf operator()(vf a, vf b) const {
    return through_double(a, b, [](vd x, vd y) __attribute__((always_inline)) { return floor_divide<true>(x, y); });
  }
};

// The remainder with the sign of the dividend, as C has it.
__attribute__((noinline)) vd fmod_lanes(vd a, vd b) {
  for (int i = 0; i < lanes<double>; ++i) a[i] = __builtin_fmod(a[i], b[i]);
  return a;
}
template <bool floats>
TW_INLINE vd fmod(vd a, vd b) {
  if (!floats && TW_VEC_BYTES == 16) return fmod_lanes(a, b);
  const vd inf = splat<vd>(__builtin_inf()), q = round_to<3>(a / b);
  if (__builtin_expect(any(abs(q) >= splat<vd>(floats ? 0x1p28 : 0x1p51)), 0)) return fmod_lanes(a, b);
  vd r = fma(-q, b, a);
  r = (r != 0.0) & ((r < 0.0) ^ (a < 0.0)) ? r + copysign(b, a) : r;
  r = (abs(b) == inf) & (abs(a) < inf) ? a : r;
  return r == 0.0 ? copysign(r, a) : r;
}
struct Fmod {
  TW_INLINE vd operator()(vd a, vd b) const { return fmod<false>(a, b); }
  TW_INLINE vf operator()(vf a, vf b) const {
    return through_double(a, b, [](vd x, vd y) __attribute__((always_inline)) { return fmod<true>(x, y); });
  }
};

// ---- integers; division by zero gives 0 ----------------------------------------------------------------------------

struct FloorDivideInteger {
  template <class T>
  TW_INLINE T operator()(T a, T b) const {
    if (b == 0) return 0;
    if (b == (T)-1 && (T)-1 < 0) return (T)(0 - (raw_t<T>)a);  // the most negative number over -1 wraps
    const T q = a / b;
    return q - (T)(a % b != 0 && (a < 0) != (b < 0));
  }
};
struct RemainderInteger {
  template <class T>
  TW_INLINE T operator()(T a, T b) const {
    if (b == 0 || (b == (T)-1 && (T)-1 < 0)) return 0;
    const T r = a % b;
    return r != 0 && (r < 0) != (b < 0) ? r + b : r;
  }
};
// By repeated squaring, modulo 2^bits. A negative exponent leaves what is left of the fraction: 1, -1 or 0.
struct PowerInteger {
  template <class T>
  TW_INLINE T operator()(T base, T exponent) const {
    if (exponent < 0) {
      if (base == 1) return 1;
      return base == (T)-1 ? ((exponent & 1) ? base : (T)1) : (T)0;
    }
    uint64_t result = 1, square = (uint64_t)base;
    for (raw_t<T> e = (raw_t<T>)exponent; e != 0; e >>= 1, square *= square)
      if (e & 1) result *= square;
    return (T)result;
  }
};
struct FmodInteger {
  template <class T>
  TW_INLINE T operator()(T a, T b) const {
    constexpr bool is_signed = (T)-1 < (T)0;
    return b == 0 || (is_signed && b == (T)-1) ? (T)0 : (T)(a % b);
  }
};
// Of magnitudes; what exceeds the type wraps.
template <class T>
TW_INLINE raw_t<T> magnitude_of(T x) {
  return x < 0 ? (raw_t<T>)(0 - (raw_t<T>)x) : (raw_t<T>)x;
}
struct Gcd {
  template <class T>
  TW_INLINE T operator()(T x, T y) const {
    raw_t<T> a = magnitude_of(x), b = magnitude_of(y);
    while (b != 0) {
      const raw_t<T> rest = a % b;
      a = b;
      b = rest;
    }
    return (T)a;
  }
};
struct Lcm {
  template <class T>
  TW_INLINE T operator()(T x, T y) const {
    const raw_t<T> divisor = (raw_t<T>)Gcd()(x, y);
    return divisor == 0 ? (T)0 : (T)((uint64_t)(magnitude_of(x) / divisor) * magnitude_of(y));
  }
};
// A count outside [0, bits) shifts everything out: only copies of the sign stay.
struct LeftShift {
  template <class T>
  TW_INLINE T operator()(T x, T count) const {
    return (raw_t<T>)count < sizeof(T) * 8 ? (T)((raw_t<T>)x << count) : (T)0;
  }
};
struct RightShift {
  template <class T>
  TW_INLINE T operator()(T x, T count) const {
    if ((raw_t<T>)count < sizeof(T) * 8) return (T)(x >> count);
    return x < 0 ? (T)-1 : (T)0;
  }
};

// ---- powers with one exponent for all ------------------------------------------------------------------------------

struct Squared {
  template <class V>
  TW_INLINE V operator()(V x) const {
    return x * x;
  }
};
struct Cubed {
  template <class V>
  TW_INLINE V operator()(V x) const {
    return x * x * x;
  }
};
struct Rooted {  // pow(-0, 0.5) is +0 and pow(-inf, 0.5) is inf, unlike sqrt
  template <class V>
  TW_INLINE V operator()(V x) const {
    const V inf = splat<V>(__builtin_inf());
    return x == -inf ? inf : sqrt(x + V{});
  }
};

// x^2, x^3 and x^0.5 with a scalar exponent, which is what most powers are, in a pass that costs no more than a
// product.
template <class T>
void power_entry(const Loop& loop, const void* const* in, void* out, const double* params) {
  typedef compute_t<T> C;
  const Loop::Stride s = loop.in[1];
  RowFn core = nullptr;
  if (s.row == 0 && s.col == 0) {
    C exponent;
    port<T>.gather(in[1], s, 1, 1, &exponent);
    if (exponent == 2) core = unary_row<C, Squared>;
    if (exponent == 3) core = unary_row<C, Cubed>;
    if (exponent == (C)0.5) core = unary_row<C, Rooted>;
  }
  if (core)
    run(loop, in, out, params, core, ports<T, T>);
  else
    run(loop, in, out, params, binary_row<C, Power>, ports<T, T, T>);
}

// ---- where ----------------------------------------------------------------------------------------------------------

template <class U>
void where_row(const void* const* in, void* out, int64_t n, const double*) {
  const uint8_t* condition = (const uint8_t*)in[0];
  const U *a = (const U*)in[1], *b = (const U*)in[2];
  U* y = (U*)out;
  for (int64_t i = 0; i < n; ++i) {
    const U keep = (U) - (U)(condition[i] != 0);  // a branch-free choice, which the compiler vectorises
    y[i] = (a[i] & keep) | (b[i] & ~keep);
  }
}

// ---- the table ------------------------------------------------------------------------------------------------------

template <class F>
void fill_truth(ElementwiseFn* row) {
  at(row, DType::f16) = entry<binary_truth_row<float, F>, bool, f16, f16>;
  at(row, DType::bf16) = entry<binary_truth_row<float, F>, bool, bf16, bf16>;
  at(row, DType::f32) = entry<binary_truth_row<float, F>, bool, float, float>;
  at(row, DType::f64) = entry<binary_truth_row<double, F>, bool, double, double>;
}
void fill_floats(ElementwiseKernels& t) {
  fill_floats_binary<Add>(t.add);
  fill_floats_binary<Subtract>(t.subtract);
  fill_floats_binary<Multiply>(t.multiply);
  fill_floats_binary<Divide>(t.divide);
#define X(T, name) at(t.power, DType::name) = power_entry<T>;
  TW_FOR_EACH_FLOAT(X)
#undef X
  fill_floats_binary<Maximum>(t.maximum);
  fill_floats_binary<Minimum>(t.minimum);
  fill_floats_binary<Fmax>(t.fmax);
  fill_floats_binary<Fmin>(t.fmin);
  fill_floats_binary<Fmod>(t.fmod);
  fill_floats_binary<Arctan2>(t.arctan2);
  fill_floats_binary<Hypot>(t.hypot);
  fill_floats_binary<Logaddexp>(t.logaddexp);
  fill_floats_binary<Logaddexp2>(t.logaddexp2);
  fill_floats_binary<Heaviside>(t.heaviside);
  fill_floats_binary<FloorDivide>(t.floor_divide);
  fill_floats_binary<Remainder>(t.remainder);
  fill_truth<Equal>(t.equal);
  fill_truth<NotEqual>(t.not_equal);
  fill_truth<Less>(t.less);
  fill_truth<LessEqual>(t.less_equal);
  fill_truth<Greater>(t.greater);
  fill_truth<GreaterEqual>(t.greater_equal);
  fill_truth<LogicalAnd>(t.logical_and);
  fill_truth<LogicalOr>(t.logical_or);
  fill_truth<LogicalXor>(t.logical_xor);
}

// What only looks at bits, equality or the low half of a result is shared by the signed and unsigned types of a size.
template <class T>
void fill_integer(ElementwiseKernels& t, DType dtype) {
  typedef raw_t<T> U;
  at(t.add, dtype) = entry<binary_row<U, Add>, U, U, U>;
  at(t.subtract, dtype) = entry<binary_row<U, Subtract>, U, U, U>;
  at(t.multiply, dtype) = entry<binary_row<U, Multiply>, U, U, U>;
  set(dtype, entry<binary_row<T, Maximum>, T, T, T>, t.maximum, t.fmax);
  set(dtype, entry<binary_row<T, Minimum>, T, T, T>, t.minimum, t.fmin);
  at(t.fmod, dtype) = entry<scalar_row<T, FmodInteger>, T, T, T>;
  at(t.gcd, dtype) = entry<scalar_row<T, Gcd>, T, T, T>;
  at(t.lcm, dtype) = entry<scalar_row<T, Lcm>, T, T, T>;
  at(t.bitwise_and, dtype) = entry<binary_row<U, And>, U, U, U>;
  at(t.bitwise_or, dtype) = entry<binary_row<U, Or>, U, U, U>;
  at(t.bitwise_xor, dtype) = entry<binary_row<U, Xor>, U, U, U>;
  at(t.floor_divide, dtype) = entry<scalar_row<T, FloorDivideInteger>, T, T, T>;
  at(t.remainder, dtype) = entry<scalar_row<T, RemainderInteger>, T, T, T>;
  at(t.power, dtype) = entry<scalar_row<T, PowerInteger>, T, T, T>;
  at(t.bitwise_left_shift, dtype) = entry<scalar_row<T, LeftShift>, T, T, T>;
  at(t.bitwise_right_shift, dtype) = entry<scalar_row<T, RightShift>, T, T, T>;
  at(t.equal, dtype) = entry<binary_truth_row<U, Equal>, bool, U, U>;
  at(t.not_equal, dtype) = entry<binary_truth_row<U, NotEqual>, bool, U, U>;
  at(t.less, dtype) = entry<binary_truth_row<T, Less>, bool, T, T>;
  at(t.less_equal, dtype) = entry<binary_truth_row<T, LessEqual>, bool, T, T>;
  at(t.greater, dtype) = entry<binary_truth_row<T, Greater>, bool, T, T>;
  at(t.greater_equal, dtype) = entry<binary_truth_row<T, GreaterEqual>, bool, T, T>;
  at(t.logical_and, dtype) = entry<binary_truth_row<U, LogicalAnd>, bool, U, U>;
  at(t.logical_or, dtype) = entry<binary_truth_row<U, LogicalOr>, bool, U, U>;
  at(t.logical_xor, dtype) = entry<binary_truth_row<U, LogicalXor>, bool, U, U>;
  at(t.where, dtype) = entry<where_row<U>, U, bool, U, U>;
}

// True and false as NumPy counts with them: + is or, * is and, false < true.
void fill_bool(ElementwiseKernels& t) {
  set(DType::boolean, at(t.bitwise_or, DType::u8), t.add, t.maximum, t.fmax, t.bitwise_or);
  set(DType::boolean, at(t.bitwise_and, DType::u8), t.multiply, t.minimum, t.fmin, t.bitwise_and);
  const auto as_bytes = [](auto*... rows) { ((at(rows, DType::boolean) = at(rows, DType::u8)), ...); };
  as_bytes(t.equal, t.not_equal, t.less, t.less_equal, t.greater, t.greater_equal);
  as_bytes(t.bitwise_xor, t.logical_and, t.logical_or, t.logical_xor, t.where);
}

}  // namespace

void fill_binary(ElementwiseKernels& t) {
  fill_floats(t);
#define X(T, name) fill_integer<T>(t, DType::name);
  TW_FOR_EACH_INTEGER(X)
#undef X
  fill_bool(t);
  // The choice copies bits, so the floats share it with the integers of their size.
  at(t.where, DType::f16) = at(t.where, DType::bf16) = at(t.where, DType::u16);
  at(t.where, DType::f32) = at(t.where, DType::u32);
  at(t.where, DType::f64) = at(t.where, DType::u64);
}

}  // namespace tw::TW_ISA
