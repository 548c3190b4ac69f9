// Where memory lies and what works on it.
#pragma once
#include <cstdint>
#include <iosfwd>
#include <string>

namespace tw {

// `test` is the device that tests put behind protected pages: see tests/cpp/guarded_backend.cpp.
enum class DeviceKind : uint8_t { cpu, cuda, test };
inline constexpr int kDeviceKinds = 3;

struct Device {
  DeviceKind kind = DeviceKind::cpu;
  uint8_t index = 0;

  bool operator==(const Device&) const = default;
  bool is_cpu() const { return kind == DeviceKind::cpu; }
};

std::ostream& operator<<(std::ostream&, Device);  // as device_name
std::string device_name(Device);                  // "cpu", "cuda:0"

// "cpu", or a kind with or without an index: "cuda" is "cuda:0". ValueError for anything else.
Device device_named(const std::string& name);

}  // namespace tw
