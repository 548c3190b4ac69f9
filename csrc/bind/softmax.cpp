#include "ops/softmax.h"

#include "bind/op.h"

namespace tw {
namespace {

LossReduction reduction_named(const std::string& name) {
  if (name == "mean") return LossReduction::mean;
  if (name == "sum") return LossReduction::sum;
  if (name == "none") return LossReduction::none;
  fail<ValueError>("cross_entropy: reduction is '", name, "', but must be 'none', 'mean' or 'sum'");
}

}  // namespace

void bind_softmax(py::module_& m) {
  def_op<softmax>(m, "softmax");
  def_op<log_softmax>(m, "log_softmax");
  def_op<logsumexp>(m, "logsumexp");
  def_op<softmax_backward>(m, "softmax_backward");
  def_op<log_softmax_backward>(m, "log_softmax_backward");
  m.def("cross_entropy", [](const Array& logits, const Array& target, const Array* weight, int64_t ignore_index,
                            double label_smoothing, const std::string& reduction) {
    CrossEntropyResult r =
        cross_entropy(logits, target, {weight, ignore_index, label_smoothing, reduction_named(reduction)});
    return py::make_tuple(std::move(r.loss), std::move(r.saved));
  });
  m.def("cross_entropy_backward",
        [](const Array& g, const Array& logits, const Array& target, const Array& saved, const Array* weight,
           int64_t ignore_index, double label_smoothing, const std::string& reduction) {
          return cross_entropy_backward(g, logits, target, saved,
                                        {weight, ignore_index, label_smoothing, reduction_named(reduction)});
        });
}

}  // namespace tw
