// Smooth activations, those that GEMM applies, and their derivatives. A *_backward kernel takes (g, y) or (g, x): see
// README.md.
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
TW_FUNCTOR(LogSigmoid, -softplus(-x))
#undef TW_FUNCTOR

// log(1 + e^(beta x)) / beta, and x where beta x is above a threshold; above 100 that is the same number.
struct SoftplusParameters {
  double beta, threshold;
  explicit SoftplusParameters(const double* params) : beta(params[0]), threshold(params[1] < 100 ? params[1] : 100) {}
};
struct Softplus : SoftplusParameters {
  using SoftplusParameters::SoftplusParameters;
  template <class V>
  TW_INLINE V operator()(V x) const {
    const V z = x * splat<V>(beta);
    return z > splat<V>(threshold) ? x : softplus(z) * splat<V>(1 / beta);
  }
};

// x tanh(softplus(x)), and its derivative's terms, by e = e^-|x|: tanh is `rise` / `sum` of the sign of x.
template <class V>
struct MishParts {
  V rise, sum;
};
template <class V>
TW_INLINE MishParts<V> mish_parts(V x, V e) {
  const V one = splat<V>(1), two = splat<V>(2);
  const auto negative = x < V{};
  return {negative ? e * (e + two) : fma(two, e, one), negative ? fma(e, e + two, two) : fma(e + e, e + one, one)};
}
struct Mish {
  // For negative x, x e comes before the sum: it is a normal number further out than e is.
  template <class V>
  TW_INLINE V operator()(V x) const {
    const V one = splat<V>(1), two = splat<V>(2), a = at_most(abs(x), splat<V>(110, 760));
    const auto [m, n] = exp_parts(-a);
    const V e = scale(one + m, n), ae = scale(fma(a, m, a), n), sum = mish_parts(x, e).sum;
    const auto negative = x < V{};
    return (negative ? -ae : x) * ((negative ? e + two : fma(two, e, one)) / sum);
  }
};
struct MishBackward {
  template <class V>
  TW_INLINE V operator()(V g, V x) const {
    const V e = exp(-abs(x)), c = clamp(x, splat<V>(-110, -760), splat<V>(110, 760));
    const auto [rise, sum] = mish_parts(x, e);
    const V inverse = splat<V>(1) / sum, square = x < V{} ? e : e * e;
    return g * (fma(c, splat<V>(4) * square * (splat<V>(1) + e) * inverse, rise) * inverse);
  }
};

// x / (1 + |x|). The largest number stands for infinity.
struct Softsign {
  template <class V>
  TW_INLINE V operator()(V x) const {
    const V largest = splat<V>(__FLT_MAX__, __DBL_MAX__), c = clamp(x, -largest, largest);
    return c / (splat<V>(1) + abs(c));
  }
};
struct SoftsignBackward {
  template <class V>
  TW_INLINE V operator()(V g, V x) const {
    const V q = splat<V>(1) / (splat<V>(1) + abs(x));
    return g * q * q;
  }
};

// x - tanh(x): x^3 p(x^2) up to 1, where it would cancel; then |x| - 1 + 2 / (1 + e^2|x|).
struct Tanhshrink {
  template <class V>
  TW_INLINE V operator()(V x) const {
    const V a = abs(x), z = x * x, one = splat<V>(1);
    V p;
    if constexpr (is_float<V>)
      p = poly(z, 0x1.555556p-2f, -0x1.1110f2p-3f, 0x1.ba117cp-5f, -0x1.65a7c4p-6f, 0x1.1d02d6p-7f, -0x1.a45278p-9f,
               0x1.e42e3p-11f, -0x1.2b7582p-13f);
    else
      p = poly(z, 0x1.5555555555555p-2, -0x1.11111111110b9p-3, 0x1.ba1ba1ba1453ep-5, -0x1.664f4880d2a47p-6,
               0x1.226e3519865dfp-7, -0x1.d6d3c538d0bbep-9, 0x1.7da2bdc3daa27p-10, -0x1.3551ae34bdfffp-11,
               0x1.f5211730ee038p-13, -0x1.94981e5bdbe6fp-14, 0x1.42090e21d3d28p-15, -0x1.ea19b73b128d8p-17,
               0x1.4eb911dcd9788p-18, -0x1.7238a0a7e22b6p-20, 0x1.1ab979c0ab58cp-22, -0x1.b028f6cb72ebfp-26);
    const V e = exp_bounded(at_most(a + a, splat<V>(20, 40)));
    const V far = (a - one) + splat<V>(2) / (e + one);
    return copysign(a < one ? x * z * p : far, x);
  }
};
struct TanhshrinkBackward {
  template <class V>
  TW_INLINE V operator()(V g, V x) const {
    const V t = tanh(x);
    return g * (t * t);
  }
};

struct Alpha {
  double alpha;
  explicit Alpha(const double* params) : alpha(params[0]) {}
};
struct Elu : Alpha {
  using Alpha::Alpha;
  template <class V>
  TW_INLINE V operator()(V x) const {
    return x > V{} ? x : splat<V>(alpha) * expm1(x);
  }
};
struct Celu : Alpha {
  using Alpha::Alpha;
  template <class V>
  TW_INLINE V operator()(V x) const {
    return x > V{} ? x : splat<V>(alpha) * expm1(x * splat<V>(1 / alpha));
  }
};
// Under these two, mean 0 and variance 1 of normal numbers stay so.
constexpr double kSeluScale = 1.0507009873554804934193349852946, kSeluAlpha = 1.6732632423543772848170429916717;
struct Selu {
  template <class V>
  TW_INLINE V operator()(V x) const {
    return x > V{} ? splat<V>(kSeluScale) * x : splat<V>(kSeluScale * kSeluAlpha) * expm1(x);
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
TW_FUNCTOR(LogSigmoidBackward, x, g* sigmoid(-x))
#undef TW_FUNCTOR

struct SoftplusBackward : SoftplusParameters {
  using SoftplusParameters::SoftplusParameters;
  template <class V>
  TW_INLINE V operator()(V g, V x) const {
    const V z = x * splat<V>(beta);
    return z > splat<V>(threshold) ? g : g * sigmoid(z);
  }
};
struct EluBackward : Alpha {
  using Alpha::Alpha;
  template <class V>
  TW_INLINE V operator()(V g, V x) const {
    return x > V{} ? g : g * (splat<V>(alpha) * exp(x));
  }
};
struct CeluBackward : Alpha {
  using Alpha::Alpha;
  template <class V>
  TW_INLINE V operator()(V g, V x) const {
    return x > V{} ? g : g * exp(x * splat<V>(1 / alpha));
  }
};
struct SeluBackward {
  template <class V>
  TW_INLINE V operator()(V g, V x) const {
    return g * (x > V{} ? splat<V>(kSeluScale) : splat<V>(kSeluScale * kSeluAlpha) * exp(x));
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
  fill_floats_unary<LogSigmoid>(t.log_sigmoid);
  fill_floats_unary<Mish>(t.mish);
  fill_floats_unary<Softsign>(t.softsign);
  fill_floats_unary<Tanhshrink>(t.tanhshrink);
  fill_floats_unary<Elu>(t.elu);
  fill_floats_unary<Celu>(t.celu);
  fill_floats_unary<Selu>(t.selu);

  fill_floats_binary<SoftplusBackward>(t.softplus_backward);
  fill_floats_binary<LogSigmoidBackward>(t.log_sigmoid_backward);
  fill_floats_binary<MishBackward>(t.mish_backward);
  fill_floats_binary<SoftsignBackward>(t.softsign_backward);
  fill_floats_binary<TanhshrinkBackward>(t.tanhshrink_backward);
  fill_floats_binary<EluBackward>(t.elu_backward);
  fill_floats_binary<CeluBackward>(t.celu_backward);
  fill_floats_binary<SeluBackward>(t.selu_backward);
}

}  // namespace tw::TW_ISA
