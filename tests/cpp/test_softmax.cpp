// Softmax and cross-entropy at every level against the reference.
#include <cmath>
#include <limits>

#include "levels.h"

namespace tw::test {
namespace {

template <class T>
constexpr double kEps = double(std::numeric_limits<T>::epsilon());

std::vector<SoftmaxArgs> shapes() {
  std::vector<SoftmaxArgs> all;
  for (int64_t n : {1, 2, 3, 7, 8, 10, 15, 16, 17, 31, 32, 33, 64, 100, 1000, 1025, 5003}) all.push_back({3, n, 1, 1});
  for (int64_t n : {1, 2, 10, 63, 64, 65, 300})
    for (int64_t inner : {2, 5, 8, 16, 17, 33}) all.push_back({2, n, inner, inner});
  all.push_back({2, 10, 9, 20});  // some of the columns
  return all;
}
int64_t elements(const SoftmaxArgs& a) { return a.outer * a.n * a.stride; }
int64_t samples(const SoftmaxArgs& a) { return a.outer * a.stride; }

// Moderate, huge, and with -inf among them.
template <class T>
void fill_logits(Guarded<T>& x, int kind) {
  for (int64_t i = 0; i < x.size(); ++i) {
    double v = uniform(-5, 5);
    if (kind == 1) v += 60000;
    if (kind == 2) v *= 1000;
    if (kind == 3 && i % 3 == 1) v = -INFINITY;
    if (kind == 4 && i % 41 == 7) v = NAN;
    x[i] = T(v);
  }
}
constexpr int kKinds = 5;

template <class T>
void compare(const char* what, const char* level, const SoftmaxArgs& a, Guarded<T>& got, Guarded<T>& want,
             double tolerance) {
  check(got.intact(), "%s %s wrote outside", what, level);
  for (int64_t i = 0; i < got.size(); ++i) {
    const double g = double(got[i]), w = double(want[i]);
    const bool ok = std::isnan(w)   ? std::isnan(g)
                    : std::isinf(w) ? g == w
                                    : std::fabs(g - w) <= tolerance * (1 + std::fabs(w));
    check(ok, "%s %s n=%ld inner=%ld stride=%ld [%ld]: %.17g, want %.17g", what, level, long(a.n), long(a.inner),
          long(a.stride), long(i), g, w);
  }
}
template <class T>
void clear(Guarded<T>& x) {
  for (int64_t i = 0; i < x.size(); ++i) x[i] = T(-77);
}

template <class T>
void test_softmax(DType d) {
  const int t = int(d);
  const SoftmaxKernels& r = reference_table().softmax;
  for (const SoftmaxArgs& a : shapes())
    for (int kind = 0; kind < kKinds; ++kind) {
      Guarded<T> x(elements(a), 1), g(elements(a), 1), want(elements(a)), log_want(elements(a)), grad_want(elements(a));
      Guarded<T> lse_want(samples(a));
      fill_logits(x, kind);
      fill_logits(g, 0);
      for (const KernelTable* level : levels()) {
        const SoftmaxKernels& k = level->softmax;
        auto forward = [&](const char* what, SoftmaxFn fn, SoftmaxFn oracle, Guarded<T>& w, double tolerance) {
          Guarded<T> got(w.size(), 1);
          clear(got), clear(w);
          oracle(a, x.data(), w.data());
          fn(a, x.data(), got.data());
          compare(what, level->level, a, got, w, tolerance);
        };
        forward("softmax", k.softmax[t], r.softmax[t], want, 4 * kEps<T>);
        forward("log_softmax", k.log_softmax[t], r.log_softmax[t], log_want, 4 * kEps<T>);
        forward("logsumexp", k.logsumexp[t], r.logsumexp[t], lse_want, 4 * kEps<T>);
        auto backward = [&](const char* what, SoftmaxBackwardFn fn, SoftmaxBackwardFn oracle, Guarded<T>& y) {
          Guarded<T> got(y.size(), 1);
          clear(got), clear(grad_want);
          oracle(a, g.data(), y.data(), grad_want.data());
          fn(a, g.data(), y.data(), got.data());
          compare(what, level->level, a, got, grad_want, 8 * kEps<T> * std::sqrt(double(a.n)));
        };
        backward("softmax_backward", k.softmax_backward[t], r.softmax_backward[t], want);
        backward("log_softmax_backward", k.log_softmax_backward[t], r.log_softmax_backward[t], log_want);
      }
    }
}

template <class T>
void test_cross_entropy(DType d) {
  const int t = int(d);
  const SoftmaxKernels& r = reference_table().softmax;
  for (const SoftmaxArgs& a : shapes())
    for (int variant = 0; variant < 16; ++variant) {
      const int64_t count = samples(a);
      Guarded<T> x(elements(a), 1), gx_want(elements(a));
      Guarded<int64_t> target(count);
      Guarded<T> weight(a.n), g(count), loss_want(count), shift_want(count), log_want(count);
      fill_logits(x, variant % 3);  // smoothing over -inf is inf
      CrossEntropyArgs args{a, -100, variant & 1 ? 0.1 : 0, variant & 2 ? weight.data() : nullptr, double(a.n)};
      if (args.weight) args.weight_sum = 0;
      for (int64_t i = 0; i < a.n; ++i) {
        weight[i] = T(uniform(0, 2));
        if (args.weight) args.weight_sum += weight[i];
      }
      for (int64_t i = 0; i < count; ++i) {
        target[i] = uniform(0, 1) < 0.2 ? -100 : int64_t(uniform(0, double(a.n)));
        g[i] = T(uniform(-1, 1));
      }
      const bool each = variant & 4;
      for (const KernelTable* level : levels()) {
        const SoftmaxKernels& k = level->softmax;
        Guarded<T> loss(count, 1), shift(count, 1), log_total(count, 1);
        Guarded<T> gx(elements(a), 1);
        clear(loss), clear(shift), clear(log_total), clear(gx);
        clear(loss_want), clear(shift_want), clear(log_want), clear(gx_want);
        double sums[2] = {1, 2}, sums_want[2] = {1, 2};
        r.cross_entropy[t](args, x.data(), target.data(), loss_want.data(), shift_want.data(), log_want.data(),
                           sums_want);
        k.cross_entropy[t](args, x.data(), target.data(), loss.data(), shift.data(), log_total.data(), sums);
        const double tolerance = (16 + std::sqrt(double(a.n))) * kEps<T>;
        compare("cross_entropy loss", level->level, a, loss, loss_want, tolerance);
        compare("cross_entropy shift", level->level, a, shift, shift_want, 0);
        compare("cross_entropy log_total", level->level, a, log_total, log_want, tolerance);
        for (int i = 0; i < 2; ++i)
          check(std::fabs(sums[i] - sums_want[i]) <= tolerance * (1 + std::fabs(sums_want[i])),
                "cross_entropy %s sums[%d]: %g, want %g", level->level, i, sums[i], sums_want[i]);
        const T* grads = each ? g.data() : nullptr;
        r.cross_entropy_backward[t](args, x.data(), target.data(), shift_want.data(), log_want.data(), grads, 0.5,
                                    gx_want.data());
        k.cross_entropy_backward[t](args, x.data(), target.data(), shift_want.data(), log_want.data(), grads, 0.5,
                                    gx.data());
        compare("cross_entropy_backward", level->level, a, gx, gx_want, 4 * kEps<T>);
      }
    }
}

}  // namespace

int run() {
  test_softmax<float>(DType::f32);
  test_softmax<double>(DType::f64);
  test_cross_entropy<float>(DType::f32);
  test_cross_entropy<double>(DType::f64);
  return report();
}

}  // namespace tw::test

int main() { return tw::test::run(); }
