#include "ops/optim.h"

#include "bind/bind.h"
#include "bind/caster.h"

namespace tw {
namespace {

// The arrays of a list, borrowed: the list keeps them alive during the call.
ArrayRefs refs(const py::list& list) {
  ArrayRefs arrays;
  arrays.reserve(list.size());
  py::detail::make_caster<Array> caster;  // one look-up of the type for all entries
  for (const py::handle entry : list) {
    if (entry.is_none() || !caster.load(entry, false))
      fail<TypeError>("expected a list of arrays, but an entry is ", std::string(py::str(py::type::of(entry))));
    arrays.push_back(&py::detail::cast_op<const Array&>(caster));
  }
  return arrays;
}

// One count for all parameters, or a list of one each.
std::vector<int64_t> step_counts(const py::object& steps, size_t params) {
  if (PyLong_Check(steps.ptr())) return std::vector<int64_t>(params, steps.cast<int64_t>());
  std::vector<int64_t> counts;
  counts.reserve(params);
  for (const py::handle entry : py::cast<py::list>(steps)) counts.push_back(entry.cast<int64_t>());
  return counts;
}

}  // namespace

void bind_optim(py::module_& m) {
  m.def("sgd_step",
        [](const py::list& params, const py::list& grads, const py::list& momentum_buffers, double lr, double momentum,
           double dampening, double weight_decay, bool nesterov, bool maximize, bool first_step) {
          sgd_step(refs(params), refs(grads), refs(momentum_buffers),
                   {lr, momentum, dampening, weight_decay, nesterov, maximize, first_step});
        });
  m.def("adam_step",
        [](const py::list& params, const py::list& grads, const py::list& exp_avgs, const py::list& exp_avg_sqs,
           const py::list& max_exp_avg_sqs, const py::object& steps, double lr, double beta1, double beta2, double eps,
           double weight_decay, bool decoupled, bool maximize) {
          adam_step(refs(params), refs(grads), refs(exp_avgs), refs(exp_avg_sqs), refs(max_exp_avg_sqs),
                    step_counts(steps, params.size()),
                    {.lr = lr,
                     .beta1 = beta1,
                     .beta2 = beta2,
                     .eps = eps,
                     .weight_decay = weight_decay,
                     .bias1 = 0,
                     .bias2 = 0,
                     .decoupled = decoupled,
                     .maximize = maximize});
        });
  m.def("total_norm", [](const py::list& arrays, double p) { return total_norm(refs(arrays), p); });
}

}  // namespace tw
