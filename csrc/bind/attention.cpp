#include "ops/attention.h"

#include <pybind11/stl.h>

#include <array>
#include <optional>

#include "bind/bind.h"
#include "bind/caster.h"

namespace tw {
namespace {

typedef std::optional<std::vector<int64_t>> Sequences;

// None for what is not wanted.
py::object part(Array& x) { return x.storage.get() ? py::cast(std::move(x)) : py::none(); }

}  // namespace

void bind_attention(py::module_& m) {
  m.def("scaled_dot_product_attention",
        [](const Array& q, const Array& k, const Array& v, const Array* keep, const Array* bias, const Array* relative,
           double scale, double softcap, bool lower_right, int64_t left, int64_t right, const Sequences& sequences,
           double p, uint64_t seed, uint64_t offset) {
          AttentionResult r = scaled_dot_product_attention({q,
                                                            k,
                                                            v,
                                                            keep,
                                                            bias,
                                                            relative,
                                                            scale,
                                                            softcap,
                                                            {lower_right, left, right},
                                                            sequences ? &*sequences : nullptr,
                                                            p,
                                                            {seed, offset}});
          return py::make_tuple(std::move(r.output), std::move(r.lse));
        });
  m.def("attention_backward", [](std::array<bool, 3> wanted, const Array* of_output, const Array* of_lse,
                                 const Array& q, const Array& k, const Array& v, const Array* keep, const Array* bias,
                                 const Array* relative, double scale, double softcap, bool lower_right, int64_t left,
                                 int64_t right, const Sequences& sequences, double p, uint64_t seed, uint64_t offset,
                                 const Array& output, const Array& lse) {
    AttentionGradients r = attention_backward({q,
                                               k,
                                               v,
                                               keep,
                                               bias,
                                               relative,
                                               scale,
                                               softcap,
                                               {lower_right, left, right},
                                               sequences ? &*sequences : nullptr,
                                               p,
                                               {seed, offset}},
                                              {output, lse, of_output, of_lse}, {wanted[0], wanted[1], wanted[2]});
    return py::make_tuple(part(r.q), part(r.k), part(r.v));
  });
  m.def("attention_bias_backward",
        [](std::array<bool, 2> wanted, const Array* of_output, const Array* of_lse, const Array& q, const Array& k,
           const Array& v, const Array* keep, const Array* bias, const Array* relative, double scale, double softcap,
           bool lower_right, int64_t left, int64_t right, const Sequences& sequences, double p, uint64_t seed,
           uint64_t offset, const Array& output, const Array& lse) {
          AttentionBiasGradients r = attention_bias_backward({q,
                                                              k,
                                                              v,
                                                              keep,
                                                              bias,
                                                              relative,
                                                              scale,
                                                              softcap,
                                                              {lower_right, left, right},
                                                              sequences ? &*sequences : nullptr,
                                                              p,
                                                              {seed, offset}},
                                                             {output, lse, of_output, of_lse}, wanted[0], wanted[1]);
          return py::make_tuple(part(r.bias), part(r.relative));
        });
}

}  // namespace tw
