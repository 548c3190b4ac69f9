// The two ways to go along an axis, so that each kernel is written once for both: a Row is contiguous and its lanes are
// neighbours on the axis; a Column is strided and its lanes are neighbouring columns, each with an axis of its own.
#pragma once
#include "cpu/kernels/math.h"
#include "cpu/kernels/part.h"
#include "cpu/kernels/reduce/tree.h"
#include "cpu/kernels/softmax/softmax.h"

namespace tw::TW_ISA {

// One place of as many rows as there are lanes, `step` apart: short rows are done as the columns that they then are.
struct Across {
  int64_t step;
  template <class T>
  TW_INLINE vec<T> load(const T* p) const {
    vec<T> v;
    for (int i = 0; i < lanes<T>; ++i) v[i] = p[i * step];
    return v;
  }
  template <class T>
  TW_INLINE void store(T* p, vec<T> x) const {
    for (int i = 0; i < lanes<T>; ++i) p[i * step] = x[i];
  }
};

// Both have:
//   each(f)      f(i, at) for every place i on the axis: it lies at i * stride, `at` moves it to and from memory
//   max(x)       over the axis, in every lane that has a column
//   sum(f)       of f(i, at) over the axis, likewise; blocks of kBlock terms are summed before they are joined
//   samples()    how many axes this is; the first lanes, the s-th lane's elements s * apart() from the first one's
//   ahead(p)     fetches what lies where p does on the next axis in memory
//   put(p, v)    stores one number for each
//   per_place(p, i, at)  p[i] of an array that has this axis only
//   all(v)       v[0] in every lane of a Row, v itself of a Column
//   is_at(i, v)  which lanes lie at place v[lane] when `at` is at i
template <class T, class A = compute_t<T>>
struct Row {
  typedef vec<A> V;
  static constexpr int64_t stride = 1;
  static constexpr int samples() { return 1; }
  static constexpr int64_t apart() { return 0; }
  TW_INLINE void ahead(const T* p) const { __builtin_prefetch(p + n); }
  int64_t n;

  template <class F>
  TW_INLINE void each(F f) const {
    int64_t i = 0;
    for (; i + lanes<A> <= n; i += lanes<A>) f(i, Whole{});
    if (i < n) f(i, Part{(int)(n - i)});
  }
  TW_INLINE V max(const T* x) const { return set1(reduce_row<Max<T>>(x, n)); }
  template <class F>
  TW_INLINE V sum(F f) const {
    constexpr int64_t kBlock = 64 * lanes<A>;
    if (n <= lanes<A>) {
      const Part at{(int)n};
      return set1(fold_lanes<Sum<A>>(at.keep(f(0, at), (A)0)));
    }
    double total = 0;
    int64_t i = 0;
    while (n - i >= lanes<A>) {
      const int64_t end = n - i < kBlock ? n : i + kBlock;
      V acc[2] = {};
      for (; i + 2 * lanes<A> <= end; i += 2 * lanes<A>)
        for (int k = 0; k < 2; ++k) acc[k] += f(i + k * lanes<A>, Whole{});
      if (i + lanes<A> <= end) {
        acc[0] += f(i, Whole{});
        i += lanes<A>;
      }
      total += fold_lanes<Sum<A>>(acc[0] + acc[1]);
    }
    if (i < n) {
      const Part at{(int)(n - i)};
      total += fold_lanes<Sum<A>>(at.keep(f(i, at), (A)0));
    }
    return set1((A)total);
  }
  template <class R>
  static TW_INLINE void put(R* p, V v) {
    Part{1}.store(p, v);
  }
  static TW_INLINE V per_place(const A* p, int64_t i, auto at) { return at.load(p + i); }
  template <class U>
  static TW_INLINE U all(U v) {
    return U{} + v[0];
  }
  static TW_INLINE auto is_at(int64_t i, vec<mask_t<A>> v) { return iota<A>() + (mask_t<A>)i == v; }
};

template <class T, class At, class A = compute_t<T>>
struct Column {
  typedef vec<A> V;
  int64_t n, stride;
  At at;
  int columns;
  int samples() const { return columns; }
  int64_t apart() const {
    if constexpr (__is_same(At, Across))
      return at.step;
    else
      return 1;
  }
  static TW_INLINE void ahead(const T*) {}

  template <class F>
  TW_INLINE void each(F f) const {
    for (int64_t i = 0; i < n; ++i) f(i, at);
  }
  TW_INLINE V max(const T* x) const {
    constexpr int chains = 4;
    V m[chains];
    for (int k = 0; k < chains; ++k) m[k] = set1(lowest<A>());
    int64_t i = 0;
    for (; i + chains <= n; i += chains)
      for (int k = 0; k < chains; ++k) m[k] = Max<A>::join(m[k], at.load(x + (i + k) * stride));
    for (; i < n; ++i) m[0] = Max<A>::join(m[0], at.load(x + i * stride));
    return Max<A>::join(Max<A>::join(m[0], m[1]), Max<A>::join(m[2], m[3]));
  }
  template <class F>
  TW_INLINE V sum(F f) const {
    constexpr int64_t kBlock = 64;
    V total = {};
    for (int64_t i = 0; i < n;) {
      const int64_t end = n - i < kBlock ? n : i + kBlock;
      V acc = {};
      for (; i < end; ++i) acc += f(i, at);
      total += acc;
    }
    return total;
  }
  template <class R>
  TW_INLINE void put(R* p, V v) const {
    if constexpr (__is_same(At, Across))
      TW_ISA::store(p, v);
    else
      at.store(p, v);
  }
  static TW_INLINE V per_place(const A* p, int64_t i, At) { return set1(p[i]); }
  template <class U>
  static TW_INLINE U all(U v) {
    return v;
  }
  static TW_INLINE auto is_at(int64_t i, vec<mask_t<A>> v) { return v == (mask_t<A>)i; }
};

constexpr int64_t kShortRow = 16;

// f(axis, at, sample) for every axis: its first place is at `at`, its result at `sample`. `transpose`: short rows are
// taken a vector's worth at once, which pays for kernels with much work or little output to each row.
template <class T, bool transpose = false, class F>
TW_INLINE void for_each_axis(const SoftmaxArgs& a, F f) {
  if (a.stride == 1) {
    int64_t o = 0;
    if constexpr ((transpose || TW_VEC_BYTES == 16) && sizeof(T) > 2)
      if (a.n <= kShortRow)
        for (; o + lanes<T> <= a.outer; o += lanes<T>) f(Column<T, Across>{a.n, 1, Across{a.n}, lanes<T>}, o * a.n, o);
    for (; o < a.outer; ++o) f(Row<T>{a.n}, o * a.n, o);
    return;
  }
  for (int64_t o = 0; o < a.outer; ++o) {
    const int64_t first = o * a.n * a.stride, sample = o * a.stride;
    int64_t c = 0;
    for (; c + lanes<T> <= a.inner; c += lanes<T>)
      f(Column<T, Whole>{a.n, a.stride, Whole{}, lanes<T>}, first + c, sample + c);
    if (c < a.inner) {
      const int rest = (int)(a.inner - c);
      f(Column<T, Part>{a.n, a.stride, Part{rest}, rest}, first + c, sample + c);
    }
  }
}

// Sum of exp(x - m). One pass over x is compute, the next one's first waits for memory: what it will read is sent for.
template <class Axis, class T, class... Outputs>
TW_INLINE typename Axis::V sum_exp(const Axis& axis, const T* x, typename Axis::V m, const Outputs*... y) {
  return axis.sum([&](int64_t i, auto at) __attribute__((always_inline)) {
    axis.ahead(x + i * axis.stride);
    (axis.ahead(y + i * axis.stride), ...);
    return exp(at.load(x + i * axis.stride) - m);
  });
}

}  // namespace tw::TW_ISA
