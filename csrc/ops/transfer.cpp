#include "ops/transfer.h"

#include <mutex>
#include <utility>

#include "backend/backend.h"
#include "core/watch.h"
#include "ops/elementwise.h"

namespace tw {
namespace {

std::mutex counting;
std::map<std::string, int64_t>& counts() {
  static auto* instance = new std::map<std::string, int64_t>;  // never destroyed: threads may outlive statics
  return *instance;
}

}  // namespace

Device common_device(const char* op, std::initializer_list<Named> operands) {
  const Named* first = nullptr;
  for (const Named& operand : operands) {
    if (!operand.array) continue;
    if (!first) first = &operand;
    if (!(operand.array->device == first->array->device))
      fail<ValueError>(op, ": ", first->name, " ", first->array->shape, " is on ", first->array->device, ", but ",
                       operand.name, " ", operand.array->shape, " is on ", operand.array->device,
                       "; move one of them with to()");
  }
  return first ? first->array->device : Device{};
}

Array to_device(const Array& x, Device device) {
  if (x.device == device) return x;
  require_device(device);
  const Array from = contiguous(x), to = empty(x.shape, x.dtype, device);
  const size_t nbytes = static_cast<size_t>(x.size()) * x.itemsize();
  if (nbytes == 0) return to;
  if (MemoryWatch* watch = memory_watch()) watch->read_by_host("to", from.storage);
  if (from.device.is_cpu()) {
    backend(device).memory.copy_from_host(to.data, from.data, nbytes);
  } else if (device.is_cpu()) {
    backend(from.device).memory.copy_to_host(to.data, from.data, nbytes);
  } else {
    return to_device(to_device(x, Device{}), device);
  }
  if (MemoryWatch* watch = memory_watch()) watch->filled(to.storage);
  return to;
}

Array to_host(const char* reader, const Array& x) {
  if (MemoryWatch* watch = memory_watch()) watch->read_by_host(reader, x.storage);
  if (x.device.is_cpu()) return x;
  {
    std::lock_guard lock(counting);
    ++counts()[reader];
  }
  return to_device(x, Device{});
}

std::map<std::string, int64_t> host_copies() {
  std::lock_guard lock(counting);
  return std::exchange(counts(), {});
}

}  // namespace tw
