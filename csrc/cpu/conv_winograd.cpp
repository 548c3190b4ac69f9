// Cuts a Winograd convolution into parts: tiles of the result x filters, by shape alone. Each part transforms the tiles
// that it needs for itself, so that nothing waits for anything, and its scratch memory is of one size.
#include "cpu/conv_winograd.h"

#include <algorithm>

#include "core/divide.h"
#include "core/parallel.h"
#include "core/thread_memory.h"
#include "cpu/conv.h"
#include "cpu/conv_packed.h"
#include "cpu/cpu.h"
#include "cpu/dispatch/dispatch.h"
#include "cpu/gemm_split.h"

namespace tw::cpu {
namespace {

constexpr int64_t kFewTiles = 256;     // up to here blocks of tiles come in powers of two
constexpr int64_t kTiles = 14;         // of a block otherwise: rows of a register tile
constexpr int64_t kPieces = 4;         // wanted at least
constexpr int64_t kLeastFilters = 64;  // of a piece, or transforming the input again takes too much of the time
constexpr int64_t kLeastTiles = 8;     // of a piece, where there would be one otherwise
constexpr double kPackNs = 10;         // a filter and a channel

// Of F(2) and F(4). Where weights are transformed for each call, more pixels must use them; else a register tile should
// have some rows. And enough products must be saved.
constexpr int64_t kLeastPixels[] = {128, 256}, kLeastPixelsOfPacked[] = {36, 256}, kLeastChannels = 8;
constexpr double kMostProducts = 0.6;  // of those without

const WinogradKernels& kernels_of(WinogradTiles size) { return kernels().conv.winograd[size == WinogradTiles::f4]; }

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

// Products for each image, filter and channel.
int64_t products(WinogradTiles size, int64_t height, int64_t width) {
  const int64_t m = size == WinogradTiles::f4 ? 4 : 2;
  return ceil_div(height, m) * ceil_div(width, m) * (m + 2) * (m + 2);
}

// `height` and `width` are those of the result.
const char* unsupported(WinogradTiles size, const ConvProblem& p, int64_t channels, int64_t filters, int64_t height,
                        int64_t width) {
  const ConvAxis &z = p.shape.axes[0], &y = p.shape.axes[1], &x = p.shape.axes[2];
  if (p.dtype != DType::f32) return "not of float32";
  if (!kernels_of(size).multiply) return "no kernel at this level";
  if (p.winograd < size) return "turned off";
  if (y.kernel != 3 || x.kernel != 3 || z.kernel != 1 || z.in != 1 || z.out != 1) return "the kernel is not 3 x 3";
  if (y.stride != 1 || x.stride != 1 || y.dilation != 1 || x.dilation != 1) return "a stride or a dilation is not 1";
  if (p.shape.groups != 1) return "there are groups";
  if (p.in.pixel[2] != 1 || p.out.pixel[2] != 1 || p.weight.tap != 1) return "rows or taps are strided";
  if (channels < kLeastChannels || filters < kLeastChannels) return "few channels or filters";
  const int64_t pixels = p.shape.images * height * width;
  if (p.packed_weight && pixels < kLeastPixelsOfPacked[size == WinogradTiles::f4]) return "few pixels";
  if (!p.packed_weight && pixels < kLeastPixels[size == WinogradTiles::f4])
    return "few pixels for weights that have to be transformed";
  const int64_t here = products(size, height, width);
  if (static_cast<double>(here) > kMostProducts * static_cast<double>(9 * height * width)) return "few products less";
  if (size == WinogradTiles::f4 && here > products(WinogradTiles::f2, height, width))
    return "tiles are emptier than F(2)'s";
  return nullptr;
}

Winograd::Images images_of(const ConvImages& x) { return {x.data, x.image, x.channel, x.pixel[1]}; }

WinogradWeights weights_of(const ConvProblem& p) {
  return {p.weight.data, p.shape.out_channels, p.shape.in_channels, p.weight.filter, 9, false};
}
WinogradWeights turned_weights_of(const ConvProblem& p) {
  return {p.weight.data, p.shape.in_channels, p.shape.out_channels, 9, p.weight.filter, true};
}

}  // namespace

StorageRef winograd_pack(WinogradTiles size, const WinogradWeights& w) {
  const WinogradKernels& k = kernels_of(size);
  StorageRef packed = allocate(static_cast<size_t>(k.packed_bytes(w.filters, w.channels, sizeof(float))));
  const int64_t panels = ceil_div(w.filters, k.panel), blocks = ceil_div(w.channels, WinogradKernels::kDepth);
  const double ns = kPackNs * static_cast<double>(std::min<int64_t>(WinogradKernels::kDepth, w.channels) * k.panel);
  parallel_for(panels * blocks, 1, ns, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) k.pack(w, i / panels, i % panels, packed->data);
  });
  return packed;
}

void winograd(WinogradTiles size, const Winograd& g, const void* packed) {
  const WinogradKernels& k = kernels_of(size);
  const int64_t tiles = g.images * ceil_div(g.out_height, k.m) * ceil_div(g.out_width, k.m);
  if (tiles == 0 || g.weights.filters == 0) return;
  int64_t across = tile_blocks(tiles);
  const int64_t down = filter_blocks(g.weights.filters, across);
  if (across * down == 1 && tiles >= 2 * kLeastTiles) across = 2;
  const double ns = 2.0 * static_cast<double>(k.points * tiles * g.weights.channels * g.weights.filters) /
                    static_cast<double>(across * down) / kGemmFlopsPerNs;
  const ThreadMemory scratch(k.scratch, across * down);
  // Parts of the same filters follow one another, for the weights are what is read from far away.
  parallel_for(across * down, 1, ns, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const Part of_tiles = part(tiles, 1, across, i % across),
                 filters = part(g.weights.filters, k.panel, down, i / across);
      if (filters.size > 0)
        k.multiply(g, packed, {of_tiles.from, of_tiles.size, filters.from, filters.size}, scratch.own());
    }
  });
}

const char* winograd_unsupported(WinogradTiles size, const ConvProblem& p) {
  return unsupported(size, p, p.shape.in_channels, p.shape.out_channels, p.shape.axes[1].out, p.shape.axes[2].out);
}

// With weights that are packed already, or packed here.
static void run(WinogradTiles size, const Winograd& g, const void* packed) {
  if (packed) return winograd(size, g, packed);
  winograd(size, g, winograd_pack(size, g.weights)->data);
}

void winograd(WinogradTiles size, const ConvProblem& p) {
  const ConvShape& s = p.shape;
  const ConvAxis &y = s.axes[1], &x = s.axes[2];
  run(size,
      {s.images, weights_of(p), images_of(p.in), images_of(p.out), y.in, x.in, y.out, x.out, y.pad, x.pad, p.bias,
       p.residual, p.activation},
      p.packed_weight);
}

// A convolution of the pixels with the taps in reverse.
const char* winograd_transpose_unsupported(WinogradTiles size, const ConvProblem& p) {
  return unsupported(size, p, p.shape.out_channels, p.shape.in_channels, p.shape.axes[1].in, p.shape.axes[2].in);
}

void winograd_transpose(WinogradTiles size, const ConvProblem& p) {
  const ConvShape& s = p.shape;
  const ConvAxis &y = s.axes[1], &x = s.axes[2];
  run(size,
      {s.images, turned_weights_of(p), images_of(p.in), images_of(p.out), y.out, x.out, y.in, x.in, 2 - y.pad,
       2 - x.pad, p.bias, p.residual, p.activation},
      p.packed_weight);
}

StorageRef conv_pack(const ConvPackProblem& pack) {
  ConvProblem p = pack.conv;
  p.packed_weight = p.weight.data;  // what is supported may depend on that
  for (const WinogradTiles size : {WinogradTiles::f4, WinogradTiles::f2}) {
    if ((pack.transpose ? winograd_transpose_unsupported : winograd_unsupported)(size, p)) continue;
    return winograd_pack(size, pack.transpose ? turned_weights_of(p) : weights_of(p));
  }
  if (!pack.transpose && !packed_unsupported(p)) return pack_weight(p);
  return {};
}

}  // namespace tw::cpu
