// Reference matrix product: three loops, double (for integers: wrapping) accumulation, any strides.
#include "kernels/gemm/gemm.h"

#include "kernels/table.h"
#include "kernels/vec.h"

namespace tw::TW_ISA {
namespace {

// get and set convert between a storage type and the type it is accumulated in.
template <class S>
struct Float {
  typedef S storage;
  typedef double sum;
  static double get(S x) {
    S lane[lanes<S>] = {x};
    return load(lane)[0];
  }
  static void set(S& y, double x) {
    S lane[lanes<S>];
    store(lane, set1(static_cast<compute_t<S>>(x)));
    y = lane[0];
  }
};
template <class S>
struct Integer {
  typedef S storage;
  typedef uint64_t sum;
  static uint64_t get(S x) { return static_cast<uint64_t>(x); }
  static void set(S& y, uint64_t x) { y = static_cast<S>(x); }
};

template <class Type>
void naive(const GemmProblem& g) {
  typedef typename Type::storage S;
  const S* a = static_cast<const S*>(g.a);
  const S* b = static_cast<const S*>(g.b);
  const S* bias = static_cast<const S*>(g.bias);
  for (int64_t i = 0; i < g.m; ++i) {
    for (int64_t j = 0; j < g.n; ++j) {
      S& c = static_cast<S*>(g.c)[i * g.c_row + j];
      typename Type::sum sum = g.accumulate ? Type::get(c) : 0;
      if (bias != nullptr) sum += Type::get(bias[j]);
      for (int64_t p = 0; p < g.k; ++p)
        sum += Type::get(a[i * g.a_row + p * g.a_col]) * Type::get(b[p * g.b_row + j * g.b_col]);
      if (g.relu && sum < 0) sum = 0;
      Type::set(c, sum);
    }
  }
}

}  // namespace

void fill_gemm(KernelTable& table) {
  const auto set = [&table](DType dtype, void (*kernel)(const GemmProblem&)) {
    table.gemm.naive[static_cast<int>(dtype)] = kernel;
  };
  set(DType::boolean, naive<Integer<bool>>);
#define X(type, dtype) set(DType::dtype, naive<Integer<type>>);
  TW_FOR_EACH_INTEGER(X)
#undef X
#define X(type, dtype) set(DType::dtype, naive<Float<type>>);
  TW_FOR_EACH_FLOAT(X)
#undef X
}

}  // namespace tw::TW_ISA
