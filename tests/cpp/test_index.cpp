// Gather, scatter, scatter-add and the position lists at every level against the reference, element for element.
#include <algorithm>
#include <limits>
#include <numeric>
#include <type_traits>

#include "levels.h"

namespace tw::test {
namespace {

struct Case {
  PickArgs args;
  int64_t positions;           // offsets are drawn from [0, positions) * step
  int64_t step;                // elements between neighbouring positions in x
  int64_t x_size, y_size;      // elements that the two buffers need
  int64_t x_offset, y_offset;  // of element (0, 0, 0)
};

std::vector<Case> cases() {
  std::vector<Case> all;
  for (int64_t count : {0, 1, 7, 65, 200})
    for (int64_t inner : {1, 2, 7, 8, 16, 17, 31, 33, 64, 65, 128, 129, 257}) {
      const int64_t n = 9;
      // Rows of a matrix, whole; columns of one, with `inner` as the outer axis; every other element of wider rows,
      // reversed.
      all.push_back({{1, count, inner, 0, 1, 0, inner, 1}, n, inner, n * inner, count * inner, 0, 0});
      all.push_back({{inner, count, 1, n, 1, count, 1, 1}, n, 1, n * inner, count * inner, 0, 0});
      all.push_back({{2, count, inner, 2 * n * inner, 2, count * (inner + 3), inner + 3, 1},
                     n,
                     2 * inner,
                     4 * n * inner,
                     2 * count * (inner + 3),
                     0,
                     0});
      all.push_back({{1, count, inner, 0, -1, 0, -inner, -1},
                     n,
                     inner,
                     n * inner,
                     count * inner,
                     inner - 1,
                     std::max<int64_t>(0, count * inner - 1)});
    }
  return all;
}

// Values whose sums are exact in every dtype, so that the order of adding cannot show.
template <class T>
T draw() {
  const auto small = static_cast<int64_t>(uniform(0, 4));
  if constexpr (std::is_same_v<T, f16>) return f16{static_cast<uint16_t>(small ? 0x3c00 + ((small - 1) << 9) : 0)};
  if constexpr (std::is_same_v<T, bf16>) return bf16{static_cast<uint16_t>(small ? 0x3f80 : 0)};
  if constexpr (std::is_floating_point_v<T>) {
    const double special = uniform(0, 1);
    if (special < 0.002) return std::numeric_limits<T>::quiet_NaN();
    if (special > 0.999) return -std::numeric_limits<T>::infinity();
    return static_cast<T>(small) / 2;
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(rng()());  // wraps
  }
}

template <class T>
bool same(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    return a == b || (a != a && b != b);
  } else {
    return std::memcmp(&a, &b, sizeof a) == 0;
  }
}

template <class T>
bool same(Guarded<T>& a, Guarded<T>& b) {
  for (int64_t i = 0; i < a.size(); ++i)
    if (!same(a[i], b[i])) return false;
  return a.intact();
}

template <class T>
void fill(Guarded<T>& x) {
  for (int64_t i = 0; i < x.size(); ++i) x[i] = draw<T>();
}

std::vector<int64_t> draw_offsets(const Case& c, bool sorted) {
  std::vector<int64_t> offsets(static_cast<size_t>(c.args.count));
  for (int64_t& offset : offsets) offset = static_cast<int64_t>(uniform(0, static_cast<double>(c.positions))) * c.step;
  if (sorted) std::sort(offsets.begin(), offsets.end());
  return offsets;
}

// Runs call(table, x, y) on copies of the same buffers for the level and for the reference.
template <class T, class Call>
void compare(const KernelTable& table, const Case& c, const char* name, Call call) {
  for (const int skew : {0, 1}) {
    Guarded<T> x(c.x_size, skew), y(c.y_size, skew), want_x(c.x_size), want_y(c.y_size);
    fill(x);
    fill(y);
    std::copy_n(x.data(), x.size(), want_x.data());
    std::copy_n(y.data(), y.size(), want_y.data());
    call(table, x.data() + c.x_offset, y.data() + c.y_offset);
    call(reference_table(), want_x.data() + c.x_offset, want_y.data() + c.y_offset);
    check(same(x, want_x) && same(y, want_y), "%s %s<%zu bytes>: outer %ld count %ld inner %ld x_inner %ld skew %d",
          table.level, name, sizeof(T), c.args.outer, c.args.count, c.args.inner, c.args.x_inner, skew);
  }
}

template <class T>
void test_moves(const KernelTable& table) {
  constexpr int log2 = sizeof(T) == 1 ? 0 : sizeof(T) == 2 ? 1 : sizeof(T) == 4 ? 2 : 3;
  for (const Case& c : cases()) {
    const std::vector<int64_t> offsets = draw_offsets(c, false);
    compare<T>(table, c, "gather",
               [&](const KernelTable& t, T* x, T* y) { t.index.gather[log2](c.args, x, offsets.data(), y); });
    compare<T>(table, c, "scatter",
               [&](const KernelTable& t, T* x, T* y) { t.index.scatter[log2](c.args, y, offsets.data(), x); });
  }
}

template <class T>
void test_scatter_add(const KernelTable& table, DType dtype) {
  for (const Case& c : cases()) {
    const std::vector<int64_t> offsets = draw_offsets(c, true);
    std::vector<int64_t> order(offsets.size());
    std::iota(order.begin(), order.end(), int64_t{0});
    std::shuffle(order.begin(), order.end(), rng());
    compare<T>(table, c, "scatter_add", [&](const KernelTable& t, T* x, T* y) {
      t.index.scatter_add[static_cast<int>(dtype)](c.args, y, offsets.data(), order.data(), x);
    });
  }
}

// Lines and blocks of neighbouring lines, contiguous and not; the sums are 0 again in the end.
template <class T>
void test_add_along(const KernelTable& table, DType dtype) {
  constexpr int64_t extent = 9;
  for (const int64_t rows : {1, 7, 40})
    for (const int64_t width : {1, 3, 16, 33})
      for (const int kind : {0, 1, 2, 3}) {
        const bool line = kind % 2;
        const int64_t all = kind / 2 * extent;
        if (line && rows > 1) continue;
        const int64_t lanes = line ? 1 : width;
        const AddAlongArgs args = line ? AddAlongArgs{1, width, 1, 0, all, 0, 2, 1 + kind / 2, 0}
                                       : AddAlongArgs{rows, width, width, 1, all, 2 * width, 2, 3 * width, -1};
        std::vector<int64_t> positions(static_cast<size_t>(rows * width));
        for (int64_t& p : positions) p = static_cast<int64_t>(uniform(0, extent));
        std::vector<double> sums(static_cast<size_t>(extent * lanes)), want_sums = sums;
        const Case c{
            {1, rows * width, 1, 0, 0, 0, 0, 0}, extent, 1, 3 * extent * width, 2 * rows * width, line ? 0 : width, 0};
        compare<T>(table, c, "add_along", [&](const KernelTable& t, T* x, T* y) {
          void* own = (&t == &table ? sums : want_sums).data();
          t.index.add_along[static_cast<int>(dtype)](args, positions.data(), y, x, own);
        });
        check(std::ranges::all_of(sums, [](double sum) { return sum == 0; }), "%s add_along leaves sums", table.level);
      }
}

// A run far longer than a chain: float32 sums of 0.1 stay as good as pairwise ones.
void test_long_runs(const KernelTable& table) {
  constexpr int64_t count = 100000;
  for (const int64_t inner : {1, 100}) {
    std::vector<float> y(static_cast<size_t>(count * inner), 0.1f), x(static_cast<size_t>(inner), 0.0f);
    std::vector<int64_t> offsets(count, 0), order(count);
    std::iota(order.begin(), order.end(), int64_t{0});
    const PickArgs args{1, count, inner, 0, 1, 0, inner, 1};
    table.index.scatter_add[static_cast<int>(DType::f32)](args, y.data(), offsets.data(), order.data(), x.data());
    const double exact = count * static_cast<double>(0.1f);
    for (const float sum : x)
      check(std::abs(sum - exact) < 2e-6 * exact, "%s scatter_add: %.8g for %.8g", table.level, sum, exact);
  }
}

template <class T>
void test_offsets(const KernelTable& table, DType dtype) {
  constexpr int64_t extent = 100;
  const auto fn = table.index.offsets[static_cast<int>(dtype)],
             oracle = reference_table().index.offsets[static_cast<int>(dtype)];
  for (const int64_t count : {0, 1, 7, 8, 9, 33, 64, 257})
    for (const int64_t stride : {-1, 0, 1, 3})
      for (const bool accumulate : {false, true}) {
        std::vector<T> index(static_cast<size_t>(3 * count + 1));
        for (T& i : index) i = static_cast<T>(uniform(std::is_signed_v<T> ? -extent : 0, extent));
        const T* first = index.data() + (stride < 0 ? index.size() - 1 : 0);
        const OffsetArgs args{count, stride, extent, -7, 11, 2, accumulate};
        Guarded<int64_t> got(count), want(count);
        std::fill_n(got.data(), count, int64_t{1000});
        std::copy_n(got.data(), count, want.data());
        const int64_t bad = fn(args, first, got.data());
        oracle(args, first, want.data());
        check(bad == -1 && same(got, want), "%s offsets<%zu bytes>: count %ld stride %ld", table.level, sizeof(T),
              count, stride);
        if (count < 2 || stride == 0) continue;
        const int64_t place = count / 2, at = (first - index.data()) + place * stride;
        index[static_cast<size_t>(at)] = std::is_signed_v<T> ? static_cast<T>(-extent - 1) : static_cast<T>(extent);
        check(fn(args, first, got.data()) == place, "%s offsets<%zu bytes>: missed a bad index", table.level,
              sizeof(T));
        index[static_cast<size_t>(at)] = std::numeric_limits<T>::max();
        check(fn(args, first, got.data()) == place, "%s offsets<%zu bytes>: missed the largest", table.level,
              sizeof(T));
      }
}

void test_masks(const KernelTable& table) {
  for (const int64_t count : {0, 1, 7, 8, 9, 15, 16, 63, 64, 65, 1000})
    for (const int64_t stride : {-1, 0, 1, 2})
      for (const double density : {0.0, 0.03, 0.5, 1.0}) {
        std::vector<char> bytes(static_cast<size_t>(2 * count + 1));
        for (char& b : bytes) b = uniform(0, 1) < density;
        const bool* mask = reinterpret_cast<const bool*>(bytes.data()) + (stride < 0 ? 2 * count : 0);
        const int64_t total = reference_table().index.count_true(mask, stride, count);
        Guarded<int64_t> got(total), want(total);
        const MaskArgs args{count, stride, 5, -3};
        const bool counts = table.index.count_true(mask, stride, count) == total &&
                            table.index.mask_offsets(args, mask, got.data()) == total;
        reference_table().index.mask_offsets(args, mask, want.data());
        check(counts && same(got, want), "%s mask: count %ld stride %ld density %g", table.level, count, stride,
              density);
      }
}

}  // namespace
}  // namespace tw::test

int main() {
  using namespace tw;
  using namespace tw::test;
  for (const KernelTable* table : levels()) {
    test_moves<uint8_t>(*table);
    test_moves<uint16_t>(*table);
    test_moves<uint32_t>(*table);
    test_moves<uint64_t>(*table);
#define X(T, name)                          \
  test_scatter_add<T>(*table, DType::name); \
  test_add_along<T>(*table, DType::name);   \
  test_offsets<T>(*table, DType::name);
    TW_FOR_EACH_INTEGER(X)
#undef X
#define X(T, name)                          \
  test_scatter_add<T>(*table, DType::name); \
  test_add_along<T>(*table, DType::name);
    TW_FOR_EACH_FLOAT(X)
#undef X
    test_long_runs(*table);
    test_masks(*table);
    check(!table->index.scatter_add[0] && !table->index.add_along[0] && !table->index.offsets[0],
          "%s: bool has no sums and is no index", table->level);
  }
  return report();
}
