// Kernels of complex numbers at every level against the reference: special and random values, lengths around the lane
// count, strides of every kind, in place, with guard bytes around the output.
#include <cmath>
#include <complex>
#include <limits>
#include <string>

#include "levels.h"

namespace tw::test {
namespace {

typedef std::complex<double> Number;

constexpr double kInf = std::numeric_limits<double>::infinity(), kNan = std::numeric_limits<double>::quiet_NaN();

double part(int kind) {
  static const double specials[] = {0, -0.0, 1, -1, 0.5, -2, kInf, -kInf, kNan, 1e-30, 3e30};
  return kind % 3 == 0 ? specials[rng()() % (sizeof specials / sizeof *specials)] : uniform(-4, 4);
}

// One element of a dtype, from a complex number; and back, whatever the dtype.
void put(char* p, int64_t i, DType dtype, Number z) {
  switch (dtype) {
    case DType::c64:
      reinterpret_cast<c64*>(p)[i] = {static_cast<float>(z.real()), static_cast<float>(z.imag())};
      return;
    case DType::c128:
      reinterpret_cast<c128*>(p)[i] = {z.real(), z.imag()};
      return;
    case DType::f32:
      reinterpret_cast<float*>(p)[i] = static_cast<float>(z.real());
      return;
    case DType::f64:
      reinterpret_cast<double*>(p)[i] = z.real();
      return;
    default:
      p[i] = z.real() > 0;
  }
}
Number get(const char* p, int64_t i, DType dtype) {
  switch (dtype) {
    case DType::c64:
      return {reinterpret_cast<const c64*>(p)[i].re, reinterpret_cast<const c64*>(p)[i].im};
    case DType::c128:
      return {reinterpret_cast<const c128*>(p)[i].re, reinterpret_cast<const c128*>(p)[i].im};
    case DType::f32:
      return reinterpret_cast<const float*>(p)[i];
    case DType::f64:
      return reinterpret_cast<const double*>(p)[i];
    default:
      return static_cast<unsigned char>(p[i]);
  }
}
int64_t size_of(DType dtype) {
  return dtype == DType::c128 ? 16 : dtype == DType::c64 || dtype == DType::f64 ? 8 : dtype == DType::f32 ? 4 : 1;
}

struct Op {
  std::string name;
  std::vector<DType> in;
  DType out;
  double eps;     // allowed, in units of the dtype's precision and the length of the result; 0: bit for bit
  bool specials;  // whether the reference's infinities and NaN are the kernel's
};

bool close(const Op& op, Number got, Number want) {
  const auto same = [](double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); };
  if (same(got.real(), want.real()) && same(got.imag(), want.imag())) return true;
  if (op.eps == 0) return false;
  const bool single = op.out == DType::c64 || op.out == DType::f32;
  const double eps = op.eps * (single ? 0x1p-23 : 0x1p-52), length = std::abs(want);
  const auto near = [&](double a, double b) { return same(a, b) || std::abs(a - b) <= eps * length; };
  return near(got.real(), want.real()) && near(got.imag(), want.imag());
}

struct Operand {
  Guarded<char> bytes;
  int64_t start;
  DType dtype;

  Operand(DType dtype, int64_t rows, int64_t cols, Loop::Stride s)
      : bytes((std::abs((rows - 1) * s.row) + std::abs((cols - 1) * s.col) + 1) * size_of(dtype),
              static_cast<int>(size_of(dtype))),
        start(-std::min<int64_t>((rows - 1) * s.row, 0) - std::min<int64_t>((cols - 1) * s.col, 0)),
        dtype(dtype) {}
  char* at() { return bytes.data() + start * size_of(dtype); }
  int64_t count() const { return bytes.size() / size_of(dtype); }
};

void compare(const Op& op, ElementwiseFn kernel, ElementwiseFn reference, const char* level, const Loop& loop) {
  std::vector<Operand> inputs;
  const void* in[3] = {};
  for (size_t k = 0; k < op.in.size(); ++k) {
    inputs.emplace_back(op.in[k], loop.rows, loop.cols, loop.in[k]);
    for (int64_t i = 0; i < inputs[k].count(); ++i) {
      const int kind = op.specials ? static_cast<int>(i) : 1;
      put(inputs[k].bytes.data(), i, op.in[k], {part(kind), part(kind + (i % 2 ? 1 : 0))});
    }
  }
  for (size_t k = 0; k < op.in.size(); ++k) in[k] = inputs[k].at();
  Operand got(op.out, loop.rows, loop.cols, loop.out), want(op.out, loop.rows, loop.cols, loop.out);
  std::memset(got.bytes.data(), 0x5A, got.bytes.size());
  std::memset(want.bytes.data(), 0x5A, want.bytes.size());
  kernel(loop, in, got.at(), nullptr);
  reference(loop, in, want.at(), nullptr);
  for (int64_t i = 0; i < got.count(); ++i) {
    const Number a = get(got.bytes.data(), i, op.out), b = get(want.bytes.data(), i, op.out);
    check(close(op, a, b), "%s %s of %s, %ld x %ld, element %ld: %.17g %.17gi, reference %.17g %.17gi", level,
          op.name.c_str(), op.in.back() == DType::c64 ? "c64" : "other", loop.rows, loop.cols, i, a.real(), a.imag(),
          b.real(), b.imag());
  }
  check(got.bytes.intact(), "%s %s writes past its output", level, op.name.c_str());
  // In place, over the last input.
  const bool fits = op.in.back() == op.out && loop.out.row == loop.in[op.in.size() - 1].row &&
                    loop.out.col == loop.in[op.in.size() - 1].col;
  if (!fits) return;
  kernel(loop, in, inputs.back().at(), nullptr);
  check(std::memcmp(inputs.back().bytes.data(), got.bytes.data(), got.bytes.size()) == 0, "%s %s differs in place",
        level, op.name.c_str());
}

void run(const Op& op, ElementwiseFn kernel, ElementwiseFn reference, const char* level) {
  check(kernel && reference, "%s %s has no kernel", level, op.name.c_str());
  if (!kernel || !reference) return;
  for (int64_t n : {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 64, 65, 511, 513, 1100})
    compare(op, kernel, reference, level, {1, n, {n, 1}, {{n, 1}, {n, 1}, {n, 1}}});
  for (int64_t n : {1, 5, 17, 40, 600}) {
    compare(op, kernel, reference, level, {3, n, {n, 1}, {{0, 1}, {1, 0}, {n, 1}}});  // a row, a column
    compare(op, kernel, reference, level, {3, n, {n, 1}, {{n, 1}, {0, 0}, {0, 0}}});  // a scalar
    compare(op, kernel, reference, level, {2, n, {2 * n, 2}, {{2 * n, -2}, {n, 1}, {n, 1}}});
  }
  compare(op, kernel, reference, level, {70, 45, {45, 1}, {{1, 70}, {45, 1}, {1, 70}}});  // transposed operands
  compare(op, kernel, reference, level, {70, 45, {1, 70}, {{45, 1}, {1, 70}, {0, 1}}});   // and output
  compare(op, kernel, reference, level, {200, 3, {3, 1}, {{3, 1}, {0, 1}, {1, 0}}});
}

void elementwise(const KernelTable& table, DType dtype, DType real) {
  const ElementwiseKernels &t = table.elementwise, &r = reference_table().elementwise;
  const int d = static_cast<int>(dtype);
  const DType truth = DType::boolean;
  const std::vector<DType> one{dtype}, two{dtype, dtype};
#define TW_RUN(name, in, out, eps, specials) run({#name, in, out, eps, specials}, t.name[d], r.name[d], table.level)
  TW_RUN(negative, one, dtype, 0, true);
  TW_RUN(conj, one, dtype, 0, true);
  TW_RUN(times_i, one, dtype, 0, true);
  TW_RUN(abs, one, real, 2, true);
  TW_RUN(square, one, dtype, 4, false);
  TW_RUN(reciprocal, one, dtype, 4, true);
  TW_RUN(sqrt, one, dtype, 4, true);
  TW_RUN(exp, one, dtype, 8, false);
  TW_RUN(log, one, dtype, 4, true);
  TW_RUN(positive, one, dtype, 0, true);
  TW_RUN(sign, one, dtype, 4, false);
  TW_RUN(log2, one, dtype, 8, true);
  TW_RUN(log10, one, dtype, 8, true);
  TW_RUN(expm1, one, dtype, 8, true);
  TW_RUN(log1p, one, dtype, 8, true);
  TW_RUN(sin, one, dtype, 8, true);
  TW_RUN(cos, one, dtype, 8, true);
  TW_RUN(tan, one, dtype, 8, true);
  TW_RUN(arcsin, one, dtype, 8, true);
  TW_RUN(arccos, one, dtype, 8, true);
  TW_RUN(arctan, one, dtype, 8, true);
  TW_RUN(sinh, one, dtype, 8, true);
  TW_RUN(cosh, one, dtype, 8, true);
  TW_RUN(tanh, one, dtype, 8, true);
  TW_RUN(arcsinh, one, dtype, 8, true);
  TW_RUN(arccosh, one, dtype, 8, true);
  TW_RUN(arctanh, one, dtype, 8, true);
  TW_RUN(isnan, one, truth, 0, true);
  TW_RUN(isinf, one, truth, 0, true);
  TW_RUN(isfinite, one, truth, 0, true);
  TW_RUN(add, two, dtype, 0, true);
  TW_RUN(subtract, two, dtype, 0, true);
  TW_RUN(multiply, two, dtype, 4, false);
  TW_RUN(divide, two, dtype, 8, false);
  TW_RUN(power, two, dtype, 128, false);
  TW_RUN(equal, two, truth, 0, true);
  TW_RUN(not_equal, two, truth, 0, true);
#undef TW_RUN
  run({"where", {truth, dtype, dtype}, dtype, 0, true}, t.where[d], r.where[d], table.level);
  for (const DType to : {DType::boolean, DType::c64, DType::c128})
    run({"cast", {dtype}, to, 0, true}, t.cast[d][static_cast<int>(to)], r.cast[d][static_cast<int>(to)], table.level);
  const int from = static_cast<int>(real);
  run({"cast of real", {real}, dtype, 0, true}, t.cast[from][d], r.cast[from][d], table.level);
  for (int other = 0; other < d; ++other)
    if (other != static_cast<int>(DType::boolean) && other < static_cast<int>(DType::c64))
      check(!t.cast[d][other] && !r.cast[d][other], "%s has a cast of dtype %d to the real %d", table.level, d, other);
}

// Whole exponents that are the same for all have a pass of their own.
void whole_powers(const KernelTable& t, DType dtype) {
  const int d = static_cast<int>(dtype);
  for (double exponent : {0.0, 1.0, 2.0, 3.0, 5.0, -1.0, -4.0, 63.0}) {
    const int64_t n = 37;
    std::vector<char> z(n * 16), w(16), got(n * 16), want(n * 16);
    for (int64_t i = 0; i < n; ++i) put(z.data(), i, dtype, std::polar(uniform(0.7, 1.4), uniform(-3, 3)));
    put(w.data(), 0, dtype, exponent);
    const void* in[] = {z.data(), w.data()};
    const Loop loop{1, n, {n, 1}, {{n, 1}, {0, 0}, {0, 0}}};
    t.elementwise.power[d](loop, in, got.data(), nullptr);
    reference_table().elementwise.power[d](loop, in, want.data(), nullptr);
    const Op op{"power", {dtype}, dtype, 4 + 4 * std::abs(exponent), false};
    for (int64_t i = 0; i < n; ++i)
      check(close(op, get(got.data(), i, dtype), get(want.data(), i, dtype)), "%s: power %g, element %ld", t.level,
            exponent, i);
  }
}

void products(const KernelTable& t, DType dtype) {
  const int d = static_cast<int>(dtype);
  for (int64_t count : {0, 1, 2, 3, 7, 128, 129, 700}) {
    const ReduceArgs a{3, count, 1, 3};
    std::vector<char> z((3 * count + 1) * 16), got(3 * 16), want(3 * 16);
    for (int64_t i = 0; i < 3 * count; ++i) put(z.data(), i, dtype, std::polar(uniform(0.98, 1.02), uniform(-3, 3)));
    t.reduce.prod[d](a, z.data(), got.data());
    reference_table().reduce.prod[d](a, z.data(), want.data());
    const Op op{"prod", {dtype}, dtype, 4 + 2 * static_cast<double>(count), false};
    for (int64_t i = 0; i < 3; ++i)
      check(close(op, get(got.data(), i, dtype), get(want.data(), i, dtype)), "%s: prod of %ld", t.level, count);
  }
}

}  // namespace
}  // namespace tw::test

int main() {
  using namespace tw;
  using namespace tw::test;
  for (const KernelTable* table : levels())
    for (const auto& [dtype, real] : {std::pair(DType::c64, DType::f32), std::pair(DType::c128, DType::f64)}) {
      elementwise(*table, dtype, real);
      whole_powers(*table, dtype);
      products(*table, dtype);
    }
  return report();
}
