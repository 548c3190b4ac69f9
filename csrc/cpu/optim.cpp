#include <algorithm>
#include <cmath>

#include "core/array.h"
#include "core/divide.h"
#include "core/parallel.h"
#include "cpu/cpu.h"
#include "cpu/dispatch/dispatch.h"

namespace tw::cpu {
namespace {

constexpr int64_t kChunk = 16384;  // elements a thread takes at a time

// call(tensor, first element, elements, chunk number) for every piece of at most kChunk elements of every tensor.
template <class Tensor, class Call>
void for_each_chunk(const std::vector<Tensor>& tensors, double ns_per_element, Call call) {
  std::vector<int64_t> first(tensors.size() + 1, 0);  // chunk number at which each tensor begins
  int64_t elements = 0;
  for (size_t i = 0; i < tensors.size(); ++i) {
    first[i + 1] = first[i] + ceil_div(tensors[i].size, kChunk);
    elements += tensors[i].size;
  }
  const int64_t chunks = first.back();
  if (chunks == 0) return;
  const double ns = ns_per_element * static_cast<double>(elements) / static_cast<double>(chunks);
  parallel_for(chunks, 1, ns, [&](int64_t begin, int64_t end) {
    auto i = static_cast<size_t>(std::upper_bound(first.begin(), first.end(), begin) - first.begin() - 1);
    for (int64_t c = begin; c < end; ++c) {
      while (c >= first[i + 1]) ++i;
      const int64_t at = (c - first[i]) * kChunk;
      call(tensors[i], at, std::min(kChunk, tensors[i].size - at), c);
    }
  });
}

// The place of an element, of an array that may be left out.
template <class Byte>
Byte* at(Byte* data, DType dtype, int64_t element) {
  return data ? data + element * static_cast<int64_t>(item_size(dtype)) : nullptr;
}

// The states of a parameter from one element on.
struct States {
  void* first[kMostStates];
  States(const StepProblem::Tensor& t, int64_t element) {
    for (int k = 0; k < kMostStates; ++k) first[k] = at(t.states[k], t.dtype, element);
  }
};

// LAMB's first pass: updates the moments; gives for each parameter its settings, with the rate times |p| / |u|.
std::vector<StepSettings> lamb_settings(const StepProblem& p) {
  std::vector<int64_t> first{0};
  for (const StepProblem::Tensor& t : p.tensors) first.push_back(first.back() + ceil_div(t.size, kChunk));
  std::vector<Squares> parts(static_cast<size_t>(first.back()));
  const LambFn* row = kernels().optim.lamb_moments;
  for_each_chunk(p.tensors, 0.8, [&](const StepProblem::Tensor& t, int64_t begin, int64_t n, int64_t chunk) {
    parts[static_cast<size_t>(chunk)] = row[static_cast<int>(t.dtype)](
        p.settings[t.settings], n, at(t.param, t.dtype, begin), at(t.grad, t.dtype, begin), States(t, begin).first);
  });
  std::vector<StepSettings> settings;
  settings.reserve(p.tensors.size());
  for (size_t i = 0; i < p.tensors.size(); ++i) {
    Squares sum{0, 0};
    for (auto c = static_cast<size_t>(first[i]); c < static_cast<size_t>(first[i + 1]); ++c)
      sum = {sum.param + parts[c].param, sum.update + parts[c].update};
    settings.push_back(p.settings[p.tensors[i].settings]);
    if (sum.param != 0 && sum.update != 0) settings.back().rate *= std::sqrt(sum.param) / std::sqrt(sum.update);
  }
  return settings;
}

}  // namespace

void step(const StepProblem& p) {
  const StepFn* row = kernels().optim.step[static_cast<int>(p.rule)];
  std::vector<StepSettings> of_each;
  if (p.rule == StepRule::lamb) of_each = lamb_settings(p);
  const double ns = 0.3 + 0.15 * p.states;
  for_each_chunk(p.tensors, ns, [&](const StepProblem::Tensor& t, int64_t begin, int64_t n, int64_t) {
    const auto number = static_cast<size_t>(&t - p.tensors.data());
    row[static_cast<int>(t.dtype)](of_each.empty() ? p.settings[t.settings] : of_each[number], n,
                                   at(t.param, t.dtype, begin), at(t.grad, t.dtype, begin), States(t, begin).first,
                                   p.states);
  });
}

double norm(const NormProblem& p) {
  const OptimKernels& k = kernels().optim;
  const NormFn* row = p.kind == NormProblem::sum_abs       ? k.sum_abs
                      : p.kind == NormProblem::sum_squares ? k.sum_squares
                                                           : k.max_abs;
  int64_t chunks = 0;
  for (const NormProblem::Tensor& t : p.tensors) chunks += ceil_div(t.size, kChunk);
  std::vector<double> parts(static_cast<size_t>(chunks));
  for_each_chunk(p.tensors, 0.15, [&](const NormProblem::Tensor& t, int64_t begin, int64_t n, int64_t chunk) {
    parts[static_cast<size_t>(chunk)] = row[static_cast<int>(t.dtype)](n, at(t.data, t.dtype, begin));
  });
  double result = 0;
  for (const double part : parts) {
    if (p.kind != NormProblem::max_abs)
      result += part;
    else if (part > result || std::isnan(part))  // a NaN stays: nothing compares above it
      result = part;
  }
  return result;
}

}  // namespace tw::cpu
