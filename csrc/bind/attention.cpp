#include "ops/attention.h"

#include <pybind11/stl.h>

#include <array>
#include <optional>

#include "bind/bind.h"
#include "bind/caster.h"

namespace tw {
namespace {

typedef std::optional<std::vector<int64_t>> Sequences;

AttentionOperands operands_of(const Array& q, const Array& k, const Array& v, const Array* keep, const Array* bias,
                              const Array* relative, double scale, double softcap, bool lower_right, int64_t left,
                              int64_t right, const Sequences& sequences, double p, uint64_t seed, uint64_t offset) {
  const AttentionBand band{lower_right, left, right};
  return {q, k, v, keep, bias, relative, scale, softcap, band, sequences ? &*sequences : nullptr, p, {seed, offset}};
}

}  // namespace

void bind_attention(py::module_& m) {
  m.def("scaled_dot_product_attention",
        [](const Array& q, const Array& k, const Array& v, const Array* keep, const Array* bias, const Array* relative,
           double scale, double softcap, bool lower_right, int64_t left, int64_t right, const Sequences& sequences,
           double p, uint64_t seed, uint64_t offset) {
          AttentionResult r = scaled_dot_product_attention(operands_of(
              q, k, v, keep, bias, relative, scale, softcap, lower_right, left, right, sequences, p, seed, offset));
          return py::make_tuple(std::move(r.output), std::move(r.lse));
        });
  m.def("attention_backward", [](std::array<bool, 3> wanted, const Array* of_output, const Array* of_lse,
                                 const Array& q, const Array& k, const Array& v, const Array* keep, const Array* bias,
                                 const Array* relative, double scale, double softcap, bool lower_right, int64_t left,
                                 int64_t right, const Sequences& sequences, double p, uint64_t seed, uint64_t offset,
                                 const Array& output, const Array& lse) {
    AttentionGradients r = attention_backward(operands_of(q, k, v, keep, bias, relative, scale, softcap, lower_right,
                                                          left, right, sequences, p, seed, offset),
                                              {output, lse, of_output, of_lse}, {wanted[0], wanted[1], wanted[2]});
    return py::make_tuple(or_none(r.q), or_none(r.k), or_none(r.v));
  });
  m.def("attention_bias_backward",
        [](std::array<bool, 2> wanted, const Array* of_output, const Array* of_lse, const Array& q, const Array& k,
           const Array& v, const Array* keep, const Array* bias, const Array* relative, double scale, double softcap,
           bool lower_right, int64_t left, int64_t right, const Sequences& sequences, double p, uint64_t seed,
           uint64_t offset, const Array& output, const Array& lse) {
          AttentionBiasGradients r =
              attention_bias_backward(operands_of(q, k, v, keep, bias, relative, scale, softcap, lower_right, left,
                                                  right, sequences, p, seed, offset),
                                      {output, lse, of_output, of_lse}, wanted[0], wanted[1]);
          return py::make_tuple(or_none(r.bias), or_none(r.relative));
        });
}

}  // namespace tw
