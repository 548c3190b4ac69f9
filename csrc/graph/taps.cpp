#include <algorithm>

#include "graph/graph.h"
#include "ops/elementwise.h"

namespace tw::graph {
namespace {

// Taps of an axis from the first to the last that meets the input at some pixel.
struct Range {
  int64_t from, size;
};

Range taps_inside(const ConvAxis& a) {
  Range inside{0, 0};
  for (int64_t tap = 0; tap < a.kernel; ++tap) {
    bool meets = false;
    for (int64_t o = 0; o < a.out && !meets; ++o) {
      const int64_t at = o * a.stride + tap * a.dilation - a.pad;
      meets = 0 <= at && at < a.in;
    }
    if (!meets) continue;
    if (inside.size == 0) inside.from = tap;
    inside.size = tap + 1 - inside.from;
  }
  return inside;
}

// The weight without the others, in C order.
void shorten(Graph& g, ConvProblem& p, const Range* ranges) {
  ConvShape& s = p.shape;
  const ConvWeight& w = p.weight;
  const int64_t column = w.tap, row = s.axes[2].kernel * column, plane = s.axes[1].kernel * row;
  const int64_t first = ranges[0].from * plane + ranges[1].from * row + ranges[2].from * column;
  const Array inside = g.constant(
      w.data, p.dtype, {s.groups, s.out_channels, s.in_channels, ranges[0].size, ranges[1].size, ranges[2].size},
      {w.group, w.filter, s.axes[0].kernel * plane, plane, row, column}, first);
  for (int i = 0; i < 3; ++i) {
    s.axes[i].kernel = ranges[i].size;
    s.axes[i].pad -= ranges[i].from * s.axes[i].dilation;
  }
  const int64_t taps = s.in_channels * s.taps();
  p.weight = {g.keep(astype(inside, p.dtype, true)), s.out_channels * taps, taps, 1};
}

}  // namespace

void drop_taps(Graph& g) {
  for (Step& step : g.steps) {
    auto* p = step.call->as<ConvProblem>();
    if (!p || !g.is_constant(p->weight.data)) continue;
    if (step.call->op() != &g.device_of(p->weight.data).conv.forward) continue;  // the roles are exchanged
    Range ranges[3];
    int64_t before = 1, after = 1;
    for (int i = 0; i < 3; ++i) {
      ranges[i] = taps_inside(p->shape.axes[i]);
      before *= p->shape.axes[i].kernel;
      after *= ranges[i].size;
    }
    if (after == before || after == 0) continue;
    shorten(g, *p, ranges);
    step.notes.push_back("of " + std::to_string(before) + " taps, " + std::to_string(before - after) +
                         " meet nothing but padding: left out");
  }
}

}  // namespace tw::graph
