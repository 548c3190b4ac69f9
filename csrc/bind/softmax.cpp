#include "ops/softmax.h"

#include "bind/bind.h"
#include "bind/caster.h"
#include "bind/tape.h"

namespace tw {
namespace {

LossReduction reduction_named(const std::string& name) {
  if (name == "mean") return LossReduction::mean;
  if (name == "sum") return LossReduction::sum;
  if (name == "none") return LossReduction::none;
  fail<ValueError>("cross_entropy: reduction is '", name, "', but must be 'none', 'mean' or 'sum'");
}

typedef Array (*AlongAxis)(const Array& x, int64_t axis);

template <AlongAxis op>
Array along_axis(const NativeCall& c, Array&) {
  return op(c.array(0), py::cast<int64_t>(py::handle(c.statics[0])));
}

}  // namespace

void bind_softmax(py::module_& m) {
  register_native("softmax", &along_axis<softmax>, nullptr);
  register_native("log_softmax", &along_axis<log_softmax>, nullptr);
  register_native("logsumexp", &along_axis<logsumexp>, nullptr);
  m.def("softmax", &softmax);
  m.def("log_softmax", &log_softmax);
  m.def("logsumexp", &logsumexp);
  m.def("softmax_backward", &softmax_backward);
  m.def("log_softmax_backward", &log_softmax_backward);
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
