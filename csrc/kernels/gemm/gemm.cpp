#include "kernels/gemm/gemm.h"

#include "kernels/gemm/micro.h"
#include "kernels/gemm/pack.h"
#include "kernels/table.h"

namespace tw::TW_ISA {

void fill_dot(GemmKernels&);
void fill_gemv(GemmKernels&);
void fill_naive(GemmKernels&);

namespace {

template <class S, int P>
void pack(const void* src, int64_t stride, int64_t k_stride, int64_t count, int64_t k, void* packed) {
  const S* from = static_cast<const S*>(src);
  compute_t<S>* to = static_cast<compute_t<S>*>(packed);
  if (stride == 1) {
    // A few rows of all panels at a time: a cache line that two panels share is still there for the second, even where
    // rows lie a multiple of 4 KB apart and evict each other.
    constexpr int64_t kRows = 8;
    for (int64_t p = 0; p < k; p += kRows)
      for (int64_t i = 0; i < count; i += P)
        pack_rows<S, P>(from + i, k_stride, min(count - i, P), p, p + min(k - p, kRows), k, to + i * k);
    return;
  }
  for (int64_t i = 0; i < count; i += P, to += P * k)
    pack_panel<S, P>(from + i * stride, stride, k_stride, min(count - i, P), k, to);
}

// Rounds finished float sums, rows of nr, to C, with bias, C's old values and relu.
template <class S>
void store_half(const float* sums, int rows, int cols, S* c, const S* bias, const GemmTile& g) {
  constexpr int L = lanes<float>;
  for (int r = 0; r < rows; ++r, c += g.c_row, sums += Blocking<float>::nr) {
    for (int j = 0; j < cols; j += L) {
      const int n = min(cols - j, L);
      vf v = load(sums + j);
      if (bias != nullptr) v += load_n(bias + j, n);
      if (g.accumulate) v += load_n(c + j, n);
      if (g.relu) v = v < 0 ? vf{} : v;
      if (n == L)
        store(c + j, v);
      else
        store_n(c + j, v, n);
    }
  }
}

// One stretch of K for a tile of C: for each panel of B, which stays in L1, all panels of A stream past it. Between
// stretches the sums wait in `partial`, register tile after register tile: C may have a row stride that makes its lines
// evict each other.
template <class S>
TW_INLINE void stretch(const GemmTile& g, int64_t from, compute_t<S>* partial) {
  typedef compute_t<S> T;
  typedef Blocking<T> Sizes;
  constexpr bool kHalf = sizeof(S) < sizeof(T);
  constexpr int MR = Sizes::mr, NR = Sizes::nr;
  const bool first = from == 0, last = from + g.depth >= g.k;
  const int64_t k = last ? g.k - from : g.depth;
  const T* a = static_cast<const T*>(g.a) + from * g.a_rows + g.a_from * k;
  const T* b = static_cast<const T*>(g.b) + from * g.b_columns + g.b_from * k;
  const S* bias = static_cast<const S*>(g.bias);
  const int64_t a_panels = (g.m + MR - 1) / MR;
  MicroTile<T> t;
  t.k = k;
  t.a_row = 1;
  t.a_col = MR;
  t.b_row = NR;
  t.bias = nullptr;
  t.relu = !kHalf && last && g.relu;
  for (int64_t j = 0; j < g.n; j += NR) {
    t.b = b + j * k;
    t.cols = min(g.n - j, NR);
    if constexpr (!kHalf) {
      if (bias != nullptr && first) t.bias = bias + j;
    }
    const T* next_b = j + NR < g.n ? t.b + NR * k : b + k * g.b_columns;
    t.b_ahead_step = (NR + a_panels - 1) / a_panels;
    for (int64_t i = 0; i < g.m; i += MR, partial += MR * NR) {
      S* c = static_cast<S*>(g.c) + i * g.c_row + j;
      t.a = a + i * k;
      t.a_ahead = t.a + MR * k;
      t.b_ahead = next_b + i / MR * k * t.b_ahead_step;
      t.rows = min(g.m - i, MR);
      t.add = first ? nullptr : partial;
      t.add_row = NR;
      t.c = partial;
      t.c_row = NR;
      if constexpr (!kHalf) {
        if (last) {
          t.c = c;
          t.c_row = g.c_row;
        }
        if (first && g.accumulate) {
          t.add = c;
          t.add_row = g.c_row;
        }
      }
      micro(t);
      if constexpr (kHalf) {
        if (last) store_half(partial, t.rows, t.cols, c, bias != nullptr ? bias + j : nullptr, g);
      }
    }
  }
}

template <class S>
void tile(const GemmTile& g) {
  typedef compute_t<S> T;
  alignas(64) T partial[Blocking<T>::mc * Blocking<T>::nc];
  int64_t from = 0;
  do {  // once for k = 0
    stretch<S>(g, from, partial);
    from += g.depth;
  } while (from < g.k);
}

// Columns [from, to) of C, k deep from p on. A is read in place, B too where its rows hold whole vectors side by side;
// else B is packed, a panel at a time.
template <class T>
TW_INLINE void direct_columns(const GemmProblem& g, int64_t from, int64_t to, int64_t p, int k, T* panel) {
  typedef Blocking<T> Sizes;
  constexpr int MR = Sizes::mr, NR = Sizes::nr;
  const T* a = static_cast<const T*>(g.a) + p * g.a_col;
  T* c = static_cast<T*>(g.c);
  MicroTile<T> t;
  t.k = k;
  t.a_row = g.a_row;
  t.a_col = g.a_col;
  t.a_ahead = t.b_ahead = a;
  t.b_ahead_step = 0;
  t.c_row = t.add_row = g.c_row;
  t.relu = g.relu && p + k == g.k;
  for (int64_t j = from; j < to; j += NR) {
    const T* corner = static_cast<const T*>(g.b) + p * g.b_row + j * g.b_col;
    t.cols = min(to - j, NR);
    t.bias = g.bias != nullptr && p == 0 ? static_cast<const T*>(g.bias) + j : nullptr;
    if (g.b_col == 1 && (t.cols == NR || t.cols == lanes<T>)) {
      t.b = corner;
      t.b_row = g.b_row;
    } else {
      pack_panel<T, NR>(corner, g.b_col, g.b_row, t.cols, k, panel);
      t.b = panel;
      t.b_row = NR;
    }
    for (int64_t i = 0; i < g.m; i += MR) {
      t.a = a + i * g.a_row;
      t.c = c + i * g.c_row + j;
      t.add = g.accumulate || p > 0 ? t.c : nullptr;
      t.rows = min(g.m - i, MR);
      micro(t);
    }
  }
}

template <class T>
void direct(const GemmProblem& g) {
  typedef Blocking<T> Sizes;
  constexpr int64_t kCached = 512 << 10;  // of A, in L2
  alignas(64) T panel[Sizes::kc * Sizes::nr];
  // Where A stays in cache, a panel of B is finished over all of K before the next; else a stretch of K over all
  // panels.
  const int64_t step = g.m * g.k * static_cast<int64_t>(sizeof(T)) <= kCached ? Sizes::nr : g.n;
  for (int64_t j = 0; j < g.n; j += step) {
    const int64_t to = j + step < g.n ? j + step : g.n;
    int64_t p = 0;
    do {  // once for k = 0, to store bias or zeros
      const int k = min(g.k - p, Sizes::kc);
      direct_columns<T>(g, j, to, p, k, panel);
      p += k;
    } while (p < g.k);
  }
}

template <class S>
void fill_packed(GemmKernels& table, DType dtype) {
  typedef Blocking<compute_t<S>> Sizes;
  const int d = static_cast<int>(dtype);
  table.blocking[d] = {Sizes::mr, Sizes::nr, Sizes::kc, Sizes::mc, Sizes::nc};
  table.pack_a[d] = pack<S, Sizes::mr>;
  table.pack_b[d] = pack<S, Sizes::nr>;
  table.tile[d] = tile<S>;
}

}  // namespace

void fill_gemm(KernelTable& table) {
  GemmKernels& g = table.gemm;
#define X(type, dtype) fill_packed<type>(g, DType::dtype);
  TW_FOR_EACH_FLOAT(X)
#undef X
  g.direct[static_cast<int>(DType::f32)] = direct<float>;
  g.direct[static_cast<int>(DType::f64)] = direct<double>;
  fill_dot(g);
  fill_gemv(g);
  fill_naive(g);
}

}  // namespace tw::TW_ISA
