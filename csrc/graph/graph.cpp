#include "graph/graph.h"

#include <algorithm>
#include <sstream>

namespace tw::graph {

Graph::Graph(Recorder&& recorded, std::vector<Array> in, std::vector<Array> out)
    : recorder(std::move(recorded)), inputs(std::move(in)), outputs(std::move(out)) {
  for (RecordedCall& made : recorder.calls) steps.push_back({std::move(made.call), made.result, {}});
  recorder.calls.clear();
  for (size_t i = 0; i < recorder.buffers.size(); ++i) {
    RecordedBuffer& buffer = recorder.buffers[i];
    if (buffer.read && !buffer.written) watch(static_cast<int>(i));
    // Written by the host alone, or by nobody.
    if (buffer.kind == RecordedBuffer::temporary && !buffer.written) buffer.kind = RecordedBuffer::constant;
  }
}

bool Graph::escapes(int buffer) const {
  return std::any_of(outputs.begin(), outputs.end(),
                     [&](const Array& out) { return find(out.storage->data) == buffer; });
}

std::vector<Use> Graph::uses(int buffer) const {
  std::vector<Use> found;
  for (size_t i = 0; i < steps.size(); ++i) {
    Use use{i, false, false};
    for (const Pointer& pointer : steps[i].call->pointers()) {
      if (!pointer.get() || find(pointer.get()) != buffer) continue;
      use.reads |= pointer.reads();
      use.writes |= pointer.writes();
    }
    if (use.reads || use.writes) found.push_back(use);
  }
  return found;
}

bool Graph::is_constant(const void* address) const {
  const int i = find(address);
  return i >= 0 && recorder.buffers[static_cast<size_t>(i)].kind == RecordedBuffer::constant;
}

void Graph::watch(int i) {
  const RecordedBuffer& used = buffer(i);
  for (const Watched& known : watched)
    if (known.storage.get() == used.storage.get()) return;
  watched.push_back({used.storage, used.version});
}

Array Graph::constant(const void* address, DType dtype, const Dims& shape, const Dims& strides, int64_t offset) {
  const int i = find(address);
  watch(i);
  Array x;
  x.storage = buffer(i).storage;
  x.data = static_cast<char*>(const_cast<void*>(address)) + offset * static_cast<int64_t>(item_size(dtype));
  x.shape = shape;
  x.strides = strides;
  x.dtype = dtype;
  x.device = x.storage->device;
  return x;
}

void* Graph::keep(const Array& contiguous) {
  recorder.met(contiguous.storage);
  return contiguous.data;
}

namespace {

const char* name_of(Elementwise op) {
#define X(name, rule, dtypes, params) #name,
  static constexpr const char* kNames[] = {TW_UNARY_OPS(X) TW_BINARY_OPS(X) "where", "times_i", "cast"};
#undef X
  return kNames[static_cast<int>(op)];
}

const char* name_of(Activation activation) {
#define X(name, saved) #name,
  static constexpr const char* kNames[] = {"none", TW_ACTIVATIONS(X)};
#undef X
  return kNames[static_cast<int>(activation)];
}

void describe_product(std::ostream& text, const GemmBatch& g) {
  text << " (" << g.each.m << ", " << g.each.k << ") x (" << g.each.k << ", " << g.each.n << ") " << g.dtype;
  if (!g.shape.empty()) text << ", batch " << g.shape;
  if (g.each.out.bias.data) text << " + bias";
  if (g.each.out.residual.data) text << " + residual";
  if (g.each.out.activation != Activation::none) text << ", " << name_of(g.each.out.activation);
}

void describe_convolution(std::ostream& text, const ConvProblem& c) {
  const ConvShape& s = c.shape;
  const auto extents = [&](auto of) { return Dims{of(s.axes[0]), of(s.axes[1]), of(s.axes[2])}; };
  text << " " << s.images << " x " << s.groups * s.in_channels << " -> " << s.groups * s.out_channels << " channels, "
       << extents([](const ConvAxis& a) { return a.in; }) << " -> " << extents([](const ConvAxis& a) { return a.out; })
       << ", kernel " << extents([](const ConvAxis& a) { return a.kernel; }) << " " << c.dtype;
  if (c.bias) text << " + bias";
  if (c.residual) text << " + residual";
  if (c.activation != Activation::none) text << ", " << name_of(c.activation);
}

}  // namespace

std::string describe(Call& call) {
  std::ostringstream text;
  if (const auto* e = call.as<ElementwiseProblem>()) {
    text << name_of(e->op) << " " << e->shape << " " << e->out.dtype;
    return text.str();
  }
  text << op_name(call.op());
  if (const auto* g = call.as<GemmBatch>()) describe_product(text, *g);
  if (const auto* c = call.as<ConvProblem>()) describe_convolution(text, *c);
  return text.str();
}

}  // namespace tw::graph
