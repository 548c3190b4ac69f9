// Naive reductions with double accumulation (integers modulo 2^64): the oracle for kernels/reduce.
#include "cpu/kernels/reduce/reduce.h"

#include "cpu/kernels/vec.h"

namespace tw::TW_ISA {
namespace {

template <class T>
struct Number {
  static constexpr bool floating = false, is_signed = (T)-1 < (T)0;
  typedef uint64_t Sum;     // sums are made in this
  typedef uint64_t SumOut;  // and stored as this
  typedef T Value;
  static Value get(T x) { return x; }
};
template <class T, class Out>
struct FloatNumber {
  static constexpr bool floating = true, is_signed = true;
  typedef double Sum;
  typedef Out SumOut;
  typedef Out Value;
  static Value get(T x) {
    if constexpr (sizeof(T) == 2) {
      vecn<uint16_t, lanes<float>> bits = {x.bits};
      return widen(bits, T{})[0];
    } else {
      return x;
    }
  }
};
template <>
struct Number<f16> : FloatNumber<f16, float> {};
template <>
struct Number<bf16> : FloatNumber<bf16, float> {};
template <>
struct Number<float> : FloatNumber<float, float> {};
template <>
struct Number<double> : FloatNumber<double, double> {};

// out[o] = f(state, element) over the count, starting from `initial`.
template <class T, class State, class Out>
void each(const ReduceArgs& a, const void* x_, Out* out, State initial, auto f) {
  const T* x = static_cast<const T*>(x_);
  for (int64_t o = 0; o < a.outputs; ++o) {
    State state = initial;
    for (int64_t c = 0; c < a.count; ++c)
      state = f(state, Number<T>::get(x[o * a.output_stride + c * a.count_stride]), c);
    out[o] = (Out)state;
  }
}

template <class T>
void sum(const ReduceArgs& a, const void* x, void* out) {
  typedef typename Number<T>::Sum S;
  each<T, S>(a, x, static_cast<typename Number<T>::SumOut*>(out), 0, [](S s, auto v, int64_t) { return s + (S)v; });
}
template <class T>
void prod(const ReduceArgs& a, const void* x, void* out) {
  typedef typename Number<T>::Sum S;
  each<T, S>(a, x, static_cast<typename Number<T>::SumOut*>(out), 1, [](S s, auto v, int64_t) { return s * (S)v; });
}
template <class T>
void any(const ReduceArgs& a, const void* x, void* out) {
  each<T, bool>(a, x, static_cast<bool*>(out), false, [](bool s, auto v, int64_t) { return s || v != 0; });
}
template <class T>
void all(const ReduceArgs& a, const void* x, void* out) {
  each<T, bool>(a, x, static_cast<bool*>(out), true, [](bool s, auto v, int64_t) { return s && v != 0; });
}

template <bool Largest>
bool better(auto a, auto b) {
  if (a != a) return b == b;
  return Largest ? a > b : a < b;
}

template <class T, bool Largest>
void arg(const ReduceArgs& a, const void* x_, int64_t* out) {
  const T* x = static_cast<const T*>(x_);
  each<T, int64_t>(a, x_, out, 0, [&, o = int64_t(-1)](int64_t best, auto v, int64_t c) mutable {
    if (c == 0) ++o;
    return better<Largest>(v, Number<T>::get(x[o * a.output_stride + best * a.count_stride])) ? c : best;
  });
}
template <class T, bool Largest>
void extreme(const ReduceArgs& a, const void* x_, void* out_) {
  typedef typename Number<T>::Value V;
  const T* x = static_cast<const T*>(x_);
  V* out = static_cast<V*>(out_);
  for (int64_t o = 0; o < a.outputs; ++o) {
    const ReduceArgs one{1, a.count, 0, a.count_stride};
    int64_t at;
    arg<T, Largest>(one, x + o * a.output_stride, &at);
    out[o] = Number<T>::get(x[o * a.output_stride + at * a.count_stride]);
  }
}
template <class T, bool Largest>
void arg_merge(const ReduceArgs& a, const void* x_, const int64_t* part, int64_t slices, int64_t* out) {
  const T* x = static_cast<const T*>(x_);
  for (int64_t o = 0; o < a.outputs; ++o) {
    auto value = [&](int64_t c) { return Number<T>::get(x[o * a.output_stride + c * a.count_stride]); };
    out[o] = part[o];
    for (int64_t s = 1; s < slices; ++s)
      if (better<Largest>(value(part[s * a.outputs + o]), value(out[o]))) out[o] = part[s * a.outputs + o];
  }
}

template <class T>
void finish(const void* acc_, int64_t n, double divisor, void* out) {
  for (int64_t i = 0; i < n; ++i) {
    if constexpr (sizeof(T) == 2 && Number<T>::floating) {
      const auto bits = narrow(set1((float)(static_cast<const float*>(acc_)[i] / divisor)), T{});
      static_cast<T*>(out)[i].bits = bits[0];
    } else if constexpr (Number<T>::floating) {
      static_cast<T*>(out)[i] = (T)(static_cast<const T*>(acc_)[i] / divisor);
    } else if constexpr (Number<T>::is_signed || __is_same(T, bool)) {
      static_cast<float*>(out)[i] = (float)((double)static_cast<const int64_t*>(acc_)[i] / divisor);
    } else {
      static_cast<float*>(out)[i] = (float)((double)static_cast<const uint64_t*>(acc_)[i] / divisor);
    }
  }
}

template <class C>
void complex_prod(const ReduceArgs& a, const void* x_, void* out_) {
  for (int64_t o = 0; o < a.outputs; ++o) {
    long double re = 1, im = 0;
    for (int64_t c = 0; c < a.count; ++c) {
      const C x = static_cast<const C*>(x_)[o * a.output_stride + c * a.count_stride];
      const long double next = re * x.re - im * x.im;
      im = re * x.im + im * x.re;
      re = next;
    }
    static_cast<C*>(out_)[o] = {(decltype(C::re))re, (decltype(C::re))im};
  }
}

template <class T>
void map_sum(ElementwiseFn map, const Loop& loop, int, const void* const* in, void* out, void* sums) {
  map(loop, in, out, nullptr);
  sum<T>({loop.cols, loop.rows, loop.out.col, loop.out.row}, out, sums);
}

}  // namespace

void fill(ReduceKernels& k) {
#define X(T, name)                                       \
  k.sum[(int)DType::name] = sum<T>;                      \
  k.prod[(int)DType::name] = prod<T>;                    \
  k.max[(int)DType::name] = extreme<T, true>;            \
  k.min[(int)DType::name] = extreme<T, false>;           \
  k.any[(int)DType::name] = any<T>;                      \
  k.all[(int)DType::name] = all<T>;                      \
  k.finish[(int)DType::name] = finish<T>;                \
  k.argmax[(int)DType::name] = arg<T, true>;             \
  k.argmin[(int)DType::name] = arg<T, false>;            \
  k.argmax_merge[(int)DType::name] = arg_merge<T, true>; \
  k.argmin_merge[(int)DType::name] = arg_merge<T, false>;
  TW_FOR_EACH_REAL(X)
#undef X
#define X(T, name) k.map_sum[(int)DType::name] = map_sum<T>;
  TW_FOR_EACH_FLOAT(X)
#undef X
  k.prod[(int)DType::c64] = complex_prod<c64>;
  k.prod[(int)DType::c128] = complex_prod<c128>;
}

}  // namespace tw::TW_ISA
