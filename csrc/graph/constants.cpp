#include <algorithm>

#include "graph/graph.h"

namespace tw::graph {
namespace {

// Of each buffer, whether it has to be written in each call: what lies in it depends on the inputs, or is changed after
// a step that is made in each call has read it; or it belongs to the caller, as a result.
class Varying {
 public:
  explicit Varying(Graph& g) : g_(g), varies_(g.recorder.buffers.size()) {
    for (size_t i = 0; i < varies_.size(); ++i)
      varies_[i] = g.buffer(static_cast<int>(i)).kind == RecordedBuffer::input || g.escapes(static_cast<int>(i));
    while (spread()) {
    }
  }
  bool operator[](const void* address) const { return varies_[static_cast<size_t>(g_.find(address))]; }

 private:
  // Once more over all steps; whether that found another buffer.
  bool spread() {
    std::vector<bool> was_read(varies_.size());  // by a step that is made in each call
    bool changed = false;
    for (const Step& step : g_.steps) {
      const std::vector<Pointer> pointers = step.call->pointers();
      const bool made =
          std::any_of(pointers.begin(), pointers.end(), [&](const Pointer& p) { return p.get() && (*this)[p.get()]; });
      for (const Pointer& p : pointers) {
        if (!p.get()) continue;
        const auto i = static_cast<size_t>(g_.find(p.get()));
        if (p.writes() && !varies_[i] && (made || was_read[i])) varies_[i] = changed = true;
        was_read[i] = was_read[i] || made;
      }
    }
    return changed;
  }

  Graph& g_;
  std::vector<bool> varies_;
};

}  // namespace

void fold_constants(Graph& g) {
  const Varying varies(g);
  std::vector<Step> kept;
  for (Step& step : g.steps) {
    const std::vector<Pointer> pointers = step.call->pointers();
    const bool needed = std::any_of(pointers.begin(), pointers.end(),
                                    [&](const Pointer& p) { return p.get() && p.writes() && varies[p.get()]; });
    if (needed) {
      kept.push_back(std::move(step));
      continue;
    }
    g.notes.push_back(describe(*step.call) + ": computed once, from constants");
    for (const Pointer& p : pointers) {
      if (!p.get()) continue;
      RecordedBuffer& buffer = g.buffer(g.find(p.get()));
      if (buffer.kind == RecordedBuffer::constant && !buffer.written) g.watch(g.find(p.get()));
      if (p.writes()) buffer.kind = RecordedBuffer::constant;
    }
  }
  g.steps = std::move(kept);
}

}  // namespace tw::graph
