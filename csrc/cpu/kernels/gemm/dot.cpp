// Products whose operands both run along the depth, A · Bᵀ for a batch of a few rows: tiles of dot products. Nothing is
// packed, so each element of B is read from memory once and used where it lies.
#include "cpu/kernels/gemm/epilogue.h"
#include "cpu/kernels/gemm/pack.h"
#include "cpu/kernels/vec.h"

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
// of[(rows - 1) * kCols + cols - 1]
template <class S, int... I>
struct Tiles {
  static constexpr DotsFn<S> of[] = {dots<S, I / kCols + 1, I % kCols + 1>...};
};
template <class S>
TW_INLINE DotsFn<S> dots_for(int rows, int cols) {
  return Tiles<S, __integer_pack(kRows * kCols)...>::of[(rows - 1) * kCols + cols - 1];
}

// A tile's sums to C, or added to what an earlier block left there; bias and residual come with the first block.
template <class T>
TW_INLINE void store_sums(const GemmOutput& out, int rows, int cols, const T* sums, bool first, bool relu_now) {
  constexpr int L = lanes<T>;
  const T* add = static_cast<const T*>(first ? out.residual.data : out.c.data);
  const int64_t add_row = first ? out.residual.row : out.c.row;
  const T* bias = first ? static_cast<const T*>(out.bias.data) : nullptr;
  for (int r = 0; r < rows; ++r) {
    T* c = static_cast<T*>(out.c.data) + r * out.c.row;
    for (int at = 0; at < cols; at += L) {
      const int n = min(cols - at, L);
      vec<T> v = load_n(sums + r * cols + at, n);
      if (add != nullptr) v += load_n(add + r * add_row + at, n);
      if (bias != nullptr) v += load_n(bias + at, n);
      if (relu_now) v = relu(v);
      store_n(c + at, v, n);
    }
  }
}

template <class S>
void dot(const GemmProblem& g) {
  typedef compute_t<S> T;
  alignas(64) T sums[(kRows * kCols + lanes<T> - 1) / lanes<T> * lanes<T>];
  constexpr int kDepth = kDepthBytes / sizeof(S);
  const bool in_registers = fits_registers<S>(g.out), plain = in_registers && is_plain<S>(g.out);
  GemmOutput rest = g.out;
  rest.bias.data = rest.residual.data = nullptr;
  DotTile<S> t;
  t.a_row = g.a.row;
  t.b_col = g.b.col;
  int64_t p = 0;
  do {  // once for k = 0, to store bias or zeros
    t.k = in_registers ? min(g.k - p, kDepth) : g.k;
    const bool first = p == 0, last = p + t.k == g.k;
    for (int64_t j = 0; j < g.n; j += kCols) {
      const int cols = min(g.n - j, kCols);
      t.b = static_cast<const S*>(g.b.data) + j * g.b.col + p;
      for (int64_t i = 0; i < g.m; i += kRows) {
        const int rows = min(g.m - i, kRows);
        const GemmOutput out = g.out.at(i, j, sizeof(S));
        t.a = static_cast<const S*>(g.a.data) + i * g.a.row + p;
        t.ahead = t.b + (cols + i / kRows % kCols) * g.b.col;
        dots_for<S>(rows, cols)(t, sums);
        if (!in_registers) {
          finish(out, sums, cols, rows, cols, S{});
          continue;
        }
        if constexpr (sizeof(S) == sizeof(T)) {
          store_sums<T>(out, rows, cols, sums, first, plain && last && out.activation == Activation::relu);
          if (!plain && last) finish(rest.at(i, j, sizeof(S)), static_cast<T*>(out.c.data), out.c.row, rows, cols, S{});
        }
      }
    }
    p += t.k;
  } while (p < g.k);
}

}  // namespace

void fill_dot(GemmKernels& table) {
#define X(type, dtype) table.dot[static_cast<int>(DType::dtype)] = dot<type>;
  TW_FOR_EACH_FLOAT(X)
#undef X
}

}  // namespace tw::TW_ISA
