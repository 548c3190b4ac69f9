// Rows of codes times vectors. Memory bounds it: codes are read once, in address order, and are numbers in registers
// only.
#include "cpu/kernels/gemm/epilogue.h"
#include "cpu/kernels/gemm/pack.h"
#include "cpu/kernels/vec.h"

namespace tw::TW_ISA {
namespace {

constexpr int L = lanes<float>;

TW_INLINE vf load_codes(const bf16* p) { return load(p); }
// The compiler would convert lane by lane.
TW_INLINE vf as_floats(vecn<int8_t, L> codes) {
#if TW_VEC_BYTES == 64
  return (vf)_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32((__m128i)codes));
#elif TW_VEC_BYTES == 32
  return (vf)_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_cvtsi64_si128(bitcast<int64_t>(codes))));
#else
  return (vf)_mm_cvtepi32_ps(_mm_cvtepi8_epi32(_mm_cvtsi32_si128(bitcast<int32_t>(codes))));
#endif
}
TW_INLINE vf load_codes(const int8_t* p) {
  vecn<int8_t, L> codes;
  __builtin_memcpy(&codes, p, sizeof codes);
  return as_floats(codes);
}
// The first n < L; the other lanes are zero.
TW_INLINE vf load_codes_n(const bf16* p, int n) { return load_n(p, n); }
TW_INLINE vf load_codes_n(const int8_t* p, int n) {
  vecn<int8_t, L> codes = {};
  __builtin_memcpy(&codes, p, n);
  return as_floats(codes);
}

constexpr int kTogether = 4;                  // rows that share what is read of x
constexpr int64_t kLine = 64, kAhead = 8192;  // bytes; what is fetched lies so far ahead, in whole groups of rows

// sums[v][r]: lane-wise, of R rows and V vectors. Of one vector there are two chains for each row, to hide the latency
// of FMA. Meanwhile the next R rows are fetched, each line once.
template <class S, int R, int V>
TW_INLINE void dot_rows(const S* a, int64_t a_row, const float* x, int64_t x_step, int64_t k, vf (*sums)[L]) {
  constexpr int U = V == 1 ? 2 : 1;
  vf acc[U][V][R] = {};
  const int64_t group = R * a_row, ahead = group * (1 + kAhead / (group * (int64_t)sizeof(S) + 1));
  const auto add = [&](int64_t p, vf(&to)[V][R]) __attribute__((always_inline)) {
    vf xv[V];
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) xv[v] = load(x + v * x_step + p);
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r) {
      const vf codes = load_codes(a + r * a_row + p);
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) to[v][r] = fma(codes, xv[v], to[v][r]);
    }
  };
  int64_t p = 0;
  for (; p + U * L <= k; p += U * L) {
    if (p * (int64_t)sizeof(S) % kLine == 0)
#pragma GCC unroll 4
      for (int r = 0; r < R; ++r) __builtin_prefetch(a + ahead + r * a_row + p, 0, 2);
#pragma GCC unroll 2
    for (int u = 0; u < U; ++u) add(p + u * L, acc[u]);
  }
  if (U > 1)
    for (; p + L <= k; p += L) add(p, acc[0]);
  if (p < k) {
    const int n = static_cast<int>(k - p);
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r) {
      const vf codes = load_codes_n(a + r * a_row + p, n);
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) acc[0][v][r] = fma(codes, load_n(x + v * x_step + p, n), acc[0][v][r]);
    }
  }
#pragma GCC unroll 4
  for (int v = 0; v < V; ++v) {
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r) sums[v][r] = U > 1 ? acc[0][v][r] + acc[U - 1][v][r] : acc[0][v][r];
  }
}

template <class S, int V>
void multiply(const CompressedProblem& g) {
  constexpr int R = kTogether < L ? kTogether : L;
  for (int64_t i = 0; i < g.m; i += L) {
    const int n = min(g.m - i, L);
    const CompressedRows a = g.a.at(i, sizeof(S));
    const S* codes = static_cast<const S*>(a.codes);
    vf rows[V][L] = {};
    int r = 0;
    for (; r + R <= n; r += R) {
      vf part[V][L];
      dot_rows<S, R, V>(codes + r * a.row, a.row, g.x, g.x_step, g.k, part);
      for (int v = 0; v < V; ++v)
        for (int j = 0; j < R; ++j) rows[v][r + j] = part[v][j];
    }
    for (; r < n; ++r) {
      vf part[V][L];
      dot_rows<S, 1, V>(codes + r * a.row, a.row, g.x, g.x_step, g.k, part);
      for (int v = 0; v < V; ++v) rows[v][r] = part[v][0];
    }
    alignas(64) float sums[V * L];
    for (int v = 0; v < V; ++v) {
      const vf sum = sum_rows<float>(rows[v]);
      store(sums + v * L, a.scale ? sum * load_n(a.scale, n) : sum);
    }
    finish(g.out.at(0, i, sizeof(float)), sums, L, V, n, 0.0f);
  }
}

template <class S>
void compressed(const CompressedProblem& g) {
  constexpr void (*of[GemmKernels::kMostVectors])(const CompressedProblem&) = {multiply<S, 1>, multiply<S, 2>,
                                                                               multiply<S, 3>, multiply<S, 4>};
  of[g.count - 1](g);
}

template <class S>
void expand(CompressedRows a, int64_t count, int64_t k, float* to) {
  for (int64_t r = 0; r < count; ++r, to += k) {
    const S* codes = static_cast<const S*>(a.codes) + r * a.row;
    const vf scale = set1(a.scale ? a.scale[r] : 1.0f);
    int64_t p = 0;
    for (; p + L <= k; p += L) store(to + p, load_codes(codes + p) * scale);
    if (p < k) store_n(to + p, load_codes_n(codes + p, static_cast<int>(k - p)) * scale, static_cast<int>(k - p));
  }
}

template <class S>
void fill_type(GemmKernels& table, DType dtype) {
  table.compressed[static_cast<int>(dtype)] = compressed<S>;
  table.expand[static_cast<int>(dtype)] = expand<S>;
}

}  // namespace

void fill_compressed(GemmKernels& table) {
  fill_type<bf16>(table, DType::bf16);
  fill_type<int8_t>(table, DType::i8);
}

}  // namespace tw::TW_ISA
