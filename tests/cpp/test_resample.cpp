// Resampling at every level against the reference, which adds in long double; and what lies outside a piece is not
// written.
#include <algorithm>
#include <cmath>

#include "levels.h"

namespace tw::test {
namespace {

struct Case {
  int64_t outer, sources, targets, inner, taps;
};

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const int64_t outer : {1, 3, 4, 5, 9})
    for (const int64_t inner : {1, 2, 7, 33, 257, 600}) all.push_back({outer, 5, 7, inner, 3});
  all.push_back({2, 300, 3, 1, 250});
  all.push_back({2, 300, 3, 5, 250});
  return all;
}

template <class T>
void compare(const char* level, ResampleFn fn, ResampleFn reference, double eps) {
  for (const Case& c : cases()) {
    std::vector<int64_t> starts{0}, positions;
    std::vector<double> weights;
    for (int64_t j = 0; j < c.targets; ++j) {
      for (int64_t k = 0; k < (j == 1 ? 0 : c.taps); ++k) {  // a target may take nothing
        positions.push_back(static_cast<int64_t>(rng()() % static_cast<uint64_t>(c.sources)));
        weights.push_back(uniform(-1, 1));
      }
      starts.push_back(static_cast<int64_t>(positions.size()));
    }
    std::vector<T> x(static_cast<size_t>(c.outer * c.sources * c.inner));
    for (T& value : x) value = static_cast<T>(uniform(-1, 1));
    std::vector<T> got(static_cast<size_t>(c.outer * c.targets * c.inner), T{77}), want = got;
    const int64_t last_column = c.inner > 1 ? c.inner - 1 : 1;
    const ResampleArgs args{c.outer,     c.sources,     c.targets,        c.inner,       1, c.targets, 0,
                            last_column, starts.data(), positions.data(), weights.data()};
    fn(args, x.data(), got.data());
    reference(args, x.data(), want.data());
    double worst = 0;
    for (size_t i = 0; i < got.size(); ++i)
      worst = std::max(worst, std::abs(static_cast<double>(got[i]) - static_cast<double>(want[i])));
    check(worst <= eps * static_cast<double>(c.taps), "%s: %ld x %ld to %ld x %ld, off by %g", level, c.outer,
          c.sources, c.targets, c.inner, worst);
  }
}

}  // namespace
}  // namespace tw::test

int main() {
  using namespace tw;
  using namespace tw::test;
  const ResampleKernels& reference = reference_table().resample;
  for (const KernelTable* table : levels()) {
    compare<float>(table->level, table->resample.f32, reference.f32, 0x1p-23);
    compare<double>(table->level, table->resample.f64, reference.f64, 0x1p-52);
  }
  return report();
}
