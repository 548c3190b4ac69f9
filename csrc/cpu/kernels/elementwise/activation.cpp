// Activations and their derivatives. A *_backward kernel takes (g, y) or (g, x): see README.md.
#include "cpu/kernels/elementwise/rows.h"
#include "cpu/kernels/gemm/gemm.h"
#include "cpu/kernels/math.h"

namespace tw::TW_ISA {
namespace {

#define TW_FUNCTOR(Name, expression)    \
  struct Name {                         \
    template <class V>                  \
    TW_INLINE V operator()(V x) const { \
      return expression;                \
    }                                   \
  };
#define X(name, saved) TW_FUNCTOR(name##_functor, name(x))
TW_ACTIVATIONS(X)
#undef X
TW_FUNCTOR(Erf, erf(x))
TW_FUNCTOR(Softplus, softplus(x))
#undef TW_FUNCTOR

struct ReluInteger {
  template <class V>
  TW_INLINE V operator()(V x) const {
    return x > 0 ? x : V{};
  }
};

// One parameter: the slope or scale of the negative side.
struct Parameter {
  double value;
  explicit Parameter(const double* params) : value(params[0]) {}
};
struct LeakyRelu : Parameter {
  using Parameter::Parameter;
  template <class V>
  TW_INLINE V operator()(V x) const {
    return x > V{} ? x : x * splat<V>(value);
  }
};
struct Elu : Parameter {
  using Parameter::Parameter;
  template <class V>
  TW_INLINE V operator()(V x) const {
    return x > V{} ? x : splat<V>(value) * expm1(x);
  }
};

#define TW_FUNCTOR(Name, saved, expression)      \
  struct Name {                                  \
    template <class V>                           \
    TW_INLINE V operator()(V g, V saved) const { \
      return expression;                         \
    }                                            \
  };
#define X(name, saved) TW_FUNCTOR(name##_backward_functor, s, name##_backward(g, s))
TW_ACTIVATIONS(X)
#undef X
TW_FUNCTOR(SoftplusBackward, x, g* sigmoid(x))
#undef TW_FUNCTOR

struct LeakyReluBackward : Parameter {
  using Parameter::Parameter;
  template <class V>
  TW_INLINE V operator()(V g, V x) const {
    return x > V{} ? g : g * splat<V>(value);
  }
};
struct EluBackward : Parameter {
  using Parameter::Parameter;
  template <class V>
  TW_INLINE V operator()(V g, V x) const {
    return x > V{} ? g : g * (splat<V>(value) * exp(x));
  }
};

}  // namespace

void fill_activation(ElementwiseKernels& t) {
#define X(name, saved)                       \
  fill_floats_unary<name##_functor>(t.name); \
  fill_floats_binary<name##_backward_functor>(t.name##_backward);
  TW_ACTIVATIONS(X)
#undef X
  fill_floats_unary<Erf>(t.erf);
  fill_floats_unary<Softplus>(t.softplus);
  fill_floats_unary<LeakyRelu>(t.leaky_relu);
  fill_floats_unary<Elu>(t.elu);
#define X(T, name) \
  at(t.relu, DType::name) = (T) - 1 < 0 ? entry<unary_row<T, ReluInteger>, T, T> : entry<nullptr, T, T>;
  TW_FOR_EACH_INTEGER(X)
#undef X

  fill_floats_binary<SoftplusBackward>(t.softplus_backward);
  fill_floats_binary<LeakyReluBackward>(t.leaky_relu_backward);
  fill_floats_binary<EluBackward>(t.elu_backward);
}

}  // namespace tw::TW_ISA
