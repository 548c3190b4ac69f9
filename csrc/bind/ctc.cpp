#include "ops/ctc.h"

#include "bind/bind.h"
#include "bind/caster.h"

namespace tw {

void bind_ctc(py::module_& m) {
  m.def("ctc_loss", [](const Array& log_probs, const Array& targets, const Array& input_lengths,
                       const Array& target_lengths, int64_t blank) {
    CtcResult r = ctc_loss(log_probs, {targets, input_lengths, target_lengths, blank});
    return py::make_tuple(std::move(r.losses), std::move(r.log_alpha));
  });
  m.def("ctc_loss_backward", [](const Array& g, const Array& log_probs, const Array& log_alpha, const Array& targets,
                                const Array& input_lengths, const Array& target_lengths, int64_t blank) {
    return ctc_loss_backward(g, log_probs, log_alpha, {targets, input_lengths, target_lengths, blank});
  });
}

}  // namespace tw
