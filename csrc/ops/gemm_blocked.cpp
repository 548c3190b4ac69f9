// The packed GEMM after BLIS: B is packed by all threads together; then each computes tiles of C. Rows of A are read in
// place where they do not evict each other from the cache, else each thread packs those it needs into memory of its
// own, which stays in its L2.
#include <algorithm>
#include <vector>

#include "core/caches.h"
#include "core/parallel.h"
#include "dispatch/dispatch.h"
#include "ops/gemm_split.h"

namespace tw {
namespace {

constexpr int64_t kPackedBytes = int64_t{64} << 20;  // of columns of B held at a time
constexpr int64_t kGroupBytes = int64_t{4} << 20;    // of B, of small products that are packed together
constexpr int64_t kStreamingRows = 8;
constexpr double kPackedBytesPerNs = 20;  // of B
constexpr double kItemBytes = 1 << 20;    // of a small product that one thread computes

class BlockedGemm {
 public:
  explicit BlockedGemm(const GemmBatch& g)
      : g_(g),
        kernel_(packed_kernels(g)),
        size_(operand_size(g)),
        lanes_(ceil_div(g.each.k, kernel_.group)),
        depth_(stretch_depth(kernel_, g.each.k)),
        rows_(rows_in_cache(kernel_)),
        a_in_place_(kernel_.in_place && stays_cached(g.each.a, size_)),
        b_shared_(g.packed_b || std::all_of(g.b_stride.begin(), g.b_stride.end(), [](int64_t s) { return s == 0; })),
        rows_of_threads_(static_cast<size_t>(get_num_threads())) {}

  // Products [begin, end) of the batch, B of at most `together` packed at a time.
  void run(int64_t begin, int64_t end, int64_t together) {
    const int64_t column_bytes = std::max<int64_t>(1, lanes_) * kernel_.lane;
    extent_ = g_.each.n;
    if (!g_.packed_b)
      extent_ = std::min(extent_, std::max<int64_t>(kernel_.nc, kPackedBytes / column_bytes / kernel_.nc * kernel_.nc));
    group_ = std::clamp<int64_t>(kGroupBytes / (panels() * kernel_.nr * column_bytes), 1, together);
    const StorageRef own = g_.packed_b ? StorageRef() : allocate_b();
    b_ = static_cast<const char*>(g_.packed_b ? g_.packed_b : own->data);
    for (item_ = begin; item_ < end; item_ += group_) {
      const int64_t group = std::min(group_, end - item_);
      for (column_ = 0; column_ < g_.each.n; column_ += extent_) {
        if (own.get() && (item_ == begin || !b_shared_ || extent_ < g_.each.n))
          pack_b(b_shared_ ? 1 : group, static_cast<char*>(own->data));
        multiply(group);
      }
    }
  }

  // All of B, which all products share.
  StorageRef pack() {
    extent_ = g_.each.n;
    StorageRef panels = allocate_b();
    pack_b(1, static_cast<char*>(panels->data));
    return panels;
  }

 private:
  // Packed rows of A: which they are, for a thread to use them for all its tiles in the same rows.
  struct Rows {
    int64_t item = -1, from = -1;
    StorageRef packed;
  };

  // Rows of A whose part of a stretch of K fills a third of L2; the rest is for B, C and what is fetched ahead.
  static int64_t rows_in_cache(const PackedGemm& kernel) {
    const int64_t fitting = l2_bytes() / 3 / (kernel.kc * kernel.lane) / kernel.mr * kernel.mr;
    return std::clamp<int64_t>(fitting, 2 * kernel.mr, kernel.mc);
  }

  int64_t panels() const { return ceil_div(extent_, kernel_.nr); }

  StorageRef allocate_b() const {
    return allocate(static_cast<size_t>((b_shared_ ? 1 : group_) * panels() * kernel_.nr * lanes_ * kernel_.lane));
  }

  // Bytes before panel `panel` of B, of product `item` of the group, in the stretch of K that starts at `from`.
  int64_t packed_offset(int64_t item, int64_t from, int64_t panel) const {
    const int64_t first = from / kernel_.group;  // lane
    const int64_t before =
        ((b_shared_ ? 0 : item) * lanes_ + first) * panels() + panel * std::min(depth_ / kernel_.group, lanes_ - first);
    return before * kernel_.nr * kernel_.lane;
  }

  // Columns [column_, column_ + extent_) of B of `items` products.
  void pack_b(int64_t items, char* to) const {
    constexpr int64_t kPanels = 4;  // in a work item
    const int64_t chunks = ceil_div(panels(), kPanels), stretches = ceil_div(g_.each.k, depth_);
    const int64_t columns = std::min(kPanels * kernel_.nr, extent_);
    const double ns = static_cast<double>(columns * depth_ * size_) / kPackedBytesPerNs;
    parallel_for(items * stretches * chunks, 1, ns, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t item = i / (stretches * chunks), from = i / chunks % stretches * depth_;
        const int64_t panel = i % chunks * kPanels, first = column_ + panel * kernel_.nr;
        const int64_t count = std::min(kPanels * kernel_.nr, std::min(column_ + extent_, g_.each.n) - first);
        if (count <= 0) continue;
        const GemmMatrix b = batch_item(g_, item_ + item).b.at(from, first, size_);
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
    const int64_t wanted = wanted_pieces(work, group);
    const int64_t down = ceil_div(m, rows_);
    const int64_t across = std::min(ceil_div(n, kernel_.nr), std::max(ceil_div(n, kernel_.nc), ceil_div(wanted, down)));
    const int64_t tiles = down * across;
    const double ns = 2 * work / static_cast<double>(tiles) / kGemmFlopsPerNs;
    parallel_for(group * tiles, 1, ns, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t t = i % tiles;
        multiply_tile(i / tiles, part(m, kernel_.mr, down, t / across), part(n, kernel_.nr, across, t % across));
      }
    });
  }

  void multiply_tile(int64_t item, Part rows, Part columns) {
    const GemmProblem problem = batch_item(g_, item_ + item);
    const size_t thread = static_cast<size_t>(thread_index());
    Rows own;
    Rows& a = thread < rows_of_threads_.size() ? rows_of_threads_[thread] : own;
    GemmTile tile;
    tile.a = problem.a.at(rows.from, 0, size_);
    if (!a_in_place_) {
      pack_a(problem, item_ + item, rows, a);
      tile.a.data = nullptr;
      tile.a_packed = a.packed->data;
    }
    tile.m = rows.size;
    tile.n = columns.size;
    tile.k = g_.each.k;
    tile.depth = depth_;
    tile.b_packed = b_ + packed_offset(item, 0, 0);
    tile.b_from = columns.from;
    tile.b_columns = panels() * kernel_.nr;
    tile.out = problem.out.at(rows.from, column_ + columns.from, static_cast<int64_t>(item_size(g_.dtype)));
    kernel_.tile(tile);
  }

  void pack_a(const GemmProblem& problem, int64_t item, Part rows, Rows& to) const {
    if (to.item == item && to.from == rows.from) return;
    const int64_t width = ceil_div(rows.size, kernel_.mr) * kernel_.mr * kernel_.lane;  // bytes of a step of the depth
    if (!to.packed.get()) to.packed = allocate(static_cast<size_t>(rows_ * lanes_ * kernel_.lane));
    to.item = -1;  // until it is packed
    for (int64_t from = 0; from < g_.each.k; from += depth_) {
      const GemmMatrix a = problem.a.at(rows.from, from, size_);
      kernel_.pack_a(a.data, a.row, a.col, rows.size, std::min(depth_, g_.each.k - from),
                     static_cast<char*>(to.packed->data) + from / kernel_.group * width);
    }
    to.item = item;
    to.from = rows.from;
  }

  const GemmBatch& g_;
  const PackedGemm& kernel_;
  const int64_t size_;   // of an element of A and of B
  const int64_t lanes_;  // of the depth
  const int64_t depth_;  // of a stretch of K
  const int64_t rows_;   // of C in a task
  const bool a_in_place_;
  const bool b_shared_;      // the same B throughout the batch
  int64_t extent_ = 0;       // columns of B packed at a time
  int64_t group_ = 1;        // products whose B is packed together
  const char* b_ = nullptr;  // packed
  std::vector<Rows> rows_of_threads_;
  int64_t item_ = 0, column_ = 0;  // what is being computed
};

}  // namespace

int64_t stretch_depth(const PackedGemm& kernel, int64_t k) {
  const int64_t stretches = std::max<int64_t>(1, ceil_div(k, kernel.kc * kernel.group)), unit = 8 * kernel.group;
  return std::max<int64_t>(unit, ceil_div(ceil_div(k, stretches), unit) * unit);
}

// Many small products: each by one thread, whose caches hold what it packs.
void gemm_blocked(const GemmBatch& g) {
  const int64_t items = element_count(g.shape);
  const GemmProblem& e = g.each;
  const PackedGemm& kernel = packed_kernels(g);
  const double bytes =
      (static_cast<double>(e.m) + static_cast<double>(e.n)) * static_cast<double>(e.k) * kernel.lane / kernel.group;
  if (items == 1 || wanted_pieces(multiplications(e), items) > 1 || bytes > kItemBytes)
    return BlockedGemm(g).run(0, items, items);
  const double ns = 2 * multiplications(e) / kGemmFlopsPerNs + 500;
  parallel_for(items, std::max<int64_t>(1, static_cast<int64_t>(10e3 / ns)), ns,
               [&](int64_t begin, int64_t end) { BlockedGemm(g).run(begin, end, 1); });
}

bool can_pack(DType dtype) { return kernels().gemm.packed[static_cast<int>(dtype)].tile != nullptr; }

StorageRef pack_columns(DType dtype, const GemmMatrix& b, int64_t k, int64_t n) {
  GemmBatch g{};
  g.dtype = dtype;
  g.each.n = n;
  g.each.k = k;
  g.each.b = b;
  return BlockedGemm(g).pack();
}

}  // namespace tw
