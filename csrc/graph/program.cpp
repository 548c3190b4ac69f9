#include "graph/program.h"

#include <algorithm>
#include <sstream>

#include "core/blocking.h"

namespace tw::graph {
namespace {

constexpr int kStays = -1;

// A number for each buffer that lies elsewhere in each call: 0 for temporaries, which share a block, then the inputs,
// then one for each that results lie in.
std::vector<int> moving_buffers(Graph& g, std::vector<size_t>& fresh) {
  std::vector<int> moving(g.recorder.buffers.size(), kStays);
  int inputs = 0;
  for (const Array& input : g.inputs) moving[static_cast<size_t>(g.find(input.storage->data))] = ++inputs;
  for (size_t i = 0; i < moving.size(); ++i) {
    const RecordedBuffer& buffer = g.recorder.buffers[i];
    if (buffer.kind != RecordedBuffer::temporary) continue;
    moving[i] = 0;
    if (!g.escapes(static_cast<int>(i))) continue;
    fresh.push_back(buffer.nbytes);
    moving[i] = inputs + static_cast<int>(fresh.size());
  }
  return moving;
}

Device common_device(const Graph& g) {
  Device device = g.inputs.empty() ? Device{} : g.inputs[0].device;
  for (const Step& step : g.steps)
    for (const Pointer& p : step.call->pointers()) {
      if (!p.get()) continue;
      const Device used = g.recorder.buffers[static_cast<size_t>(g.find(p.get()))].storage->device;
      if (!(used == device))
        fail<RecordingError>("the model works on ", device, " and on ", used, ", but must stay on one device");
    }
  return device;
}

}  // namespace

Program::Link Program::link(int buffer, const char* address, const Graph& g, const std::vector<int>& moving,
                            const MemoryPlan& plan) {
  const auto i = static_cast<size_t>(buffer);
  const int64_t inside = address - static_cast<const char*>(g.recorder.buffers[i].storage->data);
  return {moving[i], moving[i] == 0 ? plan.offsets[i] + inside : inside};
}

Program::Program(Graph&& g) : device_(common_device(g)), watched_(g.watched) {
  const MemoryPlan plan = plan_memory(g);
  const std::vector<int> moving = moving_buffers(g, fresh_);
  plan_bytes_ = plan.nbytes;
  sum_bytes_ = plan.sum;
  for (const Array& input : g.inputs)
    input_offsets_.push_back(link(g.find(input.storage->data), input.data, g, moving, plan).offset);
  for (const Array& result : g.outputs) {
    result_links_.push_back(link(g.find(result.storage->data), result.data, g, moving, plan));
    results_.push_back(result);
    if (result_links_.back().moving != kStays) results_.back().storage = {};
  }
  std::ostringstream text;
  text << "inputs:";
  for (const Array& input : g.inputs)
    text << (&input == g.inputs.data() ? " " : ", ") << input.shape << " " << input.dtype;
  text << "\n";
  for (const std::string& note : g.notes) text << note << "\n";
  for (Step& step : g.steps) {
    text << graph::describe(*step.call) << "\n";
    for (const std::string& note : step.notes) text << "    " << note << "\n";
    std::vector<Link> links;
    for (const Pointer& p : step.call->pointers()) {
      links.push_back(p.get() ? link(g.find(p.get()), p.get(), g, moving, plan) : Link{kStays, 0});
      if (!p.get() || links.back().moving != kStays) continue;
      constants_.push_back(g.buffer(g.find(p.get())).storage);
    }
    ns_ += step.call->ns();
    links_.push_back(std::move(links));
    wanted_.push_back(step.result);
    calls_.push_back(std::move(step.call));
  }
  text << "temporaries: " << plan_bytes_ << " bytes, " << sum_bytes_ << " without a plan";
  text_ = text.str();
}

bool Program::is_stale() const {
  return std::any_of(watched_.begin(), watched_.end(),
                     [](const Graph::Watched& w) { return w.storage->last_write.load() != w.version; });
}

std::string Program::describe() const { return text_; }

// ---- running --------------------------------------------------------------------------------------------------------

std::unique_ptr<Program::Copy> Program::make_copy() const {
  auto copy = std::make_unique<Copy>();
  copy->moving.resize(1 + input_offsets_.size() + fresh_.size());
  for (size_t i = 0; i < calls_.size(); ++i) {
    copy->calls.push_back(calls_[i]->copy());
    const std::vector<Pointer> pointers = copy->calls.back()->pointers();
    for (size_t k = 0; k < pointers.size(); ++k) {
      const Link& link = links_[i][k];
      if (link.moving != kStays)
        copy->moving[static_cast<size_t>(link.moving)].places.push_back({pointers[k], link.offset});
    }
  }
  return copy;
}

void Program::move(Moving& buffer, char* to) {
  if (buffer.at == to) return;
  buffer.at = to;
  for (const Place& place : buffer.places) place.pointer.set(to + place.offset);
}

// A copy of the calls for one caller at a time.
class Program::Lease {
 public:
  explicit Lease(Program& from) : from_(from) {
    {
      std::lock_guard lock(from.mutex_);
      if (!from.idle_.empty()) {
        copy_ = std::move(from.idle_.back());
        from.idle_.pop_back();
      }
    }
    if (!copy_) copy_ = from.make_copy();
  }
  ~Lease() {
    std::lock_guard lock(from_.mutex_);
    from_.idle_.push_back(std::move(copy_));
  }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  Copy& operator*() const { return *copy_; }

 private:
  Program& from_;
  std::unique_ptr<Copy> copy_;
};

bool Program::run(const std::vector<Array>& inputs, std::vector<Array>& results) {
  const Lease lease(*this);
  Copy& copy = *lease;
  const StorageRef block = allocate(static_cast<size_t>(plan_bytes_), device_);
  std::vector<StorageRef> storages(copy.moving.size());
  storages[0] = block;
  move(copy.moving[0], static_cast<char*>(block->data));
  for (size_t i = 0; i < inputs.size(); ++i) {
    storages[1 + i] = inputs[i].storage;
    move(copy.moving[1 + i], inputs[i].data - input_offsets_[i]);
  }
  for (size_t i = 0; i < fresh_.size(); ++i) {
    StorageRef& storage = storages[1 + inputs.size() + i];
    storage = allocate(fresh_[i], device_);
    move(copy.moving[1 + inputs.size() + i], static_cast<char*>(storage->data));
  }
  {
    const UnlockedWhileLong unlocked(ns_);
    for (size_t i = 0; i < copy.calls.size(); ++i)
      if (copy.calls[i]->run() != wanted_[i]) return false;
  }
  for (size_t i = 0; i < results_.size(); ++i) {
    results.push_back(results_[i]);
    const Link& link = result_links_[i];
    if (link.moving == kStays) continue;
    const auto moving = static_cast<size_t>(link.moving);
    results.back().storage = storages[moving];
    results.back().data = copy.moving[moving].at + link.offset;
  }
  return true;
}

}  // namespace tw::graph
