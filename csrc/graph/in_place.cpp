#include <algorithm>

#include "graph/graph.h"

namespace tw::graph {
namespace {

int64_t bytes_of(const Dims& shape, DType dtype) {
  int64_t nbytes = static_cast<int64_t>(item_size(dtype));
  for (const int64_t extent : shape) nbytes *= extent;
  return nbytes;
}

// The view is all that lies in its buffer, in C order.
bool fills_buffer(Graph& g, const ElementwiseProblem& e, const View& view) {
  const RecordedBuffer& buffer = g.buffer(g.find(view.data));
  return view.data == buffer.storage->data && view.strides == contiguous_strides(e.shape) &&
         static_cast<int64_t>(buffer.nbytes) == bytes_of(e.shape, view.dtype);
}

// Why the step cannot write its result over operand k; null where it can.
const char* why_not(Graph& g, size_t step, const ElementwiseProblem& e, int k) {
  const View& in = e.in[k];
  const int operand = g.find(in.data), result = g.find(e.out.data);
  if (g.buffer(operand).kind != RecordedBuffer::temporary) return "is no temporary";
  if (g.escapes(operand)) return "is a result of the model";
  if (item_size(in.dtype) != item_size(e.out.dtype) || !fills_buffer(g, e, in)) return "has another layout";
  const std::vector<Use> uses = g.uses(operand);
  if (uses.back().step != step) return "is needed later";
  if (operand == result) return "is written over as it is";
  if (g.uses(result).front().step != step || !fills_buffer(g, e, e.out)) return "is no place for the result";
  for (int other = 0; other < e.inputs; ++other)
    if (e.in[other].data && g.find(e.in[other].data) == operand &&
        (e.in[other].data != in.data || !(e.in[other].strides == in.strides)))
      return "is read in another order, too";
  return nullptr;
}

}  // namespace

void write_in_place(Graph& g) {
  for (size_t i = 0; i < g.steps.size(); ++i) {
    Step& step = g.steps[i];
    const auto* e = step.call->as<ElementwiseProblem>();
    if (!e) continue;
    std::string reasons;
    bool done = false;
    for (int k = 0; k < e->inputs && !done; ++k) {
      if (!e->in[k].data) continue;
      const char* why = why_not(g, i, *e, k);
      done = !why;
      if (why) {
        reasons += (reasons.empty() ? "not in place: operand " : ", operand ") + std::to_string(k + 1) + " " + why;
        continue;
      }
      const int operand = g.find(e->in[k].data);
      char* const to = e->out.data;
      char* const from = static_cast<char*>(g.buffer(operand).storage->data);
      for (const Use& use : g.uses(operand))
        for (const Pointer& p : g.steps[use.step].call->pointers())
          if (p.get() && g.find(p.get()) == operand) p.set(to + (p.get() - from));
      step.notes.push_back("in place of operand " + std::to_string(k + 1));
    }
    if (!done && !reasons.empty()) step.notes.push_back(reasons);
  }
}

}  // namespace tw::graph
