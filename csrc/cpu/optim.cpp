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

}  // namespace

void sgd(const SgdProblem& p) {
  const SgdFn* row = kernels().optim.sgd;
  for_each_chunk(p.tensors, 0.3, [&](const SgdProblem::Tensor& t, int64_t begin, int64_t n, int64_t) {
    row[static_cast<int>(t.dtype)](p.args, n, at(t.param, t.dtype, begin), at(t.grad, t.dtype, begin),
                                   at(t.buffer, t.dtype, begin));
  });
}

void adam(const AdamProblem& p) {
  const AdamFn* row = kernels().optim.adam;
  for_each_chunk(p.tensors, 0.6, [&](const AdamProblem::Tensor& t, int64_t begin, int64_t n, int64_t) {
    AdamArgs args = p.args;
    args.bias1 = t.bias1;
    args.bias2 = t.bias2;
    row[static_cast<int>(t.dtype)](args, n, at(t.param, t.dtype, begin), at(t.grad, t.dtype, begin),
                                   at(t.exp_avg, t.dtype, begin), at(t.exp_avg_sq, t.dtype, begin),
                                   at(t.max_exp_avg_sq, t.dtype, begin));
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
