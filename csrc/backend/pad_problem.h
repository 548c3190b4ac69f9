// THE list of ways to go on beyond the ends of an axis, and what each reads there.
#pragma once
#include "core/dtype.h"

namespace tw {

// For x = a b c d: one value; d c b | a b c d, with and without the element at the end; a a a | a b c d; and
// b c d | a b c d.
#define TW_PAD_MODES(X) X(constant) X(symmetric) X(reflect) X(edge) X(wrap)

#define X(name) name,
enum class PadMode : uint8_t { TW_PAD_MODES(X) };
#undef X

// Where position `at`, counted from the first of n elements, is read; -1 for the value of PadMode::constant.
inline int64_t padded_from(PadMode mode, int64_t at, int64_t n) {
  if (at >= 0 && at < n) return at;
  if (mode == PadMode::constant) return -1;
  if (mode == PadMode::edge) return at < 0 ? 0 : n - 1;
  if (mode == PadMode::reflect && n == 1) return 0;
  const int64_t period = mode == PadMode::wrap ? n : mode == PadMode::symmetric ? 2 * n : 2 * n - 2;
  int64_t rest = at < 0 ? at + period : at >= period ? at - period : at;
  if (rest < 0 || rest >= period) rest = (at % period + period) % period;
  if (rest < n) return rest;
  return mode == PadMode::symmetric ? period - 1 - rest : period - rest;
}

}  // namespace tw
