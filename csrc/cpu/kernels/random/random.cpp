// Bits, integers, permutations, Bernoulli masks and dropout.
#include "cpu/kernels/random/random.h"

#include "cpu/kernels/random/philox.h"

namespace tw::TW_ISA {
namespace {

void bits(RandomState s, int64_t n, uint32_t* out) {
  generate<kWords>(s, n, out, [](const Words& x, uint32_t* p) __attribute__((always_inline)) {
    const auto [first, second] = in_order(x);
    store(p, bitcast<vu32>(first));
    store(p + kWords / 2, bitcast<vu32>(second));
  });
}

void bernoulli(RandomState s, int64_t n, uint64_t threshold, uint8_t* out) {
  if (threshold >> 32) {
    for (int64_t i = 0; i < n; ++i) out[i] = 1;
    return;
  }
  const vu32 limit = set1<uint32_t>((uint32_t)threshold);
  generate<kWords>(s, n, out, [&](const Words& x, uint8_t* p) __attribute__((always_inline)) {
    const auto [first, second] = in_order(x);
    typedef vecn<uint8_t, lanes<uint32_t>> Bytes;
    const Bytes a = __builtin_convertvector((bitcast<vu32>(first) < limit) & 1, Bytes);
    const Bytes b = __builtin_convertvector((bitcast<vu32>(second) < limit) & 1, Bytes);
    __builtin_memcpy(p, &a, sizeof a);
    __builtin_memcpy(p + sizeof a, &b, sizeof b);
  });
}

void words64(const RandomState& s, int64_t n, uint64_t* out) {
  generate<kWords / 2>(s, n, out, [](const Words& x, uint64_t* p) __attribute__((always_inline)) {
    const auto [first, second] = in_order(x);
    store(p, first);
    store(p + kPositions, second);
  });
}

// A number in [0, range), from the 64-bit word number `index` of the stream that `word` was drawn from. The product's
// high half is uniform once the few low halves that would favour some results are drawn again (Lemire, Fast random
// integer generation in an interval, 2019), here from the same position of the next stream.
TW_INLINE uint64_t bounded(RandomState s, int64_t index, uint64_t word, uint64_t range) {
  if (range == 0) return word;
  unsigned __int128 product = (unsigned __int128)word * range;
  if ((uint64_t)product < range) [[unlikely]] {
    const uint64_t unfair = -range % range;
    s.position += (uint64_t)index / 2;
    while ((uint64_t)product < unfair) {
      ++s.stream;
      const Words x = philox(s, s.position);
      const int half = index % 2 * 2;
      product = (unsigned __int128)(x.w[half][0] | x.w[half + 1][0] << 32) * range;
    }
  }
  return (uint64_t)(product >> 64);
}

constexpr int64_t kBuffer = 256;  // 64-bit words, of kBuffer / 2 positions

void integers(RandomState s, int64_t n, int64_t low, uint64_t range, int64_t* out) {
  uint64_t buffer[kBuffer];
  for (int64_t i = 0; i < n; i += kBuffer) {
    const int64_t m = n - i < kBuffer ? n - i : kBuffer;
    words64({s.seed, s.position + (uint64_t)i / 2, s.stream}, m, buffer);
    for (int64_t k = 0; k < m; ++k) out[i + k] = (int64_t)((uint64_t)low + bounded(s, i + k, buffer[k], range));
  }
}

// Fisher and Yates, forwards: element i changes places with one of the i before it or itself.
void permutation(RandomState s, int64_t n, int64_t* out) {
  uint64_t buffer[kBuffer];
  for (int64_t i = 0; i < n; i += kBuffer) {
    const int64_t m = n - i < kBuffer ? n - i : kBuffer;
    words64({s.seed, s.position + (uint64_t)i / 2, s.stream}, m, buffer);
    for (int64_t k = i; k < i + m; ++k) {
      const int64_t other = (int64_t)bounded(s, k, buffer[k - i], (uint64_t)k + 1);
      out[k] = out[other];
      out[other] = k;
    }
  }
}

template <class T, class A = compute_t<T>>
void masked_scale(int64_t n, const uint8_t* mask, double scale, const void* x_, void* y_) {
  const T* x = static_cast<const T*>(x_);
  T* y = static_cast<T*>(y_);
  const vec<A> factor = set1<A>((A)scale);
  auto apply = [&](const uint8_t* m, vec<A> v) __attribute__((always_inline)) {
    vecn<uint8_t, lanes<A>> keep;
    __builtin_memcpy(&keep, m, sizeof keep);
    return __builtin_convertvector(keep, vec<mask_t<A>>) != 0 ? v * factor : vec<A>{};
  };
  int64_t i = 0;
  for (; i + lanes<A> <= n; i += lanes<A>) store(y + i, apply(mask + i, load(x + i)));
  if (i < n) {
    const int rest = (int)(n - i);
    uint8_t m[lanes<A>] = {};
    for (int k = 0; k < rest; ++k) m[k] = mask[i + k];
    store_n(y + i, apply(m, load_n(x + i, rest)), rest);
  }
}

}  // namespace

void fill_float(RandomKernels&);

void fill(RandomKernels& k) {
  k.bits = bits;
  k.integers = integers;
  k.bernoulli = bernoulli;
  k.permutation = permutation;
#define X(T, name) k.masked_scale[(int)DType::name] = masked_scale<T>;
  TW_FOR_EACH_FLOAT(X)
#undef X
  fill_float(k);
}

}  // namespace tw::TW_ISA
