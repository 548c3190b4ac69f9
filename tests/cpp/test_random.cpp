// Philox against its published vectors; every level against the reference; moments of the distributions.
#include <algorithm>
#include <cmath>

#include "levels.h"

namespace tw::test {
namespace {

// "kat_vectors" of the Random123 distribution: counter, key, expected words of philox4x32 with 10 rounds.
struct KnownAnswer {
  uint32_t counter[4], key[2], words[4];
};
constexpr KnownAnswer kKnown[] = {
    {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
    {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
     {0xffffffff, 0xffffffff},
     {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
    {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
     {0xa4093822, 0x299f31d0},
     {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
};

std::vector<const KernelTable*> all_tables() {
  std::vector<const KernelTable*> tables = levels();
  tables.push_back(&reference_table());
  return tables;
}

void test_known_answers() {
  for (const KernelTable* level : all_tables())
    for (const KnownAnswer& k : kKnown) {
      const RandomState s{k.key[0] | uint64_t(k.key[1]) << 32, k.counter[0] | uint64_t(k.counter[1]) << 32,
                          k.counter[2] | uint64_t(k.counter[3]) << 32};
      uint32_t words[4];
      level->random.bits(s, 4, words);
      for (int i = 0; i < 4; ++i)
        check(words[i] == k.words[i], "philox %s word %d: %08x, want %08x", level->level, i, words[i], k.words[i]);
    }
}

constexpr RandomState kState{0x0123456789abcdefull, 0xfffffffdull, 0};  // the position carries into its second word
constexpr int64_t kLengths[] = {0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 255, 256, 257, 1000, 4099};

template <class T, class Fn>
void test_exact(const char* name, Fn draw) {
  for (int64_t n : kLengths) {
    Guarded<T> want(n);
    draw(reference_table().random, n, want.data());
    for (const KernelTable* level : levels()) {
      Guarded<T> got(n, 1);
      draw(level->random, n, got.data());
      check(got.intact(), "%s %s wrote outside, n=%ld", name, level->level, long(n));
      check(std::memcmp(got.data(), want.data(), n * sizeof(T)) == 0, "%s %s differs, n=%ld", name, level->level,
            long(n));
    }
  }
}

// The same values whichever way a range is cut at whole positions.
template <class T, class Fn>
void test_split(const char* name, int per_position, Fn draw) {
  for (const KernelTable* level : all_tables()) {
    const int64_t n = 1000, cut = 52 * per_position;
    Guarded<T> whole(n), parts(n);
    draw(level->random, kState, n, whole.data());
    draw(level->random, kState, cut, parts.data());
    RandomState rest = kState;
    rest.position += 52;
    draw(level->random, rest, n - cut, parts.data() + cut);
    check(std::memcmp(whole.data(), parts.data(), n * sizeof(T)) == 0, "%s %s depends on the split", name,
          level->level);
  }
}

template <class T>
void test_normal(const char* name, DType d, double tolerance) {
  for (int64_t n : kLengths) {
    Guarded<T> want(n);
    reference_table().random.normal[int(d)](kState, n, 1, 2, 0, want.data());
    std::vector<T> first;
    for (const KernelTable* level : levels()) {
      Guarded<T> got(n, 1);
      level->random.normal[int(d)](kState, n, 1, 2, 0, got.data());
      check(got.intact(), "normal %s %s wrote outside", name, level->level);
      for (int64_t i = 0; i < n; ++i)
        check(std::fabs(got[i] - want[i]) <= tolerance, "normal %s %s [%ld]: %.17g, want %.17g", name, level->level,
              long(i), double(got[i]), double(want[i]));
      if (first.empty()) first.assign(got.data(), got.data() + n);
      check(std::equal(first.begin(), first.end(), got.data()), "normal %s %s differs from v2", name, level->level);
    }
  }
}

// Mean, variance, skewness and kurtosis of a million numbers within five standard errors.
template <class T>
void test_moments(const char* name, RandomFloatFn fn, double mean, double variance, double kurtosis) {
  constexpr int n = 1'000'000;
  std::vector<T> x(n);
  fn({42, 7, 0}, n, 0, 1, 1, x.data());
  double m1 = 0, m2 = 0, m3 = 0, m4 = 0;
  for (T v : x) {
    const double d = (v - mean) / std::sqrt(variance);
    m1 += d, m2 += d * d, m3 += d * d * d, m4 += d * d * d * d;
  }
  check(std::fabs(m1 / n) < 5e-3, "%s: mean %g", name, m1 / n);
  check(std::fabs(m2 / n - 1) < 8e-3, "%s: variance %g", name, m2 / n);
  check(std::fabs(m3 / n) < 2e-2, "%s: skewness %g", name, m3 / n);
  check(std::fabs(m4 / n - kurtosis) < 5e-2, "%s: kurtosis %g", name, m4 / n);
}

void test_distributions() {
  for (const KernelTable* level : levels()) {
    const RandomKernels& k = level->random;
    test_moments<float>(
        "uniform f32",
        [](RandomState s, int64_t n, double a, double b, double, void* o) {
          levels().back()->random.uniform[int(DType::f32)](s, n, a, b, 0.99999994, o);
        },
        0.5, 1.0 / 12, 1.8);
    test_moments<double>("uniform f64", k.uniform[int(DType::f64)], 0.5, 1.0 / 12, 1.8);
    test_moments<float>("normal f32", k.normal[int(DType::f32)], 0, 1, 3);
    test_moments<double>("normal f64", k.normal[int(DType::f64)], 0, 1, 3);

    // A range for which a quarter of all draws is rejected, and one that 2^64 does not divide.
    const int n = 400'000;
    std::vector<int64_t> x(n);
    const uint64_t range = 3ull << 62;
    k.integers({1, 2, 0}, n, INT64_MIN, range, x.data());
    int thirds[3] = {};
    for (int64_t v : x) ++thirds[(uint64_t(v) - uint64_t(INT64_MIN)) >> 62];
    for (int count : thirds)
      check(std::abs(count - n / 3) < 1500, "integers %s: a third holds %d", level->level, count);
    k.integers({1, 2, 0}, n, -3, 7, x.data());
    int sevenths[7] = {};
    for (int64_t v : x) {
      check(v >= -3 && v < 4, "integers %s: %ld", level->level, long(v));
      ++sevenths[v + 3];
    }
    for (int count : sevenths)
      check(std::abs(count - n / 7) < 1200, "integers %s: a seventh holds %d", level->level, count);

    std::vector<uint8_t> mask(n);
    k.bernoulli({1, 2, 0}, n, uint64_t(0.3 * 0x1p32), mask.data());
    const long ones = std::count(mask.begin(), mask.end(), 1);
    check(std::labs(ones - long(0.3 * n)) < 1500, "bernoulli %s: %ld ones of %d", level->level, ones, n);
    k.bernoulli({1, 2, 0}, n, uint64_t(1) << 32, mask.data());
    check(std::count(mask.begin(), mask.end(), 1) == n, "bernoulli %s with p = 1", level->level);

    // Each of the 24 orders of four things is as likely.
    int orders[256] = {};
    for (uint64_t t = 0; t < 24'000; ++t) {
      int64_t p[4];
      k.permutation({9, 2 * t, 0}, 4, p);
      ++orders[p[0] * 64 + p[1] * 16 + p[2] * 4 + p[3]];
    }
    int seen = 0;
    for (int count : orders) {
      seen += count > 0;
      check(count == 0 || std::abs(count - 1000) < 170, "permutation %s: an order came %d times", level->level, count);
    }
    check(seen == 24, "permutation %s: %d orders", level->level, seen);
  }
}

template <class T>
void test_masked_scale(const char* name, DType d) {
  for (int64_t n : kLengths) {
    Guarded<T> x(n, 1), want(n);
    Guarded<uint8_t> mask(n, 3);
    for (int64_t i = 0; i < n; ++i) {
      x[i] = i % 5 == 4 ? NAN : T(uniform(-3, 3));
      mask[i] = uniform(0, 1) < 0.5 && i % 5 != 4;
    }
    reference_table().random.masked_scale[int(d)](n, mask.data(), 1.25, x.data(), want.data());
    for (const KernelTable* level : levels()) {
      Guarded<T> got(n, 1);
      level->random.masked_scale[int(d)](n, mask.data(), 1.25, x.data(), got.data());
      check(got.intact(), "masked_scale %s %s wrote outside", name, level->level);
      for (int64_t i = 0; i < n; ++i)
        check(got[i] == want[i], "masked_scale %s %s [%ld]: %g, want %g", name, level->level, long(i), double(got[i]),
              double(want[i]));
    }
  }
}

}  // namespace

int run() {
  test_known_answers();
  test_exact<uint32_t>("bits", [](const RandomKernels& k, int64_t n, uint32_t* o) { k.bits(kState, n, o); });
  test_exact<int64_t>("integers",
                      [](const RandomKernels& k, int64_t n, int64_t* o) { k.integers(kState, n, -5, 1000, o); });
  test_exact<int64_t>("wide integers", [](const RandomKernels& k, int64_t n, int64_t* o) {
    k.integers(kState, n, INT64_MIN, 3ull << 62, o);
  });
  test_exact<int64_t>("all integers",
                      [](const RandomKernels& k, int64_t n, int64_t* o) { k.integers(kState, n, 0, 0, o); });
  test_exact<int64_t>("permutation",
                      [](const RandomKernels& k, int64_t n, int64_t* o) { k.permutation(kState, n, o); });
  test_exact<uint8_t>("bernoulli",
                      [](const RandomKernels& k, int64_t n, uint8_t* o) { k.bernoulli(kState, n, 0x80000000, o); });
#define X(T, name)                                                                                                    \
  test_exact<T>("uniform " #name, [](const RandomKernels& k, int64_t n, T* o) {                                       \
    k.uniform[int(DType::name)](kState, n, -1, 2.5, 1.25, o);                                                         \
  });                                                                                                                 \
  test_split<T>("normal " #name, sizeof(T) == 8 ? 2 : 4, [](const RandomKernels& k, RandomState s, int64_t n, T* o) { \
    k.normal[int(DType::name)](s, n, 0, 1, 0, o);                                                                     \
  });
  TW_FOR_EACH_FLOAT(X)
#undef X
  test_split<int64_t>("integers", 2, [](const RandomKernels& k, RandomState s, int64_t n, int64_t* o) {
    k.integers(s, n, 0, 3ull << 62, o);
  });
  test_split<uint8_t>("bernoulli", 4, [](const RandomKernels& k, RandomState s, int64_t n, uint8_t* o) {
    k.bernoulli(s, n, 1 << 30, o);
  });
  test_normal<float>("f32", DType::f32, 4e-6);
  test_normal<double>("f64", DType::f64, 6e-15);
  test_distributions();
  test_masked_scale<float>("f32", DType::f32);
  test_masked_scale<double>("f64", DType::f64);
  return report();
}

}  // namespace tw::test

int main() { return tw::test::run(); }
