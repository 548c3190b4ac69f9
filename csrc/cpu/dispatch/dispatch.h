// Chooses, once, the kernel table for the machine it runs on.
#pragma once
#include <string>
#include <vector>

#include "cpu/kernels/table.h"

namespace tw {

// The best level that CPUID offers, or the one TILEWRIGHT_ISA names. ValueError where that is unknown, or is above what
// the machine has.
void choose_kernels();

namespace detail {
extern KernelTable chosen_kernels;
}
inline const KernelTable& kernels() { return detail::chosen_kernels; }

struct Level {
  const char* name;
  bool supported;  // by this machine
  void (*fill)(KernelTable&);
};
std::vector<Level> isa_levels();  // that were built, the best last; the first is the reference

bool machine_supports_baseline();             // x86-64-v2
std::vector<std::string> levels_built();      // "reference", "v2", ...
std::vector<std::string> levels_available();  // those that this machine runs

}  // namespace tw
