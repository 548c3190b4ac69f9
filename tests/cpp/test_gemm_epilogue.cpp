// What GEMM kernels make of their sums: bias, residual, every activation forward and backward, a copy of what went into
// it, and C in any layout; for every method and every ISA level that this machine runs, and through the choice of
// method at the best of them.
#include "cpu/cpu.h"
#include "cpu/dispatch/dispatch.h"
#include "gemm_case.h"

namespace {

using namespace tw;
using namespace tw::test;

constexpr int kActivations = 7;

// Every combination of bias, residual, pre and layouts; the activations, forward and backward, take turns.
std::vector<Epilogue> epilogues() {
  std::vector<Epilogue> all;
  for (Bias bias : {Bias::none, Bias::by_column, Bias::by_row})
    for (Residual residual : {Residual::none, Residual::itself, Residual::another})
      for (bool pre : {false, true})
        for (Layout c : kLayouts)
          for (Layout others : kLayouts) {
            const int turn = static_cast<int>(all.size() * 5 % (2 * kActivations));
            all.push_back({bias, residual, static_cast<Activation>(turn / 2), turn % 2 != 0, pre, c, others});
          }
  return all;
}

template <class T>
void run_type(const KernelTable& table) {
  for (const Epilogue& epilogue : epilogues()) {
    run_methods<T>(table, 17, 35, 5, Layout::rows, Layout::columns, epilogue);
    run_gemv<T>(table, 21, 9, epilogue);
  }
  // The same activation in every place at once, several stretches deep and with a depth of zero.
  for (int activation = 0; activation < kActivations; ++activation)
    for (bool gate : {false, true})
      for (int64_t k : {0, 450}) {
        const Epilogue epilogue{Bias::by_column, Residual::another, static_cast<Activation>(activation), gate, true,
                                Layout::rows,    Layout::rows};
        run_methods<T>(table, 16, 33, k, Layout::rows, Layout::columns, epilogue);
        run_gemv<T>(table, 70, k, epilogue);
      }
}

// Whatever method is chosen: for half types also that by way of float32, for a deep product that in slices.
template <class T>
void run_chosen() {
  struct Shape {
    int64_t m, n, k;
  };
  const std::vector<Epilogue> all = epilogues();
  for (size_t i = 0; i < all.size(); ++i)
    for (const Shape& s :
         {Shape{17, 35, 5}, Shape{6, 70, 3}, Shape{40, 5, 90}, Shape{40, 50, 4}, Shape{30, 30, 2500}}) {
      if (s.k > 100 && i % 25 != 0) continue;
      const Epilogue& epilogue = all[i];
      Case<T> c(s.m, s.n, s.k, Layout::rows, Layout::columns, epilogue);
      c.run(label(kernels(), "chosen", Type<T>::dtype), [&](const GemmProblem& p) {
        GemmBatch batch{};
        batch.dtype = Type<T>::dtype;
        batch.each = p;
        cpu::gemm(batch);
      });
    }
}

void run_level(const KernelTable& table) {
#define X(type, name) run_type<type>(table);
  TW_FOR_EACH_FLOAT(X)
#undef X
}

}  // namespace

int main() {
  run_level(reference_table());
  for (const KernelTable* table : levels()) run_level(*table);
  if (dot_level()) run_type<bf16>(*dot_level());
  cpu::register_backend();
#define X(type, name) run_chosen<type>();
  TW_FOR_EACH_FLOAT(X)
#undef X
  return report();
}
