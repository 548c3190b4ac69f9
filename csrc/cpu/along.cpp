// Picking along one axis, with an own position for every other coordinate. Positions become offsets a tile at a time,
// so that no list of them is in memory.
#include <algorithm>
#include <bit>
#include <cstdlib>
#include <memory>
#include <new>

#include "core/array.h"
#include "core/divide.h"
#include "core/parallel.h"
#include "cpu/cpu.h"
#include "cpu/dispatch/dispatch.h"
#include "cpu/first_bad.h"

namespace tw::cpu {
namespace {

constexpr int64_t kTile = 1024;          // entries whose offsets are made at once: they stay in the L1 cache
constexpr int64_t kChunk = 16384;        // entries that a thread takes at a time
constexpr int64_t kShort = 64;           // an axis that is not worth a tile where there is a longer one
constexpr int64_t kSummed = 4096;        // entries of a line that are summed before the sums are added to x
constexpr int64_t kSumsInCache = 65536;  // sums of the lines that are worked on together
constexpr int64_t kMinLanes = 16;        // of them

// An axis of the index, or a place on it: steps of each array, and of the position in C order.
struct Axis {
  int64_t extent, x, index, picked, flat;

  void move(const Axis& along, int64_t by) {
    x += by * along.x;
    index += by * along.index;
    picked += by * along.picked;
    flat += by * along.flat;
  }
};

struct Walk {
  Axis outer[kMaxDims];
  int outers = 0;
  Axis along, inner;  // the axis of the positions; the one that tiles lie on
  bool line;          // whether they are the same
};

bool evenly(const Axis& a, const Axis& b) {
  return a.x == b.x * b.extent && a.index == b.index * b.extent && a.picked == b.picked * b.extent;
}

// `whole`: the axis of the positions is none of the outer ones, so that a piece has all of it.
Walk plan(const AlongProblem& p, bool whole) {
  Axis axes[kMaxDims];
  int count = 0, along = -1;
  const Dims flat = contiguous_strides(p.shape);
  for (int k = 0; k < p.shape.size(); ++k) {
    const bool is_along = k == p.axis;
    const Axis axis{p.shape[k], is_along ? 0 : p.x.strides[k], p.index.strides[k], p.picked.strides[k], flat[k]};
    if (is_along) {
      along = count;
    } else if (axis.extent == 1) {
      continue;
    } else if (count > 0 && count - 1 != along && evenly(axes[count - 1], axis)) {
      const int64_t extent = axes[count - 1].extent * axis.extent;
      axes[count - 1] = axis;
      axes[count - 1].extent = extent;
      continue;
    }
    axes[count++] = axis;
  }
  int inner = count - 1;
  if (axes[inner].extent < kShort)
    for (int k = count - 2; k >= 0; --k)
      if (axes[k].extent > axes[inner].extent) inner = k;
  Walk walk;
  walk.along = axes[along];
  walk.inner = axes[inner];
  walk.line = inner == along;
  for (int k = 0; k < count; ++k)
    if (k != inner && !(whole && k == along)) walk.outer[walk.outers++] = axes[k];
  return walk;
}

// start()(place) for each piece of at most `most` entries of the inner axis, at each place of the outer ones. An entry
// costs as much as `weight` single ones. Each thread calls start() for each of its chunks.
template <class Start>
void run_pieces(const Walk& walk, int64_t most, int64_t weight, Start start) {
  const int64_t pieces = ceil_div(walk.inner.extent, most), piece = std::min(most, walk.inner.extent);
  int64_t rows = 1;
  for (int k = 0; k < walk.outers; ++k) rows *= walk.outer[k].extent;
  const int64_t cost = piece * weight, per_chunk = std::max<int64_t>(1, kChunk / cost);
  parallel_for(rows * pieces, per_chunk, 2.0 * static_cast<double>(cost), [&](int64_t begin, int64_t end) {
    auto&& call = start();
    for (int64_t item = begin; item < end; ++item) {
      const int64_t first = item % pieces * piece;
      Axis place{};
      place.move(walk.inner, first);
      int64_t row = item / pieces;
      for (int k = walk.outers - 1; k >= 0; row /= walk.outer[k--].extent)
        place.move(walk.outer[k], row % walk.outer[k].extent);
      place.extent = std::min(piece, walk.inner.extent - first);
      call(place);
    }
  });
}

// What the ops do with a tile.
struct Kit {
  const AlongProblem& p;
  const Walk& walk;
  FirstBad& bad;
  OffsetFn offsets = kernels().index.offsets[static_cast<int>(p.index.dtype)];
  int64_t index_size = static_cast<int64_t>(item_size(p.index.dtype));
  int64_t item = static_cast<int64_t>(item_size(p.dtype));
  int move = std::countr_zero(item_size(p.dtype));
  int64_t stride = p.x.strides[p.axis];

  // out[j] = base + j * step + position * scale. Whether all indices are in bounds.
  bool read(const Axis& tile, int64_t base, int64_t step, int64_t scale, int64_t* out) const {
    const OffsetArgs args{tile.extent, walk.inner.index, p.extent, scale, base, step, false};
    const int64_t j = offsets(args, p.index.data + tile.index * index_size, out);
    if (j >= 0) bad.report(tile.flat + j * walk.inner.flat);
    return j < 0;
  }
  bool read_offsets(const Axis& tile, int64_t* out) const { return read(tile, tile.x, walk.inner.x, stride, out); }
  PickArgs args(const Axis& tile) const { return {1, tile.extent, 1, 0, 1, 0, walk.inner.picked, 1}; }
  char* picked(const Axis& tile) const { return p.picked.data + tile.picked * item; }
};

// call(tile) for the tiles of a piece that has the whole axis of the positions, in their order.
template <class Call>
void in_order(const Walk& walk, Axis piece, Call call) {
  if (!walk.line) {
    for (int64_t j = 0; j < walk.along.extent; ++j, piece.move(walk.along, 1)) call(piece);
    return;
  }
  const int64_t extent = piece.extent;
  for (int64_t j = 0; j < extent; j += kTile, piece.move(walk.along, kTile)) {
    piece.extent = std::min(kTile, extent - j);
    call(piece);
  }
}

struct Free {
  void operator()(void* memory) const { std::free(memory); }
};

// Sums of one piece: of a line, or of as many neighbouring ones as it has entries side by side.
class Sums {
 public:
  Sums(const Kit& kit, int64_t lanes)
      : kit_(kit),
        lanes_(lanes),
        rows_(kit.walk.line ? 1 : std::max<int64_t>(1, kSummed / lanes)),
        sums_(std::calloc(static_cast<size_t>(kit.p.extent * lanes), sizeof(double))),
        positions_(new int64_t[static_cast<size_t>(std::max(rows_ * lanes, kSummed))]) {
    if (!sums_) throw std::bad_alloc();
  }

  void operator()(Axis piece) {
    const Walk& walk = kit_.walk;
    const int64_t steps = walk.line ? piece.extent : walk.along.extent, by = walk.line ? kSummed : rows_;
    for (int64_t j = 0; j < steps; j += by, piece.move(walk.along, by)) add(piece, std::min(by, steps - j));
  }

 private:
  void add(const Axis& piece, int64_t steps) {
    const Walk& walk = kit_.walk;
    const int64_t lanes = walk.line ? 1 : piece.extent, extent = steps * 2 > kit_.p.extent ? kit_.p.extent : 0;
    AddAlongArgs args{1, steps, 1, 0, extent, 0, walk.inner.picked, kit_.stride, 0};
    if (walk.line) {
      Axis tile = piece;
      tile.extent = steps;
      if (!kit_.read(tile, 0, 0, 1, positions_.get())) return;
    } else {
      Axis tile = piece;
      for (int64_t j = 0; j < steps; ++j, tile.move(walk.along, 1))
        if (!kit_.read(tile, 0, 0, 1, positions_.get() + j * lanes)) return;
      args = {steps, lanes, lanes_, 1, extent, walk.along.picked, walk.inner.picked, kit_.stride, walk.inner.x};
    }
    const AddAlongFn fn = kernels().index.add_along[static_cast<int>(kit_.p.dtype)];
    fn(args, positions_.get(), kit_.picked(piece), kit_.p.x.data + piece.x * kit_.item, sums_.get());
  }

  const Kit& kit_;
  int64_t lanes_, rows_;
  std::unique_ptr<void, Free> sums_;  // 0 between the calls of the kernel; 8 bytes are enough for any of them
  std::unique_ptr<int64_t[]> positions_;
};

}  // namespace

int64_t gather_along(const AlongProblem& p) {
  const Walk walk = plan(p, false);
  FirstBad bad;
  const Kit kit{p, walk, bad};
  const GatherFn fn = kernels().index.gather[kit.move];
  run_pieces(walk, kTile, 1, [&] {
    return [&](const Axis& tile) {
      int64_t offsets[kTile];
      if (kit.read_offsets(tile, offsets)) fn(kit.args(tile), p.x.data, offsets, kit.picked(tile));
    };
  });
  return bad.position();
}

int64_t scatter_along(const AlongProblem& p) {
  const Walk walk = plan(p, true);
  FirstBad bad;
  const Kit kit{p, walk, bad};
  const ScatterFn fn = kernels().index.scatter[kit.move];
  run_pieces(walk, walk.line ? walk.inner.extent : kTile, walk.line ? 1 : walk.along.extent, [&] {
    return [&](const Axis& piece) {
      in_order(walk, piece, [&](const Axis& tile) {
        int64_t offsets[kTile];
        if (kit.read_offsets(tile, offsets)) fn(kit.args(tile), kit.picked(tile), offsets, p.x.data);
      });
    };
  });
  return bad.position();
}

int64_t scatter_add_along(const AlongProblem& p) {
  const Walk walk = plan(p, true);
  FirstBad bad;
  const Kit kit{p, walk, bad};
  const int64_t lanes =
      walk.line
          ? 1
          : std::min(walk.inner.extent, std::clamp(kSumsInCache / std::max<int64_t>(1, p.extent), kMinLanes, kTile));
  run_pieces(walk, walk.line ? walk.inner.extent : lanes, walk.line ? 1 : walk.along.extent,
             [&] { return Sums(kit, lanes); });
  return bad.position();
}

}  // namespace tw::cpu
