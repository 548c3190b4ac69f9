// Chooses the algorithm of a product and splits the work.
#include <algorithm>

#include "backend/choose.h"
#include "core/parallel.h"
#include "cpu/cpu.h"
#include "cpu/dispatch/dispatch.h"
#include "cpu/gemm_split.h"

namespace tw::cpu {
namespace {

constexpr double kBytesPerNs = 20;  // that one core reads, roughly

int index_of(const GemmBatch& g) { return static_cast<int>(g.dtype); }
bool is_half(DType dtype) { return dtype == DType::f16 || dtype == DType::bf16; }

// ---- a long depth and a small result: slices of K, each a product of its own ----------------------------------------

constexpr int64_t kStreamedDepth = 64, kStreamedBytes = 1 << 20;  // where it is rows of a matrix that is read once
constexpr int64_t kEnoughTiles = 16;                              // in the result, to be cut instead

// A few rows times a matrix that is contiguous across and so large that reading it takes most of the time.
bool is_few_rows(const GemmProblem& e, int64_t size) {
  constexpr int64_t kBytesForTwo = 1 << 20, kBytes = 8 << 20, kWideBytes = 1024;
  return e.m > 1 && e.m <= GemmKernels::kMostVectors && e.a.col == 1 && e.b.col == 1 && e.n * size >= kWideBytes &&
         e.k * e.n * size >= (e.m == 2 ? kBytesForTwo : kBytes);
}

// A vector, or a few, times a matrix that is contiguous across: by slices of K it is read in address order.
bool streams_across(const GemmProblem& e, int64_t size) {
  return (e.m == 1 && e.n > 1 && e.b.col == 1) || (e.n == 1 && e.m > 1 && e.a.row == 1) || is_few_rows(e, size);
}

void run_gemv(const GemmBatch&);

int64_t slices_of(const GemmProblem& e, int64_t size) {
  if (!streams_across(e, size))
    return std::min<int64_t>({kMostSlices, e.k / kSliceDepth, wanted_pieces(multiplications(e), 1)});
  const int64_t bytes = e.k * std::max(e.m, e.n) * size;
  return bytes < kStreamedBytes ? 1 : std::min(kMostSlices, e.k / kStreamedDepth);
}

const char* sliced_unsupported(const GemmBatch& g) {
  const GemmProblem& e = g.each;
  if (g.dtype != DType::f32 && g.dtype != DType::f64) return "the sums of slices would be rounded to this dtype";
  const PackedGemm& packed = kernels().gemm.packed[index_of(g)];
  if (!packed.tile) return "no kernel for this dtype at this level";
  if (!g.shape.empty()) return "a batch is cut into its products";
  const int64_t size = static_cast<int64_t>(item_size(g.dtype));
  if (!streams_across(e, size) && ceil_div(e.m, packed.mr) * ceil_div(e.n, packed.nr) >= kEnoughTiles)
    return "the result is cut into tiles";
  return slices_of(e, size) < 2 ? "the depth is short" : nullptr;
}

void run_sliced(const GemmBatch& g) {
  const GemmProblem& e = g.each;
  const int64_t size = static_cast<int64_t>(item_size(g.dtype)), area = e.m * e.n;
  const int64_t count = slices_of(e, size), depth = e.k / count, left = e.k - count * depth;
  const auto run = is_few_rows(e, size) ? run_gemv : gemm;
  const StorageRef sums = allocate(static_cast<size_t>((count + 1) * area * size));
  char* data = static_cast<char*>(sums->data);
  GemmBatch slices{g.dtype, {e.m, e.n, depth, e.a, e.b, {}}, {count}, {depth * e.a.col}, {depth * e.b.row}, area};
  slices.each.out.c = {data, e.n, 1};
  run(slices);
  if (left > 0) {
    GemmBatch rest{
        g.dtype, {e.m, e.n, left, e.a.at(0, count * depth, size), e.b.at(count * depth, 0, size), {}}, {}, {}, {}};
    rest.each.out.c = {data + count * area * size, e.n, 1};
    run(rest);
  }
  add_slices(g, data, count + (left > 0));
}

// ---- one column, one row or a few: the matrix is streamed once -----------------------------------------------------

// The problem as y = A x: A is x2 transposed where C is a row.
GemvProblem as_gemv(const GemmProblem& g) {
  if (g.n == 1) return {g.m, g.k, g.a, g.b.data, g.out.transposed()};
  return {g.n, g.k, g.b.transposed(), g.a.data, g.out, g.m, g.a.row};
}

const char* gemv_unsupported(const GemmBatch& g) {
  const GemmProblem& e = g.each;
  if (!kernels().gemm.gemv_dot[index_of(g)]) return "no kernel for this dtype at this level";
  const bool few = is_few_rows(e, static_cast<int64_t>(item_size(g.dtype)));
  if (e.m != 1 && e.n != 1 && !few) return "neither operand is a vector";
  const GemvProblem v = as_gemv(e);
  if (v.m != 1 && v.out.c.col != 1) return "the result is strided";
  if (e.k > 1 && (e.n == 1 ? e.b.row : e.a.col) != 1) return "the vector is strided";
  if (v.a.col != 1 && v.a.row != 1 && v.m != 1 && v.k != 1) return "the matrix has no unit stride";
  return nullptr;
}

void run_gemv(const GemmBatch& g) {
  const GemvProblem first = as_gemv(g.each);
  // An axis of length 1 has any stride that helps.
  const bool dot = first.a.col == 1 || (first.k == 1 && first.a.row != 1);
  const auto kernel = dot ? kernels().gemm.gemv_dot[index_of(g)] : kernels().gemm.gemv_axpy[index_of(g)];
  const int64_t size = static_cast<int64_t>(item_size(g.dtype));
  // Near-equal pieces of about 256 KB of the matrix, whole cache lines of y.
  const int64_t wanted = std::max<int64_t>(1, (256 << 10) / (size * std::max<int64_t>(1, first.k)));
  const int64_t most = std::max<int64_t>(wanted, dot ? 64 : 4096);
  const int64_t rows = std::min(first.m, round_up(ceil_div(first.m, ceil_div(first.m, most)), 64));
  const int64_t pieces = ceil_div(first.m, rows);
  const double ns = static_cast<double>(rows * first.k * size) / kBytesPerNs;
  parallel_for(element_count(g.shape) * pieces, 1, ns, [&](int64_t begin, int64_t end) {
    for (int64_t item = begin; item < end; ++item) {
      GemvProblem v = as_gemv(batch_item(g, item / pieces));
      const int64_t from = item % pieces * rows;
      v.m = std::min(rows, v.m - from);
      v.a = v.a.at(from, 0, size);
      v.out = v.out.at(0, from, size);
      (dot ? v.a.col : v.a.row) = 1;
      kernel(v);
    }
  });
}

// ---- pieces of C that need nothing from each other ------------------------------------------------------------------

// Runs `kernel` on `down` x `across` pieces of C, whole multiples of `rows` and `columns`.
template <class Kernel>
void run_pieces(const GemmBatch& g, Kernel kernel, int64_t down, int64_t across, int64_t rows, int64_t columns) {
  const GemmProblem& e = g.each;
  const int64_t size = static_cast<int64_t>(item_size(g.dtype));
  const int64_t items = element_count(g.shape);
  const int64_t pieces = across * down;
  if (items * pieces == 1) return kernel(e);
  const double ns = 2 * multiplications(e) / static_cast<double>(pieces) / kGemmFlopsPerNs + 50;
  const int64_t chunk = std::max<int64_t>(1, static_cast<int64_t>(5e3 / ns));
  parallel_for(items * pieces, chunk, ns, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      kernel(piece_of(batch_item(g, i / pieces), part(e.m, rows, down, i % pieces / across),
                      part(e.n, columns, across, i % across), size));
  });
}

constexpr int64_t kDotRows = 64, kDotDepth = 192;  // more rows, or less to sum up, and a packed panel of B is better
constexpr int64_t kDeep = 384, kDepthOfRow = 8;    // for all of these rows; below, a depth for each of them
constexpr int64_t kFewRows = 8, kFewDepth = 16;    // a depth for each of the few
constexpr int64_t kFewRowsOfHalves = 4;            // every few rows convert B again
constexpr int64_t kDotColumns = 48;                // in a piece: whole tiles of any level

const char* dot_unsupported(const GemmBatch& g) {
  const GemmProblem& e = g.each;
  if (!kernels().gemm.dot[index_of(g)]) return "no kernel for this dtype at this level";
  const bool a_along = e.a.col == 1, b_along = e.b.row == 1;
  if (!a_along && !b_along) return "no operand is contiguous along the depth";
  // One that does not run along the depth is copied where it is this narrow.
  if (!(a_along && b_along) && ((a_along ? e.n : e.m) > kFewRows || !g.shape.empty()))
    return "an operand is not contiguous along the depth";
  const bool few = std::min(e.m, e.n) <= (is_half(g.dtype) ? kFewRowsOfHalves : kFewRows);
  if (!few && is_half(g.dtype)) return "enough rows for converting once to pay";
  if (!few && e.m > (e.k < kDeep ? e.k / kDepthOfRow : kDotRows)) return "enough rows for packing to pay";
  if (e.k < (few ? kFewDepth * std::min(e.m, e.n) : kDotDepth)) return "the depth is short";
  return nullptr;
}

// `count` vectors of k elements, one behind another.
StorageRef gather_vectors(DType dtype, const GemmMatrix& from, int64_t count, int64_t k) {
  StorageRef copy = allocate(static_cast<size_t>(count * k) * item_size(dtype));
  const void* in[] = {from.data};
  kernels().elementwise.cast[static_cast<int>(dtype)][static_cast<int>(dtype)](
      {count, k, {k, 1}, {{from.row, from.col}}}, in, copy->data, nullptr);
  return copy;
}

void run_dot(const GemmBatch& g) {
  GemmBatch along = g;
  GemmProblem& e = along.each;
  StorageRef a, b;
  if (e.a.col != 1) {
    a = gather_vectors(g.dtype, e.a, e.m, e.k);
    e.a = {a->data, e.k, 1};
  }
  if (e.b.row != 1) {
    b = gather_vectors(g.dtype, e.b.transposed(), e.n, e.k);
    e.b = {b->data, 1, e.k};
  }
  const auto kernel = kernels().gemm.dot[index_of(g)];
  const int64_t wanted = wanted_pieces(multiplications(e), element_count(g.shape));
  if (e.m > kDotRows)
    run_pieces(along, kernel, std::min(wanted, ceil_div(e.m, kDotColumns)), 1, kDotColumns, e.n);
  else
    run_pieces(along, kernel, 1, std::min(wanted, ceil_div(e.n, kDotColumns)), e.m, kDotColumns);
}

constexpr int64_t kDirectRows = 192, kDirectColumns = 128;  // up to here packing A is not repaid
constexpr int64_t kDirectBytes = 20 << 18;                  // of A and B; more does not stay near enough
constexpr int64_t kPieceRows = 8, kPackingRows = 48;        // of a piece, at least; of one that packs B for itself

const char* direct_unsupported(const GemmBatch& g) {
  if (!kernels().gemm.direct[index_of(g)]) return "no kernel for this dtype at this level";
  const GemmProblem& e = g.each;
  const PackedGemm& packed = kernels().gemm.packed[index_of(g)];
  if (e.k > packed.kc && !e.out.fits_tile()) return "the result is strided, and the depth is long";
  const int64_t size = static_cast<int64_t>(item_size(g.dtype));
  if (columns_evict(g)) return "columns of x1 evict each other from the cache before all rows of a line are used";
  if (e.m <= kDirectRows || e.n <= kDirectColumns) return nullptr;
  const double elements = (static_cast<double>(e.m) + static_cast<double>(e.n)) * static_cast<double>(e.k);
  if (elements * static_cast<double>(size) <= kDirectBytes) return nullptr;
  return "large enough for packing to pay";
}

// Halved until there are enough pieces, each time in the direction that costs less: pieces below one another read, or
// pack, the same B; those side by side read the same A, and two threads write to the same lines of C at their seam.
void run_direct(const GemmBatch& g) {
  constexpr double kSeamNs = 50, kReadNs = 0.02, kPackNs = 0.2, kInPlaceNs = 0.1;  // a row of a seam, an element
  const GemmProblem& e = g.each;
  const double m = static_cast<double>(e.m), n = static_cast<double>(e.n), k = static_cast<double>(e.k);
  const int64_t size = static_cast<int64_t>(item_size(g.dtype));
  const bool packs = e.b.col != 1 || e.b.row * size % kEvictingStride == 0 || splits_lines(e.b, size);
  const int nr = kernels().gemm.packed[index_of(g)].nr;
  const int64_t most_down = e.m / (packs ? kPackingRows : kPieceRows), most_across = ceil_div(e.n, nr);
  const int64_t wanted = wanted_pieces(multiplications(e), element_count(g.shape));
  int64_t down = 1, across = 1;
  while (down * across < wanted) {
    const double below = static_cast<double>(down) * k * n * (packs ? kPackNs : kInPlaceNs);
    const double beside = static_cast<double>(across) * m * (k * kReadNs + kSeamNs);
    const bool can_down = 2 * down <= most_down, can_across = 2 * across <= most_across;
    if (!can_down && !can_across) break;
    (can_down && (!can_across || below <= beside) ? down : across) *= 2;
  }
  const auto kernel = kernels().gemm.direct[index_of(g)];
  run_pieces(g, [kernel](const GemmProblem& p) { kernel(p, nullptr); }, down, across, 1, nr);
}

// C as the transpose of B^T A^T.
GemmBatch transposed(const GemmBatch& g) {
  GemmBatch t = g;
  const GemmProblem& e = g.each;
  t.each = {e.n, e.m, e.k, e.b.transposed(), e.a.transposed(), e.out.transposed()};
  t.a_stride = g.b_stride;
  t.b_stride = g.a_stride;
  if (t.bytes) std::swap(t.bytes->a_signed, t.bytes->b_signed);
  return t;
}

// A few columns would leave most of a vector empty; as rows of the transpose they cost one broadcast each.
const char* turned_unsupported(const GemmBatch& g) {
  const GemmProblem& e = g.each;
  if (e.n > kFewRows || e.m < 2 * e.n) return "the result is not narrow";
  if (e.a.row != 1) return "columns of x1 are not contiguous";
  return direct_unsupported(transposed(g));
}

void run_turned(const GemmBatch& g) { run_direct(transposed(g)); }

// Columns of x1, many of them and long, as the gradient of a weight has: as rows of the transposes' x2 they are packed
// in whole vectors, which repays storing the result down its columns.
constexpr int64_t kLongDepth = 1024;

const char* turned_columns_unsupported(const GemmBatch& g) {
  const GemmProblem& e = g.each;
  if (g.dtype != DType::f32 && g.dtype != DType::f64) return "not float32 or float64";
  if (!packed_kernels(g).tile) return "no kernel for this dtype at this level";
  if (!g.shape.empty()) return "a batch has its results side by side";
  if (e.a.row != 1 || e.b.col != 1 || e.k < kLongDepth) return "no long columns of x1 with rows of x2";
  return e.m < 2 * e.n ? "x1 has not many columns" : nullptr;
}

void run_turned_columns(const GemmBatch& g) { gemm_blocked(transposed(g)); }

// Half types: up to this depth, or with a side this short, converting everything to float32 costs less than packing.
// Not so where halves are multiplied as they are, nor where copies would not stay in the cache. More elements are
// shared by threads, that then need what others have converted: only rows that are hardly used again are worth it.
constexpr int64_t kWidenedDepth = 64, kWidenedSide = 32, kWidenedDepthOfNative = 4;
constexpr double kWidenedAlone = 1 << 16, kWidenedElements = 1 << 21;
constexpr int64_t kManyRows = 2048, kHardlyDeep = 8, kHardlyWide = 16;

const char* widened_unsupported(const GemmBatch& g) {
  if (!is_half(g.dtype)) return "not a half type";
  const PackedGemm& packed = packed_kernels(g);
  if (!packed.tile) return "no kernel for float32 at this level";
  const GemmProblem& e = g.each;
  if (packed.group > 1 ? e.k > kWidenedDepthOfNative : e.k > kWidenedDepth && std::min(e.m, e.n) > kWidenedSide)
    return "enough work for packing to pay";
  const auto product = [](int64_t a, int64_t b) { return static_cast<double>(a) * static_cast<double>(b); };
  const double elements =
      (product(e.m, e.k) + product(e.k, e.n) + product(e.m, e.n)) * static_cast<double>(element_count(g.shape));
  if (elements <= kWidenedAlone) return nullptr;
  if (elements > kWidenedElements) return "large enough for packing to pay";
  if (e.a.row == 1 && e.k > 1) return "columns of x1 are packed at the cost of converting them";
  return e.k <= kHardlyDeep || e.n <= kHardlyWide || e.m >= kManyRows ? nullptr : "enough work for packing to pay";
}

// ---- anything else -------------------------------------------------------------------------------------------------

const char* blocked_unsupported(const GemmBatch& g) {
  return packed_kernels(g).tile ? nullptr : "no kernel for this dtype at this level";
}

auto naive_kernel(const GemmBatch& g) {
  return g.bytes ? kernels().gemm.bytes[g.bytes->a_signed][g.bytes->b_signed].naive : kernels().gemm.naive[index_of(g)];
}

const char* naive_unsupported(const GemmBatch& g) {
  return naive_kernel(g) ? nullptr : "no kernel for this dtype at this level";
}

void run_naive(const GemmBatch& g) {
  const auto kernel = naive_kernel(g);
  const GemmProblem& e = g.each;
  const double ns = static_cast<double>(e.n * e.k);
  const int64_t chunk = std::max<int64_t>(1, static_cast<int64_t>(20e3 / std::max(ns, 1.0)));
  parallel_for(element_count(g.shape) * e.m, chunk, ns, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      GemmProblem p = batch_item(g, row / e.m);
      p.m = 1;
      p.a = p.a.at(row % e.m, 0, operand_size(g));
      p.out = p.out.at(row % e.m, 0, static_cast<int64_t>(item_size(g.dtype)));
      kernel(p);
    }
  });
}

const char* packed_unsupported(const GemmBatch& g) { return g.packed_b ? nullptr : "x2 is not packed"; }

// In order of preference.
const Method<GemmBatch> kMethods[] = {
    {"packed", packed_unsupported, gemm_blocked},
    {"slices", sliced_unsupported, run_sliced},
    {"gemv", gemv_unsupported, run_gemv},
    {"dot", dot_unsupported, run_dot},
    {"direct of the transposes", turned_unsupported, run_turned},
    {"blocked of the transposes", turned_columns_unsupported, run_turned_columns},
    {"direct", direct_unsupported, run_direct},
    {"widened", widened_unsupported, gemm_widened},
    {"blocked", blocked_unsupported, gemm_blocked},
    {"naive", naive_unsupported, run_naive},
};

std::string describe(const GemmBatch& g) {
  std::ostringstream text;
  text << "gemm: (" << g.each.m << ", " << g.each.k << ") x (" << g.each.k << ", " << g.each.n << ") ";
  if (g.bytes)
    text << (g.bytes->a_signed ? DType::i8 : DType::u8) << " x " << (g.bytes->b_signed ? DType::i8 : DType::u8)
         << " in ";
  text << g.dtype;
  if (!g.shape.empty()) text << ", batch " << g.shape;
  return text.str();
}

}  // namespace

const PackedGemm& packed_kernels(const GemmBatch& g) {
  const GemmKernels& all = kernels().gemm;
  return g.bytes ? all.bytes[g.bytes->a_signed][g.bytes->b_signed].packed : all.packed[index_of(g)];
}

bool columns_evict(const GemmBatch& g) {
  constexpr int64_t kWays = 8;      // lines of a set of L1
  constexpr int64_t kFewTiles = 4;  // below one another
  const GemmProblem& e = g.each;
  const int64_t size = operand_size(g), mr = packed_kernels(g).mr;
  return e.a.row == 1 && e.a.col * size % kEvictingStride == 0 && 2 * mr * size <= kLine && e.k > kWays &&
         e.m > kFewTiles * mr;
}

GemmProblem batch_item(const GemmBatch& g, int64_t item) {
  GemmProblem p = g.each;
  if (g.shape.empty()) return p;
  const int64_t size = static_cast<int64_t>(item_size(g.dtype)), operand = operand_size(g);
  int64_t a = 0, b = 0, bias = 0, rest = item;
  for (int axis = g.shape.size() - 1; axis >= 0; --axis) {
    const int64_t at = rest % g.shape[axis];
    rest /= g.shape[axis];
    a += at * g.a_stride[axis];
    b += at * g.b_stride[axis];
    if (!g.bias_stride.empty()) bias += at * g.bias_stride[axis];
  }
  p.a = {static_cast<char*>(p.a.data) + a * operand, p.a.row, p.a.col};
  p.b = {static_cast<char*>(p.b.data) + b * operand, p.b.row, p.b.col};
  const auto step = [&](GemmMatrix& x) {
    if (x.data) x.data = static_cast<char*>(x.data) + item * g.out_step * size;
  };
  if (p.out.bias.data) p.out.bias.data = static_cast<char*>(p.out.bias.data) + bias * size;
  step(p.out.c), step(p.out.residual), step(p.out.gate), step(p.out.pre);
  return p;
}

// As the columns of a matrix times ones.
void add_slices(const GemmBatch& g, void* sums, int64_t count) {
  static constexpr float kOnes[kMostSlices + 1] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
  static constexpr double kWideOnes[kMostSlices + 1] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
  const GemmProblem& e = g.each;
  const int64_t size = static_cast<int64_t>(item_size(g.dtype)), area = e.m * e.n;
  const GemmOutput out = e.n == 1 ? e.out.transposed() : e.out;
  const int64_t rows = e.n == 1 ? 1 : e.m, columns = area / rows;
  const void* ones = size == 4 ? static_cast<const void*>(kOnes) : kWideOnes;
  char* data = static_cast<char*>(sums);
  for (int64_t i = 0; i < rows; ++i)
    kernels().gemm.gemv_axpy[index_of(g)](
        {columns, count, {data + i * columns * size, 1, area}, ones, out.at(i, 0, size)});
}

void gemm(const GemmBatch& g) {
  if (g.each.m == 0 || g.each.n == 0 || element_count(g.shape) == 0) return;
  const GemmOutput& out = g.each.out;
  if (out.c.col != 1 && out.c.row == 1) return gemm(transposed(g));
  if (run_first(kMethods, g, describe)) return;
  fail<TypeError>("matmul: dtype ", g.dtype, " is not supported");
}

}  // namespace tw::cpu
