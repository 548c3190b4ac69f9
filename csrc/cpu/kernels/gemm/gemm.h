// The kernels of matrix products. See README.md for the packing and the arithmetic.
#pragma once
#include "backend/gemm_problem.h"

namespace tw {

// Bytes: lines of memory so far apart share a set of L1, which has room for 8 to 12 of them.
inline constexpr int64_t kEvictingStride = 4096;

// Whether rows begin within lines of memory, so that a few lines' worth of each lie in one line more.
inline bool splits_lines(const GemmMatrix& x, int64_t size) {
  constexpr uintptr_t kLineBytes = 64;
  return (reinterpret_cast<uintptr_t>(x.data) | static_cast<uintptr_t>(x.row * size)) % kLineBytes != 0;
}

// A (m, k) x (k) for `count` vectors x of unit stride, x_step apart. Each result is a row of m: out.c.col = 1.
struct GemvProblem {
  int64_t m, k;
  GemmMatrix a;
  const void* x;
  GemmOutput out;
  int64_t count = 1, x_step = 0;
};

// Packs `count` rows of A (or columns of B) of depth k into panels of mr (or nr) of them: panel after panel, each
// k / group x width lanes with the width innermost, the last one padded with zeros. A lane holds `group` neighbours
// along the depth, padded with zeros too. `stride` leads from one row (column) to the next, `k_stride` along the depth.
typedef void (*GemmPackFn)(const void* src, int64_t stride, int64_t k_stride, int64_t count, int64_t k, void* packed);

// One tile of C, at most mc x nc: columns [b_from, b_from + n) of packed B, from the start of a panel on, and m rows of
// A, packed too or, for kernels with `unpacked_a`, where they lie. K is packed in blocks of `depth` (a multiple of the
// group), the last one shorter: the panels of the block that starts at p begin p / group * b_columns lanes behind
// those of the first, and likewise for A. `out` begins at the tile.
//
// A depth that is never packed as a whole is multiplied in several calls, and `sums` keeps the tile's sums between
// them: mr x nr of them for each register tile. Then only the call with the `first` block starts from zero, and only
// that with the `last` one stores to `out`.
struct GemmTile {
  int64_t m, n, k, depth;
  GemmMatrix a;  // in place; if its data is null,
  const void* a_packed;
  const void* b_packed;
  int64_t b_from, b_columns;
  GemmOutput out;
  bool first = true, last = true;
  void* sums = nullptr;  // if null, the kernel has room of its own
};

// Rows of float32 numbers as codes: bfloat16, or int8 times the scale of their row.
struct CompressedRows {
  const void* codes;
  int64_t row;         // codes from one row to the next
  const float* scale;  // null without

  __attribute__((always_inline)) CompressedRows at(int64_t r, int64_t size) const {
    return {static_cast<const char*>(codes) + r * row * size, row, scale ? scale + r : nullptr};
  }
};

// The dot products of `m` such rows of k codes with `count` vectors x of unit stride, x_step apart. Those of a vector
// are a row of `out`: out.c.col = 1.
struct CompressedProblem {
  int64_t m, k;
  CompressedRows a;
  const float* x;
  int64_t count, x_step;  // 1 to GemmKernels::kMostVectors
  GemmOutput out;
};

// How operands are packed, and the kernel that multiplies what was packed; null where there is none.
struct PackedGemm {
  int mr, nr, kc, mc, nc;  // see kernels/blocking.h
  int group;               // elements along the depth that lie in one lane of a panel
  int lane;                // its bytes
  bool unpacked_a;         // whether the tile can read an unpacked A
  GemmPackFn pack_a, pack_b;
  void (*tile)(const GemmTile&);

  // Whether it can read this one: the elements that a lane takes lie side by side, and no lane reaches beyond a row.
  bool reads_unpacked(const GemmProblem& p) const {
    return unpacked_a && (group == 1 || (p.a.col == 1 && p.a.row % group == 0 && p.k % group == 0));
  }
};

// B as a function instead of a matrix in memory: fill() writes rows [from, from + depth) and columns [column, column +
// columns) of the B of product `item` as layout.pack_b would, panel after panel, zeros beyond the last column included.
// `column` is the first of a panel, `from` a multiple of the group. Several threads call it at once.
struct PackSource {
  typedef void (*Fill)(const void* context, int64_t item, const PackedGemm& layout, int64_t from, int64_t depth,
                       int64_t column, int64_t columns, void* packed);
  Fill fill;
  const void* context;
};

// Columns of such a B from `column` on, for kernels that fill a panel at a time.
struct SourcePart {
  PackSource source;
  const PackedGemm* layout;
  int64_t item, column;
};

// A and B are bytes, C and all matrices of the epilogue int32; sums wrap around.
struct ByteGemm {
  PackedGemm packed;
  void (*naive)(const GemmProblem&);  // of the reference only
};

struct GemmKernels {
  static constexpr int kMostVectors = 4;

  // Any level that lacks a faster kernel for a dtype has this one; the reference has nothing else.
  void (*naive[kDTypes])(const GemmProblem&);

  // Stream A once: gemv_dot wants a.col = 1 and one vector, gemv_axpy a.row = 1 and 1 to kMostVectors.
  void (*gemv_dot[kDTypes])(const GemvProblem&);
  void (*gemv_axpy[kDTypes])(const GemvProblem&);

  // Wants a.col = 1 and b.row = 1. Reads both in place.
  void (*dot[kDTypes])(const GemmProblem&);

  // Reads A in place, and B where its columns have unit stride; else packs it, a panel at a time, on the stack. Where
  // there is a source, B comes from that, and g.b is not read.
  void (*direct[kDTypes])(const GemmProblem& g, const SourcePart* source);

  PackedGemm packed[kDTypes];

  // Indexed by the dtype of codes: bfloat16 and int8. `expand` makes float32 of k codes of `count` rows, to[r * k ..].
  void (*compressed[kDTypes])(const CompressedProblem&);
  void (*expand[kDTypes])(CompressedRows a, int64_t count, int64_t k, float* to);

  ByteGemm bytes[2][2];  // [A is signed][B is signed]
};

}  // namespace tw
