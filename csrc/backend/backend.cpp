#include "backend/backend.h"

#include "core/error.h"

namespace tw {

namespace detail {

const Backend* backends[kDeviceKinds] = {};

namespace {

struct NamedOp {
  const char* name;
  const Backend* backend;  // null where the op is of none that is known
};

NamedOp named(const void* op) {
  for (const Backend* backend : backends) {
    if (!backend) continue;
#define X(family, name) \
  if (op == &backend->family.name) return {#family "." #name, backend};
    TW_BACKEND_OPS(X)
#undef X
  }
  return {"this op", nullptr};
}

}  // namespace

void missing_backend_op(const void* op) {
  const NamedOp missing = named(op);
  if (!missing.backend) fail<NotImplementedError>("not implemented on this device");
  fail<NotImplementedError>(missing.name, ": not implemented on ", Device{missing.backend->kind});
}

}  // namespace detail

std::string op_name(const void* op) { return detail::named(op).name; }

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
