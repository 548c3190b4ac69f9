// Whole numbers of whole pieces.
#pragma once
#include <cstdint>

namespace tw {

// Of counts, which are not negative.
constexpr int64_t ceil_div(int64_t count, int64_t piece) { return (count + piece - 1) / piece; }
constexpr int64_t round_up(int64_t count, int64_t piece) { return ceil_div(count, piece) * piece; }

}  // namespace tw
