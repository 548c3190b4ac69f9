#include <algorithm>

#include "graph/product.h"

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

// What an elementwise step becomes in the epilogue of the product that is its operand number k.
struct Addition {
  enum { none, activation, bias, residual } kind = none;
  const char* why_not = nullptr;
};

Addition addition_to(const Product& product, const ElementwiseProblem& e, int k) {
  int64_t size = 1;
  for (const int64_t extent : e.shape) size *= extent;
  if (size != product.size() || !is_whole(e, e.in[k]) || !is_whole(e, e.out) || !product.is_whole())
    return {.why_not = "it takes a part of the product, or takes it in another order"};
  if (e.out.dtype != product.dtype() || !is_floating(product.dtype()))
    return {.why_not = "its dtype is not the product's"};
  if (product.keeps_before()) return {.why_not = "the product keeps what is before"};
  if (product.activation() != Activation::none) return {.why_not = "it comes after the product's activation"};
  if (activation_of(e.op) != Activation::none) return {Addition::activation};
  if (e.op != Elementwise::add) return {.why_not = "it is no sum, and no activation that products have"};
  const View& other = e.in[1 - k];
  if (!other.data) return {.why_not = "a number is added, no array"};
  if (other.data == e.in[k].data) return {.why_not = "the product is added to itself"};
  if (product.takes_as_bias(e.shape, other.strides)) {
    if (product.has_bias()) return {.why_not = "the product has a bias"};
    return {Addition::bias};
  }
  if (!is_whole(e, other)) return {.why_not = "what is added is broadcast, or does not lie row after row"};
  if (product.has_residual()) return {.why_not = "the product has something added to it already"};
  return {Addition::residual};
}

// Makes step a part of the product before it; why that cannot be, or null.
const char* fuse(Graph& g, size_t before, size_t step, int k) {
  Product product(*g.steps[before].call);
  const auto& e = *g.steps[step].call->as<ElementwiseProblem>();
  const Addition addition = addition_to(product, e, k);
  if (addition.why_not) return addition.why_not;
  if (const char* why = cannot_move(g, before, step, e.out.data)) return why;
  const bool over = addition.kind == Addition::residual && g.find(e.in[1 - k].data) == g.find(e.out.data);
  if (over && product.conv()) return "a convolution does not write over what it adds";
  if (addition.kind == Addition::activation) product.set_activation(activation_of(e.op));
  if (addition.kind == Addition::bias) product.set_bias(e.in[1 - k].data);
  if (addition.kind == Addition::residual) product.set_residual(e.in[1 - k].data);
  product.set_result(e.out.data);
  move(g, before, step, describe(*g.steps[step].call) + ": in the epilogue");
  return nullptr;
}

// Tries the products that are operands of a step, the later one first: what it is added to is there.
bool fuse_step(Graph& g, size_t step) {
  const auto* e = g.steps[step].call->as<ElementwiseProblem>();
  if (!e) return false;
  std::vector<std::pair<int, int>> products;  // and which operand it is
  for (int k = 0; k < e->inputs; ++k) {
    const int product = e->in[k].data ? product_before(g, step, e->in[k].data) : -1;
    if (product >= 0) products.push_back({product, k});
  }
  std::sort(products.begin(), products.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<std::string> reasons;
  for (const auto& [product, k] : products) {
    const char* why = fuse(g, static_cast<size_t>(product), step, k);
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
