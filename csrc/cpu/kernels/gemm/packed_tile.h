// A tile of C from packed operands.
#pragma once
#include "cpu/kernels/gemm/pack.h"
#include "cpu/kernels/gemm/register_tile.h"

namespace tw::TW_ISA {
namespace {

// The compensation for A's zero point: `offset` times the sums of B's columns, of a panel `k` lanes deep; with a bias
// on top.
template <class Step>
TW_INLINE void compensate(const typename Step::lane* b, int64_t k, const typename Step::sum* bias, int cols,
                          typename Step::sum* to) {
  typedef typename Step::sum T;
  constexpr int L = lanes<T>, NR = Blocking<T>::nr, U = 4;
  const vec<typename Step::lane> ones = vec<typename Step::lane>{} + 0x01010101u;
  for (int w = 0; w < NR; w += L) {
    if (w >= cols) break;
    vec<T> acc[U] = {};
    int64_t p = 0;
    for (; p + U <= k; p += U)
#pragma GCC unroll 4
      for (int u = 0; u < U; ++u) acc[u] = Step::multiply_add(ones, load(b + (p + u) * NR + w), acc[u]);
    for (; p < k; ++p) acc[0] = Step::multiply_add(ones, load(b + p * NR + w), acc[0]);
    vec<T> sums = ((acc[0] + acc[1]) + (acc[2] + acc[3])) * static_cast<T>(Step::offset);
    if (bias != nullptr) sums += load_n(bias + w, min(cols - w, L));
    store(to + w, sums);
  }
}

// One block of K for a tile of C: for each panel of B, which stays in L1, all panels of A stream past it. Between
// blocks the sums wait in `partial`, register tile after register tile: C may have a row stride that makes its lines
// evict each other. `multiply` runs a register tile. S is the dtype of C.
template <class S, class Step, bool kUnpackedA, class Multiply>
TW_INLINE void k_block(const GemmTile& g, int64_t from, typename Step::sum* partial, Multiply multiply) {
  typedef typename Step::lane Lane;
  typedef typename Step::sum T;
  typedef Blocking<T> Sizes;
  constexpr int MR = Sizes::mr, NR = Sizes::nr;
  const bool plain = is_plain<S>(g.out) && (Step::offset == 0 || !g.out.bias_of_rows());
  const bool first = g.first && from == 0, last = g.last && from + g.depth >= g.k;
  const int64_t k = ((g.k - from < g.depth ? g.k - from : g.depth) + Step::group - 1) / Step::group;  // lanes
  const int64_t a_panels = (g.m + MR - 1) / MR;
  const bool unpacked_a = kUnpackedA && g.a.data != nullptr;
  const Lane* a = unpacked_a ? static_cast<const Lane*>(g.a.data) + from * g.a.col / Step::group
                             : static_cast<const Lane*>(g.a_packed) + from / Step::group * a_panels * MR;
  const Lane* b = static_cast<const Lane*>(g.b_packed) + from / Step::group * g.b_columns + g.b_from * k;
  const int64_t first_k = ((g.k < g.depth ? g.k : g.depth) + Step::group - 1) / Step::group;
  const Lane* const next_tile = static_cast<const Lane*>(g.b_packed) + (g.b_from + g.n) * first_k;
  const int64_t a_step = unpacked_a ? g.a.row / Step::group : k;  // from one row to the next, of panels on average
  RegisterTile<Step> t;
  t.k = k;
  t.a_row = unpacked_a ? a_step : 1;
  t.a_col = unpacked_a ? g.a.col : MR;
  t.b_row = NR;
  t.set_bias(false, g.out);
  alignas(64) T starts[NR];
  t.relu = plain && last && g.out.activation == Activation::relu;
  for (int64_t j = 0; j < g.n; j += NR) {
    t.b = b + j * k;
    t.cols = min(g.n - j, NR);
    const Lane* next_b = j + NR < g.n ? t.b + NR * k : last ? next_tile : b + k * g.b_columns;
    t.b_ahead_step = (NR + a_panels - 1) / a_panels;
    if constexpr (Step::offset != 0) {
      const bool bias_now = plain && first;
      compensate<Step>(t.b, k, bias_now ? static_cast<const T*>(g.out.at(0, j, sizeof(S)).bias.data) : nullptr, t.cols,
                       starts);
    }
    for (int64_t i = 0; i < g.m; i += MR, partial += first && last ? 0 : MR * NR) {  // one place stays in L1
      const GemmOutput out = g.out.at(i, j, sizeof(S));
      t.a = a + i * a_step;
      t.a_ahead = t.a + MR * a_step;
      t.b_ahead = next_b + i / MR * k * t.b_ahead_step;
      t.rows = min(g.m - i, MR);
      t.add = first ? nullptr : partial;
      t.add_row = NR;
      t.c = partial;
      t.c_row = NR;
      if (plain) {
        if (last) {
          t.c = static_cast<T*>(out.c.data);
          t.c_row = out.c.row;
        }
        if (first) {
          t.add = static_cast<const T*>(out.residual.data);
          t.add_row = out.residual.row;
        }
        t.set_bias(first, out);
      }
      if constexpr (Step::offset != 0) t.bias = starts;
      multiply(t);
      if (!plain && last) finish(out, partial, NR, t.rows, t.cols, S{});
    }
  }
}

template <class S, class Step, bool kUnpackedA, class Multiply>
TW_INLINE void packed_tile(const GemmTile& g, Multiply multiply) {
  typedef typename Step::sum T;
  typedef Blocking<T> Sizes;
  alignas(64) T room[Sizes::mc * Sizes::nc];
  T* const partial = g.sums != nullptr ? static_cast<T*>(g.sums) : room;
  int64_t from = 0;
  do {  // once for k = 0
    k_block<S, Step, kUnpackedA>(g, from, partial, multiply);
    from += g.depth;
  } while (from < g.k);
}

// The entry of the table for kernels whose sums are those of Step.
template <class Step>
TW_INLINE PackedGemm packed_gemm(bool unpacked_a, GemmPackFn pack_a, GemmPackFn pack_b, void (*tile)(const GemmTile&)) {
  typedef Blocking<typename Step::sum> Sizes;
  return {Sizes::mr,  Sizes::nr, Sizes::kc, Sizes::mc, Sizes::nc, Step::group, sizeof(typename Step::lane),
          unpacked_a, pack_a,    pack_b,    tile};
}

}  // namespace
}  // namespace tw::TW_ISA
