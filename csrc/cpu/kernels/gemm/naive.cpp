// Integers and bool. Sums wrap around in the dtype; bool is "or" of "and".
#include "cpu/kernels/gemm/gemm.h"
#include "cpu/kernels/vec.h"

namespace tw::TW_ISA {
namespace {

template <class T>
TW_INLINE void add_product(T& c, T a, T b) {
  c = static_cast<T>(c + 1u * a * b);  // 1u: uint16 would promote to int and might overflow
}
TW_INLINE void add_product(bool& c, bool a, bool b) { c = c | (a & b); }

template <class U>
const U* element(const GemmMatrix& m, int64_t i, int64_t j) {
  return static_cast<const U*>(m.data) + i * m.row + j * m.col;
}

// A row of C gathers one scaled row of B after another: unit stride in B and C for the usual layouts.
// U is the unsigned type of the dtype's width, so that overflow wraps.
template <class U>
void naive(const GemmProblem& g) {
  const GemmMatrix &b = g.b, &bias = g.out.bias, &residual = g.out.residual;
  const int64_t step = g.out.c.col;
  for (int64_t i = 0; i < g.m; ++i) {
    U* c = static_cast<U*>(g.out.c.data) + i * g.out.c.row;
    for (int64_t j = 0; j < g.n; ++j) {
      U sum = residual.data != nullptr ? *element<U>(residual, i, j) : U{};
      if (bias.data != nullptr) add_product(sum, *element<U>(bias, i, j), U{1});
      c[j * step] = sum;
    }
    for (int64_t p = 0; p < g.k; ++p) {
      const U scale = *element<U>(g.a, i, p);
      const U* row = element<U>(b, p, 0);
      if (b.col == 1 && step == 1)
        for (int64_t j = 0; j < g.n; ++j) add_product(c[j], scale, row[j]);
      else
        for (int64_t j = 0; j < g.n; ++j) add_product(c[j * step], scale, row[j * b.col]);
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
