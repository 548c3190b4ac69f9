// Linear layers of codes at every level: rows times a few vectors against their sums in double, and codes as numbers
// bit for bit as the reference makes them. Operands lie in memory that ends with them.
#include <cmath>

#include "gemm_case.h"
#include "levels.h"

namespace tw::test {
namespace {

int64_t below(int64_t n) { return static_cast<int64_t>(rng()() % static_cast<uint64_t>(n)); }

template <class S>
S draw_code() {
  if constexpr (std::is_same_v<S, int8_t>)
    return static_cast<int8_t>(below(255) - 127);
  else
    return Type<S>::make((static_cast<int>(below(31)) - 15) / 16.0);
}
double number(int8_t code) { return code; }
double number(bf16 code) { return Type<bf16>::get(code); }

// Rows of k codes with a gap between them, and a scale of each where codes are int8.
template <class S>
struct Rows {
  int64_t row;
  std::vector<S> codes;
  std::vector<float> scale;

  Rows(int64_t m, int64_t k, int64_t gap) : row(k + gap) {
    codes.resize(static_cast<size_t>(m && k ? (m - 1) * row + k : 0));
    for (S& code : codes) code = draw_code<S>();
    for (int64_t r = 0; std::is_same_v<S, int8_t> && r < m; ++r)
      scale.push_back(static_cast<float>(uniform(0.5, 2)) / 127);
  }
  CompressedRows view() const { return {codes.data(), row, scale.empty() ? nullptr : scale.data()}; }
  double at(int64_t r, int64_t p) const {
    const double factor = scale.empty() ? 1 : static_cast<double>(scale[static_cast<size_t>(r)]);
    return number(codes[static_cast<size_t>(r * row + p)]) * factor;
  }
};

template <class S>
void test_products(DType d, int64_t m, int64_t k, int64_t count) {
  const Rows<S> a(m, k, below(2));
  const int64_t step = k + below(3);
  std::vector<float> x(static_cast<size_t>((count - 1) * step + k)), bias(static_cast<size_t>(m));
  for (float& element : x) element = static_cast<float>(uniform(-1, 1));
  for (float& element : bias) element = static_cast<float>(uniform(-1, 1));
  for (const KernelTable* level : levels()) {
    const int64_t row = m + 3;  // of y
    Guarded<float> y((count - 1) * row + m, 1);
    for (int64_t i = 0; i < y.size(); ++i) y[i] = -77;
    CompressedProblem p{m, k, a.view(), x.data(), count, step, {}};
    p.out.c = {y.data(), row, 1};
    p.out.bias = {bias.data(), 0, 1};
    p.out.activation = Activation::relu;
    level->gemm.compressed[static_cast<int>(d)](p);
    check(y.intact(), "compressed %s %ld x %ld wrote outside", level->level, long(m), long(k));
    for (int64_t v = 0; v < count; ++v)
      for (int64_t i = 0; i < (v + 1 < count ? row : m); ++i) {
        const double got = static_cast<double>(y[v * row + i]);
        if (i >= m) {
          check(got == -77, "compressed %s %ld x %ld wrote between rows", level->level, long(m), long(k));
          continue;
        }
        double want = static_cast<double>(bias[static_cast<size_t>(i)]), most = 1;
        for (int64_t c = 0; c < k; ++c) {
          const double product = a.at(i, c) * static_cast<double>(x[static_cast<size_t>(v * step + c)]);
          want += product, most += std::fabs(product);
        }
        check(std::fabs(got - std::fmax(want, 0)) <= 4e-7 * most, "compressed %s %ld x %ld x %ld [%ld]: %g, want %g",
              level->level, long(m), long(k), long(count), long(i), got, std::fmax(want, 0));
      }
  }
}

template <class S>
void test_expand(DType d, int64_t m, int64_t k) {
  const int t = static_cast<int>(d);
  const Rows<S> a(m, k, below(2));
  Guarded<float> want(m * k);
  reference_table().gemm.expand[t](a.view(), m, k, want.data());
  for (const KernelTable* level : levels()) {
    Guarded<float> got(m * k, 1);
    level->gemm.expand[t](a.view(), m, k, got.data());
    check(got.intact(), "expand %s %ld x %ld wrote outside", level->level, long(m), long(k));
    for (int64_t i = 0; i < m * k; ++i)
      check(got[i] == want[i], "expand %s %ld x %ld [%ld]: %g, want %g", level->level, long(m), long(k), long(i),
            static_cast<double>(got[i]), static_cast<double>(want[i]));
  }
}

template <class S>
void test(DType d) {
  for (int64_t m : {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 33})
    for (int64_t k : {0, 1, 3, 4, 7, 8, 15, 16, 17, 31, 32, 33, 47, 64, 300}) {
      for (int64_t count = 1; count <= GemmKernels::kMostVectors; ++count) test_products<S>(d, m, k, count);
      test_expand<S>(d, m, k);
    }
}

}  // namespace
}  // namespace tw::test

int main() {
  using namespace tw::test;
  test<int8_t>(tw::DType::i8);
  test<tw::bf16>(tw::DType::bf16);
  return report();
}
