#include <algorithm>
#include <map>
#include <tuple>

#include "graph/graph.h"

namespace tw::graph {
namespace {

const char* why_not_packed(const Graph& g, const GemmBatch& p) {
  if (p.packed_b) return "it is packed already";
  if (p.each.m == 1) return "one row reads it as it lies in less time";
  if (p.bytes || !is_floating(p.dtype)) return "its dtype is not floating";
  if (!g.is_constant(p.each.b.data)) return "it depends on the input";
  for (const int64_t stride : p.b_stride)
    if (stride != 0) return "the products of the batch have several";
  return nullptr;
}

}  // namespace

void pack_weights(Graph& g) {
  typedef std::tuple<const void*, int64_t, int64_t, int64_t, int64_t, DType> Key;
  std::map<Key, StorageRef> packed;  // a weight may be used more than once
  size_t nbytes = 0;
  for (Step& step : g.steps) {
    auto* p = step.call->as<GemmBatch>();
    if (!p) continue;
    const char* why = why_not_packed(g, *p);
    if (!why) {
      const GemmMatrix& b = p->each.b;
      const int weight = g.find(b.data);
      StorageRef& panels = packed[{b.data, b.row, b.col, p->each.k, p->each.n, p->dtype}];
      if (!panels.get()) {
        panels = backend(g.buffer(weight).storage->device).gemm.pack.call({p->dtype, b, p->each.k, p->each.n});
        if (panels.get()) nbytes += panels->nbytes;
      }
      if (panels.get()) {
        g.recorder.met(panels);
        g.watch(weight);
        p->packed_b = panels->data;
        step.notes.push_back("its second operand, a constant, is packed");
        continue;
      }
      why = "there are no packed products at this level";
    }
    step.notes.push_back(std::string("its second operand is not packed: ") + why);
  }
  if (nbytes) g.notes.push_back("packed operands of products: " + std::to_string(nbytes) + " bytes");
}

}  // namespace tw::graph
