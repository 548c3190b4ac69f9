// argmax and argmin: find the extreme value of a block first, then where in the block it is.
#include "cpu/kernels/reduce/reduce.h"
#include "cpu/kernels/reduce/tree.h"

namespace tw::TW_ISA {
namespace {

// Op is Max or Min. better(a, b): a beats b, an earlier candidate; a NaN beats every number and no NaN.
template <class Op>
TW_INLINE auto better(auto a, auto b) {
  if constexpr (Op::identity == Max<typename Op::T>::identity)
    return (a > b) | ((a != a) & (b == b));
  else
    return (a < b) | ((a != a) & (b == b));
}

// The first i < n where x[i] is `value` (or NaN, where value is): known to exist.
template <class T, class A>
TW_INLINE int64_t position(const T* x, int64_t n, A value) {
  const vec<A> wanted = set1<A>(value);
  int64_t i = 0;
  for (; i + 2 * lanes<A> <= n; i += 2 * lanes<A>) {
    const vec<A> u = read<A>(x + i), v = read<A>(x + i + lanes<A>);
    const auto found = value == value ? (u == wanted) | (v == wanted) : (u != u) | (v != v);
    if (any(found)) break;
  }
  for (; i < n - 1; ++i) {
    const A v = read_one<A>(x + i);
    if (value == value ? v == value : v != v) break;
  }
  return i;
}

template <class Op, class A = typename Op::A>
int64_t arg_row(const typename Op::T* x, int64_t n) {
  constexpr int64_t block = 16 * kChains * lanes<A>;
  A best = reduce_row<Op>(x, n < block ? n : block);
  int64_t at = 0;
  for (int64_t i = block; i < n && best == best; i += block) {
    const A value = reduce_row<Op>(x + i, n - i < block ? n - i : block);
    if (better<Op>(value, best)) best = value, at = i;
  }
  return at + position(x + at, n - at < block ? n - at : block, best);
}

template <class Op, class A = typename Op::A>
int64_t arg_strided(const typename Op::T* x, int64_t n, int64_t stride) {
  A best = read_one<A>(x);
  int64_t at = 0;
  for (int64_t i = 1; i < n; ++i) {
    const A value = read_one<A>(x + i * stride);
    if (better<Op>(value, best)) best = value, at = i;
  }
  return at;
}

// Contiguous across outputs: the best of a tile of columns stays in registers while the rows go by. Lane-sized row
// numbers count from the start of a block of rows and are widened when it ends.
template <class Op, class A = typename Op::A>
void arg_columns(const typename Op::T* x, int64_t rows, int64_t stride, int64_t cols, int64_t* out) {
  typedef mask_t<A> I;
  constexpr int64_t block = sizeof(I) == 1 ? 127 : 4096;
  for (int64_t c = 0; c < cols; c += lanes<A>) {
    const int n = cols - c < lanes<A> ? (int)(cols - c) : lanes<A>;
    auto at = [&](int64_t r) __attribute__((always_inline)) {
      return n == lanes<A> ? read<A>(x + r * stride + c) : read_n<A>(x + r * stride + c, n);
    };
    vec<A> best = at(0);
    for (int i = 0; i < n; ++i) out[c + i] = 0;
    for (int64_t r0 = 0; r0 < rows; r0 += block) {
      vec<I> row = set1<I>(-1);
      const int64_t end = rows - r0 < block ? rows - r0 : block;
      for (int64_t r = 0; r < end; ++r) {
        const vec<A> v = at(r0 + r);
        const auto take = better<Op>(v, best);
        best = take ? v : best;
        row = take ? set1<I>((I)r) : row;
      }
      for (int i = 0; i < n; ++i)
        if (row[i] >= 0) out[c + i] = r0 + row[i];
    }
  }
}

template <class Op>
void arg_reduce(const ReduceArgs& a, const void* x_, int64_t* out) {
  const auto* x = static_cast<const typename Op::T*>(x_);
  if (a.output_stride == 1 && a.outputs > 1) {
    arg_columns<Op>(x, a.count, a.count_stride, a.outputs, out);
  } else if (a.count_stride == 1) {
    for (int64_t o = 0; o < a.outputs; ++o) out[o] = arg_row<Op>(x + o * a.output_stride, a.count);
  } else {
    for (int64_t o = 0; o < a.outputs; ++o) out[o] = arg_strided<Op>(x + o * a.output_stride, a.count, a.count_stride);
  }
}

template <class Op, class A = typename Op::A>
void arg_merge(const ReduceArgs& a, const void* x_, const int64_t* part, int64_t slices, int64_t* out) {
  const auto* x = static_cast<const typename Op::T*>(x_);
  for (int64_t o = 0; o < a.outputs; ++o) {
    const auto* row = x + o * a.output_stride;
    int64_t at = part[o];
    A best = read_one<A>(row + at * a.count_stride);
    for (int64_t s = 1; s < slices; ++s) {
      const int64_t candidate = part[s * a.outputs + o];
      const A value = read_one<A>(row + candidate * a.count_stride);
      if (better<Op>(value, best)) best = value, at = candidate;
    }
    out[o] = at;
  }
}

template <class T>
void fill_type(ReduceKernels& k, DType d) {
  const int i = (int)d;
  k.argmax[i] = arg_reduce<Max<T>>;
  k.argmin[i] = arg_reduce<Min<T>>;
  k.argmax_merge[i] = arg_merge<Max<T>>;
  k.argmin_merge[i] = arg_merge<Min<T>>;
}

}  // namespace

void fill_arg(ReduceKernels& table) {
  fill_type<uint8_t>(table, DType::boolean);
#define X(T, name) fill_type<T>(table, DType::name);
  TW_FOR_EACH_INTEGER(X)
  TW_FOR_EACH_FLOAT(X)
#undef X
}

}  // namespace tw::TW_ISA
