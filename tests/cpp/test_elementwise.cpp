// Every elementwise kernel at every level against the reference: random and special values, lengths around the lane
// count, strides of every kind, in place, with guard bytes around the output.
#include <cmath>
#include <limits>
#include <string>

#include "levels.h"
#include "ops/elementwise.h"

namespace tw::test {
namespace {

constexpr int kReal = static_cast<int>(DType::c64);  // dtypes before the complex ones, which test_complex.cpp has
constexpr int kSizes[kReal] = {1, 1, 1, 2, 2, 4, 4, 8, 8, 2, 2, 4, 8};
constexpr const char* kNames[kReal] = {"bool", "u8",  "i8",  "u16",  "i16", "u32", "i32",
                                       "u64",  "i64", "f16", "bf16", "f32", "f64"};
bool is_float(int dtype) { return dtype >= static_cast<int>(DType::f16); }

// ---- values ---------------------------------------------------------------------------------------------------------

uint64_t random_bits() { return rng()(); }

double special(int i) {
  static const double values[] = {0.0,  -0.0, 1,      -1,    0.5,   -0.5,  2,      -2,     1.5,    2.5,
                                  -2.5, 3,    1e-3,   -1e-3, 1e-8,  1e-30, -1e-30, 1e30,   -1e30,  88,
                                  -88,  104,  -104,   127.5, 0.625, 0.875, 1e-40,  -1e-40, 1e-45,  255.5,
                                  1e6,  -1e6, 300000, 3e9,   -3e9,  65504, 65520,  1e19,   -1e19,  5e-8,
                                  6e-8, 709,  -745,   0.414, 4.5,   1e300, -1e300, 5e-324, 1e-310, 2.2e-308};
  const int n = sizeof values / sizeof *values;
  if (i % (n + 3) == n) return std::numeric_limits<double>::infinity();
  if (i % (n + 3) == n + 1) return -std::numeric_limits<double>::infinity();
  if (i % (n + 3) == n + 2) return std::numeric_limits<double>::quiet_NaN();
  return values[i % (n + 3)];
}

// One element of a dtype: a special value, a number of moderate size, or any bits at all.
void put(void* p, int64_t i, int dtype, int kind) {
  const double pick = kind % 4 == 0 ? special(static_cast<int>(random_bits() % 1000)) : uniform(-8, 8);
  const bool any_bits = kind % 4 == 1;
  const uint64_t bits = random_bits();
  const int64_t whole = any_bits        ? static_cast<int64_t>(bits)
                        : kind % 4 == 2 ? static_cast<int64_t>(bits % 23) - 11
                        : kind % 8 == 3 ? std::numeric_limits<int64_t>::min() >> (bits % 64)
                                        : static_cast<int64_t>(bits % 70);
  switch (static_cast<DType>(dtype)) {
    case DType::boolean:
      static_cast<uint8_t*>(p)[i] = bits & 1;
      return;
    case DType::u8:
    case DType::i8:
      static_cast<uint8_t*>(p)[i] = static_cast<uint8_t>(whole);
      return;
    case DType::u16:
    case DType::i16:
      static_cast<uint16_t*>(p)[i] = static_cast<uint16_t>(whole);
      return;
    case DType::u32:
    case DType::i32:
      static_cast<uint32_t*>(p)[i] = static_cast<uint32_t>(whole);
      return;
    case DType::u64:
    case DType::i64:
      static_cast<uint64_t*>(p)[i] = static_cast<uint64_t>(whole);
      return;
    case DType::f32:
    case DType::f64:
      break;
    default: {  // a half type: through the reference's conversion
      const Loop one{1, 1, {0, 1}, {{0, 1}, {0, 1}, {0, 1}}};
      const void* in = &pick;
      void* to = static_cast<uint16_t*>(p) + i;
      reference_table().elementwise.cast[static_cast<int>(DType::f64)][dtype](one, &in, to, nullptr);
      if (any_bits) static_cast<uint16_t*>(p)[i] = static_cast<uint16_t>(bits);
      return;
    }
  }
  if (dtype == static_cast<int>(DType::f32)) {
    static_cast<float*>(p)[i] = static_cast<float>(pick);
    if (any_bits) std::memcpy(static_cast<float*>(p) + i, &bits, 4);
  } else {
    static_cast<double*>(p)[i] = pick;
    if (any_bits) std::memcpy(static_cast<double*>(p) + i, &bits, 8);
  }
}

// ---- comparison -----------------------------------------------------------------------------------------------------

// The element as an integer that counts representable numbers, so that a difference is in units in the last place.
int64_t ordinal(const void* p, int64_t i, int dtype, bool& nan) {
  uint64_t bits = 0;
  std::memcpy(&bits, static_cast<const char*>(p) + i * kSizes[dtype], kSizes[dtype]);
  nan = false;
  if (!is_float(dtype)) return static_cast<int64_t>(bits);
  static const uint64_t infinities[] = {0x7c00, 0x7f80, 0x7f800000, 0x7ff0000000000000};  // f16, bf16, f32, f64
  const uint64_t sign = static_cast<uint64_t>(1) << (kSizes[dtype] * 8 - 1), magnitude = bits & (sign - 1);
  nan = magnitude > infinities[dtype - static_cast<int>(DType::f16)];
  return bits & sign ? -static_cast<int64_t>(magnitude) - 1 : static_cast<int64_t>(magnitude);  // -0 is one below +0
}

struct Op {
  std::string name;
  int inputs;
  int in[3], out;   // dtypes
  double ulps;      // allowed, 0 for bit for bit
  double absolute;  // and beyond: times (1 + |g|), for derivatives that cancel
  double params[2];
  ElementwiseFn saved = nullptr;  // what made the second input of a derivative, if that is a result
};

double as_double(const void* p, int64_t i, int dtype) {
  double x = 0;
  const Loop one{1, 1, {0, 1}, {{0, 1}, {0, 1}, {0, 1}}};
  const void* in = static_cast<const char*>(p) + i * kSizes[dtype];
  reference_table().elementwise.cast[dtype][static_cast<int>(DType::f64)](one, &in, &x, nullptr);
  return x;
}

bool close(const Op& op, const void* got, const void* want, int64_t i, double scale) {
  // An infinite cotangent times a derivative that float, but not double, rounds to zero.
  if (op.absolute > 0 && !std::isfinite(scale)) return true;
  bool nan_got, nan_want;
  const int64_t a = ordinal(got, i, op.out, nan_got), b = ordinal(want, i, op.out, nan_want);
  if (nan_got || nan_want) return nan_got == nan_want;
  if (a == b) return true;
  if (op.ulps == 0) return false;
  const auto distance = std::fabs(static_cast<long double>(a) - static_cast<long double>(b));
  if (distance <= op.ulps) return true;
  return op.absolute > 0 &&
         std::fabs(as_double(got, i, op.out) - as_double(want, i, op.out)) <= op.absolute * (1 + scale);
}

// ---- layouts --------------------------------------------------------------------------------------------------------

struct Case {
  Loop loop;
  int64_t start[4], extent[4];  // of the inputs, and at 3 of the output
};

Case layout(int64_t rows, int64_t cols, Loop::Stride out, Loop::Stride a, Loop::Stride b, Loop::Stride c) {
  Case result{{rows, cols, out, {a, b, c}}, {}, {}};
  const Loop::Stride strides[4] = {a, b, c, out};
  for (int k = 0; k < 4; ++k) {
    const int64_t along_rows = (rows - 1) * strides[k].row, along_cols = (cols - 1) * strides[k].col;
    result.start[k] = -(std::min<int64_t>(along_rows, 0) + std::min<int64_t>(along_cols, 0));
    result.extent[k] = std::abs(along_rows) + std::abs(along_cols) + 1;
  }
  return result;
}

std::vector<Case> layouts() {
  std::vector<Case> all;
  for (int64_t n : {1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 130, 511, 513, 1100})
    all.push_back(layout(1, n, {n, 1}, {n, 1}, {n, 1}, {n, 1}));
  for (int64_t n : {1, 5, 17, 40, 100, 600}) {
    all.push_back(layout(3, n, {n, 1}, {n, 1}, {0, 1}, {n, 1}));  // a row against rows
    all.push_back(layout(3, n, {n, 1}, {n, 1}, {1, 0}, {0, 0}));  // a column, a scalar
    all.push_back(layout(3, n, {n, 1}, {0, 0}, {n, 1}, {1, 0}));
    all.push_back(layout(3, n, {n + 2, 1}, {2 * n, 2}, {n, -1}, {n + 1, 1}));  // gaps, a step, reversed
    all.push_back(layout(2, n, {2 * n, 2}, {n, 1}, {-n, 1}, {3 * n, 3}));      // strided output
  }
  all.push_back(layout(200, 3, {3, 1}, {3, 1}, {0, 1}, {1, 0}));  // many short rows
  all.push_back(layout(300, 1, {1, 1}, {1, 1}, {2, 1}, {0, 0}));
  all.push_back(layout(70, 45, {45, 1}, {1, 70}, {45, 1}, {1, 70}));  // transposed operands
  all.push_back(layout(70, 45, {1, 70}, {45, 1}, {1, 70}, {0, 1}));   // and output
  all.push_back(layout(33, 6, {6, 1}, {-1, 33}, {1, -40}, {6, 1}));
  all.push_back(layout(0, 5, {5, 1}, {5, 1}, {5, 1}, {5, 1}));
  all.push_back(layout(4, 0, {0, 1}, {0, 1}, {0, 1}, {0, 1}));
  return all;
}

// ---- one kernel -----------------------------------------------------------------------------------------------------

void compare(const Op& op, ElementwiseFn kernel, ElementwiseFn reference, const char* level, const Case& c, int kind) {
  const Loop& loop = c.loop;
  const bool empty = loop.rows == 0 || loop.cols == 0;
  std::vector<Guarded<char>> inputs;
  const void* in[3] = {};
  for (int k = 0; k < op.inputs; ++k) {
    const int64_t n = empty ? 1 : c.extent[k];
    inputs.emplace_back(n * kSizes[op.in[k]], (k + 1) * kSizes[op.in[k]]);
    for (int64_t i = 0; i < n; ++i) put(inputs[k].data(), i, op.in[k], kind + static_cast<int>(i) + k);
    if (k == 1 && op.saved) {
      const void* x = inputs[k].data();
      op.saved({1, n, {n, 1}, {{n, 1}, {n, 1}, {n, 1}}}, &x, inputs[k].data(), nullptr);
    }
    in[k] = inputs[k].data() + (empty ? 0 : c.start[k]) * kSizes[op.in[k]];
  }
  const int64_t n = empty ? 1 : c.extent[3], size = kSizes[op.out], start = empty ? 0 : c.start[3];
  Guarded<char> got(n * size, size), want(n * size, size);
  std::memset(got.data(), 0x5A, n * size);
  std::memset(want.data(), 0x5A, n * size);
  kernel(loop, in, got.data() + start * size, op.params);
  reference(loop, in, want.data() + start * size, op.params);
  bool ok = got.intact();
  int64_t where = -1;
  for (int64_t r = 0; r < loop.rows; ++r)
    for (int64_t col = 0; col < loop.cols; ++col) {
      const int64_t i = start + r * loop.out.row + col * loop.out.col;
      double scale = 0;
      if (op.absolute > 0) scale = std::fabs(as_double(in[0], r * loop.in[0].row + col * loop.in[0].col, op.in[0]));
      if (close(op, got.data(), want.data(), i, scale)) continue;
      ok = false;
      if (where < 0) where = i;
    }
  // What lies between the elements of a strided output is not touched.
  if (!empty && ok && loop.out.col == 2)
    for (int64_t i = 1; i < n; i += 2) ok = ok && got[i * size] == 0x5A;
  const double a = where < 0 ? 0 : as_double(got.data(), where, op.out),
               b = where < 0 ? 0 : as_double(want.data(), where, op.out);
  check(ok, "%s %s %s, %ld x %ld, out stride %ld %ld, in stride %ld %ld: element %ld is %.17g, reference %.17g", level,
        op.name.c_str(), kNames[op.in[op.inputs - 1]], loop.rows, loop.cols, loop.out.row, loop.out.col, loop.in[0].row,
        loop.in[0].col, where, a, b);
}

void in_place(const Op& op, ElementwiseFn kernel, const char* level) {
  if (kSizes[op.out] != kSizes[op.in[op.inputs - 1]]) return;
  const int64_t n = 77, size = kSizes[op.out];
  const Loop loop{1, n, {n, 1}, {{n, 1}, {n, 1}, {n, 1}}};
  std::vector<std::vector<char>> x(op.inputs);
  const void* in[3];
  for (int k = 0; k < op.inputs; ++k) {
    x[k].resize(n * kSizes[op.in[k]]);
    for (int64_t i = 0; i < n; ++i) put(x[k].data(), i, op.in[k], 2);
    in[k] = x[k].data();
  }
  std::vector<char> apart(n * size);
  kernel(loop, in, apart.data(), op.params);
  kernel(loop, in, x[op.inputs - 1].data(), op.params);
  check(std::memcmp(apart.data(), x[op.inputs - 1].data(), n * size) == 0, "%s %s %s differs in place", level,
        op.name.c_str(), kNames[op.out]);
}

void run(const Op& op, ElementwiseFn kernel, ElementwiseFn reference, const char* level, int& kind) {
  check(!kernel == !reference, "%s %s %s: supported by one of the level and the reference only", level, op.name.c_str(),
        kNames[op.in[op.inputs - 1]]);
  if (!kernel || !reference) return;
  static const std::vector<Case> cases = layouts();
  for (const Case& c : cases) compare(op, kernel, reference, level, c, ++kind);
  in_place(op, kernel, level);
}

// The exponents that have a pass of their own.
void scalar_powers(const KernelTable& table) {
  const int f64 = static_cast<int>(DType::f64);
  for (int d = static_cast<int>(DType::f16); d < kReal; ++d)
    for (double exponent : {2.0, 3.0, 0.5, -1.5}) {
      const int64_t n = 70;
      const Loop one{1, 1, {0, 1}, {{0, 1}, {0, 1}, {0, 1}}}, loop{1, n, {n, 1}, {{n, 1}, {0, 0}, {0, 0}}};
      std::vector<char> x(n * 8), got(n * 8), want(n * 8), y(8);
      for (int64_t i = 0; i < n; ++i) put(x.data(), i, d, static_cast<int>(i));
      const void* from = &exponent;
      reference_table().elementwise.cast[f64][d](one, &from, y.data(), nullptr);
      const void* in[3] = {x.data(), y.data(), nullptr};
      table.elementwise.power[d](loop, in, got.data(), nullptr);
      reference_table().elementwise.power[d](loop, in, want.data(), nullptr);
      const Op op{"power", 2, {d, d, d}, d, 4, 0, {}};
      for (int64_t i = 0; i < n; ++i)
        check(close(op, got.data(), want.data(), i, 0), "%s power %s: %.9g ** %g is %.9g, reference %.9g", table.level,
              kNames[d], as_double(x.data(), i, d), exponent, as_double(got.data(), i, d),
              as_double(want.data(), i, d));
    }
}

// ---- tolerances -----------------------------------------------------------------------------------------------------

bool one_of(const std::string& name, std::initializer_list<const char*> names) {
  for (const char* n : names)
    if (name == n) return true;
  return false;
}

// In units in the last place of the result; the reference is rounded itself. Exact operations get 0.
void set_tolerance(Op& op, const std::string& rule) {
  const std::string& n = op.name;
  op.ulps = op.absolute = 0;
  if (!is_float(op.out) || rule == "boolean") return;
  const bool wide = op.out == static_cast<int>(DType::f64), half = kSizes[op.out] == 2;
  const bool derivative = n.ends_with("_backward");
  const std::string function = derivative ? n.substr(0, n.rfind('_')) : n;
  if (one_of(function, {"positive", "rint", "fmax", "fmin", "fmod", "copysign", "nextafter", "heaviside", "relu",
                        "leaky_relu", "prelu", "hardtanh", "hardshrink", "softshrink", "threshold"}) ||
      one_of(n, {"negative", "abs", "sign", "square", "floor", "ceil", "trunc", "round", "reciprocal", "sqrt", "add",
                 "subtract", "multiply", "divide", "maximum", "minimum"}))
    return;
  op.ulps = half ? 1 : wide ? 8 : 4;
  if (n.starts_with("logaddexp")) op.absolute = half ? 2e-3 : wide ? 1e-15 : 4e-7;  // around the sum 1
  if (derivative) {
    op.ulps = half ? 2 : 16;
    op.absolute = half ? 1e-2 : wide ? 4e-15 : 2e-6;
    if (n == "tanh_backward") op.saved = reference_table().elementwise.tanh[op.out];
    if (n == "sigmoid_backward") op.saved = reference_table().elementwise.sigmoid[op.out];
  }
}

}  // namespace
}  // namespace tw::test

int main() {
  using namespace tw;
  using namespace tw::test;
  const KernelTable& reference = reference_table();
  for (const KernelTable* table : levels()) {
    int kind = 0;
    scalar_powers(*table);
    for (int d = 0; d < kReal; ++d) {
      const bool truth = true, same = false, floating = false, magnitude = false;
      const auto boolean = truth, comparison = truth;
#define X(kernel, rule, dtypes, count)                                                          \
  {                                                                                             \
    const int out = rule == boolean ? static_cast<int>(DType::boolean) : d;                     \
    Op op{#kernel, 1, {d, d, d}, out, 0, 0, {0.25, 1.5}};                                       \
    set_tolerance(op, #rule);                                                                   \
    run(op, table->elementwise.kernel[d], reference.elementwise.kernel[d], table->level, kind); \
  }
      TW_UNARY_OPS(X)
#undef X
#define X(kernel, rule, dtypes, count)                                                          \
  {                                                                                             \
    const int out = rule == boolean ? static_cast<int>(DType::boolean) : d;                     \
    Op op{#kernel, 2, {d, d, d}, out, 0, 0, {0.25, 1.5}};                                       \
    set_tolerance(op, #rule);                                                                   \
    run(op, table->elementwise.kernel[d], reference.elementwise.kernel[d], table->level, kind); \
  }
      TW_BINARY_OPS(X)
#undef X
      run({"where", 3, {static_cast<int>(DType::boolean), d, d}, d, 0, 0, {}}, table->elementwise.where[d],
          reference.elementwise.where[d], table->level, kind);
      for (int to = 0; to < kReal; ++to)
        run({std::string("cast to ") + kNames[to], 1, {d, d, d}, to, 0, 0, {}}, table->elementwise.cast[d][to],
            reference.elementwise.cast[d][to], table->level, kind);
    }
  }
  for (int d = 0; d < kDTypes; ++d) {
    const auto dtype = static_cast<DType>(d);
    std::vector<const KernelTable*> tables = levels();
    tables.push_back(&reference);
    for (const KernelTable* table : tables) {
#define X(kernel, rule, dtypes, count)                                                                              \
  {                                                                                                                 \
    /* rule `floating` makes floats of the rest before */                                                           \
    const bool comes = std::string(#rule) != "floating" || is_inexact(dtype);                                       \
    if (comes)                                                                                                      \
      check((table->elementwise.kernel[d] != nullptr) == takes(Elementwise::kernel, dtype), "%s of %s is not %s's", \
            #kernel, dtype_name(dtype), table->level);                                                              \
  }
      TW_UNARY_OPS(X)
      TW_BINARY_OPS(X)
#undef X
    }
  }
  return report();
}
