#include "backend/record.h"

#include <cstring>

#include "backend/backend.h"

namespace tw {

char* Pointer::get() const {
  char* address;
  std::memcpy(&address, at, sizeof address);
  return address;
}

void Pointer::set(const void* address) const { std::memcpy(at, &address, sizeof address); }

// ---- memory ---------------------------------------------------------------------------------------------------------

int Recorder::enter(RecordedBuffer::Kind kind, const StorageRef& storage, size_t nbytes) {
  const char* start = static_cast<const char*>(storage->data);
  const auto [place, fresh] = by_start_.try_emplace(start, static_cast<int>(buffers.size()));
  if (!fresh) {
    RecordedBuffer& known = buffers[static_cast<size_t>(place->second)];
    if (known.storage.get() == storage.get() || nbytes <= known.nbytes) return place->second;
    place->second = static_cast<int>(buffers.size());  // the same memory, and more of it
  }
  buffers.push_back({kind, storage, nbytes, storage->last_write.load()});
  return static_cast<int>(buffers.size()) - 1;
}

void Recorder::add_input(const StorageRef& storage) {
  buffers[static_cast<size_t>(enter(RecordedBuffer::input, storage, storage->nbytes))].varies = true;
}

void Recorder::made(const StorageRef& storage, size_t nbytes) { enter(RecordedBuffer::temporary, storage, nbytes); }

void Recorder::met(const StorageRef& storage) { enter(RecordedBuffer::constant, storage, storage->nbytes); }

void Recorder::filled(const StorageRef& storage) {
  const int i = find(storage->data);
  if (i >= 0) buffers[static_cast<size_t>(i)].filled = true;
}

void Recorder::read_by_host(const char* reader, const StorageRef& storage) {
  if (failed_) return;  // for a message
  met(storage);
  RecordedBuffer& buffer = buffers[static_cast<size_t>(find(storage->data))];
  const std::string who = std::string(reader) + ": ";
  if (buffer.varies)
    refuse(who +
           "the value depends on the input, and what is done with it in Python would not be done again for other "
           "inputs; compute it in ops (where, maximum, ...), or fuse the parts of the model before and after");
  const bool shares = std::strcmp(reader, "numpy") == 0 || std::strcmp(reader, "dlpack") == 0;
  if (shares && buffer.kind == RecordedBuffer::temporary)
    refuse(who +
           "writes to the memory that it shares would not be seen; use tolist(), or make it outside of the model");
  buffer.read = true;
}

int Recorder::find(const void* address) const {
  const char* at = static_cast<const char*>(address);
  const auto holds = [at](const RecordedBuffer& buffer) {
    const char* start = static_cast<const char*>(buffer.storage->data);
    return start <= at && at <= start + buffer.nbytes;  // views without elements may begin at the end
  };
  const auto after = by_start_.upper_bound(at);
  if (after != by_start_.begin()) {
    const int i = std::prev(after)->second;
    if (holds(buffers[static_cast<size_t>(i)])) return i;
  }
  for (size_t i = 0; i < buffers.size(); ++i)  // foreign memory may have entered as overlapping pieces
    if (holds(buffers[i])) return static_cast<int>(i);
  return -1;
}

// ---- calls ----------------------------------------------------------------------------------------------------------

void Recorder::refuse(const std::string& why) {
  if (refused_.empty()) refused_ = why;
  throw RecordingError(why);
}

void Recorder::require_whole() const {
  if (!refused_.empty()) throw RecordingError(refused_);
}

void Recorder::refuse_to_draw(const void* op) {
  refuse(op_name(op) + ": random numbers would be the same ones in every call; draw them outside, and pass them");
}

// Whether what the call writes depends on the inputs.
bool Recorder::prepare(Call& call) {
  bool varies = false;
  const std::vector<Pointer> pointers = call.pointers();
  for (const Pointer& pointer : pointers) {
    if (!pointer.get()) continue;
    const int i = find(pointer.get());
    if (i < 0 && call.ns() > 0) refuse(op_name(call.op()) + ": an operand lies in memory that was not seen before");
    if (i < 0) {  // a view without elements may begin anywhere
      pointer.set(nullptr);
      continue;
    }
    RecordedBuffer& buffer = buffers[static_cast<size_t>(i)];
    if (!pointer.writes() && buffer.kind == RecordedBuffer::temporary && !buffer.written)
      buffer.filled = true;  // by whom if not the host?
    varies |= pointer.reads() && buffer.varies;
  }
  for (const Pointer& pointer : pointers)
    if (pointer.writes() && pointer.get()) prepare_write(call, find(pointer.get()));
  return varies;
}

void Recorder::prepare_write(const Call& call, int buffer) {
  const RecordedBuffer::Kind kind = buffers[static_cast<size_t>(buffer)].kind;
  if (kind == RecordedBuffer::input)
    refuse(op_name(call.op()) + ": writes to an input of the model; write to a copy of it");
  if (kind == RecordedBuffer::constant)
    refuse(op_name(call.op()) +
           ": writes to a tensor that is older than the call, a state of the model; a fused model "
           "keeps none: pass it in, and give it back as a result");
  if (!buffers[static_cast<size_t>(buffer)].filled || buffers[static_cast<size_t>(buffer)].written) return;
  // What the host wrote is written again before each call.
  const Device device = buffers[static_cast<size_t>(buffer)].storage->device;
  const size_t nbytes = buffers[static_cast<size_t>(buffer)].nbytes;
  char* const to = static_cast<char*>(buffers[static_cast<size_t>(buffer)].storage->data);
  const WatchMemory paused(nullptr);
  const StorageRef kept = allocate(nbytes, device);
  enter(RecordedBuffer::constant, kept, nbytes);
  const auto copy = [&](void* target, void* source) {
    ElementwiseProblem p{};
    p.op = Elementwise::cast;
    p.inputs = 1;
    p.shape = {static_cast<int64_t>(nbytes)};
    p.out = {static_cast<char*>(target), DType::u8, {1}};
    p.in[0] = {static_cast<char*>(source), DType::u8, {1}};
    return p;
  };
  const auto& run = backend(device).elementwise.run;
  run.call(copy(kept->data, to));
  auto restores = std::make_unique<CallOf<std::remove_cvref_t<decltype(run)>>>(run, copy(to, kept->data));
  calls.insert(calls.begin(), {std::move(restores), 0});  // before whoever read it already
  buffers[static_cast<size_t>(buffer)].written = true;
}

void Recorder::append(RecordedCall made, bool varies) {
  if (!varies) mark_read(*made.call);  // by whoever looks at the result, perhaps
  for (const Pointer& pointer : made.call->pointers()) {
    if (!pointer.writes() || !pointer.get()) continue;
    RecordedBuffer& buffer = buffers[static_cast<size_t>(find(pointer.get()))];
    buffer.written = true;
    buffer.varies |= varies;
  }
  calls.push_back(std::move(made));
}

// -1 says that nothing is wrong with any element (backend/index.h): an answer that the next inputs should have, too.
// Anything else is a value.
void Recorder::take_result(std::unique_ptr<Call> call, bool varies, int64_t result) {
  if (varies && result != -1 && refused_.empty())
    refused_ = op_name(call->op()) +
               ": how many elements there are depends on the input (a mask, nonzero), or an "
               "index is out of bounds; use where, or fuse the parts before and after";
  const bool checks = call->as<MaskProblem>() == nullptr;
  failed_ = checks && result != -1;  // which has an error of its own
  append({std::move(call), result}, varies);
  if (varies && !checks) require_whole();
}

void Recorder::take_result(std::unique_ptr<Call> call, bool varies, double) {
  if (varies) refuse(op_name(call->op()) + ": gives Python a number that depends on the input");
  mark_read(*call);
}

void Recorder::take_result(std::unique_ptr<Call> call, bool varies, const StorageRef& result) {
  if (varies) refuse(op_name(call->op()) + ": lays out a matrix that depends on the input; use matmul or linear");
  mark_read(*call);
  if (result.get()) met(result);
}

void Recorder::mark_read(Call& call) {
  for (const Pointer& pointer : call.pointers())
    if (pointer.get()) buffers[static_cast<size_t>(find(pointer.get()))].read = true;
}

}  // namespace tw
