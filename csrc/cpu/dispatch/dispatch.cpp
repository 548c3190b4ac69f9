#include "cpu/dispatch/dispatch.h"

#include <cstdlib>

#include "core/error.h"

namespace tw {

namespace reference {
void fill(KernelTable&);
}
namespace v2 {
void fill(KernelTable&);
}
namespace v3 {
void fill(KernelTable&);
}
namespace v4 {
void fill(KernelTable&);
}
namespace v4dot {
void fill(KernelTable&);
}

namespace detail {
KernelTable chosen_kernels;
}

namespace {

struct Level {
  const char* name;
  bool supported;
  void (*fill)(KernelTable&);
};

// Best last. By features, never by vendor; __builtin_cpu_supports also asks whether the OS saves the registers.
std::vector<Level> levels() {
#ifdef TW_REFERENCE_ONLY
  return {{"reference", true, reference::fill}};
#else
  return {{"reference", true, reference::fill},
          {"v2", static_cast<bool>(__builtin_cpu_supports("x86-64-v2")), v2::fill},
          {"v3", static_cast<bool>(__builtin_cpu_supports("x86-64-v3")), v3::fill},
          {"v4", static_cast<bool>(__builtin_cpu_supports("x86-64-v4")), v4::fill},
          {"v4dot",
           __builtin_cpu_supports("x86-64-v4") && __builtin_cpu_supports("avx512bf16") &&
               __builtin_cpu_supports("avx512vnni"),
           v4dot::fill}};
#endif
}

std::vector<std::string> names(bool only_supported) {
  std::vector<std::string> result;
  for (const Level& level : levels())
    if (level.supported || !only_supported) result.push_back(level.name);
  return result;
}

}  // namespace

bool machine_supports_baseline() { return __builtin_cpu_supports("x86-64-v2"); }
std::vector<std::string> levels_built() { return names(false); }
std::vector<std::string> levels_available() { return names(true); }

void choose_kernels() {
  const char* forced = std::getenv("TILEWRIGHT_ISA");
  Level best = levels().front();
  bool found = false;
  for (const Level& level : levels()) {
    if (forced && *forced ? level.name == std::string(forced) : level.supported) {
      best = level;
      found = true;
    }
  }
  if (!found) fail<ValueError>("TILEWRIGHT_ISA is \"", forced, "\", but must be reference, v2, v3, v4 or v4dot");
  if (!best.supported) fail<ValueError>("TILEWRIGHT_ISA is \"", forced, "\", but this machine's CPU does not have it");
  best.fill(detail::chosen_kernels);
}

}  // namespace tw
