#include "ops/random.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "backend/backend.h"
#include "ops/elementwise.h"
#include "ops/transfer.h"

namespace tw {
namespace {

// The largest value of dtype below high.
double below(double high, DType dtype) {
  const int digits = dtype == DType::f64 ? 52 : dtype == DType::f32 ? 23 : dtype == DType::f16 ? 10 : 7;
  const int least = dtype == DType::f64 ? -1022 : dtype == DType::f16 ? -14 : -126;
  if (dtype == DType::f64) return std::nextafter(high, -HUGE_VAL);
  int exponent = high == 0 ? least : std::ilogb(high);
  if (high > 0 && high == std::ldexp(1.0, exponent)) --exponent;  // the spacing below a power of two
  const double spacing = std::ldexp(1.0, std::max(exponent, least) - digits);
  return spacing * (std::ceil(high / spacing) - 1);
}

void require_floating(const char* op, DType dtype) {
  if (!is_floating(dtype)) fail<TypeError>(op, ": dtype ", dtype, " is not supported, it must be floating");
}

Array fill(const char* op, RandomFloatProblem::Distribution distribution, const Dims& shape, DType dtype,
           RandomSource source, double a, double b, double cap, Device device) {
  require_floating(op, dtype);
  const Array out = empty(shape, dtype, device);
  backend(device).random.floats({distribution, source, dtype, out.size(), a, b, cap, out.data});
  return out;
}

void check_probability(const char* op, double p) {
  if (!(p >= 0 && p <= 1)) fail<ValueError>(op, ": p is ", p, ", but a probability is between 0 and 1");
}

}  // namespace

Array random_bits(int64_t n, RandomSource source, uint64_t stream) {
  const Array out = empty({n}, DType::u32);
  backend(out.device).random.bits({source, stream, n, out.ptr<uint32_t>()});
  return out;
}

Array random_uniform(const Dims& shape, DType dtype, RandomSource source, double low, double high, Device device) {
  if (!(low <= high)) fail<ValueError>("random_uniform: low is ", low, ", but must not exceed high, ", high);
  if (!std::isfinite(high - low))
    fail<ValueError>("random_uniform: the range from ", low, " to ", high, " is not finite");
  return fill("random_uniform", RandomFloatProblem::uniform, shape, dtype, source, low, high - low,
              std::max(low, below(high, dtype)), device);
}

Array random_normal(const Dims& shape, DType dtype, RandomSource source, double mean, double std, Device device) {
  if (!(std >= 0)) fail<ValueError>("random_normal: std is ", std, ", but must not be negative");
  return fill("random_normal", RandomFloatProblem::normal, shape, dtype, source, mean, std, 0, device);
}

Array random_integers(const Dims& shape, DType dtype, RandomSource source, int64_t low, int64_t last, Device device) {
  if (!is_integer(dtype)) fail<TypeError>("random_integers: dtype ", dtype, " is not supported, it must be an integer");
  if (low > last) fail<ValueError>("random_integers: low is ", low, ", but must be below high, ", last + 1);
  const int bits = static_cast<int>(8 * item_size(dtype));
  const int64_t least = !is_signed(dtype) ? 0 : bits == 64 ? INT64_MIN : -(int64_t{1} << (bits - 1));
  const int64_t most = bits == 64 ? INT64_MAX : (int64_t{1} << (is_signed(dtype) ? bits - 1 : bits)) - 1;
  if (low < least || last > most)
    fail<ValueError>("random_integers: ", low, " to ", last, " does not fit ", dtype, ", which holds ", least, " to ",
                     most);
  const Array out = empty(shape, DType::i64, device);
  const uint64_t range = static_cast<uint64_t>(last) - static_cast<uint64_t>(low) + 1;
  backend(device).random.integers({source, out.size(), low, range, out.ptr<int64_t>()});
  return astype(out, dtype, false);
}

Array random_bernoulli(const Dims& shape, RandomSource source, double p, Device device) {
  check_probability("random_bernoulli", p);
  const Array out = empty(shape, DType::boolean, device);
  backend(device).random.bernoulli({source, out.size(), p, out.ptr<bool>()});
  return out;
}

Array random_permutation(int64_t n, RandomSource source, Device device) {
  if (n < 0) fail<ValueError>("random_permutation: n is ", n, ", but must not be negative");
  const Array out = empty({n}, DType::i64, device);
  backend(device).random.permutation({source, n, out.ptr<int64_t>()});
  return out;
}

DropoutResult dropout(const Array& input, double p, RandomSource source) {
  check_probability("dropout", p);
  require_floating("dropout", input.dtype);
  const Array x = contiguous(input);
  const DropoutResult result{empty(x.shape, x.dtype, x.device), empty(x.shape, DType::boolean, x.device)};
  backend(x.device).random.dropout(
      {true, source, x.dtype, x.size(), p, x.data, result.mask.ptr<bool>(), result.y.data});
  return result;
}

Array dropout_backward(const Array& g_given, const Array& mask_given, double p) {
  check_probability("dropout_backward", p);
  if (!(g_given.shape == mask_given.shape) || mask_given.dtype != DType::boolean)
    fail<ValueError>("dropout_backward: mask is ", mask_given.dtype, " ", mask_given.shape, ", but g ", g_given.shape,
                     " needs a bool one of its shape");
  require_floating("dropout_backward", g_given.dtype);
  common_device("dropout_backward", {{"g", &g_given}, {"mask", &mask_given}});
  const Array g = contiguous(g_given), mask = contiguous(mask_given), gx = empty(g.shape, g.dtype, g.device);
  backend(g.device).random.dropout({false, {}, g.dtype, g.size(), p, g.data, mask.ptr<bool>(), gx.data});
  return gx;
}

Array multinomial(const Array& given, int64_t draws, bool replacement, RandomSource source) {
  const char* op = "multinomial";
  if (given.ndim() < 1 || given.ndim() > 2)
    fail<ValueError>(op, ": probs has shape ", given.shape, ", but must have one or two dimensions");
  if (given.dtype == DType::boolean || is_complex(given.dtype))
    fail<TypeError>(op, ": probs has dtype ", given.dtype, ", but must be real numbers");
  if (draws < 1) fail<ValueError>(op, ": num_samples is ", draws, ", but must be at least 1");
  const Array weights = contiguous(astype(given, DType::f64, false));
  const int64_t classes = given.shape.back(), rows = given.ndim() == 2 ? given.shape[0] : 1;
  if (!replacement && draws > classes && rows > 0)
    fail<ValueError>(op, ": cannot draw ", draws, " of ", classes, " classes without replacement");
  Dims shape = given.shape;
  shape[given.ndim() - 1] = draws;
  const Array out = empty(shape, DType::i64, given.device);
  const int64_t bad =
      backend(given.device)
          .random.multinomial({source, rows, classes, draws, replacement, weights.ptr<double>(), out.ptr<int64_t>()});
  if (bad < 0) return out;
  if (bad >= weights.size()) {
    const std::string row = given.ndim() == 2 ? " of row " + std::to_string(bad - weights.size()) : "";
    fail<ValueError>(op, ": probs", row, " has too few weights above 0 to draw ", draws,
                     replacement ? " with" : " without", " replacement");
  }
  const Array entry = as_strided(weights, weights.data + bad * static_cast<int64_t>(weights.itemsize()), {}, {});
  fail<ValueError>(op, ": ", element_name("probs", bad, given.shape), " is ", *to_host(op, entry).ptr<double>(),
                   ", but a weight is finite and at least 0");
}

}  // namespace tw
