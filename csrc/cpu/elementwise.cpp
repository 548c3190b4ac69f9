#include "cpu/elementwise.h"

#include <algorithm>

#include "core/array.h"
#include "core/divide.h"
#include "core/error.h"
#include "core/parallel.h"
#include "cpu/cpu.h"
#include "cpu/dispatch/dispatch.h"

namespace tw::cpu {
namespace {

constexpr int64_t kChunk = 16384;  // elements a thread takes at a time: a few L1 caches' worth
constexpr int kMaxInputs = ElementwiseProblem::kMaxInputs;

// One serial element's rough cost.
double cost(Elementwise op) {
  constexpr double same = 0.15, boolean = 0.15, comparison = 0.15, magnitude = 0.15, floating = 0.5;
  switch (op) {
#define X(name, rule, dtypes, params) \
  case Elementwise::name:             \
    return rule;
    TW_UNARY_OPS(X)
    TW_BINARY_OPS(X)
#undef X
    case Elementwise::times_i:
      return 0.3;
    default:
      return same;
  }
}

// The strided walk of an elementwise op. Operand 0 is the output; strides in elements.
struct Walk {
  int operands = 0;
  Dims shape;
  Dims strides[1 + kMaxInputs];
  size_t itemsize[1 + kMaxInputs] = {};
  char* data[1 + kMaxInputs] = {};

  void add(const View& x, char* at) {
    strides[operands] = x.strides;
    itemsize[operands] = item_size(x.dtype);
    data[operands++] = at;
  }

  // Drops axes of length 1 and merges neighbours that every operand steps through evenly: most walks become 1-D or 2-D.
  void collapse() {
    int kept = 0;
    for (int axis = 0; axis < shape.size(); ++axis) {
      if (shape[axis] == 1) continue;
      bool merge = kept > 0;
      for (int k = 0; merge && k < operands; ++k) merge = strides[k][kept - 1] == strides[k][axis] * shape[axis];
      const int to = merge ? kept - 1 : kept++;
      shape[to] = merge ? shape[to] * shape[axis] : shape[axis];
      for (int k = 0; k < operands; ++k) strides[k][to] = strides[k][axis];
    }
    while (shape.size() > kept) {
      shape.erase(shape.size() - 1);
      for (int k = 0; k < operands; ++k) strides[k].erase(strides[k].size() - 1);
    }
    while (shape.size() < 2) {
      shape.insert(0, 1);
      for (int k = 0; k < operands; ++k) strides[k].insert(0, 0);
    }
  }
};

// Rows [begin, end) of the walk, a row being one step of all axes but the last, restricted to columns [column,
// +columns).
void run_rows(ElementwiseFn fn, const Walk& walk, int64_t begin, int64_t end, int64_t column, int64_t columns,
              const double* params) {
  const int ndim = walk.shape.size();
  const int64_t rows_axis = walk.shape[ndim - 2];
  Loop loop{};
  loop.cols = columns;
  const auto stride = [&](int k) { return Loop::Stride{walk.strides[k][ndim - 2], walk.strides[k][ndim - 1]}; };
  loop.out = stride(0);
  for (int k = 1; k < walk.operands; ++k) loop.in[k - 1] = stride(k);
  while (begin < end) {
    // The outer axes' position, then as many rows as share it.
    const int64_t row = begin % rows_axis;
    loop.rows = std::min(rows_axis - row, end - begin);
    char* at[1 + kMaxInputs];
    for (int k = 0; k < walk.operands; ++k) {
      int64_t offset = row * walk.strides[k][ndim - 2] + column * walk.strides[k][ndim - 1];
      int64_t rest = begin / rows_axis;
      for (int axis = ndim - 3; axis >= 0; --axis) {
        offset += rest % walk.shape[axis] * walk.strides[k][axis];
        rest /= walk.shape[axis];
      }
      at[k] = walk.data[k] + offset * static_cast<int64_t>(walk.itemsize[k]);
    }
    fn(loop, const_cast<const void* const*>(reinterpret_cast<void**>(at + 1)), at[0], params);
    begin += loop.rows;
  }
}

void run(ElementwiseFn fn, Walk& walk, int64_t count, const double* params, double ns_per_element) {
  walk.collapse();
  const int64_t cols = walk.shape.back(), rows = count / cols;
  // Items are pieces of rows: whole rows where they are short, chunks of a row where it is long.
  const int64_t piece = std::min(cols, kChunk);
  const int64_t pieces = ceil_div(cols, piece);
  const int64_t items_per_chunk = std::max<int64_t>(1, kChunk / piece);
  parallel_for(rows * pieces, items_per_chunk, ns_per_element * static_cast<double>(piece),
               [&](int64_t begin, int64_t end) {
                 if (pieces == 1) return run_rows(fn, walk, begin, end, 0, cols, params);
                 for (int64_t item = begin; item < end; ++item) {
                   const int64_t column = item % pieces * piece;
                   run_rows(fn, walk, item / pieces, item / pieces + 1, column, std::min(piece, cols - column), params);
                 }
               });
}

// Where input k lies: in the problem itself, if it is a number.
char* data_of(const ElementwiseProblem& p, int k) {
  return p.in[k].data ? p.in[k].data : const_cast<char*>(p.number[k]);
}

// 1 where the elements lie side by side, 0 where there is only one for all, else -1.
int even_step(const Dims& shape, const Dims& strides) {
  if (shape.size() == 1 && strides[0] == 1) return 1;
  int64_t count = 1;
  bool flat = true, same = true;
  for (int axis = shape.size() - 1; axis >= 0; --axis) {
    if (shape[axis] == 1) continue;
    flat &= strides[axis] == count;
    same &= strides[axis] == 0;
    count *= shape[axis];
  }
  return flat ? 1 : same ? 0 : -1;
}

// The common walk, without the machinery of strides: a contiguous output, inputs contiguous too, or of one element.
bool run_flat(ElementwiseFn fn, const ElementwiseProblem& p, int64_t count, double ns) {
  if (even_step(p.shape, p.out.strides) != 1) return false;
  Loop::Stride strides[kMaxInputs] = {};
  for (int k = 0; k < p.inputs; ++k) {
    const int step = p.in[k].data ? even_step(p.shape, p.in[k].strides) : 0;
    if (step < 0) return false;
    strides[k].col = step;
  }
  auto run_part = [&](int64_t begin, int64_t end) {
    Loop loop{1, end - begin, {0, 1}, {strides[0], strides[1], strides[2]}};
    const void* at[kMaxInputs];
    for (int k = 0; k < p.inputs; ++k)
      at[k] = data_of(p, k) + begin * strides[k].col * static_cast<int64_t>(item_size(p.in[k].dtype));
    fn(loop, at, p.out.data + begin * static_cast<int64_t>(item_size(p.out.dtype)), p.params.value);
  };
  if (count <= kChunk)
    run_part(0, count);
  else
    parallel_for(count, kChunk, ns, run_part);
  return true;
}

ElementwiseFn kernel_for(const ElementwiseProblem& p) {
  const int dtype = static_cast<int>(p.in[p.op == Elementwise::where ? 1 : 0].dtype);
  return p.op == Elementwise::cast ? kernels().elementwise.cast[dtype][static_cast<int>(p.out.dtype)]
                                   : kernels_of(p.op)[dtype];
}

}  // namespace

const ElementwiseFn* kernels_of(Elementwise op) {
  const ElementwiseKernels& table = kernels().elementwise;
  switch (op) {
#define X(name, rule, dtypes, params) \
  case Elementwise::name:             \
    return table.name;
    TW_UNARY_OPS(X)
    TW_BINARY_OPS(X)
#undef X
    case Elementwise::where:
      return table.where;
    case Elementwise::times_i:
      return table.times_i;
    case Elementwise::cast:
      break;
  }
  __builtin_unreachable();
}

void walk(ElementwiseFn fn, const ElementwiseProblem& p, double ns_per_element) {
  int64_t count = 1;
  for (const int64_t extent : p.shape) count *= extent;
  if (count == 0 || run_flat(fn, p, count, ns_per_element)) return;
  Walk walk;
  walk.shape = p.shape;
  walk.add(p.out, p.out.data);
  for (int k = 0; k < p.inputs; ++k) walk.add(p.in[k], data_of(p, k));
  run(fn, walk, count, p.params.value, ns_per_element);
}

void elementwise(const ElementwiseProblem& p) { walk(kernel_for(p), p, cost(p.op)); }

void copy(const Dims& shape, const View& from, const View& to) {
  ElementwiseProblem p;
  p.op = Elementwise::cast;
  p.inputs = 1;
  p.shape = shape;
  p.in[0] = from;
  p.out = to;
  elementwise(p);
}

}  // namespace tw::cpu
