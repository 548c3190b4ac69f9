#include <algorithm>

#include "graph/graph.h"

namespace tw::graph {
namespace {

// The activation that an elementwise op is; none where it is no activation of products.
Activation activation_of(Elementwise op) {
  switch (op) {
#define X(name, saved)    \
  case Elementwise::name: \
    return Activation::name;
    TW_ACTIVATIONS(X)
#undef X
    default:
      return Activation::none;
  }
}

bool is_whole(const ElementwiseProblem& e, const View& view) { return view.strides == contiguous_strides(e.shape); }

// Repeats a contiguous row of the last axis.
bool is_row(const ElementwiseProblem& e, const View& view) {
  for (int axis = 0; axis + 1 < e.shape.size(); ++axis)
    if (view.strides[axis] != 0 && e.shape[axis] != 1) return false;
  return e.shape.size() > 1 && view.strides.back() == 1;
}

// C of all products of the batch lies row after row.
bool is_whole(const GemmBatch& g) {
  const GemmProblem& e = g.each;
  return e.out.c.col == 1 && e.out.c.row == e.n && (g.shape.empty() || g.out_step == e.m * e.n);
}

// An elementwise step, and the product before it whose result is its operand number k.
struct Pair {
  size_t product, step;
  int k;
};

// The last step before `step` that writes there; -1 where there is none.
int writer_before(const Graph& g, size_t step, const void* address) {
  int writer = -1;
  for (const Use& use : g.uses(g.find(address)))
    if (use.writes && use.step < step) writer = static_cast<int>(use.step);
  return writer;
}

// Why the product cannot be made in the place of the elementwise step; null where it can.
const char* cannot_move(Graph& g, const Pair& pair) {
  Call& product = *g.steps[pair.product].call;
  const auto& e = *g.steps[pair.step].call->as<ElementwiseProblem>();
  const int result = g.find(e.in[pair.k].data), target = g.find(e.out.data);
  for (const Use& use : g.uses(result)) {
    if (use.step == pair.product || use.step == pair.step) continue;
    if (use.step < pair.product && !use.writes) continue;
    if (use.step > pair.step && target == result) continue;
    return "another step uses the product";
  }
  if (target != result && g.escapes(result)) return "the product is a result of the model";
  for (const Pointer& p : product.pointers()) {
    if (!p.get() || p.writes()) continue;
    const int operand = g.find(p.get());
    if (operand == target) return "it would write over what the product reads";
    for (const Use& use : g.uses(operand))
      if (use.writes && use.step > pair.product && use.step < pair.step) return "an operand is written meanwhile";
  }
  return nullptr;
}

// Adds the step to the epilogue; why that cannot be, or null.
const char* extend(GemmOutput& out, int64_t columns, const ElementwiseProblem& e, int k) {
  if (out.activation != Activation::none) return "it comes after the product's activation";
  if (const Activation activation = activation_of(e.op); activation != Activation::none) {
    out.activation = activation;
    return nullptr;
  }
  if (e.op != Elementwise::add) return "it is no sum, and no activation that products have";
  const View& other = e.in[1 - k];
  if (!other.data) return "a number is added, no array";
  if (other.data == e.in[k].data) return "the product is added to itself";
  if (is_row(e, other) && e.shape.back() == columns) {
    if (out.bias.data) return "the product has a bias";
    out.bias = {other.data, 0, 1};
    return nullptr;
  }
  if (!is_whole(e, other)) return "what is added is broadcast, or does not lie row after row";
  if (out.residual.data) return "the product has something added to it already";
  out.residual = {other.data, columns, 1};
  return nullptr;
}

const char* fuse(Graph& g, const Pair& pair) {
  auto& product = *g.steps[pair.product].call->as<GemmBatch>();
  const auto& e = *g.steps[pair.step].call->as<ElementwiseProblem>();
  int64_t size = 1;
  for (const int64_t extent : e.shape) size *= extent;
  if (size != product.each.m * product.each.n * element_count(product.shape) || !is_whole(e, e.in[pair.k]) ||
      !is_whole(e, e.out) || !is_whole(product))
    return "it takes a part of the product, or takes it in another order";
  if (e.out.dtype != product.dtype || !is_floating(product.dtype)) return "its dtype is not the product's";
  if (product.each.out.pre.data || product.each.out.gate.data) return "the product keeps what is before";
  if (const char* why = cannot_move(g, pair)) return why;
  GemmOutput out = product.each.out;
  if (const char* why = extend(out, product.each.n, e, pair.k)) return why;
  out.c.data = e.out.data;
  // In the place of the elementwise step, where all operands are ready.
  Step& step = g.steps[pair.step];
  const std::string done = describe(*step.call) + ": in the epilogue";
  product.each.out = out;
  step.call = std::move(g.steps[pair.product].call);
  step.notes.insert(step.notes.begin(), g.steps[pair.product].notes.begin(), g.steps[pair.product].notes.end());
  step.notes.push_back(done);
  g.steps.erase(g.steps.begin() + static_cast<std::ptrdiff_t>(pair.product));
  return nullptr;
}

// Tries the step behind each product that is an operand of it, the later product first: what it is added to is there.
bool fuse_step(Graph& g, size_t step) {
  const auto* e = g.steps[step].call->as<ElementwiseProblem>();
  if (!e) return false;
  std::vector<Pair> pairs;
  for (int k = 0; k < e->inputs; ++k) {
    const int writer = e->in[k].data ? writer_before(g, step, e->in[k].data) : -1;
    if (writer < 0) continue;
    auto* product = g.steps[static_cast<size_t>(writer)].call->as<GemmBatch>();
    if (product && product->each.out.c.data == e->in[k].data) pairs.push_back({static_cast<size_t>(writer), step, k});
  }
  std::sort(pairs.begin(), pairs.end(), [](const Pair& a, const Pair& b) { return a.product > b.product; });
  std::vector<std::string> reasons;
  for (const Pair& pair : pairs) {
    const char* why = fuse(g, pair);
    if (!why) return true;
    reasons.push_back(std::string("not in the epilogue of the product before: ") + why);
  }
  for (std::string& reason : reasons) g.steps[step].notes.push_back(std::move(reason));
  return false;
}

}  // namespace

void fuse_epilogues(Graph& g) {
  for (size_t step = 0; step < g.steps.size();)
    if (!fuse_step(g, step)) ++step;  // else it is the next one that stands there
}

}  // namespace tw::graph
