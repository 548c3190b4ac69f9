// The packed GEMM after BLIS: B is packed, then each thread computes tiles of C. Where B is small, or a thread can
// finish some columns of C before it goes to the next, it packs B for itself, since that takes less time than fetching
// what another core has just written; else all threads pack it together. Rows of A are read in place where they do not
// evict each other from the cache, else they are packed by each thread for itself too.
#include <algorithm>
#include <vector>

#include "core/caches.h"
#include "core/parallel.h"
#include "core/thread_memory.h"
#include "cpu/cpu.h"
#include "cpu/dispatch/dispatch.h"
#include "cpu/gemm_split.h"

namespace tw::cpu {
namespace {

constexpr int64_t kPackedBytes = int64_t{64} << 20;  // of columns of B held at a time
constexpr int64_t kGroupBytes = int64_t{4} << 20;    // of B, of products that are packed together
constexpr int64_t kOwnRows = 48;                     // of C, at least, for which a thread packs B
constexpr int64_t kOwnPanels = 4;                    // of B, at least, where it packs a part of it
constexpr int64_t kEvictingColumns = 1024;           // bytes apart: L2 loses them too before the next tile
constexpr int64_t kStreamingRows = 8;
constexpr double kPackedBytesPerNs = 20;  // of B

class BlockedGemm {
 public:
  explicit BlockedGemm(const GemmBatch& g)
      : g_(g),
        kernel_(packed_kernels(g)),
        size_(operand_size(g)),
        lanes_(ceil_div(g.each.k, kernel_.group)),
        depth_(stretch_depth(kernel_, g.each.k)),
        rows_(rows_in_cache(kernel_)),
        unpacked_a_(kernel_.reads_unpacked(g.each) && stays_cached(g.each.a, size_, kEvictingColumns)),
        b_shared_(g.packed_b || std::all_of(g.b_stride.begin(), g.b_stride.end(), [](int64_t s) { return s == 0; })),
        extent_(g.each.n) {}

  void run() {
    const int64_t items = element_count(g_.shape), column_bytes = std::max<int64_t>(1, lanes_) * kernel_.lane;
    if (g_.packed_b) {
      b_ = static_cast<const char*>(g_.packed_b);
      return multiply(items);
    }
    own_columns_ = columns_for_one(items);
    if (own_columns_ > 0) return multiply(items);
    extent_ = std::min(extent_, std::max<int64_t>(kernel_.nc, kPackedBytes / column_bytes / kernel_.nc * kernel_.nc));
    group_ = std::clamp<int64_t>(kGroupBytes / (panels() * kernel_.nr * column_bytes), 1, items);
    const StorageRef packed = allocate(static_cast<size_t>(b_bytes()));
    b_ = static_cast<const char*>(packed->data);
    for (; item_ < items; item_ += group_) {
      const int64_t group = std::min(group_, items - item_);
      for (column_ = 0; column_ < g_.each.n; column_ += extent_) {
        if (item_ == 0 || !b_shared_ || extent_ < g_.each.n)
          pack_b(item_, b_shared_ ? 1 : group, static_cast<char*>(packed->data));
        multiply(group);
      }
    }
  }

  // All of B, which all products share.
  StorageRef pack() {
    StorageRef panels = allocate(static_cast<size_t>(b_bytes()));
    pack_b(0, 1, static_cast<char*>(panels->data));
    return panels;
  }

 private:
  // What a thread has packed for its next tiles: rows of A from `row` on, of product `a_item`; columns of B from
  // `column` on, of product `b_item`.
  struct Own {
    int64_t a_item = -1, row = -1, b_item = -1, column = -1;
    char *a, *b;
  };

  // Columns of B that a thread packs for itself at a time, so that they stay in half of its L2: all, or some where a
  // few more rows of A need not be packed again for each of them; 0 where that is not worth it.
  int64_t columns_for_one(int64_t items) const {
    const GemmProblem& e = g_.each;
    if (e.m < 2 * kOwnRows && items < kGemmPieces / 2) return 0;
    if (b_bytes() <= l2_bytes() / 2) return e.n;
    const int64_t fitting = l2_bytes() / 2 / (lanes_ * kernel_.lane) / kernel_.nr;  // panels
    if (!unpacked_a_ || fitting < kOwnPanels || (b_shared_ && items > 1)) return 0;
    return std::min<int64_t>(fitting * kernel_.nr, kernel_.nc);
  }

  int64_t panels() const { return ceil_div(extent_, kernel_.nr); }

  // Of packed B.
  int64_t b_bytes() const { return (b_shared_ ? 1 : group_) * panels() * kernel_.nr * lanes_ * kernel_.lane; }

  // Bytes before panel `panel` of B, of product `item` of the group, in the block of K that starts at `from`.
  int64_t packed_offset(int64_t item, int64_t from, int64_t panel) const {
    const int64_t first = from / kernel_.group;  // lane
    const int64_t before =
        ((b_shared_ ? 0 : item) * lanes_ + first) * panels() + panel * std::min(depth_ / kernel_.group, lanes_ - first);
    return before * kernel_.nr * kernel_.lane;
  }

  // Columns [column_, column_ + extent_) of B of `items` products from `first_item` on, by all threads.
  void pack_b(int64_t first_item, int64_t items, char* to) const {
    constexpr int64_t kPanels = 4;  // in a work item
    const int64_t chunks = ceil_div(panels(), kPanels), blocks = ceil_div(g_.each.k, depth_);
    const int64_t columns = std::min(kPanels * kernel_.nr, extent_);
    const double ns = static_cast<double>(columns * depth_ * size_) / kPackedBytesPerNs;
    parallel_for(items * blocks * chunks, 1, ns, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t item = i / (blocks * chunks), from = i / chunks % blocks * depth_;
        const int64_t panel = i % chunks * kPanels, first = column_ + panel * kernel_.nr;
        const int64_t count = std::min(kPanels * kernel_.nr, std::min(column_ + extent_, g_.each.n) - first);
        if (count <= 0) continue;
        const GemmMatrix b = batch_item(g_, first_item + item).b.at(from, first, size_);
        kernel_.pack_b(b.data, b.col, b.row, count, std::min(depth_, g_.each.k - from),
                       to + packed_offset(item, from, panel));
      }
    });
  }

  // Tiles of C, in two dimensions by shape alone.
  void multiply(int64_t group) {
    const int64_t m = g_.each.m, n = std::min(extent_, g_.each.n - column_);
    // The elements in a lane are multiplied at once. A few rows wait for B to stream past, as long as for
    // kStreamingRows.
    const double work =
        static_cast<double>(std::max(m, kStreamingRows)) * static_cast<double>(n) * static_cast<double>(lanes_);
    const bool in_parts = own_columns_ > 0 && own_columns_ < n;  // of B: all rows of C come before the next
    const int64_t wanted = wanted_pieces(work, group), least_across = ceil_div(n, in_parts ? own_columns_ : kernel_.nc);
    int64_t down = ceil_div(m, rows_), across = least_across;
    if (!b_) down = std::max(down, std::min(ceil_div(wanted, least_across), power_of_two_below(m / kOwnRows)));
    if (!in_parts) across = std::min(ceil_div(n, kernel_.nr), std::max(least_across, ceil_div(wanted, down)));
    const int64_t tiles = down * across;
    const double ns = 2 * work / static_cast<double>(tiles) / kGemmFlopsPerNs + 100;
    const int64_t room = room_of_a() + round_up(round_up(own_columns_, kernel_.nr) * lanes_ * kernel_.lane, kLine);
    const ThreadMemory memory(room, group * tiles);
    own_.assign(static_cast<size_t>(memory.threads()), {});
    for (size_t thread = 0; thread < own_.size(); ++thread) {
      own_[thread].a = memory.at(static_cast<int64_t>(thread));
      own_[thread].b = own_[thread].a + room_of_a();
    }
    parallel_for(group * tiles, std::max<int64_t>(1, static_cast<int64_t>(5e3 / ns)), ns,
                 [&](int64_t begin, int64_t end) {
                   for (int64_t i = begin; i < end; ++i) {
                     const int64_t t = i % tiles, row = in_parts ? t % down : t / across;
                     const Part columns = part(n, kernel_.nr, across, in_parts ? t / down : t % across);
                     multiply_tile(i / tiles, part(m, kernel_.mr, down, row), columns, in_parts ? columns : Part{0, n});
                   }
                 });
  }

  // Bytes of a thread's packed rows of A.
  int64_t room_of_a() const {
    const int64_t rows = std::min(rows_, round_up(g_.each.m, kernel_.mr));
    return unpacked_a_ ? 0 : round_up(rows * lanes_ * kernel_.lane, kLine);
  }

  // `packed`: the columns of B to pack with the tile's, where the thread does that.
  void multiply_tile(int64_t item, Part rows, Part columns, Part packed) {
    Own& own = own_[static_cast<size_t>(thread_index())];
    const GemmProblem problem = batch_item(g_, item_ + item);
    GemmTile tile;
    tile.a = problem.a.at(rows.from, 0, size_);
    if (!unpacked_a_) {
      pack_a(problem, item_ + item, rows, own);
      tile.a.data = nullptr;
      tile.a_packed = own.a;
    }
    tile.m = rows.size;
    tile.n = columns.size;
    tile.k = g_.each.k;
    tile.depth = depth_;
    if (!b_) pack_own_b(b_shared_ ? 0 : item_ + item, packed, own);
    tile.b_packed = b_ ? b_ + packed_offset(item, 0, 0) : own.b;
    tile.b_from = columns.from - packed.from;
    tile.b_columns = b_ ? panels() * kernel_.nr : round_up(packed.size, kernel_.nr);
    tile.out = problem.out.at(rows.from, column_ + columns.from, static_cast<int64_t>(item_size(g_.dtype)));
    kernel_.tile(tile);
  }

  void pack_a(const GemmProblem& problem, int64_t item, Part rows, Own& own) const {
    if (own.a_item == item && own.row == rows.from) return;
    pack_own(kernel_.pack_a, problem.a, rows, kernel_.mr, own.a);
    own.a_item = item;
    own.row = rows.from;
  }

  void pack_own_b(int64_t item, Part columns, Own& own) const {
    if (own.b_item == item && own.column == columns.from) return;
    pack_own(kernel_.pack_b, batch_item(g_, item).b.transposed(), columns, kernel_.nr, own.b);
    own.b_item = item;
    own.column = columns.from;
  }

  // These rows of A, or of B transposed, in panels of `panel`, block after block of K.
  void pack_own(GemmPackFn pack, const GemmMatrix& x, Part rows, int panel, char* to) const {
    const int64_t width = round_up(rows.size, panel) * kernel_.lane;  // bytes of a lane of the depth
    for (int64_t from = 0; from < g_.each.k; from += depth_) {
      const GemmMatrix at = x.at(rows.from, from, size_);
      pack(at.data, at.row, at.col, rows.size, std::min(depth_, g_.each.k - from), to + from / kernel_.group * width);
    }
  }

  const GemmBatch& g_;
  const PackedGemm& kernel_;
  const int64_t size_;   // of an element of A and of B
  const int64_t lanes_;  // of the depth
  const int64_t depth_;  // of a block of K
  const int64_t rows_;   // of C in a task
  const bool unpacked_a_;
  const bool b_shared_;            // the same B throughout the batch
  int64_t extent_;                 // columns of B packed at a time, by all threads
  int64_t own_columns_ = 0;        // by each for itself, or 0
  int64_t group_ = 1;              // products whose B is packed together
  const char* b_ = nullptr;        // packed, for all threads; else each has its own
  std::vector<Own> own_;           // of each thread
  int64_t item_ = 0, column_ = 0;  // what is being computed
};

}  // namespace

int64_t stretch_depth(const PackedGemm& kernel, int64_t k) {
  const int64_t blocks = std::max<int64_t>(1, ceil_div(k, kernel.kc * kernel.group)), unit = 8 * kernel.group;
  return std::max<int64_t>(unit, round_up(ceil_div(k, blocks), unit));
}

int64_t rows_in_cache(const PackedGemm& kernel) {
  const int64_t fitting = l2_bytes() / 3 / (kernel.kc * kernel.lane) / kernel.mr * kernel.mr;
  return std::clamp<int64_t>(fitting, 2 * kernel.mr, kernel.mc);
}

void gemm_blocked(const GemmBatch& g) { BlockedGemm(g).run(); }

StorageRef gemm_pack(const GemmPackProblem& p) {
  if (!kernels().gemm.packed[static_cast<int>(p.dtype)].tile) return {};
  GemmBatch g{};
  g.dtype = p.dtype;
  g.each.n = p.n;
  g.each.k = p.k;
  g.each.b = p.b;
  return BlockedGemm(g).pack();
}

}  // namespace tw::cpu
