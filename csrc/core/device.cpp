#include "core/device.h"

#include <charconv>
#include <ostream>
#include <string_view>

#include "core/error.h"

namespace tw {
namespace {
constexpr std::string_view kNames[kDeviceKinds] = {"cpu", "cuda", "test"};
}

std::ostream& operator<<(std::ostream& out, Device device) { return out << device_name(device); }

std::string device_name(Device device) {
  const std::string kind(kNames[static_cast<int>(device.kind)]);
  return device.is_cpu() ? kind : kind + ":" + std::to_string(device.index);
}

Device device_named(const std::string& name) {
  const size_t colon = name.find(':');
  const std::string kind = name.substr(0, colon);
  for (int i = 0; i < kDeviceKinds; ++i) {
    if (kind != kNames[i]) continue;
    Device device{static_cast<DeviceKind>(i)};
    if (colon == std::string::npos) return device;
    const char *digits = name.data() + colon + 1, *end = name.data() + name.size();
    const auto [rest, error] = std::from_chars(digits, end, device.index);
    if (error == std::errc() && rest == end && !(device.is_cpu() && device.index > 0)) return device;
  }
  fail<ValueError>("device is \"", name, "\", but must be \"cpu\", or a name such as \"cuda:0\"");
}

}  // namespace tw
