#include "ops/random.h"

#include "bind/bind.h"
#include "bind/caster.h"

namespace tw {
namespace {

// high - 1 as int64: high itself may be 2^63.
int64_t last_below(const py::int_& high) {
  const auto last = py::reinterpret_steal<py::object>(PyNumber_Subtract(high.ptr(), py::int_(1).ptr()));
  if (!last) throw py::error_already_set();
  int overflow = 0;
  const int64_t value = PyLong_AsLongLongAndOverflow(last.ptr(), &overflow);
  if (overflow)
    fail<ValueError>("random_integers: high is ", std::string(py::str(high)), ", but must be at most 2**63");
  return value;
}

}  // namespace

void bind_random(py::module_& m) {
  const auto device = py::arg("device") = Device{};
  m.def("random_bits", [](int64_t n, uint64_t seed, uint64_t offset, uint64_t stream) {
    return random_bits(n, {seed, offset}, stream);
  });
  m.def(
      "random_uniform",
      [](const Dims& shape, DType dtype, uint64_t seed, uint64_t offset, double low, double high, Device device) {
        return random_uniform(shape, dtype, {seed, offset}, low, high, device);
      },
      py::arg("shape"), py::arg("dtype"), py::arg("seed"), py::arg("offset"), py::arg("low"), py::arg("high"), device);
  m.def(
      "random_normal",
      [](const Dims& shape, DType dtype, uint64_t seed, uint64_t offset, double mean, double std, Device device) {
        return random_normal(shape, dtype, {seed, offset}, mean, std, device);
      },
      py::arg("shape"), py::arg("dtype"), py::arg("seed"), py::arg("offset"), py::arg("mean"), py::arg("std"), device);
  m.def(
      "random_integers",
      [](const Dims& shape, DType dtype, uint64_t seed, uint64_t offset, int64_t low, const py::int_& high,
         Device device) { return random_integers(shape, dtype, {seed, offset}, low, last_below(high), device); },
      py::arg("shape"), py::arg("dtype"), py::arg("seed"), py::arg("offset"), py::arg("low"), py::arg("high"), device);
  m.def(
      "random_bernoulli",
      [](const Dims& shape, uint64_t seed, uint64_t offset, double p, Device device) {
        return random_bernoulli(shape, {seed, offset}, p, device);
      },
      py::arg("shape"), py::arg("seed"), py::arg("offset"), py::arg("p"), device);
  m.def(
      "random_permutation",
      [](int64_t n, uint64_t seed, uint64_t offset, Device device) {
        return random_permutation(n, {seed, offset}, device);
      },
      py::arg("n"), py::arg("seed"), py::arg("offset"), device);
  m.def("multinomial", [](const Array& weights, int64_t draws, bool replacement, uint64_t seed, uint64_t offset) {
    return multinomial(weights, draws, replacement, {seed, offset});
  });
  m.def("dropout", [](const Array& x, double p, uint64_t seed, uint64_t offset) {
    DropoutResult r = dropout(x, p, {seed, offset});
    return py::make_tuple(std::move(r.y), std::move(r.mask));
  });
  m.def("dropout_backward", &dropout_backward);
}

}  // namespace tw
