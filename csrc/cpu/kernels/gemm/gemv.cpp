// Matrix times vector. Both forms read every element of A once, in address order within a row (column) of A.
#include "cpu/kernels/gemm/epilogue.h"
#include "cpu/kernels/gemm/pack.h"
#include "cpu/kernels/vec.h"

namespace tw::TW_ISA {
namespace {

// y[i .. i + n) from finished sums, which are overwritten.
template <class S>
TW_INLINE void store_sums(const GemvProblem& g, int64_t i, compute_t<S>* sums, int n) {
  finish(g.out.at(0, i, sizeof(S)), sums, n, 1, n, S{});
}

// Lane-wise sums of one row times x. Eight sums hide the latency of FMA and are added up every
// kChunk elements: no chain is longer than kChunk / (8 lanes).
template <class S>
TW_INLINE vec<compute_t<S>> dot_row(const S* a, const S* x, int64_t k) {
  typedef compute_t<S> T;
  constexpr int L = lanes<T>, U = 8;
  constexpr int64_t kChunk = 32768, kAhead = 8192 / sizeof(S);
  vec<T> total = {};
  for (int64_t start = 0; start < k; start += kChunk) {
    const int64_t end = start + min(k - start, kChunk);
    vec<T> acc[U] = {};
    int64_t p = start;
    for (; p + U * L <= end; p += U * L) {
#pragma GCC unroll 8
      for (int u = 0; u < U; ++u) {
        __builtin_prefetch(a + p + u * L + kAhead, 0, 2);
        acc[u] = fma(load(a + p + u * L), load(x + p + u * L), acc[u]);
      }
    }
    for (; p + L <= end; p += L) acc[0] = fma(load(a + p), load(x + p), acc[0]);
    if (p < end) acc[1] = fma(load_n(a + p, end - p), load_n(x + p, end - p), acc[1]);
    total += ((acc[0] + acc[1]) + (acc[2] + acc[3])) + ((acc[4] + acc[5]) + (acc[6] + acc[7]));
  }
  return total;
}

template <class T>
constexpr int kTogether = lanes<T> < 4 ? lanes<T> : 4;  // rows that share what is read of x

// The lane-wise sums of R rows. kFetch: the next R are fetched into L2 meanwhile, which is worth it where they come
// from memory.
template <class S, int R, bool kFetch>
TW_INLINE void dot_few_rows(const S* a, int64_t a_row, const S* x, int64_t k, vec<compute_t<S>>* sums) {
  typedef compute_t<S> T;
  constexpr int L = lanes<T>, U = 2;
  vec<T> acc[U][R] = {};
  int64_t p = 0;
  for (; p + U * L <= k; p += U * L) {
#pragma GCC unroll 2
    for (int u = 0; u < U; ++u) {
      const vec<T> xv = load(x + p + u * L);
#pragma GCC unroll 4
      for (int r = 0; r < R; ++r) {
        const S* row = a + r * a_row + p + u * L;
        if (kFetch) __builtin_prefetch(row + R * a_row, 0, 2);
        acc[u][r] = fma(load(row), xv, acc[u][r]);
      }
    }
  }
  for (; p + L <= k; p += L) {
    const vec<T> xv = load(x + p);
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r) acc[0][r] = fma(load(a + r * a_row + p), xv, acc[0][r]);
  }
  if (p < k) {
    const vec<T> xv = load_n(x + p, k - p);
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r) acc[0][r] = fma(load_n(a + r * a_row + p, k - p), xv, acc[0][r]);
  }
#pragma GCC unroll 4
  for (int r = 0; r < R; ++r) sums[r] = acc[0][r] + acc[1][r];
}

// The sums of a whole vector of rows; they stay in registers, as writing them out would cost as much as 256 columns.
template <class S, bool kFetch>
vec<compute_t<S>> dot_rows(const S* a, int64_t a_row, const S* x, int64_t k) {
  typedef compute_t<S> T;
  constexpr int L = lanes<T>, R = kTogether<T>;
  vec<T> rows[L];
#pragma GCC unroll 4
  for (int r = 0; r < L; r += R) dot_few_rows<S, R, kFetch>(a + r * a_row, a_row, x, k, rows + r);
  return sum_rows<T>(rows);
}

// Rows of A are contiguous: dot products.
template <class S>
void gemv_dot(const GemvProblem& g) {
  typedef compute_t<S> T;
  constexpr int L = lanes<T>, R = kTogether<T>, kRows = 8 * L;
  constexpr int64_t kLong = 4096;
  const S* a = static_cast<const S*>(g.a.data);
  const S* x = static_cast<const S*>(g.x);
  const auto whole = g.k < kLong ? dot_rows<S, false> : dot_rows<S, true>;
  alignas(64) T sums[kRows];
  for (int64_t i = 0; i < g.m; i += kRows) {
    const int n = min(g.m - i, kRows);
    int at = 0;
    for (; at + L <= n; at += L) store(sums + at, whole(a + (i + at) * g.a.row, g.a.row, x, g.k));
    if (at < n) {
      vec<T> rows[L] = {};
      int r = 0;
      for (; at + r + R <= n; r += R) dot_few_rows<S, R, false>(a + (i + at + r) * g.a.row, g.a.row, x, g.k, rows + r);
      for (; at + r < n; ++r) rows[r] = dot_row<S>(a + (i + at + r) * g.a.row, x, g.k);
      store(sums + at, sum_rows<T>(rows));
    }
    store_sums<S>(g, i, sums, n);
  }
}

// x[0 .. n) to compute with: where they lie, or converted into `room`, which has N places, a multiple of a vector.
template <class S, int64_t N>
TW_INLINE const compute_t<S>* computable(const S* x, int64_t n, compute_t<S> (&room)[N]) {
  constexpr int L = lanes<S>;
  if constexpr (sizeof(S) == sizeof(compute_t<S>)) return x;
  for (int64_t i = 0; i < n; i += L) store(room + i, n - i >= L ? load(x + i) : load_n(x + i, n - i));
  return room;
}

// The sums of W vectors of rows, the last with `tail` lanes: in registers, and in several chains, so that an addition
// need not wait for the one before.
template <class S, int W>
void add_all_columns(const GemvProblem& g, int tail, compute_t<S>* sums) {
  typedef compute_t<S> T;
  constexpr int L = lanes<T>, U = 8 / W;
  constexpr int64_t kChunk = 512 * U;
  const S* a = static_cast<const S*>(g.a.data);
  const int64_t a_col = g.a.col;
  alignas(64) T room[kChunk];
  vec<T> total[W] = {};
  for (int64_t start = 0; start < g.k; start += kChunk) {
    const int64_t end = start + min(g.k - start, kChunk);
    const T* x = computable(static_cast<const S*>(g.x) + start, end - start, room) - start;
    vec<T> acc[U][W] = {};
    const auto add = [&](int64_t p, vec<T>(&to)[W]) __attribute__((always_inline)) {
      const vec<T> xv = set1(x[p]);
#pragma GCC unroll 4
      for (int w = 0; w < W; ++w) {
        const S* rows = a + p * a_col + w * L;
        to[w] = fma(w < W - 1 ? load(rows) : load_n(rows, tail), xv, to[w]);
      }
    };
    int64_t p = start;
    for (; p + U <= end; p += U) {
#pragma GCC unroll 8
      for (int u = 0; u < U; ++u) add(p + u, acc[u]);
    }
    for (; p < end; ++p) add(p, acc[0]);
#pragma GCC unroll 4
    for (int w = 0; w < W; ++w) {
#pragma GCC unroll 4
      for (int half = U / 2; half > 0; half /= 2) {
#pragma GCC unroll 4
        for (int u = 0; u < half; ++u) acc[u][w] += acc[u + half][w];
      }
      total[w] += acc[0][w];
    }
  }
  for (int w = 0; w < W; ++w) store(sums + w * L, total[w]);
}

// Sums of R vectors x: rows of so many elements, that all stay in L1.
template <class T, int R>
constexpr int kRows = 16384 / sizeof(T) / (R > 2 ? 4 : 2);

// sums[r][0 .. n) += A[:, 0 .. C) x[r][0 .. C). kFetch: the next C columns are fetched into L2 meanwhile.
template <class S, int R, int C, bool kFetch>
TW_INLINE void add_columns(const S* a, int64_t a_col, const compute_t<S>* const (&x)[R], int64_t from, int n,
                           compute_t<S>* sums) {
  typedef compute_t<S> T;
  constexpr int L = lanes<T>;
  vec<T> xv[R][C];
#pragma GCC unroll 4
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
    for (int c = 0; c < C; ++c) xv[r][c] = set1(x[r][from + c]);
  }
  for (int i = 0; i < n; i += L) {
    vec<T> v[R];
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r) v[r] = load(sums + r * kRows<T, R> + i);
#pragma GCC unroll 8
    for (int c = 0; c < C; ++c) {
      const S* column = a + c * a_col + i;
      if (kFetch) __builtin_prefetch(column + C * a_col, 0, 2);
      const vec<T> av = n - i >= L ? load(column) : load_n(column, n - i);
#pragma GCC unroll 4
      for (int r = 0; r < R; ++r) v[r] = fma(av, xv[r][c], v[r]);
    }
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r) store(sums + r * kRows<T, R> + i, v[r]);
  }
}

// Columns of A are contiguous: add them up, scaled. A second set of sums takes over every kChunk columns: no chain is
// longer.
template <class S, int R, bool kFetch>
void sum_columns(const GemvProblem& g) {
  typedef compute_t<S> T;
  constexpr int L = lanes<T>, C = R == 1 ? 8 : (TW_VEC_BYTES == 64 ? 16 : 8) / (R == 2 ? 2 : 4);
  constexpr int64_t kChunk = 512;
  alignas(64) T room[R][kChunk];
  alignas(64) T total[R][kRows<T, R>];
  alignas(64) T sums[R][kRows<T, R>];
  for (int64_t i = 0; i < g.m; i += kRows<T, R>) {
    const int n = min(g.m - i, kRows<T, R>);
    const S* a = static_cast<const S*>(g.a.data) + i;
    for (int r = 0; r < R; ++r)
      for (int at = 0; at < n; at += L) store(total[r] + at, vec<T>{});
    for (int64_t start = 0; start < g.k; start += kChunk) {
      const int64_t count = min(g.k - start, kChunk);
      const S* columns = a + start * g.a.col;
      const T* x[R];
      for (int r = 0; r < R; ++r) {
        x[r] = computable(static_cast<const S*>(g.x) + r * g.x_step + start, count, room[r]);
        for (int at = 0; at < n; at += L) store(sums[r] + at, vec<T>{});
      }
      int64_t p = 0;
      for (; p + C <= count; p += C) add_columns<S, R, C, kFetch>(columns + p * g.a.col, g.a.col, x, p, n, sums[0]);
      for (; p < count; ++p) add_columns<S, R, 1, false>(columns + p * g.a.col, g.a.col, x, p, n, sums[0]);
      for (int r = 0; r < R; ++r)
        for (int at = 0; at < n; at += L) store(total[r] + at, load(total[r] + at) + load(sums[r] + at));
    }
    finish(g.out.at(0, i, sizeof(S)), total[0], kRows<T, R>, R, n, S{});
  }
}

template <class S>
void gemv_axpy(const GemvProblem& g) {
  typedef compute_t<S> T;
  constexpr int L = lanes<T>;
  constexpr int64_t kMany = 16, kLarge = 2 << 20;  // a slice of 32 MB
  if (g.count == 1 && g.m <= 4 * L && g.k >= kMany) {
    alignas(64) T sums[4 * L];
    const int vectors = static_cast<int>((g.m + L - 1) / L), tail = static_cast<int>(g.m) - (vectors - 1) * L;
    constexpr void (*of[])(const GemvProblem&, int, T*) = {add_all_columns<S, 1>, add_all_columns<S, 2>,
                                                           add_all_columns<S, 3>, add_all_columns<S, 4>};
    of[vectors - 1](g, tail, sums);
    return store_sums<S>(g, 0, sums, static_cast<int>(g.m));
  }
  constexpr void (*of[2][GemmKernels::kMostVectors])(const GemvProblem&) = {
      {sum_columns<S, 1, false>, sum_columns<S, 2, false>, sum_columns<S, 3, false>, sum_columns<S, 4, false>},
      {sum_columns<S, 1, true>, sum_columns<S, 2, true>, sum_columns<S, 3, true>, sum_columns<S, 4, true>}};
  const bool from_memory = g.m * g.k * static_cast<int64_t>(sizeof(S)) >= kLarge;
  of[from_memory][g.count - 1](g);
}

template <class S>
void fill_type(GemmKernels& table, DType dtype) {
  table.gemv_dot[static_cast<int>(dtype)] = gemv_dot<S>;
  table.gemv_axpy[static_cast<int>(dtype)] = gemv_axpy<S>;
}

}  // namespace

void fill_gemv(GemmKernels& table) {
#define X(type, dtype) fill_type<type>(table, DType::dtype);
  TW_FOR_EACH_FLOAT(X)
#undef X
}

}  // namespace tw::TW_ISA
