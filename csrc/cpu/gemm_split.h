// How products are cut into pieces: by shape alone, so that the thread count never changes a result.
#pragma once
#include <algorithm>
#include <bit>

#include "backend/gemm.h"
#include "core/array.h"
#include "core/divide.h"
#include "cpu/kernels/gemm/gemm.h"

namespace tw::cpu {

inline constexpr int64_t kGemmPieces = 32;                // wanted, so that any number of threads has a share
inline constexpr double kGemmPieceMultiplications = 9e4;  // but not smaller than this
inline constexpr double kGemmFlopsPerNs = 75;             // of one core, roughly
inline constexpr int64_t kSliceDepth = 1024;              // of a slice of K, at least
inline constexpr int64_t kMostSlices = 16;
inline constexpr int64_t kLine = 64;  // bytes of a cache line

// Part i of `parts` near-equal parts of [0, extent), in whole panels of `panel`.
struct Part {
  int64_t from, size;
};
inline Part part(int64_t extent, int64_t panel, int64_t parts, int64_t i) {
  const int64_t panels = ceil_div(extent, panel);
  const int64_t from = panels * i / parts * panel;
  return {from, std::min(extent, panels * (i + 1) / parts * panel) - from};
}

// Few pieces come in powers of two, which threads can share evenly.
inline int64_t power_of_two_below(int64_t pieces) {
  return static_cast<int64_t>(std::bit_floor(static_cast<uint64_t>(std::max<int64_t>(1, pieces))));
}

// Pieces that each of `items` products of m n k = `multiplications` should be cut into.
inline int64_t wanted_pieces(double multiplications, int64_t items) {
  const double worthwhile = std::min<double>(multiplications / kGemmPieceMultiplications, kGemmPieces);
  return power_of_two_below(std::min(static_cast<int64_t>(worthwhile), ceil_div(kGemmPieces, items)));
}

inline double multiplications(const GemmProblem& p) {
  return static_cast<double>(p.m) * static_cast<double>(p.n) * static_cast<double>(p.k);
}

// Bytes of an element of A and of B.
inline int64_t operand_size(const GemmBatch& g) { return g.bytes ? 1 : static_cast<int64_t>(item_size(g.dtype)); }

// The kernels that multiply packed operands; without a tile where there are none.
const PackedGemm& packed_kernels(const GemmBatch&);

// Product `item` of a batch, in C order.
GemmProblem batch_item(const GemmBatch&, int64_t item);

// The product of these rows and columns of C.
inline GemmProblem piece_of(const GemmProblem& p, Part rows, Part columns, int64_t size) {
  return {rows.size,
          columns.size,
          p.k,
          p.a.at(rows.from, 0, size),
          p.b.at(0, columns.from, size),
          p.out.at(rows.from, columns.from, size)};
}

// Whether neighbouring rows (columns) of A, several of which are read at a time, lie in different sets of L1: not where
// columns are a multiple of `evicting` bytes apart.
inline bool stays_cached(const GemmMatrix& a, int64_t size, int64_t evicting = kEvictingStride) {
  return (a.col == 1 && a.row * size % kEvictingStride != 0) || (a.row == 1 && a.col * size % evicting != 0);
}

// Whether columns of A, read in place, evict each other from L1 before the tiles below have used the rest of a line.
bool columns_evict(const GemmBatch&);

// K is packed and summed up in near-equal blocks, each this deep but the last.
int64_t stretch_depth(const PackedGemm&, int64_t k);

// Rows of A whose part of a block of K fills a third of L2; the rest is for B, C and what is fetched ahead.
int64_t rows_in_cache(const PackedGemm&);

// C of one product, of float32 or float64: the sum of the products of `count` slices of K, at most kMostSlices and a
// rest, whose m x n results lie one behind another. They are added in that order.
void add_slices(const GemmBatch&, void* sums, int64_t count);

void gemm_blocked(const GemmBatch&);
void gemm_widened(const GemmBatch&);

}  // namespace tw::cpu
