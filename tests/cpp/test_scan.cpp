// Scans at every level against the reference, which adds in long double.
#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

#include "levels.h"

namespace tw::test {
namespace {

template <class T>
T draw(bool product) {
  if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(rng()());
  } else if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(product ? uniform(0.9, 1.1) : uniform(-1, 2));
  } else {
    const double angle = uniform(-3, 3);
    return {static_cast<decltype(T::re)>(std::cos(angle)), static_cast<decltype(T::im)>(std::sin(angle))};
  }
}

// The largest error in units of the last place of `scale`, a bound of what was added up.
double error(uint64_t got, uint64_t want, double) { return got == want ? 0 : INFINITY; }
double error(int64_t got, int64_t want, double) { return got == want ? 0 : INFINITY; }
double error(double got, double want, double scale) {
  return got == want || (got != got && want != want) ? 0 : std::abs(got - want) / (scale * 0x1p-52);
}
double error(float got, float want, double scale) { return error(double{got}, double{want}, scale * 0x1p29); }
double error(c128 got, c128 want, double scale) {
  return std::max(error(got.re, want.re, scale), error(got.im, want.im, scale));
}
double error(c64 got, c64 want, double scale) {
  return std::max(error(got.re, want.re, scale), error(got.im, want.im, scale));
}

std::vector<ScanArgs> cases() {
  std::vector<ScanArgs> all;
  for (const bool reverse : {false, true}) {
    for (const int64_t n : {1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 64, 65, 255, 256, 257, 300, 1000, 5000})
      all.push_back({n < 300 ? 3 : 1, n, 1, 1, reverse});
    for (const int64_t n : {1, 2, 5, 255, 256, 257, 600})
      for (const int64_t inner : {1, 2, 7, 16, 33, 257}) {
        all.push_back({2, n, inner, inner, reverse});
        all.push_back({1, n, inner, inner + 3, reverse});
      }
  }
  return all;
}

int64_t elements(const ScanArgs& a) { return ((a.outer - 1) * a.n + a.n - 1) * a.stride + a.inner; }

template <class T>
void compare(const KernelTable& table, DType dtype, bool product) {
  const auto fn_of = [&](const KernelTable& t) {
    return (product ? t.scan.prod : t.scan.sum)[static_cast<int>(dtype)];
  };
  for (const ScanArgs& a : cases()) {
    const int64_t size = elements(a);
    Guarded<T> x(size, 1), got(size, 1), want(size, 1);
    for (int64_t i = 0; i < size; ++i) x[i] = draw<T>(product), got[i] = want[i] = T{};
    fn_of(table)(a, x.data(), got.data(), nullptr);
    fn_of(reference_table())(a, x.data(), want.data(), nullptr);
    // Sums lose a unit of what they have come to each time, in chains of 256; products one of their own.
    const double allowed = product ? 2.0 * static_cast<double>(a.n) : 16;
    double worst = 0;
    for (int64_t i = 0; i < size; ++i) {
      double scale = 1;
      if constexpr (std::is_floating_point_v<T>)
        scale = product ? std::abs(static_cast<double>(want[i])) : static_cast<double>(a.n);
      worst = std::max(worst, error(got[i], want[i], scale));
    }
    check(worst <= allowed && got.intact(), "%s %s of dtype %d: outer %ld n %ld inner %ld stride %ld reverse %d: %g",
          table.level, product ? "prod" : "sum", static_cast<int>(dtype), a.outer, a.n, a.inner, a.stride, a.reverse,
          worst);
  }
}

// One scan in two pieces with a carry between them, and the carry without a result.
template <class T>
void test_carry(const KernelTable& table, DType dtype) {
  const ScanFn fn = table.scan.sum[static_cast<int>(dtype)];
  for (const bool reverse : {false, true})
    for (const int64_t inner : {1, 5, 300}) {
      constexpr int64_t n = 700, cut = 300;
      Guarded<T> x(n * inner), got(n * inner), want(n * inner);
      for (int64_t i = 0; i < n * inner; ++i) x[i] = draw<T>(false);
      const int64_t first = (reverse ? n - cut : 0) * inner, second = (reverse ? 0 : cut) * inner;
      std::vector<ScanCarry> carry(static_cast<size_t>(inner)), alone(static_cast<size_t>(inner));
      for (ScanCarry& c : carry) c = {{0, 0}};
      for (ScanCarry& c : alone) c = {{0, 0}};
      const ScanArgs head{1, cut, inner, inner, reverse}, tail{1, n - cut, inner, inner, reverse};
      fn(head, x.data() + first, nullptr, alone.data());
      fn(head, x.data() + first, got.data() + first, carry.data());
      check(std::memcmp(carry.data(), alone.data(), carry.size() * sizeof(ScanCarry)) == 0,
            "%s: the carry depends on whether a result is written", table.level);
      fn(tail, x.data() + second, got.data() + second, carry.data());
      reference_table().scan.sum[static_cast<int>(dtype)]({1, n, inner, inner, reverse}, x.data(), want.data(),
                                                          nullptr);
      double worst = 0;
      for (int64_t i = 0; i < n * inner; ++i) worst = std::max(worst, error(got[i], want[i], n));
      check(worst <= 16 && got.intact(), "%s carry of dtype %d: inner %ld reverse %d: %g", table.level,
            static_cast<int>(dtype), inner, reverse, worst);
    }
}

// A million float32 sums of 0.1 are right to the last bit or two, as are float64 sums far below the first.
void test_long_chains(const KernelTable& table) {
  constexpr int64_t n = 1000000;
  std::vector<float> x(n, 0.1f), y(n);
  table.scan.sum[static_cast<int>(DType::f32)]({1, n, 1, 1, false}, x.data(), y.data(), nullptr);
  check(y[n - 1] == static_cast<float>(n * double{0.1f}), "%s: %.9g", table.level, y[n - 1]);
  for (const int64_t inner : {1, 3}) {
    std::vector<double> small(static_cast<size_t>(n * inner), 0x1p-60), sums(small.size());
    std::fill_n(small.data(), inner, 1.0);
    table.scan.sum[static_cast<int>(DType::f64)]({1, n, inner, inner, false}, small.data(), sums.data(), nullptr);
    const double exact = 1 + (n - 1) * 0x1p-60;
    check(std::abs(sums.back() - exact) < 1e-15, "%s: %.17g for %.17g", table.level, sums.back(), exact);
  }
}

// Infinity stays, and becomes NaN where its opposite comes.
void test_infinities(const KernelTable& table) {
  constexpr double inf = std::numeric_limits<double>::infinity();
  for (const int64_t inner : {1, 2}) {
    constexpr int64_t n = 1200;
    std::vector<double> x(static_cast<size_t>(n * inner), 1), y(x.size());
    for (int64_t c = 0; c < inner; ++c) x[static_cast<size_t>(300 * inner + c)] = inf;
    x[static_cast<size_t>(900 * inner)] = -inf;
    table.scan.sum[static_cast<int>(DType::f64)]({1, n, inner, inner, false}, x.data(), y.data(), nullptr);
    bool good = true;
    for (int64_t i = 0; i < n; ++i) {
      const double v = y[static_cast<size_t>(i * inner)];
      good &= i < 300 ? v == static_cast<double>(i + 1) : i < 900 ? v == inf : v != v;
    }
    check(good, "%s: infinities in columns of %ld", table.level, inner);
  }
}

}  // namespace
}  // namespace tw::test

int main() {
  using namespace tw;
  using namespace tw::test;
  for (const KernelTable* table : levels()) {
    for (const bool product : {false, true}) {
      compare<float>(*table, DType::f32, product);
      compare<double>(*table, DType::f64, product);
      compare<int64_t>(*table, DType::i64, product);
      compare<uint64_t>(*table, DType::u64, product);
    }
    compare<c64>(*table, DType::c64, true);
    compare<c128>(*table, DType::c128, true);
    test_carry<float>(*table, DType::f32);
    test_carry<double>(*table, DType::f64);
    test_carry<int64_t>(*table, DType::i64);
    test_long_chains(*table);
    test_infinities(*table);
  }
  return report();
}
