// The packed GEMM after BLIS: both operands are packed by all threads, then tiles of C are computed from the panels.
#include <algorithm>

#include "core/parallel.h"
#include "dispatch/dispatch.h"
#include "ops/gemm_split.h"

namespace tw {
namespace {

constexpr int64_t kPackedABytes = int64_t{4} << 20;   // packed rows of A held at a time
constexpr int64_t kPackedBBytes = int64_t{64} << 20;  // packed columns of B held at a time
constexpr double kPackedPerNs = 4;                    // elements

// One operand of a group of products, packed: for every product, for every stretch of K, panel after panel.
struct Packed {
  GemmPackFn pack;
  bool shared;               // the same matrix throughout the batch
  int64_t stride, k_stride;  // of the source
  int64_t width;             // of a panel
  int64_t extent = 0;        // rows (columns) packed at a time
  StorageRef buffer;
  char* data = nullptr;

  int64_t panels() const { return ceil_div(extent, width); }
};

class BlockedGemm {
 public:
  explicit BlockedGemm(const GemmBatch& g)
      : g_(g),
        kernel_(kernels().gemm.packed[static_cast<int>(g.dtype)]),
        size_(static_cast<int64_t>(item_size(g.dtype))),
        items_(element_count(g.shape)),
        lanes_(ceil_div(g.each.k, kernel_.group)) {
    const int64_t stretches = std::max<int64_t>(1, ceil_div(g.each.k, kernel_.kc * kernel_.group));
    const int64_t unit = 8 * kernel_.group;
    depth_ = std::max<int64_t>(unit, ceil_div(ceil_div(g.each.k, stretches), unit) * unit);
    stretches_ = std::max<int64_t>(1, ceil_div(g.each.k, depth_));
    const auto is_shared = [](const Dims& strides) {
      return std::all_of(strides.begin(), strides.end(), [](int64_t s) { return s == 0; });
    };
    const GemmMatrix &a = g.each.a, &b = g.each.b;
    a_ = {kernel_.pack_a, is_shared(g.a_stride), a.row, a.col, kernel_.mr, 0, {}, nullptr};
    b_ = {kernel_.pack_b, is_shared(g.b_stride), b.col, b.row, kernel_.nr, 0, {}, nullptr};
  }

  void run() {
    const int64_t k_bytes = std::max<int64_t>(1, lanes_) * kernel_.lane;
    a_.extent = std::min(g_.each.m, std::max<int64_t>(kernel_.mc, kPackedABytes / k_bytes / kernel_.mc * kernel_.mc));
    b_.extent = std::min(g_.each.n, std::max<int64_t>(kernel_.nc, kPackedBBytes / k_bytes / kernel_.nc * kernel_.nc));
    const int64_t item_bytes = (a_.panels() * a_.width + b_.panels() * b_.width) * k_bytes;
    group_ = std::clamp<int64_t>(kPackedABytes / item_bytes, 1, items_);
    allocate_buffers();
    for (item_ = 0; item_ < items_; item_ += group_) {
      const int64_t group = std::min(group_, items_ - item_);
      for (column_ = 0; column_ < g_.each.n; column_ += b_.extent) {
        for (row_ = 0; row_ < g_.each.m; row_ += a_.extent) {
          pack(group, row_ == 0);
          multiply(group);
        }
      }
    }
  }

 private:
  void allocate_buffers() {
    for (Packed* p : {&a_, &b_}) {
      p->buffer =
          allocate(static_cast<size_t>((p->shared ? 1 : group_) * p->panels() * p->width * lanes_ * kernel_.lane));
      p->data = static_cast<char*>(p->buffer->data);
    }
  }

  // Where panel `panel` of product `item` of the group starts, in the stretch of K that starts at `from`.
  char* packed_at(const Packed& p, int64_t item, int64_t from, int64_t panel) const {
    const int64_t first = from / kernel_.group;  // lane
    const int64_t before = ((p.shared ? 0 : item) * lanes_ + first) * p.panels() +
                           panel * std::min(depth_ / kernel_.group, lanes_ - first);
    return p.data + before * p.width * kernel_.lane;
  }

  // Packs rows [row_, row_ + extent) of A, and with_b the columns of B, of `group` products.
  void pack(int64_t group, bool with_b) {
    constexpr int64_t kPanels = 8;  // in a work item
    const auto count = [&](const Packed& p) {
      return (p.shared ? 1 : group) * stretches_ * ceil_div(p.panels(), kPanels);
    };
    const int64_t b_items = with_b ? count(b_) : 0;
    const double ns = static_cast<double>(kPanels * b_.width * depth_) / kPackedPerNs;
    parallel_for(b_items + count(a_), 1, ns, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        if (i < b_items)
          pack_item(b_, column_, g_.each.n, i, kPanels);
        else
          pack_item(a_, row_, g_.each.m, i - b_items, kPanels);
      }
    });
  }

  void pack_item(const Packed& p, int64_t from, int64_t total, int64_t index, int64_t panels) {
    const int64_t chunks = ceil_div(p.panels(), panels);
    const int64_t item = index / (stretches_ * chunks);
    const int64_t depth_from = index / chunks % stretches_ * depth_;
    const int64_t panel = index % chunks * panels;
    const int64_t first = panel * p.width;
    const int64_t count = std::min({panels * p.width, p.extent - first, total - from - first});
    if (count <= 0) return;
    const GemmProblem problem = batch_item(g_, item_ + item);
    const void* matrix = &p == &a_ ? problem.a.data : problem.b.data;
    const char* source =
        static_cast<const char*>(matrix) + ((from + first) * p.stride + depth_from * p.k_stride) * size_;
    p.pack(source, p.stride, p.k_stride, count, std::min(depth_, g_.each.k - depth_from),
           packed_at(p, item, depth_from, panel));
  }

  // Tiles of C, in two dimensions by shape alone.
  void multiply(int64_t group) {
    const int64_t m = std::min(a_.extent, g_.each.m - row_), n = std::min(b_.extent, g_.each.n - column_);
    const double work = static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(g_.each.k);
    const int64_t wanted = wanted_pieces(work, group);
    const int64_t down = ceil_div(m, kernel_.mc);
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
    GemmTile tile;
    tile.m = rows.size;
    tile.n = columns.size;
    tile.k = g_.each.k;
    tile.depth = depth_;
    tile.a = packed_at(a_, item, 0, 0);
    tile.a_from = rows.from;
    tile.a_rows = a_.panels() * a_.width;
    tile.b = packed_at(b_, item, 0, 0);
    tile.b_from = columns.from;
    tile.b_columns = b_.panels() * b_.width;
    tile.out = batch_item(g_, item_ + item).out.at(row_ + rows.from, column_ + columns.from, size_);
    kernel_.tile(tile);
  }

  const GemmBatch& g_;
  const PackedGemm& kernel_;
  const int64_t size_;
  const int64_t items_;
  const int64_t lanes_;    // of the depth
  int64_t stretches_ = 1;  // of K, each depth_ deep but the last
  int64_t depth_ = 1;      // at most kc
  int64_t group_ = 1;      // products that are packed together
  Packed a_, b_;
  int64_t item_ = 0, row_ = 0, column_ = 0;  // what is being computed
};

}  // namespace

void gemm_blocked(const GemmBatch& g) { BlockedGemm(g).run(); }

}  // namespace tw
