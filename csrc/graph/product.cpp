#include "graph/product.h"

#include <algorithm>

namespace tw::graph {
namespace {

// Element strides of a bias: 1 along that axis, else 0, but where there is one element.
bool runs_along(int axis, const Dims& shape, const Dims& strides) {
  for (int i = 0; i < shape.size(); ++i)
    if (shape[i] != 1 && strides[i] != (i == axis)) return false;
  return true;
}

}  // namespace

int64_t Product::size() const {
  if (gemm_) return gemm_->each.m * gemm_->each.n * element_count(gemm_->shape);
  const ConvShape& s = conv_->shape;
  return s.images * conv_->out.image;  // it is dense
}

bool Product::is_whole() const {
  if (conv_) return true;
  const GemmProblem& e = gemm_->each;
  return e.out.c.col == 1 && e.out.c.row == e.n && (gemm_->shape.empty() || gemm_->out_step == e.m * e.n);
}

bool Product::keeps_before() const { return gemm_ && (gemm_->each.out.pre.data || gemm_->each.out.gate.data); }

void Product::set_result(void* to) { (gemm_ ? gemm_->each.out.c.data : conv_->out.data) = to; }

void Product::set_bias(void* contiguous) {
  if (gemm_)
    gemm_->each.out.bias = {contiguous, 0, 1};
  else
    conv_->bias = contiguous;
}

void Product::set_residual(void* contiguous) {
  if (gemm_)
    gemm_->each.out.residual = {contiguous, gemm_->each.n, 1};
  else
    conv_->residual = contiguous;
}

void Product::set_activation(Activation activation) {
  (gemm_ ? gemm_->each.out.activation : conv_->activation) = activation;
}

bool Product::takes_as_bias(const Dims& shape, const Dims& strides) const {
  if (shape.size() < 2) return false;
  if (gemm_) return shape.back() == gemm_->each.n && runs_along(shape.size() - 1, shape, strides);
  return shape[1] * conv_->out.channel == conv_->out.image && runs_along(1, shape, strides);
}

int product_before(const Graph& g, size_t step, const void* address) {
  int writer = -1;
  for (const Use& use : g.uses(g.find(address)))
    if (use.writes && use.step < step) writer = static_cast<int>(use.step);
  if (writer < 0) return -1;
  const Product product(*g.steps[static_cast<size_t>(writer)].call);
  return product && product.result() == address ? writer : -1;
}

const char* cannot_move(Graph& g, size_t product, size_t step, const void* to) {
  Call& call = *g.steps[product].call;
  const int result = g.find(Product(call).result()), target = g.find(to);
  for (const Use& use : g.uses(result)) {
    if (use.step <= product || use.step == step) continue;
    if (use.step > step && target == result) continue;
    return "another step uses the product";
  }
  if (target != result && g.escapes(result)) return "the product is a result of the model";
  for (const Pointer& p : call.pointers()) {
    if (!p.get() || p.writes()) continue;
    const int operand = g.find(p.get());
    if (operand == target) return "it would write over what the product reads";
    for (const Use& use : g.uses(operand))
      if (use.writes && use.step > product && use.step < step) return "an operand is written meanwhile";
  }
  return nullptr;
}

void move(Graph& g, size_t product, size_t step, std::string note) {
  Step &from = g.steps[product], &to = g.steps[step];
  to.call = std::move(from.call);
  to.notes.insert(to.notes.begin(), from.notes.begin(), from.notes.end());
  to.notes.push_back(std::move(note));
  g.steps.erase(g.steps.begin() + static_cast<std::ptrdiff_t>(product));
}

}  // namespace tw::graph
