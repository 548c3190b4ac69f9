// Arrays from one device to another.
#pragma once
#include <initializer_list>
#include <map>
#include <string>

#include "core/array.h"

namespace tw {

// An operand as an error names it; null where it was left out.
struct Named {
  const char* name;
  const Array* array;
};

// The device of the operands. ValueError that names two of them where they lie on different ones.
Device common_device(const char* op, std::initializer_list<Named> operands);

// x itself where it is there, else a contiguous copy.
Array to_device(const Array& x, Device device);

// The one way by which data reach the host. `reader` says what for: it is counted where data had to be moved.
Array to_host(const char* reader, const Array& x);
std::map<std::string, int64_t> host_copies();  // reader -> how often, since the last call

}  // namespace tw
