// Reference matrix product: three loops, double (for integers: wrapping) accumulation, any strides.
#include "cpu/kernels/gemm/gemm.h"
#include "cpu/kernels/reference/products.h"

namespace tw::TW_ISA {
namespace {

template <class S>
struct Integer {
  typedef S storage;
  typedef uint64_t sum;
  static uint64_t get(S x) { return static_cast<uint64_t>(x); }
  static void set(S& y, uint64_t x) { y = static_cast<S>(x); }
};

// From the result for relu, tanh and sigmoid, from the argument for the others.
double derivative(Activation activation, double x) {
  switch (activation) {
    case Activation::none:
      return 1;
    case Activation::relu:
      return x <= 0 ? 0 : 1;
    case Activation::gelu:
      return normal_cdf(x) + gated(x, normal_density(x));
    case Activation::gelu_tanh: {
      const double gate = gelu_tanh_gate(x);
      return gate + x * gate * (1 - gate) * kScale * (1 + 3 * kCubic * x * x);
    }
    case Activation::tanh:
      return 1 - x * x;
    case Activation::sigmoid:
      return x * (1 - x);
    case Activation::silu: {
      const double gate = logistic(x);
      return gate * (1 + x * (1 - gate));
    }
  }
  return 1;
}

// g act', and 0 for any g where relu is closed.
template <class T>
T through_gate(Activation activation, T g, double x) {
  return activation == Activation::relu && x <= 0 ? T{} : g * static_cast<T>(derivative(activation, x));
}

template <class S>
S& element(const GemmMatrix& m, int64_t i, int64_t j) {
  return static_cast<S*>(m.data)[i * m.row + j * m.col];
}

template <class Type>
void naive(const GemmProblem& g) {
  typedef typename Type::storage S;
  typedef typename Type::sum T;
  const GemmOutput& out = g.out;
  for (int64_t i = 0; i < g.m; ++i) {
    for (int64_t j = 0; j < g.n; ++j) {
      T sum = out.residual.data ? Type::get(element<S>(out.residual, i, j)) : 0;
      if (out.bias.data) sum += Type::get(element<S>(out.bias, i, j));
      for (int64_t p = 0; p < g.k; ++p) sum += Type::get(element<S>(g.a, i, p)) * Type::get(element<S>(g.b, p, j));
      if (out.pre.data) Type::set(element<S>(out.pre, i, j), sum);
      if (out.gate.data)
        sum = through_gate(out.activation, sum, static_cast<double>(Type::get(element<S>(out.gate, i, j))));
      else if (out.activation != Activation::none)
        sum = static_cast<T>(activate(out.activation, static_cast<double>(sum)));
      Type::set(element<S>(out.c, i, j), sum);
    }
  }
}

// Sums of bytes in 32 bits.
template <class A, class B>
void naive_bytes(const GemmProblem& g) {
  const GemmOutput& out = g.out;
  for (int64_t i = 0; i < g.m; ++i) {
    for (int64_t j = 0; j < g.n; ++j) {
      uint32_t sum = out.residual.data ? element<uint32_t>(out.residual, i, j) : 0;
      if (out.bias.data) sum += element<uint32_t>(out.bias, i, j);
      for (int64_t p = 0; p < g.k; ++p)
        sum += static_cast<uint32_t>(int32_t{element<A>(g.a, i, p)} * int32_t{element<B>(g.b, p, j)});
      element<uint32_t>(out.c, i, j) = sum;
    }
  }
}

float code_of(const bf16* codes, int64_t at) { return static_cast<float>(Float<bf16>::get(codes[at])); }
float code_of(const int8_t* codes, int64_t at) { return codes[at]; }

// Codes of row r as numbers.
template <class S>
void expand(CompressedRows a, int64_t count, int64_t k, float* to) {
  for (int64_t r = 0; r < count; ++r)
    for (int64_t p = 0; p < k; ++p)
      *to++ = code_of(static_cast<const S*>(a.codes) + r * a.row, p) * (a.scale ? a.scale[r] : 1.0f);
}

}  // namespace

void fill(GemmKernels& table) {
  table.expand[static_cast<int>(DType::bf16)] = expand<bf16>;
  table.expand[static_cast<int>(DType::i8)] = expand<int8_t>;
  const auto set = [&table](DType dtype, void (*kernel)(const GemmProblem&)) {
    table.naive[static_cast<int>(dtype)] = kernel;
  };
  set(DType::boolean, naive<Integer<bool>>);
#define X(type, dtype) set(DType::dtype, naive<Integer<type>>);
  TW_FOR_EACH_INTEGER(X)
#undef X
#define X(type, dtype) set(DType::dtype, naive<Float<type>>);
  TW_FOR_EACH_FLOAT(X)
#undef X
  table.bytes[0][0].naive = naive_bytes<uint8_t, uint8_t>;
  table.bytes[0][1].naive = naive_bytes<uint8_t, int8_t>;
  table.bytes[1][0].naive = naive_bytes<int8_t, uint8_t>;
  table.bytes[1][1].naive = naive_bytes<int8_t, int8_t>;
}

}  // namespace tw::TW_ISA
