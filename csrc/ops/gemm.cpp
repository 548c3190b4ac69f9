#include "ops/gemm.h"

#include <algorithm>

#include "core/parallel.h"
#include "dispatch/dispatch.h"
#include "ops/choose.h"
#include "ops/gemm_split.h"

namespace tw {
namespace {

constexpr double kBytesPerNs = 20;  // that one core reads, roughly

int index_of(const GemmBatch& g) { return static_cast<int>(g.dtype); }

// ---- one row or one column: the matrix is streamed once ------------------------------------------------------------

// The problem as y = A x: A is x2 transposed where C is a row.
GemvProblem as_gemv(const GemmProblem& g) {
  GemvProblem v{};
  v.k = g.k;
  v.y = g.c;
  v.bias = g.bias;
  v.relu = g.relu;
  v.accumulate = g.accumulate;
  if (g.n == 1) {
    v.m = g.m;
    v.a = g.a;
    v.a_row = g.a_row;
    v.a_col = g.a_col;
    v.x = g.b;
    v.bias_stride = 0;
  } else {
    v.m = g.n;
    v.a = g.b;
    v.a_row = g.b_col;
    v.a_col = g.b_row;
    v.x = g.a;
    v.bias_stride = 1;
  }
  return v;
}

const char* gemv_unsupported(const GemmBatch& g) {
  const GemmProblem& e = g.each;
  if (!kernels().gemm.gemv_dot[index_of(g)]) return "no kernel for this dtype at this level";
  if (e.m != 1 && e.n != 1) return "neither operand is a vector";
  if (e.n == 1 && e.m != 1 && e.c_row != 1) return "the result is strided";
  if (e.k > 1 && (e.n == 1 ? e.b_row : e.a_col) != 1) return "the vector is strided";
  const GemvProblem v = as_gemv(e);
  if (v.a_col != 1 && v.a_row != 1 && v.m != 1 && v.k != 1) return "the matrix has no unit stride";
  return nullptr;
}

void run_gemv(const GemmBatch& g) {
  const GemvProblem first = as_gemv(g.each);
  // An axis of length 1 has any stride that helps.
  const bool dot = first.a_col == 1 || (first.k == 1 && first.a_row != 1);
  const auto kernel = dot ? kernels().gemm.gemv_dot[index_of(g)] : kernels().gemm.gemv_axpy[index_of(g)];
  const int64_t size = static_cast<int64_t>(item_size(g.dtype));
  // Pieces of about 256 KB of the matrix, whole cache lines of y.
  const int64_t wanted = std::max<int64_t>(1, (256 << 10) / (size * std::max<int64_t>(1, first.k)));
  const int64_t rows = std::min(first.m, (std::max<int64_t>(wanted, dot ? 1 : 512) + 63) / 64 * 64);
  const int64_t pieces = (first.m + rows - 1) / rows;
  const double ns = static_cast<double>(rows * first.k * size) / kBytesPerNs;
  parallel_for(element_count(g.shape) * pieces, 1, ns, [&](int64_t begin, int64_t end) {
    for (int64_t item = begin; item < end; ++item) {
      GemvProblem v = as_gemv(batch_item(g, item / pieces));
      const int64_t from = item % pieces * rows;
      v.m = std::min(rows, v.m - from);
      v.a = static_cast<const char*>(v.a) + from * v.a_row * size;
      v.y = static_cast<char*>(v.y) + from * size;
      if (v.bias) v.bias = static_cast<const char*>(v.bias) + from * v.bias_stride * size;
      if (dot)
        v.a_col = 1;
      else
        v.a_row = 1;
      kernel(v);
    }
  });
}

// ---- pieces of C that need nothing from each other
// --------------------------------------------------------------------

// Runs `kernel` on pieces of C, cut into whole multiples of `rows` and `columns`. Columns first: pieces of one share no
// B.
void run_pieces(const GemmBatch& g, void (*kernel)(const GemmProblem&), int64_t rows, int64_t columns) {
  const GemmProblem& e = g.each;
  const int64_t size = static_cast<int64_t>(item_size(g.dtype));
  const int64_t items = element_count(g.shape);
  const int64_t wanted = wanted_pieces(multiplications(e), items);
  const int64_t across = std::min(wanted, ceil_div(e.n, columns));
  const int64_t down = std::min(ceil_div(wanted, across), ceil_div(e.m, rows));
  const int64_t pieces = across * down;
  if (items * pieces == 1) return kernel(e);
  const double ns = 2 * multiplications(e) / static_cast<double>(pieces) / kGemmFlopsPerNs + 50;
  const int64_t chunk = std::max<int64_t>(1, static_cast<int64_t>(5e3 / ns));
  parallel_for(items * pieces, chunk, ns, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const Part row = part(e.m, rows, down, i % pieces / across);
      const Part column = part(e.n, columns, across, i % across);
      GemmProblem p = batch_item(g, i / pieces);
      p.m = row.size;
      p.n = column.size;
      p.a = static_cast<const char*>(p.a) + row.from * p.a_row * size;
      p.b = static_cast<const char*>(p.b) + column.from * p.b_col * size;
      p.c = static_cast<char*>(p.c) + (row.from * p.c_row + column.from) * size;
      if (p.bias) p.bias = static_cast<const char*>(p.bias) + column.from * size;
      kernel(p);
    }
  });
}

constexpr int64_t kDotRows = 64, kDotDepth = 192;  // more rows, or less to sum up, and a packed panel of B is better
constexpr int64_t kFewRows = 8, kFewDepth = 64;
constexpr int64_t kDotColumns = 48;  // in a piece: whole tiles of any level

const char* dot_unsupported(const GemmBatch& g) {
  const GemmProblem& e = g.each;
  if (!kernels().gemm.dot[index_of(g)]) return "no kernel for this dtype at this level";
  if (e.a_col != 1 || e.b_row != 1) return "an operand is not contiguous along the depth";
  if (e.m > kDotRows) return "enough rows for packing to pay";
  if (e.k < (e.m > kFewRows ? kDotDepth : kFewDepth)) return "the depth is short";
  return nullptr;
}

void run_dot(const GemmBatch& g) { run_pieces(g, kernels().gemm.dot[index_of(g)], g.each.m, kDotColumns); }

constexpr int64_t kDirectRows = 192, kDirectColumns = 128;  // up to here packing A is not repaid
constexpr int64_t kDirectBytes = 13 << 18;                  // of A and B; more does not stay near enough

const char* direct_unsupported(const GemmBatch& g) {
  if (!kernels().gemm.direct[index_of(g)]) return "no kernel for this dtype at this level";
  const GemmProblem& e = g.each;
  if (e.m <= kDirectRows || e.n <= kDirectColumns) return nullptr;
  const double elements = (static_cast<double>(e.m) + static_cast<double>(e.n)) * static_cast<double>(e.k);
  if (elements * static_cast<double>(item_size(g.dtype)) <= kDirectBytes) return nullptr;
  return "large enough for packing to pay";
}

void run_direct(const GemmBatch& g) {
  const GemmBlocking blocking = kernels().gemm.blocking[index_of(g)];
  run_pieces(g, kernels().gemm.direct[index_of(g)], blocking.mr, blocking.nr);
}

// ---- anything else -------------------------------------------------------------------------------------------------

const char* blocked_unsupported(const GemmBatch& g) {
  return kernels().gemm.tile[index_of(g)] ? nullptr : "no kernel for this dtype at this level";
}

const char* naive_unsupported(const GemmBatch& g) {
  return kernels().gemm.naive[index_of(g)] ? nullptr : "no kernel for this dtype at this level";
}

void run_naive(const GemmBatch& g) {
  const auto kernel = kernels().gemm.naive[index_of(g)];
  const int64_t size = static_cast<int64_t>(item_size(g.dtype));
  const double ns = static_cast<double>(g.each.n * g.each.k);
  const int64_t chunk = std::max<int64_t>(1, static_cast<int64_t>(20e3 / std::max(ns, 1.0)));
  parallel_for(element_count(g.shape) * g.each.m, chunk, ns, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      GemmProblem p = batch_item(g, row / g.each.m);
      const int64_t i = row % g.each.m;
      p.a = static_cast<const char*>(p.a) + i * p.a_row * size;
      p.c = static_cast<char*>(p.c) + i * p.c_row * size;
      p.m = 1;
      kernel(p);
    }
  });
}

// In order of preference.
const Method<GemmBatch> kMethods[] = {
    {"gemv", gemv_unsupported, run_gemv},       {"dot", dot_unsupported, run_dot},
    {"direct", direct_unsupported, run_direct}, {"blocked", blocked_unsupported, gemm_blocked},
    {"naive", naive_unsupported, run_naive},
};

std::string describe(const GemmBatch& g) {
  std::ostringstream text;
  text << "gemm: (" << g.each.m << ", " << g.each.k << ") x (" << g.each.k << ", " << g.each.n << ") " << g.dtype;
  if (!g.shape.empty()) text << ", batch " << g.shape;
  return text.str();
}

}  // namespace

GemmProblem batch_item(const GemmBatch& g, int64_t item) {
  GemmProblem p = g.each;
  if (g.shape.empty()) return p;
  const int64_t size = static_cast<int64_t>(item_size(g.dtype));
  int64_t a = 0, b = 0, rest = item;
  for (int axis = g.shape.size() - 1; axis >= 0; --axis) {
    const int64_t at = rest % g.shape[axis];
    rest /= g.shape[axis];
    a += at * g.a_stride[axis];
    b += at * g.b_stride[axis];
  }
  p.a = static_cast<const char*>(p.a) + a * size;
  p.b = static_cast<const char*>(p.b) + b * size;
  p.c = static_cast<char*>(p.c) + item * p.m * p.c_row * size;
  return p;
}

void gemm(const GemmBatch& g) {
  if (g.each.m == 0 || g.each.n == 0 || element_count(g.shape) == 0) return;
  if (run_first(kMethods, g, describe)) return;
  fail<TypeError>("matmul: dtype ", g.dtype, " is not supported");
}

}  // namespace tw
