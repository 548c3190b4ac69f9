#include "ops/optim.h"

#include <algorithm>
#include <cmath>

#include "core/parallel.h"
#include "dispatch/dispatch.h"
#include "ops/elementwise.h"

namespace tw {
namespace {

constexpr int64_t kChunk = 16384;  // elements a thread takes at a time

int64_t chunks_of(const Array& x) { return (x.size() + kChunk - 1) / kChunk; }

// call(array number, first element, elements, chunk number) for every piece of at most kChunk elements of every array.
template <class Call>
void for_each_chunk(const ArrayRefs& arrays, double ns_per_element, Call call) {
  std::vector<int64_t> first(arrays.size() + 1, 0);  // chunk number at which each array begins
  int64_t elements = 0;
  for (size_t i = 0; i < arrays.size(); ++i) {
    first[i + 1] = first[i] + chunks_of(*arrays[i]);
    elements += arrays[i]->size();
  }
  const int64_t chunks = first.back();
  if (chunks == 0) return;
  const double ns = ns_per_element * static_cast<double>(elements) / static_cast<double>(chunks);
  parallel_for(chunks, 1, ns, [&](int64_t begin, int64_t end) {
    auto i = static_cast<size_t>(std::upper_bound(first.begin(), first.end(), begin) - first.begin() - 1);
    for (int64_t c = begin; c < end; ++c) {
      while (c >= first[i + 1]) ++i;
      const int64_t at = (c - first[i]) * kChunk;
      call(i, at, std::min(kChunk, arrays[i]->size() - at), c);
    }
  });
}

char* at(const Array& x, int64_t element) { return x.data + element * static_cast<int64_t>(x.itemsize()); }

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

}  // namespace

void sgd_step(const ArrayRefs& params, const ArrayRefs& grads, const ArrayRefs& buffers, const SgdArgs& args) {
  constexpr const char* op = "sgd_step";
  check_params(op, params);
  Gradients gradients(op, grads, params);
  if (args.momentum != 0) check_state(op, "momentum_buffers", buffers, params);
  const ArrayRefs& g = gradients.contiguous();
  const SgdFn* row = kernels().optim.sgd;
  for_each_chunk(params, 0.3, [&](size_t i, int64_t begin, int64_t n, int64_t) {
    const Array& p = *params[i];
    row[static_cast<int>(p.dtype)](args, n, at(p, begin), at(*g[i], begin),
                                   args.momentum != 0 ? at(*buffers[i], begin) : nullptr);
  });
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

  struct Correction {
    double bias1, bias2;
  };
  std::vector<Correction> corrections(params.size());
  for (size_t i = 0; i < params.size(); ++i) {
    const double t = static_cast<double>(steps[i]);
    corrections[i] = i > 0 && steps[i] == steps[i - 1]
                         ? corrections[i - 1]
                         : Correction{1 - std::pow(args.beta1, t), 1 - std::pow(args.beta2, t)};
  }
  const ArrayRefs& g = gradients.contiguous();
  const AdamFn* row = kernels().optim.adam;
  for_each_chunk(params, 0.6, [&](size_t i, int64_t begin, int64_t n, int64_t) {
    AdamArgs a = args;
    a.bias1 = corrections[i].bias1;
    a.bias2 = corrections[i].bias2;
    const Array& p = *params[i];
    row[static_cast<int>(p.dtype)](a, n, at(p, begin), at(*g[i], begin), at(*exp_avgs[i], begin),
                                   at(*exp_avg_sqs[i], begin), amsgrad ? at(*max_exp_avg_sqs[i], begin) : nullptr);
  });
}

double total_norm(const ArrayRefs& given, double p) {
  const OptimKernels& k = kernels().optim;
  const NormFn* row = p == 1 ? k.sum_abs : p == 2 ? k.sum_squares : k.max_abs;
  if (p != 1 && p != 2 && p != HUGE_VAL) fail<ValueError>("total_norm: p is ", p, ", but must be 1, 2 or inf");
  for (size_t i = 0; i < given.size(); ++i) check_dtype("total_norm", "arrays", i, *given[i]);
  std::vector<Array> copies;
  copies.reserve(given.size());
  ArrayRefs arrays = given;
  int64_t chunks = 0;
  for (const Array*& x : arrays) {
    if (!x->is_contiguous()) {
      copies.push_back(contiguous(*x));
      x = &copies.back();
    }
    chunks += chunks_of(*x);
  }
  std::vector<double> parts(static_cast<size_t>(chunks));
  for_each_chunk(arrays, 0.15, [&](size_t i, int64_t begin, int64_t n, int64_t chunk) {
    parts[static_cast<size_t>(chunk)] = row[static_cast<int>(arrays[i]->dtype)](n, at(*arrays[i], begin));
  });
  double result = 0;
  for (const double part : parts) {
    if (p != HUGE_VAL)
      result += part;
    else if (part > result || std::isnan(part))  // a NaN stays: nothing compares above it
      result = part;
  }
  return p == 2 ? std::sqrt(result) : result;
}

}  // namespace tw
