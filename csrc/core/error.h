// Errors that reach the user. bind/ maps each to the Python exception of the same name.
#pragma once
#include <sstream>
#include <stdexcept>
#include <string>

namespace tw {

struct ValueError : std::runtime_error {
  using runtime_error::runtime_error;
};
struct TypeError : std::runtime_error {
  using runtime_error::runtime_error;
};
struct IndexError : std::runtime_error {
  using runtime_error::runtime_error;
};
struct AxisError : std::runtime_error {  // a subclass of ValueError and IndexError in Python, as in NumPy
  using runtime_error::runtime_error;
};
struct NotImplementedError : std::runtime_error {
  using runtime_error::runtime_error;
};
struct MemoryError : std::runtime_error {
  using runtime_error::runtime_error;
};

// fail<ValueError>("matmul: x1 ", a.shape, " and x2 ", b.shape, " do not agree in ..."): streams its arguments.
template <class Error, class... Parts>
[[noreturn]] void fail(const Parts&... parts) {
  std::ostringstream text;
  (text << ... << parts);
  throw Error(text.str());
}

}  // namespace tw
