#include "backend/backend.h"

#include "core/error.h"

namespace tw {

namespace detail {

const Backend* backends[kDeviceKinds] = {};

void missing_backend_op(const void* op) {
  for (const Backend* backend : backends) {
    if (!backend) continue;
#define X(family, name)            \
  if (op == &backend->family.name) \
    fail<NotImplementedError>(#family ".", #name, ": not implemented on ", Device{backend->kind});
    TW_BACKEND_OPS(X)
#undef X
  }
  fail<NotImplementedError>("not implemented on this device");
}

}  // namespace detail

void set_backend(const Backend& backend) {
  detail::backends[static_cast<int>(backend.kind)] = &backend;
  set_allocator(backend.kind, backend.memory.allocate);
}

void require_device(Device device) {
  if (detail::backends[static_cast<int>(device.kind)] && device.index == 0) return;
  std::string known;
  for (const Backend* backend : detail::backends)
    if (backend) known += (known.empty() ? "" : ", ") + device_name({backend->kind});
  fail<ValueError>("device is ", device, ", but this build and machine have only ", known);
}

}  // namespace tw
