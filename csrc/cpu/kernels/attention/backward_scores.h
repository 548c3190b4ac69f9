// What becomes of products of queries and keys before their exponentials are taken, a row at a time.
#pragma once
#include "cpu/kernels/attention/backward.h"
#include "cpu/kernels/attention/block_products.h"
#include "cpu/kernels/math.h"
#include "cpu/kernels/random/philox.h"

namespace tw::TW_ISA {

template <class T>
TW_INLINE vec<mask_t<T>> lane_numbers() {
  vec<mask_t<T>> n;
  for (int i = 0; i < lanes<T>; ++i) n[i] = (mask_t<T>)i;
  return n;
}

// The lane, of all or none where it is beyond.
template <class T>
TW_INLINE vec<mask_t<T>> lane_before(int64_t lane) {
  return set1((mask_t<T>)(lane < 0 ? 0 : lane > lanes<T> ? lanes<T> : lane));
}

// n <= L elements, `step` apart.
template <class T>
TW_INLINE vec<T> load_strided(const T* x, int64_t step, int n) {
  if (step == 1) return n == lanes<T> ? load(x) : load_n(x, n);
  if (step == 0) return set1(*x);
  vec<T> v = {};
  for (int i = 0; i < n; ++i) v[i] = x[i * step];
  return v;
}
template <class T>
TW_INLINE vec<mask_t<T>> load_flags(const uint8_t* x, int64_t step, int n) {
  vecn<uint8_t, lanes<T>> bytes = {};
  if (step == 1 && n == lanes<T>)
    __builtin_memcpy(&bytes, x, sizeof bytes);
  else
    for (int i = 0; i < n; ++i) bytes[i] = x[i * step];
  return __builtin_convertvector(bytes, vec<mask_t<T>>) != 0;
}

template <class T>
class ScoreTerms {
  static constexpr int L = lanes<T>;

 public:
  explicit ScoreTerms(const AttentionBackwardPart& p) : p_(p) {}

  // Whether a score is more than a product that the band lets count.
  bool any() const { return p_.softcap != 0 || p_.keep.data || p_.bias.data || p_.relative.data || p_.p != 0; }

  Range keys_of(Range queries) const {
    return meeting({queries.from - p_.before, queries.to + p_.after}, {p_.from, p_.to});
  }
  Range queries_of(Range keys) const {
    return meeting({keys.from - p_.after, keys.to + p_.before}, {0, p_.queries});
  }
  // Whether each of the queries sees each of the keys, as far as the band goes.
  bool meet(Range queries, Range keys) const {
    return keys.to - 1 <= queries.from + p_.after && keys.from >= queries.to - 1 - p_.before;
  }

  // Scores of query i and of keys [keys.from, keys.to) from their products; -inf where they do not count. With a cap,
  // its derivatives.
  void row(int64_t i, Range keys, T* products, T* slopes) const {
    const Range seen = keys_of({i, i + 1});
    const vec<T> scale = set1((T)p_.scale), cap = set1((T)p_.softcap), over_cap = set1((T)(1 / p_.softcap));
    const vec<mask_t<T>> lane = lane_numbers<T>();
    for (int64_t j = keys.from; j < keys.to; j += L) {
      T* const at = products + (j - keys.from);
      const int n = min(keys.to - j, L);
      vec<T> z = load(at) * scale;
      if (p_.softcap != 0) {
        const vec<T> t = tanh(z * over_cap);
        z = t * cap;
        store(slopes + (j - keys.from), splat<vec<T>>(1) - t * t);
      }
      auto counted = lane >= lane_before<T>(seen.from - j) & lane < lane_before<T>(seen.to - j);
      if (p_.keep.data) counted &= load_flags<T>(at_score<uint8_t>(p_.keep, i, j), p_.keep.column, n);
      if (p_.bias.data) z += finite_terms(load_strided(at_score<T>(p_.bias, i, j), p_.bias.column, n), counted);
      if (p_.relative.data)
        z += finite_terms(
            load_strided(static_cast<const T*>(p_.relative.data) + (j - i) * p_.relative.column, p_.relative.column, n),
            counted);
      store(at, counted ? z : set1((T)-__builtin_inf()));
    }
  }

  // Whether dropout keeps the weights of query i and those keys.
  void kept(int64_t i, Range keys, uint8_t* out) const {
    const double limit = __builtin_rint((1 - p_.p) * 0x1p32);
    const uint64_t first = p_.first + (uint64_t)i * p_.step + (uint64_t)keys.from;
    const vu32 threshold = set1<uint32_t>((uint32_t)(limit < 0x1p32 ? limit : 0));
    RandomState state{p_.seed, p_.offset + first / 4, 0};
    for (int64_t at = -(int64_t)(first % 4); at < keys.count(); at += kWords, state.position += kPositions) {
      const auto [low, high] = in_order(philox(state, state.position));
      const vu32 words[] = {bitcast<vu32>(low), bitcast<vu32>(high)};
      for (int64_t n = at < 0 ? -at : 0; n < kWords && at + n < keys.count(); ++n)
        out[at + n] = limit >= 0x1p32 || words[n / (kWords / 2)][n % (kWords / 2)] < threshold[0];
    }
  }

 private:
  template <class E>
  static const E* at_score(const AttentionRows& x, int64_t i, int64_t j) {
    return static_cast<const E*>(x.data) + i * x.row + j * x.column;
  }
  template <class M>
  static TW_INLINE vec<T> finite_terms(vec<T> term, M& counted) {
    const auto forbids = term == set1((T)-__builtin_inf());
    counted &= ~forbids;
    return forbids ? vec<T>{} : term;
  }

  const AttentionBackwardPart& p_;
};

}  // namespace tw::TW_ISA
