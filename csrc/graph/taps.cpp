#include "backend/conv_taps.h"
#include "graph/graph.h"
#include "ops/elementwise.h"

namespace tw::graph {
namespace {

// The weight of the taps in the box, in C order.
void shorten(Graph& g, ConvProblem& p, const ConvBox& box) {
  int64_t step = p.shape.taps() * p.weight.tap, first = 0;
  Dims shape{p.shape.groups, p.shape.out_channels, p.shape.in_channels};
  Dims strides{p.weight.group, p.weight.filter, step};
  for (int axis = 0; axis < 3; ++axis) {
    step /= p.shape.axes[axis].kernel;
    first += box.axes[axis].first * step;
    shape.push_back(box.axes[axis].count);
    strides.push_back(step);
  }
  const Array inside = g.constant(p.weight.data, p.dtype, shape, strides, first);
  p.shape = box.of(p.shape);
  const int64_t filter = p.shape.in_channels * p.shape.taps();
  p.weight = {g.keep(astype(inside, p.dtype, true)), p.shape.out_channels * filter, filter, 1};
}

}  // namespace

void drop_taps(Graph& g) {
  for (Step& step : g.steps) {
    auto* p = step.call->as<ConvProblem>();
    if (!p || !g.is_constant(p->weight.data)) continue;
    if (step.call->op() != &g.device_of(p->weight.data).conv.forward) continue;  // the roles are exchanged
    const ConvBox box(p->shape);
    if (box.whole() || box.empty()) continue;
    const int64_t before = p->shape.taps();
    shorten(g, *p, box);
    step.notes.push_back("of " + std::to_string(before) + " taps, " + std::to_string(before - p->shape.taps()) +
                         " meet nothing but padding: left out");
  }
}

}  // namespace tw::graph
