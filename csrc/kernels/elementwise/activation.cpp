// Activations and their derivatives. A *_backward kernel takes (g, y) or (g, x): see README.md.
#include "kernels/elementwise/rows.h"
#include "kernels/math.h"

namespace tw::TW_ISA {
namespace {

#define TW_FUNCTOR(Name, expression)    \
  struct Name {                         \
    template <class V>                  \
    TW_INLINE V operator()(V x) const { \
      return expression;                \
    }                                   \
  };
TW_FUNCTOR(Tanh, tanh(x))
TW_FUNCTOR(Sigmoid, sigmoid(x))
TW_FUNCTOR(Erf, erf(x))
TW_FUNCTOR(Silu, silu(x))
TW_FUNCTOR(Gelu, gelu(x))
TW_FUNCTOR(GeluTanh, gelu_tanh(x))
TW_FUNCTOR(Softplus, softplus(x))
TW_FUNCTOR(Relu, x > V{} ? x : (x == x ? V{} : x))
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
TW_FUNCTOR(ReluBackward, y, y <= V{} ? V{} : g)
TW_FUNCTOR(TanhBackward, y, g*(splat<V>(1) - y * y))
TW_FUNCTOR(SigmoidBackward, y, g*(y*(splat<V>(1) - y)))
TW_FUNCTOR(SiluBackward, x, g* silu_derivative(x))
TW_FUNCTOR(GeluBackward, x, g* gelu_derivative(x))
TW_FUNCTOR(GeluTanhBackward, x, g* gelu_tanh_derivative(x))
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

void fill_elementwise_activation(KernelTable& t) {
  fill_floats_unary<Tanh>(t.tanh);
  fill_floats_unary<Sigmoid>(t.sigmoid);
  fill_floats_unary<Erf>(t.erf);
  fill_floats_unary<Silu>(t.silu);
  fill_floats_unary<Gelu>(t.gelu);
  fill_floats_unary<GeluTanh>(t.gelu_tanh);
  fill_floats_unary<Softplus>(t.softplus);
  fill_floats_unary<LeakyRelu>(t.leaky_relu);
  fill_floats_unary<Elu>(t.elu);
  fill_floats_unary<Relu>(t.relu);
#define X(T, name) \
  at(t.relu, DType::name) = (T) - 1 < 0 ? entry<unary_row<T, ReluInteger>, T, T> : entry<nullptr, T, T>;
  TW_FOR_EACH_INTEGER(X)
#undef X

  fill_floats_binary<ReluBackward>(t.relu_backward);
  fill_floats_binary<TanhBackward>(t.tanh_backward);
  fill_floats_binary<SigmoidBackward>(t.sigmoid_backward);
  fill_floats_binary<SiluBackward>(t.silu_backward);
  fill_floats_binary<GeluBackward>(t.gelu_backward);
  fill_floats_binary<GeluTanhBackward>(t.gelu_tanh_backward);
  fill_floats_binary<SoftplusBackward>(t.softplus_backward);
  fill_floats_binary<LeakyReluBackward>(t.leaky_relu_backward);
  fill_floats_binary<EluBackward>(t.elu_backward);
}

}  // namespace tw::TW_ISA
