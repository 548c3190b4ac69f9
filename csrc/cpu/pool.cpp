// Pooling: whole planes as rows, along rows, across planes, by taps over the phases of a block, or window by window.
#include <algorithm>
#include <sstream>

#include "backend/choose.h"
#include "core/array.h"
#include "core/divide.h"
#include "core/parallel.h"
#include "cpu/cpu.h"
#include "cpu/dispatch/dispatch.h"
#include "cpu/first_bad.h"

namespace tw::cpu {
namespace {

constexpr int64_t kChunk = 16384;     // elements that a thread takes at a time
constexpr int64_t kBlock = 4096;      // of a block's phases: with what comes of them they stay in the L1 cache
constexpr int64_t kColumns = 64;      // the least of a block that rows are cut into
constexpr int64_t kCells = 256;       // of each of the planes that are pooled side by side: 16 KB for all
constexpr int64_t kMostCells = 8192;  // the same where a window has more
constexpr int64_t kFewPlanes = 8;
constexpr double kNsPerElement = 0.5;

// Memory for one chunk. All dtypes get what double takes: what is not used is not touched.
StorageRef scratch_of(int64_t elements) { return allocate(static_cast<size_t>(elements) * sizeof(double)); }

std::string describe(const char* op, const PoolWindows& w, int64_t planes) {
  std::ostringstream text;
  text << op << ": " << planes << " planes of";
  for (const PoolAxis& a : w.axis) text << " " << a.n << "->" << a.m;
  return text.str();
}

// ---- what supports what ---------------------------------------------------------------------------------------------

const char* not_by_taps(const PoolWindows& w) {
  if (w.adaptive) return "windows are adaptive";
  if (w.taps() > kPoolTaps) return "windows are large";
  double windows = 1, cells = 1, phases = 1;
  for (const PoolAxis& a : w.axis) {
    if (a.s > (a.k - 1) * a.d + 1) return "windows are further apart than they are long";
    windows *= static_cast<double>(a.m);
    cells *= static_cast<double>(a.m + pool_reach(a));
    phases *= static_cast<double>(a.s);
  }
  if (phases > kPoolTaps) return "strides are long";
  return cells > 4 * windows ? "there are few windows, which overlap" : nullptr;
}
const char* not_all(const PoolWindows& w) {
  for (const PoolAxis& a : w.axis)
    if (a.m != 1 || (!w.adaptive && (a.p > 0 || a.k != a.n))) return "windows are not whole planes";
  return nullptr;
}
const char* not_sliding(const PoolWindows& w) {
  if (w.adaptive) return "windows are adaptive";
  return w.taps() > kPoolTaps ? "windows are large" : nullptr;
}
const char* not_by_row(const PoolWindows& w) {
  if (const char* reason = not_sliding(w)) return reason;
  const PoolAxis& columns = w.axis[2];
  if (columns.d > 1) return "columns are dilated";
  if (columns.s > 2 || columns.s > columns.k) return "columns' strides are long";
  const PoolInside inside = pool_inside(columns);
  return inside.to - inside.from < kPoolRow ? "rows have few windows without padding" : nullptr;
}
const char* not_across_planes(const PoolWindows& w) {
  if (const char* reason = not_sliding(w)) return reason;
  int64_t cells = 1;
  for (const PoolAxis& a : w.axis) cells *= std::min(a.n, (a.k - 1) * a.d + 1);
  return cells > kMostCells ? "windows are far apart" : nullptr;
}

template <class Problem>
const char* supported(const Problem&) {
  return nullptr;
}
const char* places_wanted(const MaxPoolProblem& p) {
  return p.places.taps || p.places.positions ? "places are wanted" : nullptr;
}
const char* max_not_all(const MaxPoolProblem& p) {
  const char* reason = places_wanted(p);
  return reason ? reason : not_all(p.windows);
}
const char* max_not_by_row(const MaxPoolProblem& p) {
  const char* reason = places_wanted(p);
  return reason ? reason : not_by_row(p.windows);
}
const char* max_not_across_planes(const MaxPoolProblem& p) {
  if (const char* reason = places_wanted(p)) return reason;
  return p.planes < kFewPlanes ? "there are few planes" : not_across_planes(p.windows);
}
const char* max_not_by_taps(const MaxPoolProblem& p) { return not_by_taps(p.windows); }
const char* average_not_all(const AveragePoolProblem& p) {
  const char* reason = not_all(p.windows);
  if (reason) return reason;
  return p.divisor.fixed && p.divisor.fixed != p.windows.inputs() ? "the divisor is another number" : nullptr;
}
const char* average_not_by_row(const AveragePoolProblem& p) { return not_by_row(p.windows); }
const char* average_not_across_planes(const AveragePoolProblem& p) { return not_across_planes(p.windows); }
const char* backward_not_by_taps(const AveragePoolProblem& p) { return not_by_taps(p.windows); }

// ---- how work is split ----------------------------------------------------------------------------------------------

// Windows of one block along each axis, and planes of one.
struct BlockShape {
  int64_t count[3], planes;
};

// The largest whose phases have kBlock elements: whole planes, or as many of the last axes as fit.
BlockShape block_shape(const PoolWindows& w, int64_t planes) {
  BlockShape shape{{1, 1, 1}, 1};
  int64_t elements = 1;
  for (const PoolAxis& a : w.axis) elements *= a.s * (1 + pool_reach(a));
  bool whole = true;
  for (int i = 2; i >= 0 && whole; --i) {
    const PoolAxis& a = w.axis[i];
    const int64_t each = elements / (1 + pool_reach(a));  // of a cell more along this axis
    const int64_t least = i == 2 ? kColumns : 1;
    shape.count[i] = std::min(a.m, std::max(least, kBlock / each - pool_reach(a)));
    whole = shape.count[i] == a.m;
    elements = each * (shape.count[i] + pool_reach(a));
  }
  if (whole) shape.planes = std::clamp<int64_t>(kBlock / elements, 1, planes);
  return shape;
}

int64_t row_scratch(const PoolWindows&, const PoolBlock& b) { return b.count[2]; }  // for divisors

// The largest of whole rows that a thread takes at a time.
BlockShape rows_shape(const PoolWindows& w, int64_t planes) {
  BlockShape shape{{1, 1, w.axis[2].m}, 1};
  int64_t elements = 2 * w.axis[2].n;
  bool whole = true;
  for (int i = 1; i >= 0 && whole; --i) {
    shape.count[i] = std::clamp<int64_t>(kChunk / (elements * w.axis[i].s), 1, w.axis[i].m);
    whole = shape.count[i] == w.axis[i].m;
    elements *= w.axis[i].s * shape.count[i];
  }
  if (whole) shape.planes = std::clamp<int64_t>(kChunk / elements, 1, planes);
  return shape;
}

// The largest of which kCells elements are side by side, of some planes.
BlockShape lanes_shape(const PoolWindows& w, int64_t planes) {
  BlockShape shape{{1, 1, 1}, 1};
  int64_t elements = 1;
  for (const PoolAxis& a : w.axis) elements *= std::min(a.n, (a.k - 1) * a.d + 1);
  bool whole = true;
  for (int i = 2; i >= 0 && whole; --i) {
    const PoolAxis& a = w.axis[i];
    const int64_t one = std::min(a.n, (a.k - 1) * a.d + 1), each = elements / one;
    const int64_t fitting = kCells / each >= a.n ? a.m : (kCells / each - one) / a.s + 1;
    shape.count[i] = std::clamp<int64_t>(fitting, 1, a.m);
    whole = shape.count[i] == a.m;
    elements = each * (whole ? a.n : (shape.count[i] - 1) * a.s + one);
  }
  const int64_t groups = std::max<int64_t>(1, kChunk / (elements * kPoolLanes));
  shape.planes = std::min(planes, groups * kPoolLanes);
  return shape;
}

// call(block, scratch) for all blocks of windows; scratch_for(w, largest block) elements of scratch memory.
template <class Scratch, class Call>
void for_each_block(const PoolWindows& w, int64_t planes, const BlockShape& shape, Scratch scratch_for, Call call) {
  int64_t pieces[3], blocks = ceil_div(planes, shape.planes);
  double elements = static_cast<double>(shape.planes);
  for (int a = 0; a < 3; ++a) {
    pieces[a] = ceil_div(w.axis[a].m, shape.count[a]);
    blocks *= pieces[a];
    elements *= static_cast<double>(shape.count[a] * w.axis[a].s);
  }
  const int64_t chunk = std::max<int64_t>(1, kChunk / static_cast<int64_t>(elements));
  PoolBlock largest{0, shape.planes, {0, 0, 0}, {shape.count[0], shape.count[1], shape.count[2]}};
  const int64_t scratch = scratch_for(w, largest);
  parallel_for(blocks, chunk, kNsPerElement * elements, [&](int64_t begin, int64_t end) {
    const StorageRef memory = scratch_of(scratch);
    for (int64_t i = begin; i < end; ++i) {
      PoolBlock block;
      int64_t rest = i;
      for (int a = 2; a >= 0; --a) {
        block.first[a] = rest % pieces[a] * shape.count[a];
        block.count[a] = std::min(shape.count[a], w.axis[a].m - block.first[a]);
        rest /= pieces[a];
      }
      block.plane = rest * shape.planes;
      block.planes = std::min(shape.planes, planes - block.plane);
      call(block, memory->data);
    }
  });
}

// call(first plane, planes) for chunks of planes.
template <class Call>
void for_chunks_of_planes(const PoolWindows& w, int64_t planes, Call call) {
  const int64_t elements = w.inputs() + w.outputs(), chunk = std::max<int64_t>(1, kChunk / elements);
  parallel_for(planes, chunk, kNsPerElement * static_cast<double>(elements),
               [&](int64_t begin, int64_t end) { call(begin, end - begin); });
}

PoolBlock whole_planes(const PoolWindows& w, int64_t first, int64_t planes) {
  return {first, planes, {0, 0, 0}, {w.axis[0].m, w.axis[1].m, w.axis[2].m}};
}

// call(block) for planes, or where these are large for rows of windows.
template <class Call>
void for_each_window(const PoolWindows& w, int64_t planes, Call call) {
  if (w.inputs() <= kChunk)
    return for_chunks_of_planes(w, planes, [&](int64_t first, int64_t n) { call(whole_planes(w, first, n)); });
  const int64_t slices = w.axis[0].m, rows = w.axis[1].m;
  const double elements = static_cast<double>(w.inputs()) / static_cast<double>(slices * rows);
  parallel_for(planes * slices * rows, 1, kNsPerElement * elements, [&](int64_t row, int64_t) {
    call(PoolBlock{row / (slices * rows), 1, {row / rows % slices, row % rows, 0}, {1, 1, w.axis[2].m}});
  });
}

// ---- maxima ---------------------------------------------------------------------------------------------------------

// Each plane is one row, of which a reduction is the maximum or the mean.
void reduce_planes(Reduction kind, DType dtype, const PoolWindows& w, int64_t planes, const char* x, char* y) {
  View in{const_cast<char*>(x), dtype, {w.inputs(), 1}}, out{y, dtype, {1, 0}};
  reduce({kind, {planes, w.inputs()}, 2, in, out});
}

void max_of_all(const MaxPoolProblem& p) { reduce_planes(Reduction::max, p.dtype, p.windows, p.planes, p.x, p.y); }

void max_in_blocks(const MaxPoolProblem& p, const MaxPoolFn (&fns)[kDTypes], const BlockShape& shape,
                   int64_t (*scratch_for)(const PoolWindows&, const PoolBlock&)) {
  const MaxPoolFn fn = fns[static_cast<int>(p.dtype)];
  for_each_block(p.windows, p.planes, shape, scratch_for,
                 [&](const PoolBlock& block, void* scratch) { fn(p.windows, block, p.x, p.y, p.places, scratch); });
}
void max_by_row(const MaxPoolProblem& p) {
  max_in_blocks(p, kernels().pool.max_rows, rows_shape(p.windows, p.planes), row_scratch);
}
void max_across_planes(const MaxPoolProblem& p) {
  max_in_blocks(p, kernels().pool.max_planes, lanes_shape(p.windows, p.planes), pool_lane_scratch);
}
void max_by_taps(const MaxPoolProblem& p) {
  max_in_blocks(p, kernels().pool.max_flat, block_shape(p.windows, p.planes), pool_scratch);
}
void max_by_window(const MaxPoolProblem& p) {
  const MaxPoolFn fn = kernels().pool.max[static_cast<int>(p.dtype)];
  for_each_window(p.windows, p.planes, [&](const PoolBlock& b) { fn(p.windows, b, p.x, p.y, p.places, nullptr); });
}
constexpr Method<MaxPoolProblem> kMaxMethods[] = {
    {"whole planes", max_not_all, max_of_all},
    {"rows", max_not_by_row, max_by_row},
    {"planes", max_not_across_planes, max_across_planes},
    {"taps", max_not_by_taps, max_by_taps},
    {"windows", supported<MaxPoolProblem>, max_by_window},
};

template <class Fn>
int64_t pick(const PoolPickProblem& p, Fn fn) {
  FirstBad bad;
  for_chunks_of_planes(p.windows, p.planes, [&](int64_t first, int64_t planes) {
    const StorageRef scratch = scratch_of(p.windows.inputs() + p.windows.outputs());
    bad.report(fn(p.windows, first, planes, p.from, p.places, p.to, scratch->data));
  });
  return bad.position();
}

// ---- averages -------------------------------------------------------------------------------------------------------

void average_of_all(const AveragePoolProblem& p) {
  reduce_planes(Reduction::mean, p.dtype, p.windows, p.planes, p.x, p.y);
}

void average_in_blocks(const AveragePoolProblem& p, const AveragePoolFn (&fns)[kDTypes], const BlockShape& shape,
                       int64_t (*scratch_for)(const PoolWindows&, const PoolBlock&)) {
  const AveragePoolFn fn = fns[static_cast<int>(p.dtype)];
  for_each_block(p.windows, p.planes, shape, scratch_for,
                 [&](const PoolBlock& block, void* scratch) { fn(p.windows, block, p.divisor, p.x, p.y, scratch); });
}
void average_by_row(const AveragePoolProblem& p) {
  average_in_blocks(p, kernels().pool.average_rows, rows_shape(p.windows, p.planes), row_scratch);
}
void average_across_planes(const AveragePoolProblem& p) {
  average_in_blocks(p, kernels().pool.average_planes, lanes_shape(p.windows, p.planes), pool_lane_scratch);
}
void average_by_window(const AveragePoolProblem& p) {
  const AveragePoolFn fn = kernels().pool.average[static_cast<int>(p.dtype)];
  for_each_window(p.windows, p.planes, [&](const PoolBlock& b) { fn(p.windows, b, p.divisor, p.x, p.y, nullptr); });
}
constexpr Method<AveragePoolProblem> kAverageMethods[] = {
    {"whole planes", average_not_all, average_of_all},
    {"rows", average_not_by_row, average_by_row},
    {"planes", average_not_across_planes, average_across_planes},
    {"windows", supported<AveragePoolProblem>, average_by_window},
};

// Each plane is written by one thread.
void average_backward(const AveragePoolProblem& p, AveragePoolFn fn) {
  for_chunks_of_planes(p.windows, p.planes, [&](int64_t first, int64_t planes) {
    const PoolBlock block = whole_planes(p.windows, first, planes);
    const StorageRef scratch = scratch_of(std::max(planes * p.windows.inputs(), pool_scratch(p.windows, block)));
    fn(p.windows, block, p.divisor, p.x, p.y, scratch->data);
  });
}
void average_backward_by_taps(const AveragePoolProblem& p) {
  average_backward(p, kernels().pool.average_backward_flat[static_cast<int>(p.dtype)]);
}
void average_backward_by_window(const AveragePoolProblem& p) {
  average_backward(p, kernels().pool.average_backward[static_cast<int>(p.dtype)]);
}
constexpr Method<AveragePoolProblem> kAverageBackwardMethods[] = {
    {"taps", backward_not_by_taps, average_backward_by_taps},
    {"windows", supported<AveragePoolProblem>, average_backward_by_window},
};

}  // namespace

void max_pool(const MaxPoolProblem& p) {
  run_first(kMaxMethods, p, [](const MaxPoolProblem& q) { return describe("max_pool", q.windows, q.planes); });
}

int64_t pool_scatter(const PoolPickProblem& p) { return pick(p, kernels().pool.scatter[static_cast<int>(p.dtype)]); }
int64_t pool_gather(const PoolPickProblem& p) { return pick(p, kernels().pool.gather[static_cast<int>(p.dtype)]); }

void average_pool(const AveragePoolProblem& p) {
  run_first(kAverageMethods, p,
            [](const AveragePoolProblem& q) { return describe("average_pool", q.windows, q.planes); });
}
void average_pool_backward(const AveragePoolProblem& p) {
  run_first(kAverageBackwardMethods, p,
            [](const AveragePoolProblem& q) { return describe("average_pool_backward", q.windows, q.planes); });
}

}  // namespace tw::cpu
