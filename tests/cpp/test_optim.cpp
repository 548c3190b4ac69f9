// Optimiser steps and norms at every level against the reference.
#include <cmath>
#include <limits>

#include "levels.h"

namespace tw::test {
namespace {

constexpr int64_t kLengths[] = {0, 1, 3, 7, 8, 15, 16, 17, 33, 64, 100, 1001};

template <class T>
struct State {
  Guarded<T> param, grad, first, second, third;
  explicit State(int64_t n) : param(n, 1), grad(n, 1), first(n, 1), second(n, 1), third(n, 1) {
    for (int64_t i = 0; i < n; ++i) {
      param[i] = T(uniform(-2, 2));
      grad[i] = T(uniform(-20, 20));
      first[i] = T(uniform(1.2, 2));  // so large that no rule takes the root of a difference near 0
      second[i] = T(uniform(0, 1));
      third[i] = T(uniform(0, 1));
    }
  }
};

template <class T>
void copy(const State<T>& from, State<T>& to) {
  auto one = [](Guarded<T> a, Guarded<T>& b) {
    for (int64_t i = 0; i < b.size(); ++i) b[i] = a[i];
  };
  one(from.param, to.param), one(from.grad, to.grad), one(from.first, to.first);
  one(from.second, to.second), one(from.third, to.third);
}

template <class T>
void compare(const char* what, const char* level, State<T>& got, State<T>& want) {
  auto one = [&](Guarded<T>& g, Guarded<T>& w, const char* array) {
    check(g.intact(), "%s %s wrote outside %s", what, level, array);
    const double tolerance = 16 * std::numeric_limits<T>::epsilon();
    for (int64_t i = 0; i < g.size(); ++i)
      check(std::fabs(g[i] - w[i]) <= tolerance * (1 + std::fabs(w[i])), "%s %s %s[%ld] of %ld: %.17g, want %.17g",
            what, level, array, long(i), long(g.size()), double(g[i]), double(w[i]));
  };
  one(got.param, want.param, "param"), one(got.grad, want.grad, "grad"), one(got.first, want.first, "first");
  one(got.second, want.second, "second"), one(got.third, want.third, "third");
}

template <class T, class Step>
void test_step(const char* what, Step step) {
  for (int64_t n : kLengths) {
    State<T> start(n), want(n);
    copy(start, want);
    step(reference_table().optim, n, want);
    for (const KernelTable* level : levels()) {
      State<T> got(n);
      copy(start, got);
      step(level->optim, n, got);
      compare(what, level->level, got, want);
    }
  }
}

struct Counts {
  const char* name;
  int fewest, most;
};

template <class T>
void test_type(DType d) {
  const int t = int(d);
  constexpr Counts kCounts[] = {
#define TW_COUNTS(name, fewest, most) {#name, fewest, most},
      TW_STEP_RULES(TW_COUNTS)
#undef TW_COUNTS
  };
  for (int rule = 0; rule < kStepRules; ++rule) {
    for (int states = kCounts[rule].fewest; states <= kCounts[rule].most; ++states) {
      for (int bits = 0; bits < 128; ++bits) {
        StepSettings a;
        a.rate = 0.01, a.beta1 = 0.9, a.beta2 = 0.99, a.gain = 0.75, a.eps = 1e-3, a.unbias1 = 4, a.unbias2 = 8;
        a.maximize = bits & 1, a.first = bits & 2, a.nesterov = bits & 4, a.rectified = bits & 16;
        a.centered = states == 3 || ((bits & 8) && states == 2);
        if (bits & 32) a.decay = 0.1;
        if (bits & 64) a.shrink = 0.9;
        test_step<T>(kCounts[rule].name, [&](const OptimKernels& k, int64_t n, State<T>& s) {
          void* const all[] = {s.first.data(), s.second.data(), s.third.data()};
          k.step[rule][t](a, n, s.param.data(), s.grad.data(), all, states);
        });
      }
    }
  }
  for (int bits = 0; bits < 4; ++bits) {
    StepSettings a;
    a.beta1 = 0.9, a.beta2 = 0.99, a.eps = 1e-3, a.unbias1 = 4, a.unbias2 = 8, a.maximize = bits & 1;
    if (bits & 2) a.decay = 0.1;
    test_step<T>("lamb_moments", [&](const OptimKernels& k, int64_t n, State<T>& s) {
      void* const all[] = {s.first.data(), s.second.data()};
      const Squares sum = k.lamb_moments[t](a, n, s.param.data(), s.grad.data(), all);
      if (n > 1) s.third[0] = T(sum.param), s.third[1] = T(sum.update);
    });
  }
  for (int64_t n : kLengths) {
    State<T> s(n);
    for (int special = 0; special < 2; ++special) {
      if (special && n > 0) s.param[n / 2] = NAN;
      for (const KernelTable* level : levels()) {
        auto compare_norm = [&](const char* what, NormFn got_fn, NormFn want_fn) {
          const double got = got_fn(n, s.param.data()), want = want_fn(n, s.param.data());
          check(std::isnan(want) ? std::isnan(got) : std::fabs(got - want) <= 1e-13 * want,
                "%s %s n=%ld: %.17g, want %.17g", what, level->level, long(n), got, want);
        };
        const OptimKernels &k = level->optim, &r = reference_table().optim;
        compare_norm("sum_abs", k.sum_abs[t], r.sum_abs[t]);
        compare_norm("sum_squares", k.sum_squares[t], r.sum_squares[t]);
        compare_norm("max_abs", k.max_abs[t], r.max_abs[t]);
      }
    }
  }
}

}  // namespace

int run() {
  test_type<float>(DType::f32);
  test_type<double>(DType::f64);
  return report();
}

}  // namespace tw::test

int main() { return tw::test::run(); }
