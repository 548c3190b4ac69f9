#include <algorithm>

#include "graph/program.h"

namespace tw::graph {
namespace {

// As in core/storage.cpp: a load that agrees with an earlier store in its last 12 bits waits for it.
constexpr int64_t kLine = 64, kPage = 4096;

int64_t aligned(int64_t offset, int64_t nbytes) {
  const int64_t unit = nbytes >= 2 * kPage ? kPage : kLine;
  return (offset + unit - 1) / unit * unit;
}

struct Block {
  size_t buffer;
  int64_t nbytes;
  size_t first, last;  // steps
  int64_t offset = 0;
};

bool at_once(const Block& a, const Block& b) { return a.first <= b.last && b.first <= a.last; }

// The smallest gap that holds the block between those that live at the same time, which are in order of their offsets;
// behind all of them where there is none.
int64_t best_fit(const Block& block, const std::vector<Block>& placed) {
  int64_t end = 0, best = -1, best_size = 0;
  for (const Block& other : placed) {
    if (!at_once(block, other)) continue;
    const int64_t at = aligned(end, block.nbytes), gap = other.offset - at;
    if (gap >= block.nbytes && (best < 0 || gap < best_size)) {
      best = at;
      best_size = gap;
    }
    end = std::max(end, other.offset + other.nbytes);
  }
  return best >= 0 ? best : aligned(end, block.nbytes);
}

}  // namespace

// The largest first: they find the least room later.
MemoryPlan plan_memory(Graph& g) {
  MemoryPlan plan;
  plan.offsets.assign(g.recorder.buffers.size(), -1);
  std::vector<Block> blocks, placed;
  for (size_t i = 0; i < g.recorder.buffers.size(); ++i) {
    const RecordedBuffer& buffer = g.recorder.buffers[i];
    const auto index = static_cast<int>(i);
    if (buffer.kind != RecordedBuffer::temporary || g.escapes(index)) continue;
    const std::vector<Use> uses = g.uses(index);
    if (uses.empty()) continue;
    blocks.push_back({i, static_cast<int64_t>(buffer.nbytes), uses.front().step, uses.back().step});
  }
  std::stable_sort(blocks.begin(), blocks.end(), [](const Block& a, const Block& b) { return a.nbytes > b.nbytes; });
  for (Block& block : blocks) {
    block.offset = best_fit(block, placed);
    plan.offsets[block.buffer] = block.offset;
    plan.sum += block.nbytes;
    plan.nbytes = std::max(plan.nbytes, block.offset + block.nbytes);
    const auto behind = std::upper_bound(placed.begin(), placed.end(), block,
                                         [](const Block& a, const Block& b) { return a.offset < b.offset; });
    placed.insert(behind, block);
  }
  return plan;
}

}  // namespace tw::graph
