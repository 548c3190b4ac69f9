#include "cpu/dispatch/dispatch.h"

#include <cstdlib>

#include "core/error.h"
#include "level_list.h"

namespace tw {

#define X(level, supported) \
  namespace level {         \
  void fill(KernelTable&);  \
  }
TW_LEVELS(X)
#undef X

namespace detail {
KernelTable chosen_kernels;
}

namespace {

std::vector<std::string> names(bool only_supported) {
  std::vector<std::string> result;
  for (const Level& level : isa_levels())
    if (level.supported || !only_supported) result.push_back(level.name);
  return result;
}

// "a, b or c"
std::string listed(const std::vector<std::string>& words) {
  std::string text;
  for (size_t i = 0; i < words.size(); ++i) text += (i == 0 ? "" : i + 1 < words.size() ? ", " : " or ") + words[i];
  return text;
}

}  // namespace

// By features, never by vendor; __builtin_cpu_supports also asks whether the OS saves the registers.
std::vector<Level> isa_levels() {
#define X(level, supported) {#level, static_cast<bool>(supported), level::fill},
  return {TW_LEVELS(X)};
#undef X
}

bool machine_supports_baseline() { return __builtin_cpu_supports("x86-64-v2"); }
std::vector<std::string> levels_built() { return names(false); }
std::vector<std::string> levels_available() { return names(true); }

void choose_kernels() {
  const char* forced = std::getenv("TILEWRIGHT_ISA");
  Level best = isa_levels().front();
  bool found = false;
  for (const Level& level : isa_levels()) {
    if (forced && *forced ? level.name == std::string(forced) : level.supported) {
      best = level;
      found = true;
    }
  }
  if (!found) fail<ValueError>("TILEWRIGHT_ISA is \"", forced, "\", but must be ", listed(levels_built()));
  if (!best.supported) fail<ValueError>("TILEWRIGHT_ISA is \"", forced, "\", but this machine's CPU does not have it");
  best.fill(detail::chosen_kernels);
}

}  // namespace tw
