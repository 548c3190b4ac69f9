// Sorting at every level against the reference, bit for bit: rows of all lengths, and one row by blocks.
#include <algorithm>
#include <type_traits>
#include <utility>

#include "levels.h"

namespace tw::test {
namespace {

enum Pattern { anything, few, ascending, descending, equal, kPatterns };

// Random bits: of floats NaNs of both signs, infinities and denormals among them.
template <class T>
T draw() {
  uint64_t bits = rng()();
  if (uniform(0, 1) < 0.1) bits &= 0x8000000000000000 | rng()() % 16;  // zeros, denormals, small integers
  T x;
  if constexpr (std::is_same_v<T, bool>) {
    x = bits & 1;
  } else {
    std::memcpy(&x, reinterpret_cast<char*>(&bits) + 8 - sizeof x, sizeof x);
  }
  return x;
}

template <class T>
void fill(Guarded<T>& x, Pattern pattern, const KernelTable& reference, DType dtype) {
  const T some[] = {draw<T>(), draw<T>(), draw<T>(), T{}, draw<T>()};
  for (int64_t i = 0; i < x.size(); ++i) x[i] = pattern == anything ? draw<T>() : some[rng()() % 5];
  if (pattern == equal) std::fill_n(x.data(), x.size(), some[0]);
  if (pattern != ascending && pattern != descending) return;
  Guarded<T> drawn(x.size());
  for (int64_t i = 0; i < x.size(); ++i) drawn[i] = draw<T>();
  std::vector<char> scratch(static_cast<size_t>(sort_scratch_bytes(sizeof(T), x.size(), false)));
  reference.sort.rows[static_cast<int>(dtype)]({dtype, pattern == descending, 1, x.size(), x.size()}, drawn.data(),
                                               x.data(), nullptr, scratch.data());
}

template <class T>
struct Results {
  Guarded<T> values;
  Guarded<int64_t> positions;
  explicit Results(int64_t n) : values(n), positions(n) {}
  bool operator==(Results& other) {
    return std::memcmp(values.data(), other.values.data(), static_cast<size_t>(values.size()) * sizeof(T)) == 0 &&
           std::memcmp(positions.data(), other.positions.data(), static_cast<size_t>(positions.size()) * 8) == 0;
  }
};

template <class T>
Results<T> sort(const KernelTable& table, const SortArgs& a, T* x, bool values, bool positions) {
  Results<T> results(a.rows * a.k);
  Guarded<char> scratch(sort_scratch_bytes(sizeof(T), a.n, positions));
  std::fill_n(results.values.data(), a.rows * a.k, T{});
  std::fill_n(results.positions.data(), a.rows * a.k, int64_t{0});
  table.sort.rows[static_cast<int>(a.dtype)](a, x, values ? results.values.data() : nullptr,
                                             positions ? results.positions.data() : nullptr, scratch.data());
  check(results.values.intact() && results.positions.intact() && scratch.intact(), "%s: wrote beyond n %ld k %ld",
        table.level, a.n, a.k);
  return results;
}

template <class T>
void test_rows(const KernelTable& table, DType dtype) {
  for (const int64_t n : {1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 127, 128, 129, 200, 300, 1000, 5000})
    for (int pattern = 0; pattern < kPatterns; ++pattern)
      for (const int64_t k : {n, (n + 1) / 2, (n + 9) / 10, int64_t{1}}) {
        const SortArgs a{dtype, rng()() % 2 == 1, n <= 1000 ? 19 : 1, n, k};
        Guarded<T> x(a.rows * n, 1);
        fill(x, static_cast<Pattern>(pattern), reference_table(), dtype);
        for (const auto& [values, positions] : {std::pair{true, false}, {false, true}, {true, true}}) {
          auto got = sort(table, a, x.data(), values, positions),
               want = sort(reference_table(), a, x.data(), values, positions);
          check(got == want, "%s sort of dtype %d: n %ld k %ld pattern %d descending %d, values %d positions %d",
                table.level, static_cast<int>(dtype), n, k, pattern, a.descending, values, positions);
        }
      }
}

// The steps that long rows take, in blocks.
template <class T>
void test_blocks(const KernelTable& table, DType dtype) {
  constexpr int64_t n = 5000, block = 1024;
  const RadixKernels& radix = table.sort.radix;
  for (const bool wants_positions : {false, true})
    for (int pattern = 0; pattern < kPatterns; ++pattern) {
      const SortArgs a{dtype, pattern % 2 == 1, 1, n, n};
      Guarded<T> x(n);
      fill(x, static_cast<Pattern>(pattern), reference_table(), dtype);
      const SortItem item = sort_item(sizeof(T), n, wants_positions);
      const int64_t bytes = sort_item_bytes(item);
      Guarded<char> items(n * bytes), spare(n * bytes);
      char *from = items.data(), *to = spare.data();
      SortBits bits{0, ~uint64_t{0}, false};
      for (int64_t i = 0; i < n; i += block) {
        const SortBits found = radix.encode(a, item, x.data(), i, std::min(n, i + block), from + i * bytes);
        bits = {bits.any | found.any, bits.all & found.all, bits.special || found.special};
      }
      RadixDigit digits[kMostDigits];
      const int passes = radix_digits(bits.any & ~bits.all, kRadixBits, digits);
      for (int p = 0; p < passes; ++p) {
        std::vector<int64_t> next(size_t{1} << digits[p].bits, 0);
        for (int64_t i = 0; i < n; i += block)
          radix.count(item, from + i * bytes, std::min(block, n - i), digits[p], next.data());
        int64_t before = 0;
        for (int64_t& at : next) before += std::exchange(at, before);
        for (int64_t i = 0; i < n; i += block)
          radix.scatter(item, from + i * bytes, std::min(block, n - i), digits[p], next.data(), to);
        std::swap(from, to);
      }
      Results<T> got(n);
      std::fill_n(got.positions.data(), n, int64_t{0});
      for (int64_t i = 0; i < n; i += block)
        radix.decode(a, item, from, i, std::min(n, i + block), x.data(), got.values.data(),
                     wants_positions ? got.positions.data() : nullptr);
      if (!wants_positions && bits.special) radix.restore(a, x.data(), got.values.data());
      auto want = sort(reference_table(), a, x.data(), true, wants_positions);
      check(got == want && items.intact() && spare.intact(), "%s sort by blocks of dtype %d: pattern %d, positions %d",
            table.level, static_cast<int>(dtype), pattern, wants_positions);
    }
}

template <class T>
void test_partition(const KernelTable& table, DType dtype) {
  for (const int64_t n : {1, 2, 7, 64, 200})
    for (int pattern = 0; pattern < kPatterns; ++pattern)
      for (const int64_t k : {int64_t{0}, n / 2, n - 1}) {
        const SortArgs a{dtype, rng()() % 2 == 1, 3, n, k};
        Guarded<T> x(a.rows * n, 1), scratch(n);
        fill(x, static_cast<Pattern>(pattern), reference_table(), dtype);
        Results<T> got(a.rows * n), want(a.rows * n);
        for (const auto& [level, results] : {std::pair{&table, &got}, {&reference_table(), &want}})
          level->sort.partition[static_cast<int>(dtype)](a, x.data(), results->values.data(), results->positions.data(),
                                                         scratch.data());
        check(got == want && got.values.intact() && got.positions.intact() && scratch.intact(),
              "%s partition of dtype %d: n %ld k %ld pattern %d descending %d", table.level, static_cast<int>(dtype), n,
              k, pattern, a.descending);
      }
}

template <class T>
void test_search(const KernelTable& table, DType dtype) {
  for (const int64_t n : {0, 1, 2, 3, 15, 16, 100, 1000})
    for (const Pattern pattern : {anything, few, ascending})
      for (const bool right : {false, true}) {
        Guarded<T> x(n), needles(39);
        if (n > 0) fill(x, ascending, reference_table(), dtype);
        fill(needles, pattern, reference_table(), dtype);
        const SearchArgs a{dtype, right, n, needles.size()};
        Guarded<int64_t> got(needles.size()), want(needles.size());
        table.sort.search[static_cast<int>(dtype)](a, x.data(), needles.data(), got.data());
        reference_table().sort.search[static_cast<int>(dtype)](a, x.data(), needles.data(), want.data());
        check(got.intact() && std::equal(got.data(), got.data() + got.size(), want.data()),
              "%s search of dtype %d: n %ld pattern %d right %d", table.level, static_cast<int>(dtype), n, pattern,
              right);
      }
}

// Digits have all bits that vary, none is wider than it may be, and none has bits of another.
void test_digits() {
  for (int round = 0; round < 10000; ++round) {
    const uint64_t varying = (rng()() & rng()()) >> rng()() % 64 << rng()() % 64;
    for (const int most : {8, kRadixBits}) {
      RadixDigit digits[kMostDigits];
      const int count = radix_digits(varying, most, digits);
      uint64_t seen = 0;
      bool good = count <= kMostDigits;
      for (int i = 0; good && i < count; ++i) {
        const uint64_t mask = ((uint64_t{1} << digits[i].bits) - 1) << digits[i].shift;
        good = digits[i].bits <= most && digits[i].bits <= digits[0].bits && (seen & mask) == 0 && mask > seen;
        seen |= mask;
      }
      check(good && (varying & ~seen) == 0, "%d digits of at most %d bits for %lx", count, most, varying);
    }
  }
}

}  // namespace
}  // namespace tw::test

int main() {
  using namespace tw;
  using namespace tw::test;
  test_digits();
  for (const KernelTable* table : levels()) {
#define X(T, name)                        \
  test_rows<T>(*table, DType::name);      \
  test_blocks<T>(*table, DType::name);    \
  test_partition<T>(*table, DType::name); \
  test_search<T>(*table, DType::name);
    TW_FOR_EACH_REAL(X)
#undef X
    check(!table->sort.rows[static_cast<int>(DType::c64)], "%s: complex numbers have no order", table->level);
  }
  return report();
}
