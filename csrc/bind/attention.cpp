#include "ops/attention.h"

#include <pybind11/stl.h>

#include <optional>

#include "bind/bind.h"
#include "bind/caster.h"

namespace tw {
namespace {

typedef std::optional<std::vector<int64_t>> Sequences;

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
}

}  // namespace tw
