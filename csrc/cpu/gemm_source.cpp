// Products whose B comes from a source: the methods of other products, but that a panel of B is filled just before all
// rows of a task use it, and never again where that can be helped.
#include "cpu/gemm_source.h"

#include <algorithm>
#include <sstream>

#include "backend/choose.h"
#include "core/parallel.h"
#include "core/thread_memory.h"
#include "cpu/cpu.h"
#include "cpu/dispatch/dispatch.h"
#include "cpu/gemm_split.h"

namespace tw::cpu {
namespace {

constexpr int64_t kLeastRows = 192;           // of C in a task, if there are more: fewer do not repay filling a panel
constexpr int64_t kLeastRowsOfOnePanel = 64;  // each task fills it, or one thread would do it all
constexpr int64_t kMostRows = 1024;           // whose sums wait between blocks of K

// Pieces of C that are filled and multiplied by one thread each.
struct Pieces {
  int64_t down, across;
};

int64_t items_of(const GemmFromSource& s) { return element_count(s.batch.shape); }
int64_t results_of(const GemmFromSource& s) { return items_of(s) / s.summed; }

// Side by side first, in multiples of `columns`: pieces below one another fill the same panels.
Pieces pieces_of(const GemmFromSource& s, int64_t columns) {
  const GemmProblem& e = s.batch.each;
  const double work = multiplications(e) * static_cast<double>(s.summed);
  const int64_t wanted = wanted_pieces(work, results_of(s));
  const int64_t across = std::min(wanted, ceil_div(e.n, columns));
  const int64_t least = across == 1 && results_of(s) == 1 ? kLeastRowsOfOnePanel : kLeastRows;
  const int64_t down = std::min(power_of_two_below(wanted / across), power_of_two_below(e.m / least));
  return {std::max(down, ceil_div(e.m, kMostRows)), across};
}

// run(item, rows, columns) for each piece of each result.
template <class F>
void for_each_piece(const GemmFromSource& s, Pieces pieces, int row_panel, F run) {
  const GemmProblem& e = s.batch.each;
  const int nr = packed_kernels(s.batch).nr;
  const int64_t count = pieces.down * pieces.across, results = results_of(s);
  const double ns =
      2 * multiplications(e) * static_cast<double>(s.summed) / static_cast<double>(count) / kGemmFlopsPerNs;
  const int64_t chunk = std::max<int64_t>(1, static_cast<int64_t>(5e3 / (ns + 50)));
  parallel_for(results * count, chunk, ns + 50, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      run(i / count, part(e.m, row_panel, pieces.down, i % count / pieces.across),
          part(e.n, nr, pieces.across, i % pieces.across));
  });
}

// run(problem, item) for the products that `result` is the sum of: each adds to C what the next finds there.
template <class F>
void for_each_product(const GemmFromSource& s, int64_t result, F run) {
  const GemmOutput out = batch_item(s.batch, result).out;
  for (int64_t i = 0; i < s.summed; ++i) {
    const int64_t item = result * s.summed + i;
    GemmProblem p = batch_item(s.batch, item);
    p.b = {};
    p.out = out;
    if (i > 0) p.out.bias.data = nullptr, p.out.residual = out.c;
    run(p, item);
  }
}

// Elements of a tile that goes to a sink: a piece is cut into such.
int64_t tile_columns(const GemmFromSource& s) { return kSourcePanels * packed_kernels(s.batch).nr; }
int64_t tile_elements(const GemmFromSource& s) {
  return s.sink.store ? std::min(s.batch.each.m, kMostRows + packed_kernels(s.batch).mr) * tile_columns(s) : 0;
}

// run(out) with the place of a tile's results: in C, or in `room` and from there on to the sink.
template <class F>
void with_output(const GemmFromSource& s, int64_t result, Part rows, Part columns, void* room, F run) {
  GemmOutput out = batch_item(s.batch, result).out.at(rows.from, columns.from, size_of(s.batch.dtype));
  if (!s.sink.store) return run(out);
  const TileShape shape{rows.from, rows.size, columns.from, columns.size, tile_columns(s)};
  out.c = {room, shape.step, 1};
  out.residual = {};
  if (s.sink.load) {
    s.sink.load(s.sink.context, result, shape, room);
    out.residual = out.c;
  }
  run(out);
  s.sink.store(s.sink.context, result, shape, room);
}

const char* sum_unsupported(const GemmOutput& out) {
  return out.activation != Activation::none || out.pre.data || out.gate.data ? "the sum goes through an activation"
                                                                             : nullptr;
}

// ---- a long depth and a few panels: slices of K, each a product of its own ------------------------------------------

constexpr int64_t kEnoughPanels = 16;

// Of one result: parts of its depth, or of what it sums.
int64_t slices_of(const GemmFromSource& s) {
  const GemmProblem& e = s.batch.each;
  const int64_t panels = ceil_div(e.n, packed_kernels(s.batch).nr);
  const int64_t wanted = wanted_pieces(multiplications(e) * static_cast<double>(s.summed), 1) / panels;
  int64_t slices = std::min({kMostSlices, power_of_two_below(wanted), e.k * s.summed / kSliceDepth});
  while (s.summed > 1 && slices > 1 && s.summed % slices != 0) --slices;
  return slices;
}

const char* sliced_unsupported(const GemmFromSource& s) {
  const GemmBatch& g = s.batch;
  if (g.dtype != DType::f32 && g.dtype != DType::f64) return "the sums of slices would be rounded to this dtype";
  if (!packed_kernels(g).tile) return "no kernel for this dtype at this level";
  if (s.sink.store) return "the result goes to several places";
  if (results_of(s) > 1) return "a batch is cut into its products";
  if (g.each.out.c.col != 1) return "the result is strided";
  if (g.each.m >= 2 * kLeastRows) return "the result is cut into rows";
  if (ceil_div(g.each.n, packed_kernels(g).nr) >= kEnoughPanels) return "the result is cut into panels";
  return slices_of(s) < 2 ? "the depth is short" : nullptr;
}

// B of product i is rows [(first + i) depth, (first + i + 1) depth) of another.
struct DepthSlices {
  PackSource whole;
  int64_t depth, first;

  static void fill(const void* context, int64_t item, const PackedGemm& layout, int64_t from, int64_t depth,
                   int64_t column, int64_t columns, void* packed) {
    const DepthSlices& s = *static_cast<const DepthSlices*>(context);
    s.whole.fill(s.whole.context, 0, layout, (s.first + item) * s.depth + from, depth, column, columns, packed);
  }
};

void run_sliced(const GemmFromSource& s) {
  const GemmBatch& g = s.batch;
  const GemmProblem& e = g.each;
  const int64_t size = size_of(g.dtype), area = e.m * e.n, count = slices_of(s);
  const StorageRef sums = allocate(static_cast<size_t>((count + 1) * area * size));
  char* data = static_cast<char*>(sums->data);
  GemmFromSource slices = s;
  slices.batch.out_step = area;
  slices.batch.each.out = {};
  slices.batch.each.out.c = {data, e.n, 1};
  if (s.summed > 1) {
    slices.summed = s.summed / count;
    gemm(slices);
    return add_slices(g, data, count);
  }
  const int64_t depth = e.k / count, left = e.k - count * depth;
  const DepthSlices source{s.b, depth, 0}, last{s.b, depth, count};
  slices.b = {DepthSlices::fill, &source};
  slices.batch.shape = {count};
  slices.batch.a_stride = {depth * e.a.col};
  slices.batch.b_stride = {0};
  slices.batch.each.k = depth;
  gemm(slices);
  if (left > 0) {
    GemmFromSource rest{{g.dtype, {e.m, e.n, left, e.a.at(0, count * depth, size), {}, {}}, {}, {}, {}},
                        {DepthSlices::fill, &last}};
    rest.batch.each.out.c = {data + count * area * size, e.n, 1};
    gemm(rest);
  }
  add_slices(g, data, count + (left > 0));
}

// ---- A in place, a panel on the stack -------------------------------------------------------------------------------

const char* direct_unsupported(const GemmFromSource& s) {
  const GemmBatch& g = s.batch;
  const PackedGemm& packed = packed_kernels(g);
  if (g.bytes || !kernels().gemm.direct[static_cast<int>(g.dtype)]) return "no kernel for this dtype at this level";
  const GemmOutput& out = g.each.out;
  const bool in_place = s.sink.store || out.fits_tile();
  if ((g.each.k > packed.kc || s.summed > 1) && !in_place) return "the result is strided, and the depth is long";
  if (columns_evict(g)) return "columns of x1 evict each other from the cache before all rows of a line are used";
  return s.summed > 1 ? sum_unsupported(out) : nullptr;
}

void run_direct_to_sink(const GemmFromSource& s) {
  const auto kernel = kernels().gemm.direct[static_cast<int>(s.batch.dtype)];
  const PackedGemm& layout = packed_kernels(s.batch);
  const int64_t size = size_of(s.batch.dtype), width = tile_columns(s), room = tile_elements(s) * size;
  const Pieces pieces = pieces_of(s, layout.nr);
  const int64_t tasks = pieces.down * pieces.across * results_of(s);
  const ThreadMemory tiles(room, tasks);
  for_each_piece(s, pieces, 1, [&](int64_t result, Part rows, Part columns) {
    char* tile = tiles.own();
    for (int64_t j = 0; j < columns.size; j += width) {
      const Part part{columns.from + j, std::min(width, columns.size - j)};
      const SourcePart source{s.b, &layout, result, part.from};
      with_output(s, result, rows, part, tile, [&](const GemmOutput& out) {
        GemmProblem p = piece_of(batch_item(s.batch, result), rows, part, size);
        p.out = out;
        kernel(p, &source);
      });
    }
  });
}

void run_direct(const GemmFromSource& s) {
  const GemmBatch& g = s.batch;
  const auto kernel = kernels().gemm.direct[static_cast<int>(g.dtype)];
  const PackedGemm& layout = packed_kernels(g);
  const int64_t size = size_of(g.dtype);
  if (s.sink.store) return run_direct_to_sink(s);
  for_each_piece(s, pieces_of(s, layout.nr), 1, [&](int64_t result, Part rows, Part columns) {
    for_each_product(s, result, [&](const GemmProblem& p, int64_t item) {
      const SourcePart source{s.b, &layout, item, columns.from};
      kernel(piece_of(p, rows, columns, size), &source);
    });
  });
}

// ---- anything that can be packed ------------------------------------------------------------------------------------

// Like BlockedGemm, but a thread holds no more of B, and of a packed A, than one block of K.
class BlockedFromSource {
 public:
  explicit BlockedFromSource(const GemmFromSource& s)
      : s_(s),
        g_(s.batch),
        kernel_(packed_kernels(g_)),
        size_(operand_size(g_)),
        depth_(stretch_depth(kernel_, g_.each.k)),
        unpacked_a_(kernel_.reads_unpacked(g_.each) && stays_cached(g_.each.a, size_)),
        columns_(unpacked_a_ ? kernel_.nr : kSourcePanels * kernel_.nr),
        rows_(unpacked_a_ ? g_.each.m : rows_in_cache(kernel_)) {}

  void run() {
    const Pieces pieces = pieces_of(s_, columns_);
    const int64_t tasks = pieces.down * pieces.across * results_of(s_);
    const int64_t deepest = ceil_div(std::min(depth_, g_.each.k), kernel_.group) * kernel_.lane;
    const int64_t tall = ceil_div(ceil_div(g_.each.m, kernel_.mr), pieces.down) * kernel_.mr;  // a piece, at most
    const bool waits = depth_ < g_.each.k || s_.summed > 1;
    b_bytes_ = round_up(columns_ * deepest, kLine);
    a_bytes_ = unpacked_a_ ? 0 : round_up(std::min(rows_, tall) * deepest, kLine);
    sum_bytes_ = waits ? tall * columns_ * kernel_.lane : 0;
    const int64_t room = b_bytes_ + a_bytes_ + sum_bytes_ + tile_elements(s_) * size_of(g_.dtype);
    const ThreadMemory memory(room, tasks);
    for_each_piece(s_, pieces, kernel_.mr, [&](int64_t result, Part rows, Part columns) {
      char* own = memory.own();
      const Own memory_of_thread{own, own + b_bytes_, own + b_bytes_ + a_bytes_,
                                 own + b_bytes_ + a_bytes_ + sum_bytes_};
      const int64_t passes = ceil_div(columns.size, columns_);
      for (int64_t i = 0; i < passes; ++i) {
        const Part pass = part(columns.size, kernel_.nr, passes, i), absolute{columns.from + pass.from, pass.size};
        with_output(s_, result, rows, absolute, memory_of_thread.tile,
                    [&](const GemmOutput& out) { multiply(result, rows, absolute, out, memory_of_thread); });
      }
    });
  }

 private:
  // Memory of a thread: a block of B and of A, packed, the sums that wait between blocks, and a tile for the sink.
  struct Own {
    char *b, *a, *sums, *tile;
  };

  void multiply(int64_t result, Part rows, Part columns, const GemmOutput& out, const Own& own) const {
    const int64_t first = result * s_.summed, last = first + s_.summed - 1;
    GemmTile tile;
    tile.n = columns.size;
    tile.b_packed = own.b;
    tile.b_from = 0;
    tile.b_columns = round_up(columns.size, kernel_.nr);
    tile.out = out;
    for (int64_t item = first; item <= last; ++item) {
      int64_t from = 0;
      do {  // once for k = 0
        tile.k = std::min(depth_, g_.each.k - from);
        tile.depth = round_up(tile.k, kernel_.group);
        tile.a = batch_item(g_, item).a.at(rows.from, from, size_);
        tile.first = item == first && from == 0;
        tile.last = item == last && from + depth_ >= g_.each.k;
        s_.b.fill(s_.b.context, item, kernel_, from, tile.k, columns.from, columns.size, own.b);
        multiply_rows(tile, rows.size, own);
        from += depth_;
      } while (from < g_.each.k);
    }
  }

  // One block of K: `whole` is the tile with all rows of the piece.
  void multiply_rows(const GemmTile& whole, int64_t rows, const Own& own) const {
    GemmTile tile = whole;
    for (int64_t i = 0; i < rows; i += rows_) {
      tile.m = std::min(rows_, rows - i);
      tile.a = whole.a.at(i, 0, size_);
      if (!unpacked_a_) {
        kernel_.pack_a(tile.a.data, tile.a.row, tile.a.col, tile.m, tile.k, own.a);
        tile.a.data = nullptr;
        tile.a_packed = own.a;
      }
      if (sum_bytes_ > 0) tile.sums = own.sums + i * tile.b_columns * kernel_.lane;
      tile.out = whole.out.at(i, 0, size_of(g_.dtype));
      kernel_.tile(tile);
    }
  }

  const GemmFromSource& s_;
  const GemmBatch& g_;
  const PackedGemm& kernel_;
  const int64_t size_;   // of an element of A and of B
  const int64_t depth_;  // of a block of K
  const bool unpacked_a_;
  const int64_t columns_, rows_;                       // of a panel, and that it is multiplied by at a time
  int64_t b_bytes_ = 0, a_bytes_ = 0, sum_bytes_ = 0;  // of each thread
};

const char* blocked_unsupported(const GemmFromSource& s) {
  return packed_kernels(s.batch).tile ? nullptr : "no kernel for this dtype at this level";
}

void run_blocked(const GemmFromSource& s) { BlockedFromSource(s).run(); }

// ---- anything else --------------------------------------------------------------------------------------------------

constexpr int kNaiveColumns = 16;  // filled at a time, over all of K

template <class E>
void pack_naive(const void* src, int64_t stride, int64_t k_stride, int64_t count, int64_t k, void* packed) {
  for (int64_t p = 0; p < k; ++p)
    for (int64_t i = 0; i < count; ++i)
      static_cast<E*>(packed)[p * kNaiveColumns + i] = static_cast<const E*>(src)[i * stride + p * k_stride];
}

PackedGemm naive_layout(int size) {
  PackedGemm layout{};
  layout.nr = kNaiveColumns, layout.group = 1, layout.lane = size;
  layout.pack_b = size == 1   ? pack_naive<uint8_t>
                  : size == 2 ? pack_naive<uint16_t>
                  : size == 4 ? pack_naive<uint32_t>
                              : pack_naive<uint64_t>;
  return layout;
}

const char* naive_unsupported(const GemmFromSource& s) {
  const GemmBatch& g = s.batch;
  if (g.bytes || !kernels().gemm.naive[static_cast<int>(g.dtype)]) return "no kernel for this dtype at this level";
  if (s.sink.store) return "the result goes to several places";
  if (s.summed > 1 && (g.dtype == DType::f16 || g.dtype == DType::bf16))
    return "each sum would be rounded to this dtype";
  return s.summed > 1 ? sum_unsupported(g.each.out) : nullptr;
}

void run_naive(const GemmFromSource& s) {
  const GemmBatch& g = s.batch;
  const auto kernel = kernels().gemm.naive[static_cast<int>(g.dtype)];
  const int size = static_cast<int>(item_size(g.dtype));
  const PackedGemm layout = naive_layout(size);
  const int64_t blocks = ceil_div(g.each.n, kNaiveColumns), panel = g.each.k * kNaiveColumns * size;
  const int64_t tasks = results_of(s) * blocks;
  const ThreadMemory panels(panel, tasks);
  parallel_for(tasks, 1, static_cast<double>(g.each.m * panel), [&](int64_t begin, int64_t end) {
    char* own = panels.own();
    for (int64_t i = begin; i < end; ++i) {
      const Part columns{i % blocks * kNaiveColumns,
                         std::min<int64_t>(kNaiveColumns, g.each.n - i % blocks * kNaiveColumns)};
      for_each_product(s, i / blocks, [&](GemmProblem p, int64_t item) {
        s.b.fill(s.b.context, item, layout, 0, p.k, columns.from, columns.size, own);
        p = piece_of(p, {0, p.m}, columns, size);
        p.b = {own, kNaiveColumns, 1};
        kernel(p);
      });
    }
  });
}

// In order of preference.
const Method<GemmFromSource> kMethods[] = {
    {"slices", sliced_unsupported, run_sliced},
    {"direct", direct_unsupported, run_direct},
    {"blocked", blocked_unsupported, run_blocked},
    {"naive", naive_unsupported, run_naive},
};

std::string describe(const GemmFromSource& s) {
  const GemmBatch& g = s.batch;
  std::ostringstream text;
  text << "gemm: (" << g.each.m << ", " << g.each.k << ") x (" << g.each.k << ", " << g.each.n << ") from a source "
       << g.dtype;
  if (s.summed > 1) text << ", sums of " << s.summed;
  if (!g.shape.empty()) text << ", batch " << g.shape;
  return text.str();
}

}  // namespace

void gemm(const GemmFromSource& s) {
  if (s.batch.each.m == 0 || s.batch.each.n == 0 || items_of(s) == 0) return;
  if (run_first(kMethods, s, describe)) return;
  fail<TypeError>("gemm: dtype ", s.batch.dtype, " is not supported");
}

}  // namespace tw::cpu
