// What the reference's sums of products share: how they are rounded, and activations in double.
#pragma once
#include "backend/gemm_problem.h"
#include "cpu/kernels/vec.h"

namespace tw::TW_ISA {

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
inline double logistic(double x) { return 1 / (1 + __builtin_exp(-x)); }
inline double normal_cdf(double x) { return __builtin_erfc(-x * 0.70710678118654752440) / 2; }
inline double normal_density(double x) { return __builtin_exp(-x * x / 2) * 0.39894228040143267794; }
// (1 + tanh(u)) / 2 = logistic(2 u), where u = sqrt(2 / pi) (x + 0.044715 x^3).
constexpr double kScale = 1.59576912160573071176, kCubic = 0.044715;
inline double gelu_tanh_gate(double x) { return logistic(kScale * (x + kCubic * x * x * x)); }
inline double gated(double x, double gate) { return gate == 0 ? 0 : x * gate; }  // of an infinite x too

inline double activate(Activation activation, double z) {
  switch (activation) {
    case Activation::none:
      return z;
    case Activation::relu:
      return z > 0 || z != z ? z : 0;
    case Activation::gelu:
      return gated(z, normal_cdf(z));
    case Activation::gelu_tanh:
      return gated(z, gelu_tanh_gate(z));
    case Activation::tanh:
      return __builtin_tanh(z);
    case Activation::sigmoid:
      return logistic(z);
    case Activation::silu:
      return gated(z, logistic(z));
  }
  return z;
}

}  // namespace tw::TW_ISA
