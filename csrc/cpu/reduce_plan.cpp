#include "cpu/reduce_plan.h"

#include <algorithm>

#include "backend/reduce.h"
#include "core/divide.h"

namespace tw::cpu {
namespace {

constexpr int64_t kColumns = 512;  // narrower pieces of rows waste cache lines and prefetching
constexpr int64_t kLeaf = 128;     // slices are whole leaves of the kernels' trees
constexpr int64_t kMostBlocks = 64;

}  // namespace

void Axes::add(int64_t size, int64_t stride) {
  if (size == 1) return;
  int at = count++;
  for (; at > 0 && memory_rank(axis[at - 1].stride) < memory_rank(stride); --at) axis[at] = axis[at - 1];
  axis[at] = {size, stride};
}

void Axes::merge() {
  int to = 0;
  for (int i = 1; i < count; ++i) {
    if (axis[to].stride == axis[i].stride * axis[i].size) {
      axis[to] = {axis[to].size * axis[i].size, axis[i].stride};
    } else {
      axis[++to] = axis[i];
    }
  }
  if (count > 0) count = to + 1;
}

int64_t Axes::elements() const {
  int64_t n = 1;
  for (int i = 0; i < count; ++i) n *= axis[i].size;
  return n;
}

void ReducePlan::split() {
  const Axes::Axis output = kept.count ? kept.axis[kept.count - 1] : Axes::Axis{1, 0};
  const Axes::Axis count = reduced.count ? reduced.axis[reduced.count - 1] : Axes::Axis{1, 0};
  args = {output.size, count.size, output.stride, count.stride};
  const int64_t total_kept = kept.elements(), total_reduced = reduced.elements();
  piece = args.outputs;
  slice = args.count;
  pieces = slices = panels = 1;
  if (total_kept == 0 || total_reduced == 0) {
    panels = total_kept == 0 ? 0 : total_kept / output.size;
    args.count = slice = 0;
    return;
  }
  panels = total_kept / output.size * (total_reduced / count.size);
  const int64_t total = total_kept * total_reduced;
  const int64_t wanted = std::min<int64_t>(kMostBlocks, total / static_cast<int64_t>(kBlockElements));
  if (wanted <= 1 || panels >= wanted) return;
  const bool columns = output.stride == 1;
  piece = std::max<int64_t>(1, static_cast<int64_t>(kBlockElements) / count.size);
  if (columns) piece = round_up(piece, kColumns);
  piece = std::min(piece, args.outputs);
  pieces = ceil_div(args.outputs, piece);
  if (panels * pieces >= wanted) return;
  slice = std::min(round_up(ceil_div(count.size, ceil_div(wanted, panels * pieces)), kLeaf), count.size);
  slices = ceil_div(count.size, slice);
}

int64_t ReducePlan::panel_offset(int64_t panel) const {
  int64_t offset = 0;
  for (int i = kept.count - 2; i >= 0 && panel > 0; --i) {
    offset += panel % kept.axis[i].size * kept.axis[i].stride;
    panel /= kept.axis[i].size;
  }
  for (int i = reduced.count - 2; i >= 0 && panel > 0; --i) {
    offset += panel % reduced.axis[i].size * reduced.axis[i].stride;
    panel /= reduced.axis[i].size;
  }
  return offset;
}

}  // namespace tw::cpu
