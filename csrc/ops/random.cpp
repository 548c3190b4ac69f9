#include "ops/random.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/parallel.h"
#include "dispatch/dispatch.h"
#include "ops/elementwise.h"

namespace tw {
namespace {

constexpr int64_t kChunk = 16384;  // elements a thread takes at a time: whole positions

// call(state, first element, elements) for every chunk; an element takes one of `per_position` shares of a position.
template <class Call>
void for_each_chunk(int64_t n, RandomSource source, int per_position, double ns, Call call) {
  parallel_for(n, kChunk, ns, [&](int64_t begin, int64_t end) {
    for (int64_t at = begin; at < end; at += kChunk)
      call(RandomState{source.seed, source.offset + static_cast<uint64_t>(at / per_position), 0}, at,
           std::min(kChunk, end - at));
  });
}

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

Array fill(const char* op, const RandomFloatFn* row, const Dims& shape, DType dtype, RandomSource source, double a,
           double b, double cap, double ns) {
  const RandomFloatFn fn = row[static_cast<int>(dtype)];
  if (!fn) fail<TypeError>(op, ": dtype ", dtype, " is not supported, it must be floating");
  const Array out = empty(shape, dtype);
  const auto itemsize = static_cast<int64_t>(out.itemsize());
  for_each_chunk(out.size(), source, dtype == DType::f64 ? 2 : 4, ns,
                 [&](RandomState s, int64_t at, int64_t n) { fn(s, n, a, b, cap, out.data + at * itemsize); });
  return out;
}

void check_probability(const char* op, double p) {
  if (!(p >= 0 && p <= 1)) fail<ValueError>(op, ": p is ", p, ", but a probability is between 0 and 1");
}
uint64_t threshold(double p) { return static_cast<uint64_t>(std::llrint(std::ldexp(p, 32))); }

MaskedScaleFn masked_scale(const char* op, DType dtype) {
  const MaskedScaleFn fn = kernels().random.masked_scale[static_cast<int>(dtype)];
  if (!fn) fail<TypeError>(op, ": dtype ", dtype, " is not supported, it must be floating");
  return fn;
}
double dropout_scale(double p) { return p < 1 ? 1 / (1 - p) : 0; }

}  // namespace

Array random_bits(int64_t n, RandomSource source, uint64_t stream) {
  const Array out = empty({n}, DType::u32);
  for_each_chunk(n, source, 4, 0.5, [&](RandomState s, int64_t at, int64_t count) {
    s.stream = stream;
    kernels().random.bits(s, count, out.ptr<uint32_t>() + at);
  });
  return out;
}

Array random_uniform(const Dims& shape, DType dtype, RandomSource source, double low, double high) {
  if (!(low <= high)) fail<ValueError>("random_uniform: low is ", low, ", but must not exceed high, ", high);
  if (!std::isfinite(high - low))
    fail<ValueError>("random_uniform: the range from ", low, " to ", high, " is not finite");
  return fill("random_uniform", kernels().random.uniform, shape, dtype, source, low, high - low,
              std::max(low, below(high, dtype)), 0.6);
}

Array random_normal(const Dims& shape, DType dtype, RandomSource source, double mean, double std) {
  if (!(std >= 0)) fail<ValueError>("random_normal: std is ", std, ", but must not be negative");
  return fill("random_normal", kernels().random.normal, shape, dtype, source, mean, std, 0, 2);
}

Array random_integers(const Dims& shape, DType dtype, RandomSource source, int64_t low, int64_t last) {
  if (!is_integer(dtype)) fail<TypeError>("random_integers: dtype ", dtype, " is not supported, it must be an integer");
  if (low > last) fail<ValueError>("random_integers: low is ", low, ", but must be below high, ", last + 1);
  const int bits = static_cast<int>(8 * item_size(dtype));
  const int64_t least = !is_signed(dtype) ? 0 : bits == 64 ? INT64_MIN : -(int64_t{1} << (bits - 1));
  const int64_t most = bits == 64 ? INT64_MAX : (int64_t{1} << (is_signed(dtype) ? bits - 1 : bits)) - 1;
  if (low < least || last > most)
    fail<ValueError>("random_integers: ", low, " to ", last, " does not fit ", dtype, ", which holds ", least, " to ",
                     most);
  const Array out = empty(shape, DType::i64);
  const uint64_t range = static_cast<uint64_t>(last) - static_cast<uint64_t>(low) + 1;
  for_each_chunk(out.size(), source, 2, 2, [&](RandomState s, int64_t at, int64_t n) {
    kernels().random.integers(s, n, low, range, out.ptr<int64_t>() + at);
  });
  return astype(out, dtype, false);
}

Array random_bernoulli(const Dims& shape, RandomSource source, double p) {
  check_probability("random_bernoulli", p);
  const Array out = empty(shape, DType::boolean);
  for_each_chunk(out.size(), source, 4, 0.5, [&](RandomState s, int64_t at, int64_t n) {
    kernels().random.bernoulli(s, n, threshold(p), out.ptr<uint8_t>() + at);
  });
  return out;
}

Array random_permutation(int64_t n, RandomSource source) {
  if (n < 0) fail<ValueError>("random_permutation: n is ", n, ", but must not be negative");
  const Array out = empty({n}, DType::i64);
  // One chain of exchanges, so one thread; parallel_for lets the interpreter go on meanwhile.
  parallel_for(1, 1, 4.0 * static_cast<double>(n), [&](int64_t, int64_t) {
    kernels().random.permutation({source.seed, source.offset, 0}, n, out.ptr<int64_t>());
  });
  return out;
}

DropoutResult dropout(const Array& input, double p, RandomSource source) {
  check_probability("dropout", p);
  const MaskedScaleFn scale = masked_scale("dropout", input.dtype);
  const Array x = contiguous(input);
  const DropoutResult result{empty(x.shape, x.dtype), empty(x.shape, DType::boolean)};
  const auto itemsize = static_cast<int64_t>(x.itemsize());
  for_each_chunk(x.size(), source, 4, 0.7, [&](RandomState s, int64_t at, int64_t n) {
    auto* mask = result.mask.ptr<uint8_t>() + at;
    kernels().random.bernoulli(s, n, threshold(1 - p), mask);
    scale(n, mask, dropout_scale(p), x.data + at * itemsize, result.y.data + at * itemsize);
  });
  return result;
}

Array dropout_backward(const Array& g_given, const Array& mask_given, double p) {
  check_probability("dropout_backward", p);
  if (!(g_given.shape == mask_given.shape) || mask_given.dtype != DType::boolean)
    fail<ValueError>("dropout_backward: mask is ", mask_given.dtype, " ", mask_given.shape, ", but g ", g_given.shape,
                     " needs a bool one of its shape");
  const MaskedScaleFn scale = masked_scale("dropout_backward", g_given.dtype);
  const Array g = contiguous(g_given), mask = contiguous(mask_given), gx = empty(g.shape, g.dtype);
  const auto itemsize = static_cast<int64_t>(g.itemsize());
  parallel_for(g.size(), kChunk, 0.15, [&](int64_t begin, int64_t end) {
    scale(end - begin, mask.ptr<uint8_t>() + begin, dropout_scale(p), g.data + begin * itemsize,
          gx.data + begin * itemsize);
  });
  return gx;
}

}  // namespace tw
