// Cuts a Winograd convolution into parts: tiles of the result x filters, by shape alone. Each part transforms the tiles
// that it needs for itself, so that nothing waits for anything, and its scratch memory is of one size.
#include "cpu/conv_winograd.h"

#include <algorithm>

#include "core/divide.h"
#include "core/parallel.h"
#include "cpu/dispatch/dispatch.h"
#include "cpu/gemm_split.h"

namespace tw::cpu {
namespace {

constexpr int64_t kFewTiles = 256;     // up to here blocks of tiles come in powers of two
constexpr int64_t kTiles = 14;         // of a block otherwise: rows of a register tile
constexpr int64_t kPieces = 4;         // wanted at least
constexpr int64_t kLeastFilters = 64;  // of a piece, or transforming the input again takes too much of the time
constexpr double kPackNs = 10;         // a filter and a channel

const WinogradKernels& kernels_of(Filtering filtering) { return kernels().conv.winograd[static_cast<int>(filtering)]; }

int64_t tile_blocks(int64_t tiles) {
  if (tiles > kFewTiles) return ceil_div(tiles, kTiles);
  const auto blocks = static_cast<uint64_t>(ceil_div(tiles, WinogradKernels::kMostTiles));
  return static_cast<int64_t>(std::bit_ceil(blocks));
}

int64_t filter_blocks(int64_t filters, int64_t of_tiles) {
  int64_t blocks = ceil_div(filters, WinogradKernels::kMostFilters);
  while (blocks * of_tiles < kPieces && filters / (2 * blocks) >= kLeastFilters) blocks *= 2;
  return blocks;
}

}  // namespace

StorageRef winograd_pack(Filtering filtering, const WinogradWeights& w) {
  constexpr int64_t kPanels = 2;  // in a work item
  const WinogradKernels& k = kernels_of(filtering);
  StorageRef packed = allocate(static_cast<size_t>(k.packed_bytes(w.filters, w.channels, sizeof(float))));
  const int64_t filters = round_up(w.filters, k.panel), step = kPanels * k.panel;
  parallel_for(ceil_div(filters, step), 1, kPackNs * static_cast<double>(w.channels * step),
               [&](int64_t begin, int64_t end) {
                 k.pack(w, begin * step, std::min(end * step, filters) - begin * step, packed->data);
               });
  return packed;
}

void winograd(Filtering filtering, const Winograd& g, const void* packed) {
  const WinogradKernels& k = kernels_of(filtering);
  const int64_t tiles = g.images * ceil_div(g.out_height, k.m) * ceil_div(g.out_width, k.m);
  if (tiles == 0 || g.filters == 0) return;
  const int64_t across = tile_blocks(tiles), down = filter_blocks(g.filters, across);
  const double ns = 2.0 * static_cast<double>(k.points * tiles * g.channels * g.filters) /
                    static_cast<double>(across * down) / kGemmFlopsPerNs;
  const int64_t scratch = round_up(k.scratch, kLine);
  const StorageRef memory =
      allocate(static_cast<size_t>(scratch * std::min<int64_t>(get_num_threads(), across * down)));
  // Parts of the same filters follow one another, for the weights are what is read from far away.
  parallel_for(across * down, 1, ns, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const Part of_tiles = part(tiles, 1, across, i % across), filters = part(g.filters, k.panel, down, i / across);
      if (filters.size > 0)
        k.multiply(g, packed, {of_tiles.from, of_tiles.size, filters.from, filters.size},
                   static_cast<char*>(memory->data) + thread_index() * scratch);
    }
  });
}

}  // namespace tw::cpu
