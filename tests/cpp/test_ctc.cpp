// Connectionist temporal classification at every level against the reference: losses, gradients, and that nothing is
// written beyond what is kept.
#include <algorithm>
#include <cmath>

#include "levels.h"

namespace tw::test {
namespace {

struct Case {
  int64_t steps, labels, repeats;  // each label so often, one behind another
};

std::vector<Case> cases() {
  std::vector<Case> all{{0, 0, 1}, {0, 1, 1}, {1, 1, 1}, {2, 2, 1}, {2, 2, 2}, {3, 2, 2}, {400, 90, 3}};
  for (const int64_t labels : {0, 1, 2, 3, 4, 7, 8, 15, 16, 17, 31, 33}) all.push_back({2 * labels + 3, labels, 2});
  return all;
}

template <class T>
struct Result {
  double loss;
  std::vector<T> log_alpha, gx;
};

template <class T>
Result<T> run(const CtcKernels& kernels, DType dtype, const CtcArgs& args, const std::vector<T>& x,
              const std::vector<int64_t>& labels) {
  const int64_t states = 2 * args.labels + 1;
  std::vector<double> scratch(static_cast<size_t>(4 * (states + kCtcMargin)), std::nan(""));
  Result<T> r{0, std::vector<T>(static_cast<size_t>(args.steps * states + 1), T{77}), std::vector<T>(x.size(), T{77})};
  r.loss = kernels.forward[static_cast<int>(dtype)](args, x.data(), labels.data(), r.log_alpha.data(), scratch.data());
  std::fill(scratch.begin(), scratch.end(), std::nan(""));
  kernels.backward[static_cast<int>(dtype)](args, x.data(), labels.data(), r.log_alpha.data(), 1.5, r.gx.data(),
                                            scratch.data());
  return r;
}

template <class T>
void compare(const KernelTable& table, DType dtype, double tolerance) {
  constexpr int64_t kClasses = 5, kBlank = 2;
  for (const Case& c : cases()) {
    std::vector<int64_t> labels;
    for (int64_t k = 0; k < c.labels; ++k) labels.push_back(k / c.repeats % 2 ? 4 : 1);
    const CtcArgs args{c.steps, c.labels, c.steps + 1, kClasses + 2, kClasses, kBlank};
    std::vector<T> x(static_cast<size_t>(args.all_steps * args.stride));
    for (T& value : x) value = static_cast<T>(uniform(-4, 0));
    const Result<T> got = run<T>(table.ctc, dtype, args, x, labels);
    const Result<T> want = run<T>(reference_table().ctc, dtype, args, x, labels);
    const bool same = std::isinf(want.loss) ? got.loss == want.loss
                                            : std::abs(got.loss - want.loss) <= tolerance * (std::abs(want.loss) + 1);
    check(same, "%s: %ld steps, %ld labels: loss %g, not %g", table.level, c.steps, c.labels, got.loss, want.loss);
    double worst = 0;
    for (size_t i = 0; i < x.size(); ++i)
      worst = std::max(worst, std::abs(static_cast<double>(got.gx[i]) - static_cast<double>(want.gx[i])));
    check(worst <= 64 * tolerance, "%s: %ld steps, %ld labels: gradient off by %g", table.level, c.steps, c.labels,
          worst);
    check(got.log_alpha.back() == T{77}, "%s: %ld labels: wrote beyond what is kept", table.level, c.labels);
    check(got.gx[kClasses] == T{77}, "%s: %ld labels: wrote beyond the classes", table.level, c.labels);
  }
}

}  // namespace
}  // namespace tw::test

int main() {
  using namespace tw;
  using namespace tw::test;
  for (const KernelTable* table : levels()) {
    compare<float>(*table, DType::f32, 0x1p-22);
    compare<double>(*table, DType::f64, 0x1p-50);
  }
  return report();
}
