// The folds that every reduction is made of: along contiguous memory, across contiguous memory, and with any strides.
//
// Of floats all three are trees of fixed shape: a leaf of a few chains side by side, leaves joined in pairs. The
// rounding error of a sum so grows with the logarithm of the length, and its order depends on the length alone.
// Integers have no such care: theirs are plain loops, which the compiler makes vectors of.
#pragma once
#include "core/dtype.h"
#include "cpu/kernels/vec.h"

namespace tw::TW_ISA {

// A function that is called: the compiler would unroll the recursion of the trees, for nothing but size.
#define TW_OUTLINE __attribute__((noinline))

// What a sum of T accumulates in. Integers wrap modulo 2^64, which unsigned arithmetic may.
template <class T>
struct SumType {
  typedef uint64_t type;
};
template <>
struct SumType<f16> {
  typedef float type;
};
template <>
struct SumType<bf16> {
  typedef float type;
};
template <>
struct SumType<float> {
  typedef float type;
};
template <>
struct SumType<double> {
  typedef double type;
};

template <class T>
constexpr bool is_real = false;
template <>
constexpr bool is_real<float> = true;
template <>
constexpr bool is_real<double> = true;

template <class T>
constexpr T lowest() {
  if constexpr (is_real<T>) return (T)-__builtin_inff();
  if constexpr ((T)-1 < (T)0) return (T)((uint64_t)1 << (8 * sizeof(T) - 1));
  return 0;
}
template <class T>
constexpr T highest() {
  if constexpr (is_real<T>)
    return (T)__builtin_inff();
  else
    return (T)~lowest<T>();
}

// The arithmetic of one reduction: T is read, A accumulates.
template <class S>
struct Sum {
  typedef S T;
  typedef typename SumType<S>::type A;
  static constexpr A identity = 0;
  template <class V>
  static TW_INLINE V join(V a, V b) {
    return a + b;
  }
};
template <class S>
struct Prod : Sum<S> {
  static constexpr typename Sum<S>::A identity = 1;
  template <class V>
  static TW_INLINE V join(V a, V b) {
    return a * b;
  }
};

// The larger (or smaller) of two, NaN where either is: the instruction gives b where one is NaN, so a NaN in a is kept.
template <bool Largest, class V>
TW_INLINE V extreme(V a, V b) {
#if TW_VEC_BYTES == 64
  if constexpr (__is_same(V, vf)) {
    const __mmask16 number = _mm512_cmp_ps_mask((__m512)a, (__m512)a, _CMP_ORD_Q);
    return Largest ? (V)_mm512_mask_max_ps((__m512)a, number, (__m512)a, (__m512)b)
                   : (V)_mm512_mask_min_ps((__m512)a, number, (__m512)a, (__m512)b);
  }
  if constexpr (__is_same(V, vd)) {
    const __mmask8 number = _mm512_cmp_pd_mask((__m512d)a, (__m512d)a, _CMP_ORD_Q);
    return Largest ? (V)_mm512_mask_max_pd((__m512d)a, number, (__m512d)a, (__m512d)b)
                   : (V)_mm512_mask_min_pd((__m512d)a, number, (__m512d)a, (__m512d)b);
  }
#endif
  return Largest ? maximum(a, b) : minimum(a, b);
}

template <class S>
struct Max {
  typedef S T;
  typedef compute_t<S> A;
  static constexpr A identity = lowest<A>();
  template <class V>
  static TW_INLINE V join(V a, V b) {
    return extreme<true>(a, b);
  }
};
template <class S>
struct Min : Max<S> {
  static constexpr compute_t<S> identity = highest<compute_t<S>>();
  template <class V>
  static TW_INLINE V join(V a, V b) {
    return extreme<false>(a, b);
  }
};

// ---- reading T as A -------------------------------------------------------------------------------------------------

template <class A, class T>
TW_INLINE vec<A> read(const T* p) {
  if constexpr (__is_same(A, compute_t<T>)) {
    return load(p);
  } else {
    vecn<T, lanes<A>> v;
    __builtin_memcpy(&v, p, sizeof v);
    return __builtin_convertvector(v, vec<A>);
  }
}
// The first n < lanes<A>; what the other lanes hold does not matter to the caller.
template <class A, class T>
TW_INLINE vec<A> read_n(const T* p, int n) {
  if constexpr (__is_same(A, compute_t<T>)) {
    return load_n(p, n);
  } else {
    T buffer[lanes<A>] = {};
    for (int i = 0; i < n; ++i) buffer[i] = p[i];
    return read<A>(buffer);
  }
}
template <class A, class T>
TW_INLINE A read_one(const T* p) {
  if constexpr (__is_same(T, f16) || __is_same(T, bf16)) {
    vecn<uint16_t, lanes<float>> bits = {p->bits};
    return widen(bits, T{})[0];
  } else {
    return (A)*p;
  }
}

template <class A>
TW_INLINE vec<mask_t<A>> iota() {
  vec<mask_t<A>> v;
  for (int i = 0; i < lanes<A>; ++i) v[i] = (mask_t<A>)i;
  return v;
}

// All lanes onto lane 0: halves onto halves.
template <class Op, int half>
TW_INLINE typename Op::A fold_lanes(vec<typename Op::A> v) {
  if constexpr (half == 0) {
    return v[0];
  } else {
    return fold_lanes<Op, half / 2>(
        Op::join(v, __builtin_shuffle(v, iota<typename Op::A>() ^ (mask_t<typename Op::A>)half)));
  }
}
template <class Op>
TW_INLINE typename Op::A fold_lanes(vec<typename Op::A> v) {
  return fold_lanes<Op, lanes<typename Op::A> / 2>(v);
}

// ---- along contiguous memory ----------------------------------------------------------------------------------------

constexpr int kChains = 8;  // independent accumulators: hides the latency of an add
constexpr int kLinks = 32;  // vectors in each chain of a leaf

template <class Op, class A = typename Op::A>
TW_INLINE vec<A> row_tail(vec<A> acc, const typename Op::T* p, int64_t n) {
  int64_t i = 0;
  for (; i + lanes<A> <= n; i += lanes<A>) acc = Op::join(acc, read<A>(p + i));
  if (i < n) {
    const vec<A> last = read_n<A>(p + i, (int)(n - i));
    acc = Op::join(acc, iota<A>() < (mask_t<A>)(n - i) ? last : set1<A>(Op::identity));
  }
  return acc;
}

template <class Op, class A = typename Op::A>
TW_INLINE vec<A> row_leaf(const typename Op::T* p, int64_t n) {
  constexpr int step = kChains * lanes<A>;
  const vec<A> identity = set1<A>(Op::identity);
  if (n < step) return row_tail<Op>(identity, p, n);
  vec<A> acc[kChains];
  for (int k = 0; k < kChains; ++k) acc[k] = read<A>(p + k * lanes<A>);
  int64_t i = step;
  for (; i + step <= n; i += step)
    for (int k = 0; k < kChains; ++k) acc[k] = Op::join(acc[k], read<A>(p + i + k * lanes<A>));
  acc[0] = row_tail<Op>(acc[0], p + i, n - i);
  for (int half = kChains / 2; half > 0; half /= 2)
    for (int k = 0; k < half; ++k) acc[k] = Op::join(acc[k], acc[k + half]);
  return acc[0];
}

template <class Op, class A = typename Op::A>
TW_OUTLINE vec<A> row_tree(const typename Op::T* p, int64_t n) {
  constexpr int64_t leaf = kChains * kLinks * lanes<A>;
  if (n <= leaf) return row_leaf<Op>(p, n);
  const int64_t left = (n / 2 + leaf - 1) / leaf * leaf;
  const vec<A> a = row_tree<Op>(p, left);
  return Op::join(a, row_tree<Op>(p + left, n - left));
}

// Four places of a long row at once, `apart` elements from each other: memory delivers more to several streams than to
// one.
constexpr int kStreams = 4;
template <class Op, class A = typename Op::A>
TW_OUTLINE vec<A> stream_tree(const typename Op::T* p, int64_t apart, int64_t n) {
  constexpr int chains = kChains / kStreams, step = chains * lanes<A>;
  constexpr int64_t leaf = kLinks * step;
  if (n > leaf) {
    const int64_t left = (n / 2 + leaf - 1) / leaf * leaf;
    const vec<A> a = stream_tree<Op>(p, apart, left);
    return Op::join(a, stream_tree<Op>(p + left, apart, n - left));
  }
  vec<A> acc[kChains];
  for (int k = 0; k < kChains; ++k) acc[k] = set1<A>(Op::identity);
  for (int64_t i = 0; i < n; i += step)
    for (int k = 0; k < kChains; ++k)
      acc[k] = Op::join(acc[k], read<A>(p + k / chains * apart + i + k % chains * lanes<A>));
  for (int half = kChains / 2; half > 0; half /= 2)
    for (int k = 0; k < half; ++k) acc[k] = Op::join(acc[k], acc[k + half]);
  return acc[0];
}

template <class Op, class A = typename Op::A>
TW_OUTLINE A integer_row(const typename Op::T* p, int64_t n) {
  A acc = Op::identity;
  for (int64_t i = 0; i < n; ++i) acc = Op::join(acc, (A)p[i]);
  return acc;
}

template <class Op, class A = typename Op::A>
TW_INLINE A reduce_row(const typename Op::T* p, int64_t n) {
  if constexpr (!is_real<A>) return integer_row<Op>(p, n);
  constexpr int64_t leaf = kChains * kLinks * lanes<A>;
  if (n <= leaf / 4) {  // in place, and with few accumulators to join: short rows overlap each other
    vec<A> even = set1<A>(Op::identity), odd = even;
    int64_t i = 0;
    for (; i + 2 * lanes<A> <= n; i += 2 * lanes<A>) {
      even = Op::join(even, read<A>(p + i));
      odd = Op::join(odd, read<A>(p + i + lanes<A>));
    }
    return fold_lanes<Op>(row_tail<Op>(Op::join(even, odd), p + i, n - i));
  }
  if (n < 8 * leaf) return fold_lanes<Op>(row_tree<Op>(p, n));
  const int64_t apart = n / leaf * (leaf / kStreams), rest = kStreams * apart;
  const vec<A> most = stream_tree<Op>(p, apart, apart);
  return fold_lanes<Op>(rest < n ? Op::join(most, row_tree<Op>(p + rest, n - rest)) : most);
}

// ---- across contiguous memory: rows are folded onto each other ------------------------------------------------------

constexpr int64_t kColumnBytes = 2048;  // of accumulators: with the eight rows that stream past them, well inside L1
constexpr int64_t kLeafRows = 128;

// For rows that are in memory already. Else a Fill writes them just before they are read: see map.cpp.
struct NoFill {
  static constexpr int64_t column_bytes = kColumnBytes;
};

// acc[c] = join of `rows` rows of `cols` elements; acc has room for whole vectors.
template <class Op, class Fill, class A = typename Op::A>
TW_INLINE void column_leaf(const typename Op::T* x, int64_t rows, int64_t stride, int64_t cols, A* acc,
                           const Fill& fill) {
  auto ready = [&](int64_t r) __attribute__((always_inline)) {
    if constexpr (!__is_same(Fill, NoFill)) {
      const int64_t height = fill.height(cols);
      if (r < rows && r % height == 0) fill(x + r * stride, rows - r < height ? rows - r : height, cols);
    }
  };
  auto sweep = [&](const auto& fold_at, bool first) __attribute__((always_inline)) {
    int64_t c = 0;
    for (; c + lanes<A> <= cols; c += lanes<A>) {
      const vec<A> v = fold_at([&](const typename Op::T* p) __attribute__((always_inline)) { return read<A>(p + c); });
      store(acc + c, first ? v : Op::join(load(acc + c), v));
    }
    if (c < cols) {
      const int n = (int)(cols - c);
      const vec<A> v =
          fold_at([&](const typename Op::T* p) __attribute__((always_inline)) { return read_n<A>(p + c, n); });
      store(acc + c, first ? v : Op::join(load(acc + c), v));
    }
  };
  int64_t r = 0;
  for (; r + 8 <= rows; r += 8) {
    ready(r);
    const typename Op::T* p = x + r * stride;
    sweep(
        [&](const auto& at) __attribute__((always_inline)) {
          vec<A> v[8];
          for (int k = 0; k < 8; ++k) v[k] = at(p + k * stride);
          for (int half = 4; half > 0; half /= 2)
            for (int k = 0; k < half; ++k) v[k] = Op::join(v[k], v[k + half]);
          return v[0];
        },
        r == 0);
  }
  ready(r);
  for (; r < rows; ++r)
    sweep([&](const auto& at) __attribute__((always_inline)) { return at(x + r * stride); }, r == 0);
}

template <class Op, class Fill, class A = typename Op::A>
TW_OUTLINE void column_tree(const typename Op::T* x, int64_t rows, int64_t stride, int64_t cols, A* acc,
                            const Fill& fill) {
  if (rows <= kLeafRows) return column_leaf<Op>(x, rows, stride, cols, acc, fill);
  const int64_t left = (rows / 2 + kLeafRows - 1) / kLeafRows * kLeafRows;
  alignas(64) A right[Fill::column_bytes / sizeof(A)];
  column_tree<Op>(x, left, stride, cols, acc, fill);
  column_tree<Op>(x + left * stride, rows - left, stride, cols, right, fill);
  for (int64_t c = 0; c < cols; c += lanes<A>) store(acc + c, Op::join(load(acc + c), load(right + c)));
}

template <class Op, class A = typename Op::A>
TW_OUTLINE void integer_columns(const typename Op::T* __restrict x, int64_t rows, int64_t stride, int64_t cols,
                                A* __restrict acc) {
  for (int64_t c = 0; c < cols; ++c) acc[c] = Op::identity;
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < cols; ++c) acc[c] = Op::join(acc[c], (A)x[r * stride + c]);
}

// As many columns as fit the accumulator.
template <class Op, class Fill, class A = typename Op::A>
TW_INLINE void fold_columns(const typename Op::T* x, int64_t rows, int64_t stride, int64_t cols, A* acc,
                            const Fill& fill) {
  if constexpr (is_real<A>)
    column_tree<Op>(x, rows, stride, cols, acc, fill);
  else
    integer_columns<Op>(x, rows, stride, cols, acc);
}

constexpr int64_t kWide = 16;
// Few columns without gaps: kWide rows are one row of kWide times as many columns, which fills vectors.
template <class Op, class Fill, class A = typename Op::A>
TW_OUTLINE void reduce_narrow(const typename Op::T* x, int64_t rows, int64_t cols, A* out, const Fill& fill) {
  alignas(64) A acc[kColumnBytes / sizeof(A)];
  if constexpr (__is_same(Fill, NoFill))
    fold_columns<Op>(x, rows / kWide, kWide * cols, kWide * cols, acc, fill);
  else
    fold_columns<Op>(x, rows / kWide, kWide * cols, kWide * cols, acc, fill.of_wide_rows());
  for (int64_t half = kWide / 2 * cols; half >= cols; half /= 2)
    for (int64_t i = 0; i < half; ++i) acc[i] = Op::join(acc[i], acc[i + half]);
  const int64_t rest = rows % kWide;
  if (rest > 0) {
    alignas(64) A last[kColumnBytes / sizeof(A)];
    fold_columns<Op>(x + (rows - rest) * cols, rest, cols, cols, last, fill);
    for (int64_t c = 0; c < cols; ++c) acc[c] = Op::join(acc[c], last[c]);
  }
  for (int64_t c = 0; c < cols; ++c) out[c] = acc[c];
}

template <class Op, class Fill = NoFill, class A = typename Op::A>
TW_INLINE void reduce_columns(const typename Op::T* x, int64_t rows, int64_t stride, int64_t cols, A* out,
                              const Fill& fill = {}) {
  constexpr int64_t width = Fill::column_bytes / sizeof(A);
  if (stride == cols && cols < 2 * lanes<A> && kWide * cols <= kColumnBytes / (int64_t)sizeof(A) && rows >= 4 * kWide)
    return reduce_narrow<Op>(x, rows, cols, out, fill);
  alignas(64) A acc[width];
  for (int64_t c = 0; c < cols; c += width) {
    const int64_t n = cols - c < width ? cols - c : width;
    fold_columns<Op>(x + c, rows, stride, n, acc, fill);
    int64_t i = 0;
    for (; i + lanes<A> <= n; i += lanes<A>) store(out + c + i, load(acc + i));
    for (; i < n; ++i) out[c + i] = acc[i];
  }
}

// ---- any strides ----------------------------------------------------------------------------------------------------

template <class Op, class A = typename Op::A>
TW_INLINE A strided_leaf(const typename Op::T* x, int64_t n, int64_t stride) {
  constexpr int chains = 4;
  A acc[chains];
  for (int k = 0; k < chains; ++k) acc[k] = Op::identity;
  int64_t i = 0;
  for (; i + chains <= n; i += chains)
    for (int k = 0; k < chains; ++k) acc[k] = Op::join(acc[k], read_one<A>(x + (i + k) * stride));
  for (; i < n; ++i) acc[0] = Op::join(acc[0], read_one<A>(x + i * stride));
  return Op::join(Op::join(acc[0], acc[1]), Op::join(acc[2], acc[3]));
}

template <class Op, class A = typename Op::A>
TW_OUTLINE A strided_tree(const typename Op::T* x, int64_t n, int64_t stride) {
  if constexpr (!is_real<A>) return strided_leaf<Op>(x, n, stride);
  constexpr int64_t leaf = 128;
  if (n <= leaf) return strided_leaf<Op>(x, n, stride);
  const int64_t left = (n / 2 + leaf - 1) / leaf * leaf;
  const A a = strided_tree<Op>(x, left, stride);
  return Op::join(a, strided_tree<Op>(x + left * stride, n - left, stride));
}

}  // namespace tw::TW_ISA
