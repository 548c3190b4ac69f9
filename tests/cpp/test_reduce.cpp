// Every reduction at every level against the reference's double accumulation.
#include <cmath>
#include <limits>
#include <type_traits>

#include "levels.h"

namespace tw::test {
namespace {

template <class T>
T to(double v) {
  if constexpr (std::is_same_v<T, bf16>) {
    float f = static_cast<float>(v);
    uint32_t bits;
    std::memcpy(&bits, &f, 4);
    return bf16{static_cast<uint16_t>(bits >> 16)};
  } else if constexpr (std::is_same_v<T, f16>) {  // whole numbers and halves below 1024, inf and NaN
    if (std::isnan(v)) return f16{0x7e00};
    const uint16_t sign = std::signbit(v) ? 0x8000 : 0;
    v = std::fabs(v);
    if (std::isinf(v)) return f16{static_cast<uint16_t>(sign | 0x7c00)};
    if (v == 0) return f16{sign};
    int e;
    const double m = std::frexp(v, &e);
    return f16{static_cast<uint16_t>(sign | ((e + 14) << 10) | static_cast<int>((2 * m - 1) * 1024))};
  } else if constexpr (std::is_same_v<T, bool>) {
    return v > 0;
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(static_cast<int64_t>(v));
  } else {
    return static_cast<T>(v);
  }
}

template <class T>
constexpr bool is_floating = !std::is_integral_v<T>;

struct Layout {
  ReduceArgs args;
  int64_t offset, extent;  // of element (0, 0), and elements the buffer needs
};

std::vector<Layout> layouts() {
  std::vector<Layout> all;
  for (int64_t count : {1, 2, 3, 5, 7, 8, 15, 16, 17, 31, 33, 64, 127, 128, 129, 255, 257, 1000, 4097, 9000})
    for (int64_t outputs : {1, 3}) {
      all.push_back({{outputs, count, count, 1}, 0, outputs * count});                    // rows
      all.push_back({{outputs, count, 2 * count + 1, 2}, 0, outputs * (2 * count + 1)});  // strided rows
    }
  for (int64_t count : {1, 2, 7, 8, 9, 16, 127, 128, 129, 400})
    for (int64_t outputs : {2, 4, 10, 16, 17, 64, 65, 515}) {
      all.push_back({{outputs, count, 1, outputs}, 0, outputs * count});            // columns
      all.push_back({{outputs, count, 1, outputs + 3}, 0, (outputs + 3) * count});  // of a wider array
    }
  all.push_back({{5, 40, -40, -1}, 199, 200});  // both reversed
  all.push_back({{5, 40, 1, -5}, 195, 200});
  all.push_back({{5, 40, 0, 1}, 0, 40});  // broadcast along outputs
  all.push_back({{5, 40, 1, 0}, 0, 5});   // and along count
  all.push_back({{3, 3, 7, 2}, 0, 21});
  return all;
}

enum class Fill { small, special };

template <class T>
void fill_input(Guarded<T>& x, Fill kind) {
  const bool sparse = uniform(0, 1) < 0.3;  // so that any() has zeros to look past
  for (int64_t i = 0; i < x.size(); ++i) {
    double v = std::floor(uniform(-100, 100)) / (is_floating<T> ? 2 : 1);
    if (std::is_unsigned_v<T>) v = std::fabs(v);
    if (sparse && uniform(0, 1) < 0.99) v = 0;
    if (kind == Fill::special && is_floating<T>) {
      const double r = uniform(0, 1);
      if (r < 0.004) v = std::nan("");
      if (r > 0.996) v = std::numeric_limits<double>::infinity();
      if (r > 0.998) v = -v;
    }
    x[i] = to<T>(v);
  }
}

bool same(double a, double b, double tolerance) {
  if (std::isnan(b)) return std::isnan(a);
  if (std::isinf(b)) return a == b;
  return std::fabs(a - b) <= tolerance;
}

template <class Out>
void compare(const char* what, const KernelTable& level, ReduceFn fn, ReduceFn oracle, const Layout& l, const void* x,
             double relative) {
  const int64_t n = l.args.outputs;
  Guarded<Out> got(n, 1), want(n);
  oracle(l.args, x, want.data());
  fn(l.args, x, got.data());
  check(got.intact(), "%s %s wrote outside", what, level.level);
  for (int64_t o = 0; o < n; ++o) {
    const double w = static_cast<double>(want[o]), g = static_cast<double>(got[o]);
    check(same(g, w, relative * std::fabs(w) + relative * 100 * std::sqrt(double(l.args.count))),
          "%s %s outputs=%ld count=%ld strides=%ld,%ld out[%ld] = %.17g, want %.17g", what, level.level, long(n),
          long(l.args.count), long(l.args.output_stride), long(l.args.count_stride), long(o), g, w);
  }
}

template <class T, class SumOut, class Value>
void test_type(const char* name, DType d) {
  const int i = static_cast<int>(d);
  const ReduceKernels& oracle = reference_table().reduce;
  const double eps = std::is_integral_v<SumOut> ? 0 : std::numeric_limits<SumOut>::epsilon();
  int round = 0;
  for (const Layout& l : layouts()) {
    Guarded<T> x(l.extent, 1);
    fill_input(x, ++round % 2 ? Fill::small : Fill::special);
    const T* first = x.data() + l.offset;
    char what[64];
    auto label = [&](const char* op) {
      std::snprintf(what, sizeof what, "%s %s", op, name);
      return what;
    };
    for (const KernelTable* level : levels()) {
      const ReduceKernels& k = level->reduce;
      compare<SumOut>(label("sum"), *level, k.sum[i], oracle.sum[i], l, first, 8 * eps);
      compare<Value>(label("max"), *level, k.max[i], oracle.max[i], l, first, 0);
      compare<Value>(label("min"), *level, k.min[i], oracle.min[i], l, first, 0);
      compare<bool>(label("any"), *level, k.any[i], oracle.any[i], l, first, 0);
      compare<bool>(label("all"), *level, k.all[i], oracle.all[i], l, first, 0);
      if (l.args.count < 20 || std::is_integral_v<SumOut>)
        compare<SumOut>(label("prod"), *level, k.prod[i], oracle.prod[i], l, first, 40 * eps);
      for (int largest = 0; largest < 2; ++largest) {
        Guarded<int64_t> got(l.args.outputs), want(l.args.outputs), merged(l.args.outputs);
        (largest ? oracle.argmax : oracle.argmin)[i](l.args, first, want.data());
        (largest ? k.argmax : k.argmin)[i](l.args, first, got.data());
        // In two pieces, then merged.
        const int64_t half = l.args.count / 2;
        std::vector<int64_t> part(2 * l.args.outputs, 0);
        ReduceArgs piece = l.args;
        piece.count = half;
        if (half) (largest ? k.argmax : k.argmin)[i](piece, first, part.data());
        piece.count = l.args.count - half;
        (largest ? k.argmax : k.argmin)[i](piece, first + half * l.args.count_stride, part.data() + l.args.outputs);
        for (int64_t o = 0; o < l.args.outputs; ++o) part[l.args.outputs + o] += half;
        (largest ? k.argmax_merge : k.argmin_merge)[i](l.args, first, part.data(), 2, merged.data());
        check(got.intact() && merged.intact(), "arg %s %s wrote outside", name, level->level);
        for (int64_t o = 0; o < l.args.outputs; ++o) {
          check(got[o] == want[o], "arg%s %s %s count=%ld strides=%ld,%ld [%ld]: %ld, want %ld",
                largest ? "max" : "min", name, level->level, long(l.args.count), long(l.args.output_stride),
                long(l.args.count_stride), long(o), long(got[o]), long(want[o]));
          check(merged[o] == want[o], "merged arg%s %s %s [%ld]: %ld, want %ld", largest ? "max" : "min", name,
                level->level, long(o), long(merged[o]), long(want[o]));
        }
      }
    }
  }
}

void test_empty() {
  const ReduceArgs args{3, 0, 0, 1};
  const int f = static_cast<int>(DType::f32), u = static_cast<int>(DType::u8);
  for (const KernelTable* level : levels()) {
    const ReduceKernels& k = level->reduce;
    float sum[3] = {9, 9, 9}, prod[3] = {9, 9, 9};
    bool any[3] = {true, true, true}, all[3] = {false, false, false};
    k.sum[f](args, nullptr, sum);
    k.prod[f](args, nullptr, prod);
    k.any[u](args, nullptr, any);
    k.all[u](args, nullptr, all);
    for (int o = 0; o < 3; ++o)
      check(sum[o] == 0 && prod[o] == 1 && !any[o] && all[o], "empty reductions, %s", level->level);
  }
}

// Map and column sums in one pass: the bits of the map, and of sum over what it wrote.
template <class T, class SumOut>
void test_map_sum(const char* name, DType d) {
  const int i = static_cast<int>(d);
  for (const int64_t rows : {1, 2, 7, 8, 9, 63, 64, 65, 127, 128, 129, 300, 700})
    for (const int64_t cols : {1, 2, 3, 10, 16, 17, 31, 33, 100, 515, 5000}) {
      if (rows * cols > 700000) continue;
      const int64_t wide = cols + rows % 3;  // gaps between rows
      Guarded<T> g(rows * wide, 1), y(2 * rows * wide);
      fill_input(g, Fill::small);
      fill_input(y, Fill::small);
      for (const KernelTable* level : levels()) {
        Guarded<T> out(rows * cols, 1), plain(rows * cols);
        Guarded<SumOut> sums(cols, 1), want(cols);
        const void* in[] = {g.data(), y.data()};
        const Loop loop{rows, cols, {cols, 1}, {{wide, 1}, {2 * wide, 2}}};
        level->elementwise.multiply[i](loop, in, plain.data(), nullptr);
        level->reduce.sum[i]({cols, rows, 1, cols}, plain.data(), want.data());
        level->reduce.map_sum[i](level->elementwise.multiply[i], loop, 2, in, out.data(), sums.data());
        check(out.intact() && sums.intact(), "map_sum %s %s wrote outside", name, level->level);
        check(std::memcmp(out.data(), plain.data(), rows * cols * sizeof(T)) == 0, "map_sum %s %s %ldx%ld: the map",
              name, level->level, long(rows), long(cols));
        check(cols == 1 || std::memcmp(sums.data(), want.data(), cols * sizeof(SumOut)) == 0,
              "map_sum %s %s %ldx%ld: the sums", name, level->level, long(rows), long(cols));
        reference_table().reduce.map_sum[i](reference_table().elementwise.multiply[i], loop, 2, in, out.data(),
                                            want.data());
        for (int64_t c = 0; c < cols; ++c)
          check(same(sums[c], want[c], 1e-3 * std::fabs(want[c]) + 1e-5 * 2500 * rows),
                "map_sum %s %s %ldx%ld: %g, not %g", name, level->level, long(rows), long(cols), double(sums[c]),
                double(want[c]));
      }
    }
}

// A float32 sum of ten million numbers near 1 along each axis: the error must be a few ulp, as of a pairwise sum.
void test_accuracy() {
  constexpr int64_t n = 10'000'000;
  std::vector<float> x(n);
  for (float& v : x) v = static_cast<float>(uniform(0.5, 1.5));
  double exact = 0;
  for (float v : x) exact += v;
  const int f = static_cast<int>(DType::f32);
  for (const KernelTable* level : levels()) {
    float row;
    level->reduce.sum[f]({1, n, 0, 1}, x.data(), &row);
    check(std::fabs(row - exact) < 4e-7 * exact, "row sum %s: relative error %.2g", level->level,
          (row - exact) / exact);
    std::vector<float> columns(10);
    level->reduce.sum[f]({10, n / 10, 1, 10}, x.data(), columns.data());
    for (int c = 0; c < 10; ++c) {
      double want = 0;
      for (int64_t r = 0; r < n / 10; ++r) want += x[r * 10 + c];
      check(std::fabs(columns[c] - want) < 4e-7 * want, "column sum %s: relative error %.2g", level->level,
            (columns[c] - want) / want);
    }
    float strided;
    level->reduce.sum[f]({1, n / 3, 0, 3}, x.data(), &strided);
    double want = 0;
    for (int64_t i = 0; i < n / 3; ++i) want += x[3 * i];
    check(std::fabs(strided - want) < 4e-7 * want, "strided sum %s: relative error %.2g", level->level,
          (strided - want) / want);
  }
}

template <class Acc, class Out>
void test_finish(DType d, double acc, double divisor, double want, double tolerance) {
  for (const KernelTable* level : levels())
    for (int n : {1, 15, 16, 17, 100}) {
      Guarded<Acc> a(n);
      Guarded<Out> out(n);
      for (int i = 0; i < n; ++i) a[i] = static_cast<Acc>(acc);
      level->reduce.finish[static_cast<int>(d)](a.data(), n, divisor, out.data());
      check(out.intact(), "finish %s wrote outside", level->level);
      for (int i = 0; i < n; ++i) {
        double got;
        if constexpr (std::is_same_v<Out, bf16>) {
          const uint32_t bits = uint32_t(out[i].bits) << 16;
          float f;
          std::memcpy(&f, &bits, 4);
          got = f;
        } else {
          got = static_cast<double>(out[i]);
        }
        check(std::fabs(got - want) <= tolerance, "finish %s: %.9g, want %.9g", level->level, got, want);
      }
    }
}

}  // namespace

int run() {
  test_type<bool, uint64_t, uint8_t>("bool", DType::boolean);
#define X(T, name) test_type<T, uint64_t, T>(#name, DType::name);
  TW_FOR_EACH_INTEGER(X)
#undef X
  test_type<f16, float, float>("f16", DType::f16);
  test_type<bf16, float, float>("bf16", DType::bf16);
  test_type<float, float, float>("f32", DType::f32);
  test_type<double, double, double>("f64", DType::f64);
  test_map_sum<f16, float>("f16", DType::f16);
  test_map_sum<bf16, float>("bf16", DType::bf16);
  test_map_sum<float, float>("f32", DType::f32);
  test_map_sum<double, double>("f64", DType::f64);
  test_empty();
  test_accuracy();
  test_finish<float, float>(DType::f32, 10, 4, 2.5, 0);
  test_finish<double, double>(DType::f64, 10, 3, 10.0 / 3, 1e-15);
  test_finish<int64_t, float>(DType::i32, -10, 4, -2.5, 0);
  test_finish<uint64_t, float>(DType::u64, 0x1p63, 2, 0x1p62, 0);
  test_finish<float, bf16>(DType::bf16, 10, 3, 10.0 / 3, 0.01);
  return report();
}

}  // namespace tw::test

int main() { return tw::test::run(); }
