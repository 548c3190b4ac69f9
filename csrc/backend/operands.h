// Where problems point to. Beside each problem stands
//
//   template <class F> void operands(Problem& p, F f)
//
// which calls f(access, pointer) for every address in it, also for one that is null; with a third parameter, a Way, for
// problems of ops that go both ways. Without that a problem cannot be one of a BackendOp.
#pragma once
#include <cstdint>

namespace tw {

enum class Access : uint8_t { reads, writes, updates };  // the last: in part, or from what lies there

// Of ops of one problem, those that read the array to write what is picked of it, and those that write into the array.
enum class Way : uint8_t { out, into };

}  // namespace tw
