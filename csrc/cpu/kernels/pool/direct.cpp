// Pooling straight from the planes, without places: vectors along rows of windows, or across planes. See README.md.
#include "cpu/kernels/pool/windows.h"
#include "cpu/kernels/reduce/tree.h"

namespace tw::TW_ISA {
namespace {

// What is done with taps, and with a row of windows then. Taps of each row of elements are joined first, then the rows:
// fewer steps wait for each other, and both ways to pool give the same bits.
template <class T>
struct Largest {
  typedef compute_t<T> C;
  static constexpr C start = -__builtin_inff();

  template <class V>
  TW_INLINE V join(V a, V b) const {
    return extreme<true>(a, b);
  }
  TW_INLINE void begin_row(const int64_t[3]) {}
  TW_INLINE vec<C> finish_row(vec<C> v, int64_t) const { return v; }
  template <class V>
  TW_INLINE V finish(V v, int64_t) const {
    return v;
  }
};

template <class T>
struct Mean {
  typedef compute_t<T> C;
  static constexpr C start = 0;
  Divisors<C> divisors;
  C of_row;

  template <class V>
  TW_INLINE V join(V a, V b) const {
    return a + b;
  }
  TW_INLINE void begin_row(const int64_t out[3]) { of_row = divisors.of_row(out); }
  TW_INLINE vec<C> finish_row(vec<C> v, int64_t column) const {
    return v / (load(divisors.of_columns + column) * of_row);
  }
  template <class V>
  TW_INLINE V finish(V v, int64_t column) const {
    return v / (divisors.of_columns[column] * of_row);
  }
};

// Elements of a plane: depth slices of rows.
struct Slices {
  int64_t slices, rows, slice_step, row_step;

  TW_INLINE Slices(const Window& d, const Window& r, int64_t slice, int64_t row)
      : slices(d.count), rows(r.count), slice_step(d.step * slice), row_step(r.step * row) {}

  // f(row) for each, `first` being the first.
  template <class T, class F>
  TW_INLINE void each_row(const T* first, F f) const {
    for (int64_t i = 0; i < slices; ++i, first += slice_step) {
      const T* row = first;
      for (int64_t j = 0; j < rows; ++j, row += row_step) f(row);
    }
  }
};

// ---- along rows -----------------------------------------------------------------------------------------------------

// x and all lanes of v but the last.
template <class C, class V, int... I>
TW_INLINE V behind(C x, V v, Lanes<I...>) {
  return __builtin_shufflevector(set1(x), v, (I == 0 ? 0 : (int)sizeof...(I) + I - 1)...);
}

// The taps of lanes<T> windows in one row of elements; the windows are S apart, and the first begins at x.
template <int S, class T, class Op>
TW_INLINE vec<compute_t<T>> join_row(const Op& op, const T* x, int64_t taps) {
  constexpr int L = lanes<T>;
  constexpr Lanes<__integer_pack(L)...> all;
  if constexpr (S == 1) {
    auto v = load(x);
    for (int64_t t = 1; t < taps; ++t) v = op.join(v, load(x + t));
    return v;
  } else {
    const int64_t t = taps % 2;
    const auto a = load(x + t), b = load(x + t + L), odd = odds(a, b, all);
    auto v = evens(a, b, all);
    if (t == 1) v = op.join(behind(get(x), odd, all), v);  // the third tap of a window is the first of the next
    v = op.join(v, odd);
    for (int64_t next = t + 2; next < taps; next += 2) {
      const auto c = load(x + next), d = load(x + next + L);
      v = op.join(op.join(v, evens(c, d, all)), odds(c, d, all));
    }
    return v;
  }
}

template <int S, class T, class Op>
TW_INLINE void pool_rows(const PoolWindows& w, const PoolBlock& b, const T* x, T* y, Op op) {
  typedef compute_t<T> C;
  constexpr int L = lanes<T>;
  const PoolAxis &depth = w.axis[0], &rows = w.axis[1], &columns = w.axis[2];
  const PoolInside inside = pool_inside(columns);
  for_each_row(b, [&](int64_t plane, const int64_t out[3]) {
    const Window d = window_of(depth, false, out[0]), r = window_of(rows, false, out[1]);
    const Slices taps(d, r, rows.n * columns.n, columns.n);
    const T* first = x + ((plane * depth.n + d.first) * rows.n + r.first) * columns.n;
    T* to = y + number_of(w, plane, out);
    op.begin_row(out);
    const auto alone = [&](int64_t i) {
      const Window c = window_of(columns, false, i);
      vec<C> v = set1(op.start);  // of which one lane counts: the larger of two numbers would be a branch
      taps.each_row(first + c.first, [&](const T* row) {
        vec<C> of_row = set1(get(row));
        for (int64_t t = 1; t < c.count; ++t) of_row = op.join(of_row, set1(get(row + t)));
        v = op.join(v, of_row);
      });
      put(to + i, op.finish(v, i)[0]);
    };
    for (int64_t i = 0; i < inside.from; ++i) alone(i);
    for (int64_t next = inside.from; next < inside.to; next = (next / L + 1) * L) {  // where rows are aligned, so it is
      const int64_t i = next + L <= inside.to ? next : inside.to - L;  // the last may do some windows again
      vec<C> v = set1(op.start);
      taps.each_row(first + i * S - columns.p, [&](const T* row) { v = op.join(v, join_row<S>(op, row, columns.k)); });
      store(to + i, op.finish_row(v, i));
    }
    for (int64_t i = inside.to; i < columns.m; ++i) alone(i);
  });
}

template <class T, class Op>
TW_INLINE void pool_rows(const PoolWindows& w, const PoolBlock& b, const T* x, T* y, Op op) {
  w.axis[2].s == 1 ? pool_rows<1>(w, b, x, y, op) : pool_rows<2>(w, b, x, y, op);
}

// ---- across planes --------------------------------------------------------------------------------------------------

// cells[i][lane] = x[lane][i]: n elements of so many planes. Writes whole squares.
template <class T>
TW_INLINE void to_lanes(const T* x, int64_t apart, int64_t planes, int64_t n, compute_t<T>* cells) {
  typedef compute_t<T> C;
  constexpr int L = lanes<T>;
  for (int64_t i = 0; i < n; i += L) {
    vec<C> v[L] = {};
#pragma GCC unroll 16
    for (int k = 0; k < L; ++k) {
      const T* row = x + (k < planes ? k : 0) * apart + i;
      v[k] = n - i >= L ? load(row) : load_n(row, (int)(n - i));
    }
    transpose<C>(v);
#pragma GCC unroll 16
    for (int k = 0; k < L; ++k) store(cells + (i + k) * L, v[k]);
  }
}

// y[lane][i] = cells[i][lane]. Reads whole squares.
template <class T>
TW_INLINE void from_lanes(const compute_t<T>* cells, int64_t n, int64_t apart, int64_t planes, T* y) {
  typedef compute_t<T> C;
  constexpr int L = lanes<T>;
  for (int64_t i = 0; i < n; i += L) {
    vec<C> v[L];
#pragma GCC unroll 16
    for (int k = 0; k < L; ++k) v[k] = load(cells + (i + k) * L);
    transpose<C>(v);
    for (int k = 0; k < (planes < L ? planes : L); ++k)
      n - i >= L ? store(y + k * apart + i, v[k]) : store_n(y + k * apart + i, v[k], (int)(n - i));
  }
}

// f(from, to) for pieces of `rows` rows that lie side by side in planes of rows of n elements: rows of m.
template <class F>
TW_INLINE void for_each_piece(int64_t rows, int64_t m, int64_t n, F f) {
  if (m == n) return f(0, 0, rows * m);
  for (int64_t i = 0; i < rows; ++i) f(i * n, i * m, m);
}

template <class T, class Op>
TW_INLINE void pool_planes(const PoolWindows& w, const PoolBlock& b, const T* x, T* y, Op op, compute_t<T>* cells) {
  typedef compute_t<T> C;
  constexpr int L = lanes<T>;
  const PoolAxis &depth = w.axis[0], &rows = w.axis[1], &columns = w.axis[2];
  PoolInside box[3];
  for (int a = 0; a < 3; ++a) box[a] = pool_elements(w.axis[a], b.first[a], b.count[a]);
  if (b.count[2] == columns.m) box[2] = {0, columns.n};
  const int64_t high = box[1].to - box[1].from, wide = box[2].to - box[2].from;
  C* results = cells + pool_cells(w, b).elements * L;
  for (int64_t plane = b.plane; plane < b.plane + b.planes; plane += L) {
    const int64_t planes = b.plane + b.planes - plane;
    for (int64_t d = box[0].from; d < box[0].to; ++d) {
      const T* from = x + ((plane * depth.n + d) * rows.n + box[1].from) * columns.n + box[2].from;
      C* to = cells + (d - box[0].from) * high * wide * L;
      for_each_piece(high, wide, columns.n, [&](int64_t there, int64_t here, int64_t n) {
        to_lanes(from + there, w.inputs(), planes, n, to + here * L);
      });
    }
    C* result = results;
    for_each_row({0, 1, {b.first[0], b.first[1], b.first[2]}, {b.count[0], b.count[1], b.count[2]}},
                 [&](int64_t, const int64_t out[3]) {
                   const Window d = window_of(depth, false, out[0]), r = window_of(rows, false, out[1]);
                   const Slices taps(d, r, high * wide * L, wide * L);
                   const C* first = cells + ((d.first - box[0].from) * high + r.first - box[1].from) * wide * L;
                   op.begin_row(out);
                   for (int64_t i = 0; i < b.count[2]; ++i, result += L) {
                     const Window c = window_of(columns, false, b.first[2] + i);
                     vec<C> v = set1(op.start);
                     taps.each_row(first + (c.first - box[2].from) * L, [&](const C* row) {
                       vec<C> of_row = load(row);
                       for (int64_t t = 1; t < c.count; ++t) of_row = op.join(of_row, load(row + t * c.step * L));
                       v = op.join(v, of_row);
                     });
                     store(result, op.finish(v, i));
                   }
                 });
    for (int64_t i = 0; i < b.count[0]; ++i) {
      const int64_t out[3] = {b.first[0] + i, b.first[1], b.first[2]};
      T* to = y + number_of(w, plane, out);
      const C* from = results + i * b.count[1] * b.count[2] * L;
      for_each_piece(b.count[1], b.count[2], columns.m, [&](int64_t there, int64_t here, int64_t n) {
        from_lanes(from + here * L, n, w.outputs(), planes, to + there);
      });
    }
  }
}

// ---- the table ------------------------------------------------------------------------------------------------------

template <class T>
void max_rows(const PoolWindows& w, const PoolBlock& b, const void* x, void* y, PoolPlaces, void*) {
  pool_rows(w, b, static_cast<const T*>(x), static_cast<T*>(y), Largest<T>{});
}
template <class T>
void max_planes(const PoolWindows& w, const PoolBlock& b, const void* x, void* y, PoolPlaces, void* scratch) {
  pool_planes(w, b, static_cast<const T*>(x), static_cast<T*>(y), Largest<T>{}, static_cast<compute_t<T>*>(scratch));
}

template <class T>
void average_rows(const PoolWindows& w, const PoolBlock& b, PoolDivisor divisor, const void* x, void* y,
                  void* scratch) {
  const Divisors<compute_t<T>> divisors(w, b, divisor, static_cast<compute_t<T>*>(scratch));
  pool_rows(w, b, static_cast<const T*>(x), static_cast<T*>(y), Mean<T>{divisors, 1});
}
template <class T>
void average_planes(const PoolWindows& w, const PoolBlock& b, PoolDivisor divisor, const void* x, void* y,
                    void* scratch) {
  const PoolCells lie = pool_cells(w, b);
  auto* cells = static_cast<compute_t<T>*>(scratch);
  const Divisors<compute_t<T>> divisors(w, b, divisor, cells + (lie.elements + lie.windows) * lanes<T>);
  pool_planes(w, b, static_cast<const T*>(x), static_cast<T*>(y), Mean<T>{divisors, 1}, cells);
}

template <class T>
void fill_dtype(PoolKernels& k, DType dtype) {
  const int i = (int)dtype;
  k.max_rows[i] = max_rows<T>;
  k.max_planes[i] = max_planes<T>;
  k.average_rows[i] = average_rows<T>;
  k.average_planes[i] = average_planes<T>;
}

}  // namespace

void fill_direct(PoolKernels& k) {
#define X(T, name) fill_dtype<T>(k, DType::name);
  TW_FOR_EACH_FLOAT(X)
#undef X
}

}  // namespace tw::TW_ISA
