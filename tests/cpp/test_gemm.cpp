// The GEMM kernels of every ISA level that this machine runs, called through the kernel table, against a float64
// oracle: sizes that straddle the register tile, the vector and the depth of a packed block, any strides, guard bytes
// around C. What follows the sums has a test of its own.
#include <limits>

#include "gemm_case.h"

namespace {

using namespace tw;
using namespace tw::test;

constexpr Epilogue kPlain{}, kFused{.bias = Bias::by_column, .activation = Activation::relu},
    kAdded{.residual = Residual::itself},
    kAll{.bias = Bias::by_column, .residual = Residual::itself, .activation = Activation::relu};

template <class T>
void run_floats(const KernelTable& table) {
  const int64_t edges[] = {1, 2, 7, 13, 14, 15, 16, 17, 31, 32, 33, 48, 65};
  for (int64_t m : edges)
    for (int64_t n : edges) {
      const int64_t k = 1 + (m * 5 + n * 3) % 37;
      run_methods<T>(table, m, n, k, Layout::rows, Layout::rows, kPlain);
      run_methods<T>(table, m, n, k, Layout::rows, Layout::columns, kFused);
    }
  for (Layout la : kLayouts)
    for (Layout lb : kLayouts)
      for (const Epilogue& epilogue : {kPlain, kFused, kAdded, kAll}) {
        run_methods<T>(table, 29, 35, 19, la, lb, epilogue);
        run_methods<T>(table, 5, 9, 300, la, lb, epilogue);
      }
  for (int64_t k : {0, 1, 2, 3, 4, 5, 127, 128, 129, 255, 256, 257, 513, 1030})
    for (const Epilogue& epilogue : {kPlain, kAll})
      run_methods<T>(table, 15, 33, k, Layout::rows, Layout::columns, epilogue);
}

template <class T>
void run_narrow(const KernelTable& table) {
  for (int64_t m : {1, 2, 3, 4, 5, 9})  // what the dot kernel is for
    for (int64_t n : {1, 3, 4, 6, 7, 12, 13})
      for (int64_t k : {0, 1, 15, 16, 17, 33, 511, 512, 513, 1023, 1024, 1025, 2060})
        run_methods<T>(table, m, n, k, Layout::rows, Layout::columns, k % 2 ? kAll : kPlain);
  for (int64_t m : {1, 3, 4, 5, 8, 15, 16, 17, 64, 100, 2049})
    for (int64_t k : {0, 1, 7, 8, 9, 31, 32, 33, 100, 520})
      for (const Epilogue& epilogue : {kPlain, kAll}) run_gemv<T>(table, m, k, epilogue);
  run_gemv<T>(table, 3, 20001, kPlain);
}

// NaN and infinity arrive in C, and relu keeps NaN.
void run_special(const KernelTable& table) {
  const float inf = std::numeric_limits<float>::infinity(), nan = std::nanf("");
  float a[4] = {inf, 1, nan, 1}, b[4] = {1, 2, 3, -4};
  const int dtype = static_cast<int>(DType::f32);
  for (bool direct : {false, true}) {
    if (!(direct ? table.gemm.direct[dtype] != nullptr : table.gemm.naive[dtype] != nullptr)) continue;
    float c[4] = {nan, nan, nan, nan};
    GemmProblem p{};
    p.m = p.n = p.k = 2;
    p.a = {a, 2, 1}, p.b = {b, 2, 1}, p.out.c = {c, 2, 1};
    p.out.activation = Activation::relu;
    if (direct)
      table.gemm.direct[dtype](p, nullptr);
    else
      table.gemm.naive[dtype](p);
    check(c[0] == inf && c[1] == inf && std::isnan(c[2]) && std::isnan(c[3]), "%s: NaN and infinity", table.level);
  }
}

// NaN, of any bits, and infinity arrive from packed pairs; what is beside them in a pair stays apart.
void run_special_pairs(const KernelTable& table) {
  const PackedGemm& kernel = table.gemm.packed[static_cast<int>(DType::bf16)];
  const bf16 one = Type<bf16>::make(1), signalling{0x7f81}, infinity{0x7f80}, zero{0};
  bf16 a[8] = {signalling, one, infinity, one, one, one, one, one};  // 4 x 2
  bf16 b[4] = {one, zero, one, one};                                 // 2 x 2
  for (bool transposed : {false, true}) {
    bf16 c[8];
    GemmProblem p{};
    p.m = 4, p.n = p.k = 2;
    p.a = {a, 2, 1}, p.b = {b, transposed ? 1 : 2, transposed ? 2 : 1}, p.out.c = {c, 2, 1};
    run_tiles(kernel, 2, 2, p, 2, 1, 1);
    const auto at = [&](int i) { return Type<bf16>::get(c[i]); };
    check(std::isnan(at(0)) && std::isnan(at(1)) && at(2) == HUGE_VAL && at(4) == (transposed ? 1 : 2) &&
              at(5) == (transposed ? 2 : 1),
          "%s: NaN and infinity in pairs", table.level);
    check(transposed ? at(3) == HUGE_VAL : std::isnan(at(3)), "%s: zero times infinity in pairs", table.level);
  }
}

// Sums wrap around in the dtype; bias and residual join them.
template <class T>
void run_integers(const KernelTable& table, DType dtype) {
  std::mt19937_64 random(7);
  const int64_t m = 5, n = 9, k = 33;
  const auto draw = [&](int64_t count) {
    std::vector<T> x(static_cast<size_t>(count));
    for (T& value : x) value = static_cast<T>(random());
    return x;
  };
  std::vector<T> a = draw(m * k), b = draw(k * n), bias = draw(m), residual = draw(m * n), c(residual.size());
  for (bool transposed : {false, true}) {
    GemmProblem p{};
    p.m = m, p.n = n, p.k = k;
    p.a = {a.data(), k, 1};
    p.b = {b.data(), transposed ? 1 : n, transposed ? k : 1};
    p.out.c = {c.data(), transposed ? 1 : n, transposed ? m : 1};
    if (transposed) p.out.bias = {bias.data(), 1, 0}, p.out.residual = {residual.data(), n, 1};
    table.gemm.naive[static_cast<int>(dtype)](p);
    bool ok = true;
    for (int64_t i = 0; i < m; ++i)
      for (int64_t j = 0; j < n; ++j) {
        uint64_t sum = transposed ? static_cast<uint64_t>(bias[static_cast<size_t>(i)]) +
                                        static_cast<uint64_t>(residual[static_cast<size_t>(i * n + j)])
                                  : 0;
        for (int64_t q = 0; q < k; ++q)
          sum += static_cast<uint64_t>(a[static_cast<size_t>(i * k + q)]) *
                 static_cast<uint64_t>(b[static_cast<size_t>(q * p.b.row + j * p.b.col)]);
        ok = ok && c[static_cast<size_t>(i * p.out.c.row + j * p.out.c.col)] == static_cast<T>(sum);
      }
    check(ok, "%s", label(table, "naive", dtype).c_str());
  }
}

void run_level(const KernelTable& table) {
#define X(type, name)      \
  run_floats<type>(table); \
  run_narrow<type>(table);
  TW_FOR_EACH_FLOAT(X)
#undef X
  run_special(table);
#define X(type, name) run_integers<type>(table, DType::name);
  TW_FOR_EACH_INTEGER(X)
#undef X
}

}  // namespace

int main() {
  run_level(reference_table());
  for (const KernelTable* table : levels()) run_level(*table);
  if (dot_level()) {
    run_floats<bf16>(*dot_level());
    run_special_pairs(*dot_level());
  }
  return report();
}
