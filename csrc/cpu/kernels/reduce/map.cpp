// An elementwise kernel and the sums of its result's columns in one pass: the gradients of a bias and of what came
// before it. The tree of tree.h asks for its rows just before it reads them, and finds them in L1.
#include "cpu/kernels/reduce/reduce.h"
#include "cpu/kernels/reduce/tree.h"

namespace tw::TW_ISA {
namespace {

constexpr int64_t kAtOnce = 4096;  // elements for each call of the kernel: what it writes stays in L1

template <class T>
struct MapFill {
  // Accumulators of wide rows: three arrays are walked at once, and memory likes that in long stretches.
  static constexpr int64_t column_bytes = 16384;

  ElementwiseFn map;
  const Loop& loop;
  int inputs;
  const void* const* in;
  T* out;
  int64_t wide = 1;  // rows of the loop that the tree sees as one

  MapFill of_wide_rows() const { return {map, loop, inputs, in, out, kWide}; }

  // Rows of the tree to be written at once, a multiple of eight.
  int64_t height(int64_t cols) const {
    const int64_t rows = kAtOnce / cols / 8 * 8;
    return rows < 8 ? 8 : rows;
  }

  void operator()(const T* p, int64_t rows, int64_t cols) const {
    const int64_t offset = p - out, row = offset / loop.out.row, col = offset % loop.out.row;
    Loop part = loop;
    part.rows = rows * wide;
    part.cols = cols / wide;
    const void* at[3];
    for (int k = 0; k < inputs; ++k) at[k] = static_cast<const T*>(in[k]) + row * loop.in[k].row + col * loop.in[k].col;
    map(part, at, out + offset, nullptr);
  }
};

template <class T>
void map_sum(ElementwiseFn map, const Loop& loop, int inputs, const void* const* in, void* out, void* sums) {
  T* y = static_cast<T*>(out);
  const MapFill<T> fill{map, loop, inputs, in, y};
  reduce_columns<Sum<T>>(y, loop.rows, loop.out.row, loop.cols, static_cast<typename Sum<T>::A*>(sums), fill);
}

}  // namespace

void fill_map(ReduceKernels& table) {
#define X(T, name) table.map_sum[(int)DType::name] = map_sum<T>;
  TW_FOR_EACH_FLOAT(X)
#undef X
}

}  // namespace tw::TW_ISA
