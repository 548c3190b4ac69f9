#include <algorithm>
#include <cmath>

#include "core/array.h"
#include "core/parallel.h"
#include "cpu/cpu.h"
#include "cpu/dispatch/dispatch.h"

namespace tw::cpu {
namespace {

constexpr int64_t kChunk = 16384;  // elements a thread takes at a time: whole positions

// call(state, first element, elements) for every chunk; an element takes one of `per_position` shares of a position.
template <class Call>
void for_each_chunk(int64_t n, RandomSource source, int per_position, double ns, Call call) {
  parallel_for(n, kChunk, ns, [&](int64_t begin, int64_t end) {
    for (int64_t at = begin; at < end; at += kChunk)
      call(RandomState{source.seed, source.offset + static_cast<uint64_t>(at / per_position), 0}, at,
           std::min(kChunk, end - at));
  });
}

uint8_t* bytes_of(bool* mask) { return reinterpret_cast<uint8_t*>(mask); }

}  // namespace

uint64_t random_threshold(double p) { return static_cast<uint64_t>(std::llrint(std::ldexp(p, 32))); }

void random_bits(const RandomBitsProblem& p) {
  for_each_chunk(p.count, p.source, 4, 0.5, [&](RandomState s, int64_t at, int64_t n) {
    s.stream = p.stream;
    kernels().random.bits(s, n, p.out + at);
  });
}

void random_floats(const RandomFloatProblem& p) {
  const bool uniform = p.distribution == RandomFloatProblem::uniform;
  const RandomFloatFn fn = (uniform ? kernels().random.uniform : kernels().random.normal)[static_cast<int>(p.dtype)];
  const auto itemsize = static_cast<int64_t>(item_size(p.dtype));
  for_each_chunk(p.count, p.source, p.dtype == DType::f64 ? 2 : 4, uniform ? 0.6 : 2,
                 [&](RandomState s, int64_t at, int64_t n) { fn(s, n, p.a, p.b, p.cap, p.out + at * itemsize); });
}

void random_integers(const RandomIntegersProblem& p) {
  for_each_chunk(p.count, p.source, 2, 2, [&](RandomState s, int64_t at, int64_t n) {
    kernels().random.integers(s, n, p.low, p.range, p.out + at);
  });
}

void random_bernoulli(const RandomBernoulliProblem& p) {
  for_each_chunk(p.count, p.source, 4, 0.5, [&](RandomState s, int64_t at, int64_t n) {
    kernels().random.bernoulli(s, n, random_threshold(p.p), bytes_of(p.out) + at);
  });
}

void random_permutation(const RandomPermutationProblem& p) {
  // One chain of exchanges, so one thread.
  kernels().random.permutation({p.source.seed, p.source.offset, 0}, p.count, p.out);
}

void dropout(const DropoutProblem& p) {
  const MaskedScaleFn scale = kernels().random.masked_scale[static_cast<int>(p.dtype)];
  const double factor = p.p < 1 ? 1 / (1 - p.p) : 0;
  const auto itemsize = static_cast<int64_t>(item_size(p.dtype));
  for_each_chunk(p.count, p.source, 4, p.draws ? 0.7 : 0.15, [&](RandomState s, int64_t at, int64_t n) {
    uint8_t* mask = bytes_of(p.mask) + at;
    if (p.draws) kernels().random.bernoulli(s, n, random_threshold(1 - p.p), mask);
    scale(n, mask, factor, p.x + at * itemsize, p.y + at * itemsize);
  });
}

}  // namespace tw::cpu
