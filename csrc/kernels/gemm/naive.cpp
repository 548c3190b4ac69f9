// Integers and bool. Sums wrap around in the dtype; bool is "or" of "and".
#include "kernels/gemm/gemm.h"
#include "kernels/vec.h"

namespace tw::TW_ISA {
namespace {

template <class T>
TW_INLINE void add_product(T& c, T a, T b) {
  c = static_cast<T>(c + 1u * a * b);  // 1u: uint16 would promote to int and might overflow
}
TW_INLINE void add_product(bool& c, bool a, bool b) { c = c | (a & b); }

// A row of C gathers one scaled row of B after another: unit stride in B and C for the usual layouts.
// U is the unsigned type of the dtype's width, so that overflow wraps.
template <class U>
void naive(const GemmProblem& g) {
  const U* a = static_cast<const U*>(g.a);
  const U* b = static_cast<const U*>(g.b);
  const U* bias = static_cast<const U*>(g.bias);
  for (int64_t i = 0; i < g.m; ++i) {
    U* c = static_cast<U*>(g.c) + i * g.c_row;
    if (!g.accumulate)
      for (int64_t j = 0; j < g.n; ++j) c[j] = U{};
    if (bias != nullptr)
      for (int64_t j = 0; j < g.n; ++j) add_product(c[j], bias[j], U{1});
    for (int64_t p = 0; p < g.k; ++p) {
      const U scale = a[i * g.a_row + p * g.a_col];
      const U* row = b + p * g.b_row;
      if (g.b_col == 1)
        for (int64_t j = 0; j < g.n; ++j) add_product(c[j], scale, row[j]);
      else
        for (int64_t j = 0; j < g.n; ++j) add_product(c[j], scale, row[j * g.b_col]);
    }
  }
}

}  // namespace

void fill_naive(GemmKernels& table) {
  const auto set = [&table](DType dtype, void (*kernel)(const GemmProblem&)) {
    table.naive[static_cast<int>(dtype)] = kernel;
  };
  set(DType::boolean, naive<bool>);
#define X(type, dtype) set(DType::dtype, naive<IntOf<sizeof(type)>::utype>);
  TW_FOR_EACH_INTEGER(X)
#undef X
}

}  // namespace tw::TW_ISA
