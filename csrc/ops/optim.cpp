#include "ops/optim.h"

#include <cmath>

#include "backend/backend.h"
#include "ops/elementwise.h"
#include "ops/transfer.h"

namespace tw {
namespace {

void check_dtype(const char* op, const char* what, size_t i, const Array& x) {
  if (x.dtype != DType::f32 && x.dtype != DType::f64)
    fail<TypeError>(op, ": ", what, "[", i, "] is ", x.dtype, ", but must be float32 or float64");
}

void check_target(const char* op, const char* what, size_t i, const Array& x) {
  if (x.storage->readonly) fail<ValueError>(op, ": ", what, "[", i, "] is read-only");
  if (!x.is_contiguous())
    fail<ValueError>(op, ": ", what, "[", i, "] of shape ", x.shape,
                     " is not contiguous, which an update in place needs; replace it by a contiguous copy");
}

void check_like(const char* op, const char* what, size_t i, const Array& x, const Array& param) {
  if (!(x.shape == param.shape))
    fail<ValueError>(op, ": ", what, "[", i, "] has shape ", x.shape, ", but its parameter has ", param.shape);
  if (x.dtype != param.dtype)
    fail<TypeError>(op, ": ", what, "[", i, "] is ", x.dtype, ", but its parameter is ", param.dtype);
  if (!(x.device == param.device))
    fail<ValueError>(op, ": ", what, "[", i, "] is on ", x.device, ", but its parameter is on ", param.device);
}

void check_params(const char* op, const ArrayRefs& params) {
  for (size_t i = 0; i < params.size(); ++i) {
    check_dtype(op, "params", i, *params[i]);
    check_target(op, "params", i, *params[i]);
  }
}

void check_count(const char* op, const char* what, size_t count, const ArrayRefs& params) {
  if (count != params.size()) fail<ValueError>(op, ": there are ", params.size(), " params, but ", count, " ", what);
}

void check_state(const char* op, const char* what, const ArrayRefs& state, const ArrayRefs& params) {
  check_count(op, what, state.size(), params);
  for (size_t i = 0; i < params.size(); ++i) {
    check_like(op, what, i, *state[i], *params[i]);
    check_target(op, what, i, *state[i]);
  }
}

// The gradients, copied where they are not contiguous.
class Gradients {
 public:
  Gradients(const char* op, const ArrayRefs& grads, const ArrayRefs& params) : refs_(grads) {
    check_count(op, "grads", grads.size(), params);
    for (size_t i = 0; i < grads.size(); ++i) {
      check_like(op, "grads", i, *grads[i], *params[i]);
      if (!grads[i]->is_contiguous()) strided_ = true;
    }
  }
  Gradients(const Gradients&) = delete;

  const ArrayRefs& contiguous() {
    if (!strided_) return refs_;
    copies_.reserve(refs_.size());
    for (const Array*& g : refs_) {
      copies_.push_back(tw::contiguous(*g));
      g = &copies_.back();
    }
    return refs_;
  }

 private:
  ArrayRefs refs_;
  std::vector<Array> copies_;
  bool strided_ = false;
};

// The device of all of them, which they must share to be updated in one call.
Device device_of(const char* op, const ArrayRefs& params) {
  for (const Array* param : params) common_device(op, {{"params[0]", params[0]}, {"another parameter", param}});
  return params.empty() ? Device{} : params[0]->device;
}

}  // namespace

void sgd_step(const ArrayRefs& params, const ArrayRefs& grads, const ArrayRefs& buffers, const SgdArgs& args) {
  constexpr const char* op = "sgd_step";
  check_params(op, params);
  Gradients gradients(op, grads, params);
  if (args.momentum != 0) check_state(op, "momentum_buffers", buffers, params);
  const Device device = device_of(op, params);
  const ArrayRefs& g = gradients.contiguous();
  SgdProblem problem{args, {}};
  problem.tensors.reserve(params.size());
  for (size_t i = 0; i < params.size(); ++i)
    problem.tensors.push_back({params[i]->dtype, params[i]->size(), params[i]->data, g[i]->data,
                               args.momentum != 0 ? buffers[i]->data : nullptr});
  backend(device).optim.sgd(problem);
}

void adam_step(const ArrayRefs& params, const ArrayRefs& grads, const ArrayRefs& exp_avgs, const ArrayRefs& exp_avg_sqs,
               const ArrayRefs& max_exp_avg_sqs, const std::vector<int64_t>& steps, AdamArgs args) {
  constexpr const char* op = "adam_step";
  check_params(op, params);
  Gradients gradients(op, grads, params);
  check_state(op, "exp_avgs", exp_avgs, params);
  check_state(op, "exp_avg_sqs", exp_avg_sqs, params);
  const bool amsgrad = !max_exp_avg_sqs.empty();
  if (amsgrad) check_state(op, "max_exp_avg_sqs", max_exp_avg_sqs, params);
  check_count(op, "steps", steps.size(), params);
  for (size_t i = 0; i < steps.size(); ++i)
    if (steps[i] < 1) fail<ValueError>(op, ": steps[", i, "] is ", steps[i], ", but counts from 1");

  const Device device = device_of(op, params);
  const ArrayRefs& g = gradients.contiguous();
  AdamProblem problem{args, {}};
  problem.tensors.reserve(params.size());
  for (size_t i = 0; i < params.size(); ++i) {
    AdamProblem::Tensor t{params[i]->dtype,
                          params[i]->size(),
                          params[i]->data,
                          g[i]->data,
                          exp_avgs[i]->data,
                          exp_avg_sqs[i]->data,
                          amsgrad ? max_exp_avg_sqs[i]->data : nullptr,
                          0,
                          0};
    if (i > 0 && steps[i] == steps[i - 1]) {
      t.bias1 = problem.tensors.back().bias1;
      t.bias2 = problem.tensors.back().bias2;
    } else {
      t.bias1 = 1 - std::pow(args.beta1, static_cast<double>(steps[i]));
      t.bias2 = 1 - std::pow(args.beta2, static_cast<double>(steps[i]));
    }
    problem.tensors.push_back(t);
  }
  backend(device).optim.adam(problem);
}

double total_norm(const ArrayRefs& given, double p) {
  if (p != 1 && p != 2 && p != HUGE_VAL) fail<ValueError>("total_norm: p is ", p, ", but must be 1, 2 or inf");
  for (size_t i = 0; i < given.size(); ++i) check_dtype("total_norm", "arrays", i, *given[i]);
  const Device device = device_of("total_norm", given);
  std::vector<Array> arrays;
  arrays.reserve(given.size());
  NormProblem problem{p == 1 ? NormProblem::sum_abs : p == 2 ? NormProblem::sum_squares : NormProblem::max_abs, {}};
  problem.tensors.reserve(given.size());
  for (const Array* x : given) {
    arrays.push_back(contiguous(*x));
    problem.tensors.push_back({x->dtype, x->size(), arrays.back().data});
  }
  const double result = backend(device).optim.norm(problem);
  return p == 2 ? std::sqrt(result) : result;
}

}  // namespace tw
