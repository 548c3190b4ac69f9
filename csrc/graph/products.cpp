#include <algorithm>
#include <map>

#include "graph/graph.h"

namespace tw::graph {
namespace {

typedef std::vector<int64_t> Numbers;

// What is packed once, however many steps use it: told apart by where it lies and by what the layout depends on.
class Packed {
 public:
  explicit Packed(Graph& g) : g_(g) {}

  // Null where the device reads it as it lies.
  template <class Op>
  const void* pack(const Op& op, const typename Op::Problem& problem, const void* weight, Numbers layout) {
    StorageRef& packed = packed_[{weight, std::move(layout)}];
    if (!packed.get()) {
      packed = op.call(problem);
      if (!packed.get()) return nullptr;
      nbytes_ += packed->nbytes;
    }
    g_.recorder.met(packed);
    g_.watch(g_.find(weight));
    return packed->data;
  }
  size_t nbytes() const { return nbytes_; }

 private:
  Graph& g_;
  std::map<std::pair<const void*, Numbers>, StorageRef> packed_;
  size_t nbytes_ = 0;
};

const char* why_not_packed(const Graph& g, const GemmBatch& p) {
  if (p.packed_b) return "it is packed already";
  if (p.each.m == 1) return "one row reads it as it lies in less time";
  if (p.bytes || !is_floating(p.dtype)) return "its dtype is not floating";
  if (!g.is_constant(p.each.b.data)) return "it depends on the input";
  for (const int64_t stride : p.b_stride)
    if (stride != 0) return "the products of the batch have several";
  return nullptr;
}

// Why not, or null.
const char* pack(Graph& g, Packed& packed, GemmBatch& p) {
  if (const char* why = why_not_packed(g, p)) return why;
  const GemmMatrix& b = p.each.b;
  const Numbers layout{b.row, b.col, p.each.k, p.each.n, static_cast<int64_t>(p.dtype)};
  p.packed_b = packed.pack(g.device_of(b.data).gemm.pack, {p.dtype, b, p.each.k, p.each.n}, b.data, layout);
  return p.packed_b ? nullptr : "there are no packed products at this level";
}

// All that the choice of a method may depend on.
Numbers layout_of(const ConvProblem& p, bool transpose) {
  const ConvShape& s = p.shape;
  Numbers layout{s.images, s.groups, s.in_channels, s.out_channels, p.weight.group, p.weight.filter, p.weight.tap};
  for (const ConvAxis& a : s.axes) layout.insert(layout.end(), {a.in, a.out, a.kernel, a.stride, a.pad, a.dilation});
  for (const ConvImages* x : {&p.in, &p.out})
    layout.insert(layout.end(), {x->image, x->channel, x->pixel[0], x->pixel[1], x->pixel[2]});
  layout.insert(layout.end(), {static_cast<int64_t>(p.dtype), static_cast<int64_t>(p.winograd), transpose});
  return layout;
}

const char* pack(Graph& g, Packed& packed, ConvProblem& p, const void* op) {
  if (p.packed_weight) return "it is packed already";
  if (!g.is_constant(p.weight.data)) return "it depends on the input";
  const auto& conv = g.device_of(p.weight.data).conv;
  const bool transpose = op == &conv.transpose;
  p.packed_weight = packed.pack(conv.pack, {p, transpose}, p.weight.data, layout_of(p, transpose));
  return p.packed_weight ? nullptr : "this convolution reads it as it lies";
}

}  // namespace

void pack_weights(Graph& g) {
  Packed packed(g);
  for (Step& step : g.steps) {
    const auto note = [&step](const char* operand, const char* why) {
      step.notes.push_back(why ? std::string(operand) + " is not packed: " + why
                               : std::string(operand) + ", a constant, is packed");
    };
    if (auto* p = step.call->as<GemmBatch>()) note("its second operand", pack(g, packed, *p));
    if (auto* p = step.call->as<ConvProblem>()) note("its weight", pack(g, packed, *p, step.call->op()));
  }
  if (packed.nbytes()) g.notes.push_back("packed operands of products: " + std::to_string(packed.nbytes()) + " bytes");
}

}  // namespace tw::graph
