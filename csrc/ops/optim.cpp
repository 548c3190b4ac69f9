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

struct StateCounts {
  size_t fewest, most;
};
StateCounts state_counts(StepRule rule) {
  static constexpr StateCounts counts[] = {
#define TW_COUNTS(name, fewest, most) {fewest, most},
      TW_STEP_RULES(TW_COUNTS)
#undef TW_COUNTS
  };
  return counts[static_cast<int>(rule)];
}

}  // namespace

void optim_step(StepRule rule, const ArrayRefs& params, const ArrayRefs& grads, const std::vector<ArrayRefs>& states,
                std::vector<StepSettings> settings, const std::vector<size_t>& which) {
  constexpr const char* op = "optim_step";
  check_params(op, params);
  Gradients gradients(op, grads, params);
  const StateCounts counts = state_counts(rule);
  if (states.size() < counts.fewest || states.size() > counts.most)
    fail<ValueError>(op, ": got ", states.size(), " lists of states, but this rule keeps ", counts.fewest, " to ",
                     counts.most);
  for (size_t k = 0; k < states.size(); ++k)
    check_state(op, k == 0 ? "states[0]" : k == 1 ? "states[1]" : "states[2]", states[k], params);
  if (!which.empty()) check_count(op, "entries of which", which.size(), params);
  for (const size_t k : which)
    if (k >= settings.size()) fail<ValueError>(op, ": settings ", k, " of ", settings.size());
  if (settings.empty()) fail<ValueError>(op, ": there are no settings");

  const Device device = device_of(op, params);
  const ArrayRefs& g = gradients.contiguous();
  StepProblem problem{rule, static_cast<int>(states.size()), std::move(settings), {}};
  problem.tensors.reserve(params.size());
  for (size_t i = 0; i < params.size(); ++i) {
    StepProblem::Tensor t{
        params[i]->dtype, params[i]->size(), params[i]->data, g[i]->data, {}, which.empty() ? 0 : which[i]};
    for (size_t k = 0; k < states.size(); ++k) t.states[k] = states[k][i]->data;
    problem.tensors.push_back(t);
  }
  backend(device).optim.step(problem);
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
