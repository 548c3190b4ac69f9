// Normalisation at every level against the reference.
#include <cmath>
#include <limits>
#include <type_traits>

#include "levels.h"

namespace tw::test {
namespace {

double number(double v) { return v; }
double number(bf16 v) {
  const uint32_t bits = uint32_t(v.bits) << 16;
  float f;
  std::memcpy(&f, &bits, 4);
  return f;
}
template <class T>
T to(double v) {
  if constexpr (std::is_same_v<T, bf16>) {
    const float f = float(v);
    uint32_t bits;
    std::memcpy(&bits, &f, 4);
    return bf16{uint16_t(bits >> 16)};
  } else {
    return T(v);
  }
}
template <class T>
using Compute = std::conditional_t<std::is_same_v<T, double>, double, float>;
template <class T>
constexpr double kEps = std::is_same_v<T, bf16> ? 0x1p-8 : double(std::numeric_limits<Compute<T>>::epsilon());

// Moderate; with an offset; the same everywhere; huge; with a NaN.
constexpr int kKinds = 5;
double magnitude(int kind) { return kind == 3 ? 5e29 : kind == 1 ? 1000 : 15; }
template <class T>
void fill(Guarded<T>& x, int kind) {
  for (int64_t i = 0; i < x.size(); ++i) {
    double v = uniform(-5, 5);
    if (kind == 1) v += 1000;
    if (kind == 2) v = 14;
    if (kind == 3) v *= 1e29;
    if (kind == 4 && i % 97 == 7) v = NAN;
    x[i] = to<T>(v);
  }
}
template <class T>
void clear(Guarded<T>& x) {
  for (int64_t i = 0; i < x.size(); ++i) x[i] = to<T>(-77);
}

template <class T>
void compare(const char* what, const char* level, const char* shape, Guarded<T>& got, Guarded<T>& want,
             double tolerance, double scale = 1) {
  check(got.intact(), "%s %s %s wrote outside", what, level, shape);
  for (int64_t i = 0; i < got.size(); ++i) {
    const double g = number(got[i]), w = number(want[i]);
    const bool ok = std::isnan(w) ? std::isnan(g) : g == w || std::fabs(g - w) <= tolerance * (scale + std::fabs(w));
    check(ok, "%s %s %s [%ld]: %.17g, want %.17g", what, level, shape, long(i), g, w);
  }
}

// ---- rows -----------------------------------------------------------------------------------------------------------

std::vector<NormRowsArgs> row_shapes() {
  std::vector<NormRowsArgs> all;
  for (int64_t n : {1, 2, 3, 7, 8, 15, 16, 17, 31, 32, 33, 64, 100, 1025, 9001})
    for (bool centered : {true, false}) all.push_back({{3, n, 1, 1, centered, 1e-5}, 0});
  all.push_back({{70, 9, 1, 1, true, 1e-5}, 0});   // more rows than are summed at once
  all.push_back({{70, 12, 1, 3, true, 1e-5}, 2});  // groups of a vector
  for (int64_t inner : {2, 7, 16, 33, 300}) all.push_back({{5, 3 * inner, inner, 2, true, 1e-5}, 1});
  return all;
}

template <class T>
void test_rows(DType d) {
  const int t = int(d);
  const NormKernels& r = reference_table().norm;
  for (const NormRowsArgs& a : row_shapes())
    for (int kind = 0; kind < kKinds; ++kind)
      for (bool weighted : {true, false}) {
        const NormRows& s = a.shape;
        const int64_t count = s.rows * s.n, c = s.channels();
        Guarded<T> x(count, 1), g(count, 1), weight(c), bias(c), want(count), gx_want(count);
        Guarded<T> sum_want(count);
        Guarded<double> mean_want(s.rows), rstd_want(s.rows), sums_want(2 * c);
        fill(x, kind), fill(g, 0), fill(weight, 0), fill(bias, 0);
        const T *w = weighted ? weight.data() : nullptr, *b = weighted ? bias.data() : nullptr;
        for (bool added : {false, true}) {  // what is added is drawn already
          const T *other = added ? g.data() : nullptr, *onto = added ? x.data() : nullptr;
          for (int64_t i = 0; i < 2 * c; ++i) sums_want[i] = 1;
          r.rows[t](a, x.data(), other, w, b, sum_want.data(), want.data(), mean_want.data(), rstd_want.data());
          const T* seen = added ? sum_want.data() : x.data();
          r.rows_backward[t](a, g.data(), seen, w, mean_want.data(), rstd_want.data(), onto, gx_want.data(),
                             sums_want.data(), sums_want.data() + c, nullptr);
          char shape[80];
          std::snprintf(shape, sizeof shape, "n=%ld inner=%ld groups=%ld kind=%d", long(s.n), long(s.inner),
                        long(s.groups), kind);
          for (const KernelTable* level : levels()) {
            const NormKernels& k = level->norm;
            Guarded<T> y(count, 1), gx(count, 1), sum(count, 1);
            Guarded<double> mean(s.rows), rstd(s.rows), sums(2 * c);
            Guarded<Compute<T>> scratch(2 * c);
            clear(y), clear(gx), clear(scratch);
            for (int64_t i = 0; i < 2 * c; ++i) sums[i] = 1;
            k.rows[t](a, x.data(), other, w, b, sum.data(), y.data(), mean.data(), rstd.data());
            if (added) compare("sum", level->level, shape, sum, sum_want, kEps<Compute<T>> + kEps<T>);
            const double tolerance = (kind == 1 ? 4000 : 40) * (s.n == 2 ? 100 : 1) * kEps<Compute<T>>;
            compare("rows", level->level, shape, y, want, tolerance + 4 * kEps<T>);
            compare("mean", level->level, shape, mean, mean_want, 8 * kEps<Compute<T>>, magnitude(kind));
            k.rows_backward[t](a, g.data(), seen, w, mean_want.data(), rstd_want.data(), onto, gx.data(), sums.data(),
                               sums.data() + c, scratch.data());
            check(scratch.intact(), "rows_backward %s %s wrote outside its scratch", level->level, shape);
            const double back = (40 + double(s.n) / 100) * kEps<Compute<T>> + 4 * kEps<T>;
            compare("rows_backward", level->level, shape, gx, gx_want, back * (kind == 2 ? 1000 : 10));
            compare("sums", level->level, shape, sums, sums_want, 1000 * kEps<Compute<T>>);
          }
        }
      }
}

// ---- channels -------------------------------------------------------------------------------------------------------

std::vector<NormChannelsArgs> channel_shapes() {
  std::vector<NormChannelsArgs> all;
  for (int64_t channels : {1, 3, 15, 16, 17, 63, 64, 65, 100}) all.push_back({{70, channels, 1}, channels});
  all.push_back({{5, 20, 1}, 33});  // some of the columns
  for (int64_t spatial : {2, 7, 16, 33, 49, 300, 5000}) all.push_back({{4, 3, spatial}, 3 * spatial});
  all.push_back({{4, 2, 33}, 5 * 33});
  return all;
}

template <class T>
void test_channels(DType d) {
  const int t = int(d);
  const NormKernels& r = reference_table().norm;
  for (const NormChannelsArgs& a : channel_shapes())
    for (int kind = 0; kind < kKinds; ++kind)
      for (bool weighted : {true, false}) {
        const NormChannels& s = a.shape;
        const int64_t count = s.images * a.stride, c = s.channels;
        Guarded<T> x(count, 1), g(count, 1), weight(c), bias(c), want(count), gx_want(count);
        Guarded<double> mean_want(c), var_want(c), rstd_want(c), g_want(c), sum_want(c);
        fill(x, kind), fill(g, 0), fill(weight, 0), fill(bias, 0);
        clear(want), clear(gx_want);
        const T *w = weighted ? weight.data() : nullptr, *b = weighted ? bias.data() : nullptr;
        r.moments[t](a, 1e-5, x.data(), mean_want.data(), var_want.data(), rstd_want.data());
        r.apply[t](a, x.data(), mean_want.data(), rstd_want.data(), w, b, want.data());
        r.sums[t](a, g.data(), x.data(), mean_want.data(), rstd_want.data(), g_want.data(), sum_want.data());
        const double* means[2] = {weighted ? g_want.data() : nullptr, weighted ? sum_want.data() : nullptr};
        r.gradient[t](a, g.data(), x.data(), mean_want.data(), rstd_want.data(), w, means[0], means[1], gx_want.data());
        char shape[80];
        std::snprintf(shape, sizeof shape, "channels=%ld spatial=%ld kind=%d", long(c), long(s.spatial), kind);
        for (const KernelTable* level : levels()) {
          const NormKernels& k = level->norm;
          Guarded<T> y(count, 1), gx(count, 1);
          Guarded<double> mean(c), var(c), rstd(c), sum_g(c), sum_gx(c);
          clear(y), clear(gx);
          k.moments[t](a, 1e-5, x.data(), mean.data(), var.data(), rstd.data());
          const double tolerance = 40 * kEps<Compute<T>>;
          compare("mean", level->level, shape, mean, mean_want, tolerance, magnitude(kind));
          compare("variance", level->level, shape, var, var_want, tolerance * (kind == 1 ? 100 : 1));
          compare("rstd", level->level, shape, rstd, rstd_want, tolerance * (kind == 1 ? 100 : 1));
          k.apply[t](a, x.data(), mean_want.data(), rstd_want.data(), w, b, y.data());
          compare("apply", level->level, shape, y, want, tolerance + 4 * kEps<T>);
          k.sums[t](a, g.data(), x.data(), mean_want.data(), rstd_want.data(), sum_g.data(), sum_gx.data());
          compare("sum of g", level->level, shape, sum_g, g_want, 2000 * kEps<Compute<T>>);
          compare("sum of g x", level->level, shape, sum_gx, sum_want, 2000 * kEps<Compute<T>>);
          k.gradient[t](a, g.data(), x.data(), mean_want.data(), rstd_want.data(), w, means[0], means[1], gx.data());
          compare("gradient", level->level, shape, gx, gx_want, (kind == 2 ? 100 : 10) * tolerance + 4 * kEps<T>);
        }
      }
}

}  // namespace

int run() {
  test_rows<float>(DType::f32);
  test_rows<double>(DType::f64);
  test_rows<bf16>(DType::bf16);
  test_channels<float>(DType::f32);
  test_channels<double>(DType::f64);
  test_channels<bf16>(DType::bf16);
  return report();
}

}  // namespace tw::test

int main() { return tw::test::run(); }
