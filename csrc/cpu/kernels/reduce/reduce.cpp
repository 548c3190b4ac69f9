// sum, prod, max, min, for every pattern of strides; the arithmetic is in tree.h.
#include "cpu/kernels/reduce/reduce.h"

#include "cpu/kernels/reduce/tree.h"

namespace tw::TW_ISA {
namespace {

constexpr int64_t kScalarRow = 4;  // rows up to this long are cheaper one element at a time

template <class Op>
void reduce_each(const ReduceArgs& a, const void* x_, void* out_) {
  const auto* x = static_cast<const typename Op::T*>(x_);
  auto* out = static_cast<typename Op::A*>(out_);
  for (int64_t o = 0; o < a.outputs; ++o) out[o] = strided_tree<Op>(x + o * a.output_stride, a.count, a.count_stride);
}

template <class Op>
void reduce(const ReduceArgs& a, const void* x_, void* out_) {
  typedef typename Op::A A;
  const auto* x = static_cast<const typename Op::T*>(x_);
  A* out = static_cast<A*>(out_);
  if (a.count == 0) {
    for (int64_t o = 0; o < a.outputs; ++o) out[o] = Op::identity;
  } else if (a.output_stride == 1 && a.outputs > 1) {
    reduce_columns<Op>(x, a.count, a.count_stride, a.outputs, out);
  } else if (a.count_stride == 1 && a.count > kScalarRow) {
    for (int64_t o = 0; o < a.outputs; ++o) out[o] = reduce_row<Op>(x + o * a.output_stride, a.count);
  } else {
    reduce_each<Op>(a, x, out);
  }
}

// Few products are of complex numbers: no vector code for them.
template <class C>
struct ComplexProd {
  typedef C T;
  typedef C A;
  static constexpr C identity = {1, 0};
  static TW_INLINE C join(C a, C b) { return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re}; }
};

// A: the type of the sum, R: of the result.
template <class A, class R>
void finish(const void* acc_, int64_t n, double divisor, void* out_) {
  const A* acc = static_cast<const A*>(acc_);
  R* out = static_cast<R*>(out_);
  if constexpr (__is_same(R, f16) || __is_same(R, bf16)) {
    for (int64_t i = 0; i < n; i += lanes<float>) {
      const int m = n - i < lanes<float> ? (int)(n - i) : lanes<float>;
      store_n(out + i, load_n(acc + i, m) / (float)divisor, m);
    }
  } else {
    for (int64_t i = 0; i < n; ++i) out[i] = (R)((double)acc[i] / divisor);
  }
}

template <class T>
void fill_summed(ReduceKernels& k, DType d) {
  const int i = (int)d;
  k.sum[i] = reduce<Sum<T>>;
  k.prod[i] = reduce<Prod<T>>;
  k.max[i] = reduce<Max<T>>;
  k.min[i] = reduce<Min<T>>;
}

}  // namespace

void fill_any(ReduceKernels&);
void fill_arg(ReduceKernels&);
void fill_map(ReduceKernels&);

void fill(ReduceKernels& k) {
  // bool is read as the byte 0 or 1 that it is.
  fill_summed<uint8_t>(k, DType::boolean);
#define X(T, name) fill_summed<T>(k, DType::name);
  TW_FOR_EACH_INTEGER(X)
  TW_FOR_EACH_FLOAT(X)
#undef X
  k.prod[(int)DType::c64] = reduce_each<ComplexProd<c64>>;
  k.prod[(int)DType::c128] = reduce_each<ComplexProd<c128>>;
  k.finish[(int)DType::boolean] = finish<int64_t, float>;
  k.finish[(int)DType::u8] = finish<uint64_t, float>;
  k.finish[(int)DType::u16] = finish<uint64_t, float>;
  k.finish[(int)DType::u32] = finish<uint64_t, float>;
  k.finish[(int)DType::u64] = finish<uint64_t, float>;
  k.finish[(int)DType::i8] = finish<int64_t, float>;
  k.finish[(int)DType::i16] = finish<int64_t, float>;
  k.finish[(int)DType::i32] = finish<int64_t, float>;
  k.finish[(int)DType::i64] = finish<int64_t, float>;
  k.finish[(int)DType::f16] = finish<float, f16>;
  k.finish[(int)DType::bf16] = finish<float, bf16>;
  k.finish[(int)DType::f32] = finish<float, float>;
  k.finish[(int)DType::f64] = finish<double, double>;
#if TW_VEC_BYTES < 64
  fill_any(k);  // whose search of a row takes twice the time with vectors of 64 bytes: v4 keeps v3's
#endif
  fill_arg(k);
  fill_map(k);
}

}  // namespace tw::TW_ISA
