// Products whose operands both run along the depth, A · Bᵀ for a batch of a few rows: tiles of dot products. Nothing is
// packed, so each element of B is read from memory once and used where it lies.
#include "kernels/gemm/gemm.h"
#include "kernels/gemm/pack.h"
#include "kernels/vec.h"

namespace tw::TW_ISA {
namespace {

// A tile is kRows x kCols dot products; each vector of A is used kCols times, each of B kRows times.
#if TW_VEC_BYTES == 64
constexpr int kRows = 4, kCols = 6;
#elif TW_VEC_BYTES == 32
constexpr int kRows = 3, kCols = 4;
#else
constexpr int kRows = 2, kCols = 4;
#endif
constexpr int64_t kDepthBytes = 4096;  // of a row: the rows of a tile stay in L1

template <class S>
struct DotTile {
  const S* a;
  int64_t a_row;
  const S* b;
  int64_t b_col;
  int64_t k;
  const S* ahead;  // a row of the next tile's B, fetched into L2 meanwhile
};

// Sums of tile (r, c) at sums[r * C + c].
template <class S, int R, int C>
void dots(const DotTile<S>& t, compute_t<S>* sums) {
  typedef compute_t<S> T;
  constexpr int L = lanes<T>;
  constexpr int kGroups = (R * C + L - 1) / L;
  vec<T> acc[kGroups * L] = {};
  const auto step = [&](int64_t p, auto read) __attribute__((always_inline)) {
    __builtin_prefetch(t.ahead + p, 0, 2);
    vec<T> a[R];
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) a[r] = read(t.a + r * t.a_row + p);
#pragma GCC unroll 8
    for (int c = 0; c < C; ++c) {
      const vec<T> b = read(t.b + c * t.b_col + p);
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) acc[r * C + c] = fma(a[r], b, acc[r * C + c]);
    }
  };
  int64_t p = 0;
  for (; p + L <= t.k; p += L) step(p, [](const S* at) __attribute__((always_inline)) { return load(at); });
  if (const int left = min(t.k - p, L); left > 0)
    step(p, [left](const S* at) __attribute__((always_inline)) { return load_n(at, left); });
#pragma GCC unroll 8
  for (int g = 0; g < kGroups; ++g) {
    vec<T> rows[L];
#pragma GCC unroll 16
    for (int i = 0; i < L; ++i) rows[i] = acc[g * L + i];
    store(sums + g * L, sum_rows<T>(rows));
  }
}

template <class S>
using DotsFn = void (*)(const DotTile<S>&, compute_t<S>*);
template <class S, int C, int... I>
struct Heights {
  static constexpr DotsFn<S> of[] = {dots<S, I + 1, C>...};
};
template <class S, int C>
TW_INLINE DotsFn<S> dots_for(int rows) {
  return Heights<S, C, __integer_pack(kRows)...>::of[rows - 1];
}

// Rows of C from a tile's sums. Between stretches of the depth they wait in C.
template <class T>
TW_INLINE void store_sums(const GemmProblem& g, int64_t i, int64_t j, int rows, int cols, const T* sums, bool first,
                          bool last) {
  constexpr int L = lanes<T>;
  for (int r = 0; r < rows; ++r) {
    T* c = static_cast<T*>(g.c) + (i + r) * g.c_row + j;
    for (int at = 0; at < cols; at += L) {
      const int n = min(cols - at, L);
      vec<T> v = load_n(sums + r * cols + at, n);
      if (g.accumulate || !first) v += load_n(c + at, n);
      if (g.bias != nullptr && first) v += load_n(static_cast<const T*>(g.bias) + j + at, n);
      if (g.relu && last) v = v < 0 ? vec<T>{} : v;
      store_n(c + at, v, n);
    }
  }
}

template <class T>
void dot(const GemmProblem& g) {
  alignas(64) T sums[(kRows * kCols + lanes<T> - 1) / lanes<T> * lanes<T>];
  constexpr int kDepth = kDepthBytes / sizeof(T);
  DotTile<T> t;
  t.a_row = g.a_row;
  t.b_col = g.b_col;
  int64_t p = 0;
  do {  // once for k = 0, to store bias or zeros
    t.k = min(g.k - p, kDepth);
    const bool first = p == 0, last = p + t.k == g.k;
    for (int64_t j = 0; j < g.n;) {
      const int cols = g.n - j >= kCols ? kCols : 1;
      t.b = static_cast<const T*>(g.b) + j * g.b_col + p;
      for (int64_t i = 0; i < g.m; i += kRows) {
        const int rows = min(g.m - i, kRows);
        t.a = static_cast<const T*>(g.a) + i * g.a_row + p;
        t.ahead = t.b + (cols + i / kRows % kCols) * g.b_col;
        (cols == kCols ? dots_for<T, kCols>(rows) : dots_for<T, 1>(rows))(t, sums);
        store_sums(g, i, j, rows, cols, sums, first, last);
      }
      j += cols;
    }
    p += t.k;
  } while (p < g.k);
}

}  // namespace

void fill_dot(GemmKernels& table) {
  table.dot[static_cast<int>(DType::f32)] = dot<float>;
  table.dot[static_cast<int>(DType::f64)] = dot<double>;
}

}  // namespace tw::TW_ISA
