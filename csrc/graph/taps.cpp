#include "backend/conv_taps.h"
#include "graph/graph.h"
#include "ops/elementwise.h"

namespace tw::graph {
namespace {

const char* crop(Graph& g, ConvProblem& p, const void* op) {
  const ConvBox box(p.shape);
  if (box.whole()) return "all meet the image";
  if (box.empty()) return "none meets the image";
  if (!g.is_constant(p.weight.data)) return "the weight depends on the input";
  const int i = g.find(p.weight.data);
  const StorageRef& storage = g.buffer(i).storage;
  if (op != &backend(storage->device).conv.forward) return "the convolution is transposed";
  Array x;
  x.storage = storage;
  x.dtype = p.dtype;
  x.device = storage->device;
  x.shape = {p.shape.groups, p.shape.out_channels, p.shape.in_channels};
  x.strides = {p.weight.group, p.weight.filter, p.shape.taps() * p.weight.tap};
  int64_t step = p.shape.taps() * p.weight.tap, from = 0;
  for (int axis = 0; axis < 3; ++axis) {
    step /= p.shape.axes[axis].kernel;
    from += box.axes[axis].first * step;
    x.shape.push_back(box.axes[axis].count);
    x.strides.push_back(step);
  }
  x.data = static_cast<char*>(const_cast<void*>(p.weight.data)) + from * static_cast<int64_t>(item_size(p.dtype));
  const Array kept = astype(x, p.dtype, true);
  g.watch(i);
  g.recorder.met(kept.storage);
  p.shape = box.of(p.shape);
  const int64_t filter = p.shape.in_channels * p.shape.taps();
  p.weight = {kept.data, p.shape.out_channels * filter, filter, 1};
  return nullptr;
}

}  // namespace

void crop_weights(Graph& g) {
  for (Step& step : g.steps) {
    auto* p = step.call->as<ConvProblem>();
    if (!p) continue;
    const char* why = crop(g, *p, step.call->op());
    step.notes.push_back(why ? std::string("its taps stay: ") + why : "taps that fall on padding alone are left out");
  }
}

}  // namespace tw::graph
