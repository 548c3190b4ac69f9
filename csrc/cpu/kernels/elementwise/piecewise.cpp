// Activations of straight pieces (and one parabola) and their derivatives; relu of floats is GEMM's. NaN passes.
#include "cpu/kernels/elementwise/rows.h"
#include "cpu/kernels/math.h"

namespace tw::TW_ISA {
namespace {

#define TW_UNARY(Name, expression)      \
  struct Name {                         \
    template <class V>                  \
    TW_INLINE V operator()(V x) const { \
      return expression;                \
    }                                   \
  };
#define TW_BINARY(Name, a, b, expression)    \
  struct Name {                              \
    template <class V>                       \
    TW_INLINE V operator()(V a, V b) const { \
      return expression;                     \
    }                                        \
  };
// With one parameter, or two.
#define TW_UNARY_WITH(Name, Parameters, expression) \
  struct Name : Parameters {                        \
    using Parameters::Parameters;                   \
    template <class V>                              \
    TW_INLINE V operator()(V x) const {             \
      return expression;                            \
    }                                               \
  };
#define TW_BINARY_WITH(Name, Parameters, a, b, expression) \
  struct Name : Parameters {                               \
    using Parameters::Parameters;                          \
    template <class V>                                     \
    TW_INLINE V operator()(V a, V b) const {               \
      return expression;                                   \
    }                                                      \
  };
struct One {
  double value;
  explicit One(const double* params) : value(params[0]) {}
  template <class V>
  TW_INLINE V p() const {
    return splat<V>(value);
  }
};
struct Two {
  double first, second;
  explicit Two(const double* params) : first(params[0]), second(params[1]) {}
  template <class V>
  TW_INLINE V p() const {
    return splat<V>(first);
  }
  template <class V>
  TW_INLINE V q() const {
    return splat<V>(second);
  }
};

TW_UNARY(ReluInteger, x > 0 ? x : V{})
TW_BINARY(Prelu, x, weight, x > V{} ? x : x * weight)

TW_UNARY_WITH(LeakyRelu, One, x > V{} ? x : x * p<V>())
TW_BINARY_WITH(LeakyReluBackward, One, g, x, x > V{} ? g : g * p<V>())

TW_UNARY_WITH(Hardtanh, Two, clamp(x, p<V>(), q<V>()))
TW_BINARY_WITH(HardtanhBackward, Two, g, y, (y <= p<V>()) | (y >= q<V>()) ? V{} : g)

// x + 3 between 0 and 6, over 6.
TW_UNARY(Hardsigmoid, clamp(x + splat<V>(3), V{}, splat<V>(6)) * splat<V>(1 / 6.0))
TW_BINARY(HardsigmoidBackward, g, x, abs(x) >= splat<V>(3) ? V{} : g * splat<V>(1 / 6.0))

// x hardsigmoid(x), where the limit at -inf is 0.
TW_UNARY(Hardswish, at_least(x, splat<V>(-3)) * (clamp(x + splat<V>(3), V{}, splat<V>(6)) * splat<V>(1 / 6.0)))
TW_BINARY(HardswishBackward, g, x,
          x <= splat<V>(-3)  ? V{}
          : x >= splat<V>(3) ? g
                             : g * fma(x, splat<V>(1 / 3.0), splat<V>(0.5)))

TW_UNARY_WITH(Hardshrink, One, abs(x) <= p<V>() ? V{} : x)
TW_BINARY(HardshrinkBackward, g, y, y == V{} ? V{} : g)
TW_UNARY_WITH(Softshrink, One, x - clamp(x, -p<V>(), p<V>()))

TW_UNARY_WITH(Threshold, Two, x <= p<V>() ? q<V>() : x)
TW_BINARY_WITH(ThresholdBackward, One, g, x, x <= p<V>() ? V{} : g)

}  // namespace

void fill_piecewise(ElementwiseKernels& t) {
#define X(T, name) \
  at(t.relu, DType::name) = (T) - 1 < 0 ? entry<unary_row<T, ReluInteger>, T, T> : entry<nullptr, T, T>;
  TW_FOR_EACH_INTEGER(X)
#undef X
  fill_floats_unary<LeakyRelu>(t.leaky_relu);
  fill_floats_unary<Hardtanh>(t.hardtanh);
  fill_floats_unary<Hardsigmoid>(t.hardsigmoid);
  fill_floats_unary<Hardswish>(t.hardswish);
  fill_floats_unary<Hardshrink>(t.hardshrink);
  fill_floats_unary<Softshrink>(t.softshrink);
  fill_floats_unary<Threshold>(t.threshold);
  fill_floats_binary<Prelu>(t.prelu);

  fill_floats_binary<LeakyReluBackward>(t.leaky_relu_backward);
  fill_floats_binary<HardtanhBackward>(t.hardtanh_backward);
  fill_floats_binary<HardsigmoidBackward>(t.hardsigmoid_backward);
  fill_floats_binary<HardswishBackward>(t.hardswish_backward);
  fill_floats_binary<HardshrinkBackward>(t.hardshrink_backward);
  fill_floats_binary<ThresholdBackward>(t.threshold_backward);
}

}  // namespace tw::TW_ISA
