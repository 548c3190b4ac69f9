// The GEMM kernels of every ISA level that this machine runs, called through the kernel table, against a float64
// oracle: sizes that straddle the register tile, the vector and the depth of a packed block, any strides, guard bytes
// around C.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "levels.h"

namespace {

using namespace tw;
using test::check;

template <class T>
struct Type;
template <>
struct Type<float> {
  static constexpr DType dtype = DType::f32;
  static constexpr double epsilon = 0x1p-23;
  static double get(float x) { return x; }
  static float make(double x) { return static_cast<float>(x); }
};
template <>
struct Type<double> {
  static constexpr DType dtype = DType::f64;
  static constexpr double epsilon = 0x1p-52;
  static double get(double x) { return x; }
  static double make(double x) { return x; }
};
template <>
struct Type<bf16> {
  static constexpr DType dtype = DType::bf16;
  static constexpr double epsilon = 0x1p-8;
  static double get(bf16 x) {
    const uint32_t bits = static_cast<uint32_t>(x.bits) << 16;
    float f;
    std::memcpy(&f, &bits, sizeof f);
    return f;
  }
  static bf16 make(double x) {
    const float f = static_cast<float>(x);
    uint32_t bits;
    std::memcpy(&bits, &f, sizeof bits);
    return {static_cast<uint16_t>(bits >> 16)};
  }
};
template <>
struct Type<f16> {
  static constexpr DType dtype = DType::f16;
  static constexpr double epsilon = 0x1p-11;
  static double get(f16 x) {
    const int exponent = x.bits >> 10 & 31, mantissa = x.bits & 1023;
    const double magnitude = exponent ? std::ldexp(1024 + mantissa, exponent - 25) : std::ldexp(mantissa, -24);
    return x.bits & 0x8000 ? -magnitude : magnitude;
  }
  static f16 make(double x) {  // multiples of 1/16 below 2 only, which are exact
    if (x == 0) return {0};
    const int exponent = std::ilogb(x);
    const auto mantissa = static_cast<uint16_t>(std::ldexp(std::abs(x), 10 - exponent));
    return {static_cast<uint16_t>((x < 0 ? 0x8000 : 0) | (exponent + 15) << 10 | (mantissa & 1023))};
  }
};

// A matrix inside a larger buffer, with strides to match.
enum class Layout { rows, columns, gaps, reversed };
constexpr Layout kLayouts[] = {Layout::rows, Layout::columns, Layout::gaps, Layout::reversed};

template <class T>
struct Matrix {
  std::vector<T> memory;
  T* origin;
  int64_t row, col;

  Matrix(int64_t rows, int64_t cols, Layout layout, std::mt19937& random) {
    row = layout == Layout::columns ? 1 : layout == Layout::gaps ? 3 * cols + 2 : cols + 1;
    col = layout == Layout::columns ? rows + 1 : layout == Layout::gaps ? 3 : 1;
    memory.resize(static_cast<size_t>((rows + 1) * row + (cols + 1) * col + 8));
    for (T& x : memory) x = Type<T>::make((static_cast<int>(random() % 31) - 15) / 16.0);
    origin = memory.data() + 1;  // misaligned
    if (layout == Layout::reversed && rows > 0 && cols > 0) {
      origin += (rows - 1) * row + (cols - 1) * col;
      row = -row;
      col = -col;
    }
  }
  double at(int64_t i, int64_t j) const { return Type<T>::get(origin[i * row + j * col]); }
};

struct Options {
  bool bias = false, relu = false, accumulate = false;
};

// Packs everything in stretches of `depth` and runs the tile kernel over C in tiles of `rows` x `columns` panels.
void run_tiles(const GemmKernels& kernels, int dtype, const GemmProblem& p, int64_t depth, int64_t rows,
               int64_t columns) {
  const GemmBlocking b = kernels.blocking[dtype];
  const int64_t size = dtype == static_cast<int>(DType::f64) ? 8 : dtype == static_cast<int>(DType::f32) ? 4 : 2;
  const int64_t compute_size = std::max<int64_t>(size, 4);
  GemmTile t{};
  t.k = p.k, t.depth = depth;
  t.a_rows = (p.m + b.mr - 1) / b.mr * b.mr;
  t.b_columns = (p.n + b.nr - 1) / b.nr * b.nr;
  // Exactly as large as promised, so that a sanitizer sees an overrun.
  std::vector<char> a(static_cast<size_t>(t.a_rows * p.k * compute_size));
  std::vector<char> bb(static_cast<size_t>(t.b_columns * p.k * compute_size));
  for (int64_t from = 0; from < p.k; from += depth) {
    const int64_t k = std::min(depth, p.k - from);
    kernels.pack_a[dtype](static_cast<const char*>(p.a) + from * p.a_col * size, p.a_row, p.a_col, p.m, k,
                          a.data() + from * t.a_rows * compute_size);
    kernels.pack_b[dtype](static_cast<const char*>(p.b) + from * p.b_row * size, p.b_col, p.b_row, p.n, k,
                          bb.data() + from * t.b_columns * compute_size);
  }
  t.a = a.data(), t.b = bb.data();
  t.c_row = p.c_row;
  t.relu = p.relu, t.accumulate = p.accumulate;
  for (t.a_from = 0; t.a_from < p.m; t.a_from += rows * b.mr) {
    for (t.b_from = 0; t.b_from < p.n; t.b_from += columns * b.nr) {
      t.m = std::min(p.m - t.a_from, rows * b.mr);
      t.n = std::min(p.n - t.b_from, columns * b.nr);
      t.c = static_cast<char*>(p.c) + (t.a_from * p.c_row + t.b_from) * size;
      t.bias = p.bias ? static_cast<const char*>(p.bias) + t.b_from * size : nullptr;
      kernels.tile[dtype](t);
    }
  }
}

template <class T>
class Case {
 public:
  Case(int64_t m, int64_t n, int64_t k, Layout la, Layout lb, Options options)
      : m_(m),
        n_(n),
        k_(k),
        options_(options),
        random_(static_cast<unsigned>(m * 7919 + n * 104729 + k)),
        a_(m, k, la, random_),
        b_(k, n, lb, random_),
        bias_(1, n, Layout::rows, random_),
        old_(m, n, Layout::rows, random_) {
    want_.resize(static_cast<size_t>(m * n));
    bound_.resize(want_.size());
    for (int64_t i = 0; i < m; ++i)
      for (int64_t j = 0; j < n; ++j) oracle(i, j);
  }

  // Runs `call` on a C of row stride n + 3 surrounded by guard bytes. Unless it is added to, C holds NaN before.
  template <class Call>
  void run(const std::string& name, Call call) {
    const int64_t row = n_ + 3, guard = 64;
    std::vector<T> c(static_cast<size_t>(m_ * row + 2 * guard));
    std::memset(static_cast<void*>(c.data()), 0xff, c.size() * sizeof(T));  // NaN in every float type
    T* origin = c.data() + guard;
    if (options_.accumulate)
      for (int64_t i = 0; i < m_; ++i)
        for (int64_t j = 0; j < n_; ++j) origin[i * row + j] = old_.origin[i * old_.row + j];
    GemmProblem p{};
    p.m = m_, p.n = n_, p.k = k_;
    p.a = a_.origin, p.a_row = a_.row, p.a_col = a_.col;
    p.b = b_.origin, p.b_row = b_.row, p.b_col = b_.col;
    p.c = origin, p.c_row = row;
    p.bias = options_.bias ? bias_.origin : nullptr;
    p.relu = options_.relu, p.accumulate = options_.accumulate;
    call(p);
    bool inside = true, outside = true;
    for (int64_t at = 0; at < static_cast<int64_t>(c.size()); ++at) {
      const int64_t i = at < guard ? -1 : (at - guard) / row, j = at < guard ? -1 : (at - guard) % row;
      if (i >= 0 && i < m_ && j < n_) {
        const size_t e = static_cast<size_t>(i * n_ + j);
        inside = inside && std::abs(Type<T>::get(c[static_cast<size_t>(at)]) - want_[e]) <= bound_[e];
      } else {
        unsigned char bytes[sizeof(T)];
        std::memcpy(bytes, &c[static_cast<size_t>(at)], sizeof(T));
        for (unsigned char byte : bytes) outside = outside && byte == 0xff;
      }
    }
    const std::string what = name + " " + std::to_string(m_) + "x" + std::to_string(n_) + "x" + std::to_string(k_) +
                             (options_.bias ? " bias" : "") + (options_.relu ? " relu" : "") +
                             (options_.accumulate ? " accumulate" : "");
    check(inside, "%s: wrong values", what.c_str());
    check(outside, "%s: wrote outside of C", what.c_str());
  }

 private:
  void oracle(int64_t i, int64_t j) {
    double sum = options_.bias ? bias_.at(0, j) : 0, magnitude = std::abs(sum);
    if (options_.accumulate) sum += old_.at(i, j), magnitude += std::abs(old_.at(i, j));
    for (int64_t p = 0; p < k_; ++p) sum += a_.at(i, p) * b_.at(p, j), magnitude += std::abs(a_.at(i, p) * b_.at(p, j));
    const size_t e = static_cast<size_t>(i * n_ + j);
    want_[e] = options_.relu && sum < 0 ? 0 : sum;
    const double arithmetic = sizeof(T) == 8 ? 0x1p-52 : 0x1p-23;
    bound_[e] = (static_cast<double>(k_) + 2) * arithmetic * magnitude + Type<T>::epsilon * std::abs(sum);
  }

  int64_t m_, n_, k_;
  Options options_;
  std::mt19937 random_;
  Matrix<T> a_, b_, bias_, old_;
  std::vector<double> want_, bound_;
};

std::string label(const KernelTable& table, const char* method, int dtype) {
  static const char* const names[] = {"bool", "u8",  "i8",  "u16",  "i16", "u32", "i32",
                                      "u64",  "i64", "f16", "bf16", "f32", "f64"};
  return std::string(table.level) + " " + method + " " + names[dtype];
}

template <class T>
void run_case(const KernelTable& table, int64_t m, int64_t n, int64_t k, Layout la, Layout lb, Options options) {
  const GemmKernels& g = table.gemm;
  const int dtype = static_cast<int>(Type<T>::dtype);
  Case<T> c(m, n, k, la, lb, options);
  if (g.naive[dtype]) c.run(label(table, "naive", dtype), [&](const GemmProblem& p) { g.naive[dtype](p); });
  if (g.direct[dtype]) c.run(label(table, "direct", dtype), [&](const GemmProblem& p) { g.direct[dtype](p); });
  if (g.dot[dtype] && la == Layout::rows && lb == Layout::columns)
    c.run(label(table, "dot", dtype), [&](const GemmProblem& p) { g.dot[dtype](p); });
  if (g.tile[dtype]) {
    const GemmBlocking b = g.blocking[dtype];
    for (int64_t depth : {int64_t{b.kc}, k / 2 + 1, k / 3 + 1})
      c.run(label(table, "tiles", dtype),
            [&](const GemmProblem& p) { run_tiles(g, dtype, p, depth, b.mc / b.mr, b.nc / b.nr); });
    c.run(label(table, "small tiles", dtype), [&](const GemmProblem& p) { run_tiles(g, dtype, p, k / 2 + 1, 1, 1); });
  }
}

template <class T>
void run_gemv_case(const KernelTable& table, int64_t m, int64_t k, Options options) {
  const GemmKernels& g = table.gemm;
  const int dtype = static_cast<int>(Type<T>::dtype);
  if (!g.gemv_dot[dtype]) return;
  for (bool dot : {true, false}) {  // a row of C: y = Bᵀ x, so B's columns (dot) or rows (axpy) are contiguous
    Case<T> c(1, m, k, Layout::rows, dot ? Layout::columns : Layout::rows, options);
    c.run(label(table, dot ? "gemv_dot" : "gemv_axpy", dtype), [&](const GemmProblem& p) {
      GemvProblem v{};
      v.m = p.n, v.k = p.k;
      v.a = p.b, v.a_row = p.b_col, v.a_col = p.b_row;
      v.x = p.a, v.y = p.c;
      v.bias = p.bias, v.bias_stride = 1;
      v.relu = p.relu, v.accumulate = p.accumulate;
      (dot ? g.gemv_dot : g.gemv_axpy)[dtype](v);
    });
  }
}

template <class T>
void run_floats(const KernelTable& table) {
  const int64_t edges[] = {1, 2, 7, 13, 14, 15, 16, 17, 31, 32, 33, 48, 65};
  const Options plain{}, all{true, true, true}, fused{true, true, false}, added{false, false, true};
  for (int64_t m : edges)
    for (int64_t n : edges) {
      const int64_t k = 1 + (m * 5 + n * 3) % 37;
      run_case<T>(table, m, n, k, Layout::rows, Layout::rows, plain);
      run_case<T>(table, m, n, k, Layout::rows, Layout::columns, fused);
    }
  for (Layout la : kLayouts)
    for (Layout lb : kLayouts)
      for (Options options : {plain, fused, added, all}) {
        run_case<T>(table, 29, 35, 19, la, lb, options);
        run_case<T>(table, 5, 9, 300, la, lb, options);
      }
  for (int64_t k : {0, 1, 2, 127, 128, 129, 255, 256, 257, 513})
    for (Options options : {plain, all}) run_case<T>(table, 15, 33, k, Layout::rows, Layout::columns, options);
  for (int64_t m : {1, 2, 3, 4, 5, 9})  // what the dot kernel is for
    for (int64_t n : {1, 3, 4, 6, 7, 12, 13})
      for (int64_t k : {0, 1, 15, 16, 17, 33, 511, 512, 513, 1023, 1024, 1025, 2060})
        run_case<T>(table, m, n, k, Layout::rows, Layout::columns, k % 2 ? all : plain);
  for (int64_t m : {1, 3, 4, 5, 8, 15, 16, 17, 64, 100, 2049})
    for (int64_t k : {0, 1, 7, 8, 9, 31, 32, 33, 100, 520})
      for (Options options : {plain, all}) run_gemv_case<T>(table, m, k, options);
  run_gemv_case<T>(table, 3, 20001, plain);
}

// NaN and infinity arrive in C, and relu keeps NaN.
void run_special(const KernelTable& table) {
  const float inf = std::numeric_limits<float>::infinity(), nan = std::nanf("");
  const float a[4] = {inf, 1, nan, 1}, b[4] = {1, 2, 3, -4};
  for (const auto kernel :
       {table.gemm.naive[static_cast<int>(DType::f32)], table.gemm.direct[static_cast<int>(DType::f32)]}) {
    if (!kernel) continue;
    float c[4] = {nan, nan, nan, nan};
    GemmProblem p{};
    p.m = p.n = p.k = 2;
    p.a = a, p.a_row = 2, p.a_col = 1;
    p.b = b, p.b_row = 2, p.b_col = 1;
    p.c = c, p.c_row = 2;
    p.relu = true;
    kernel(p);
    check(c[0] == inf && c[1] == inf && std::isnan(c[2]) && std::isnan(c[3]), "%s: NaN and infinity", table.level);
  }
}

// Sums wrap around in the dtype.
template <class T>
void run_integers(const KernelTable& table, DType dtype) {
  std::mt19937_64 random(7);
  const int64_t m = 5, n = 9, k = 33;
  std::vector<T> a(static_cast<size_t>(m * k)), b(static_cast<size_t>(k * n)), c(static_cast<size_t>(m * n));
  for (T& x : a) x = static_cast<T>(random());
  for (T& x : b) x = static_cast<T>(random());
  for (bool transposed : {false, true}) {
    GemmProblem p{};
    p.m = m, p.n = n, p.k = k;
    p.a = a.data(), p.a_row = k, p.a_col = 1;
    p.b = b.data(), p.b_row = transposed ? 1 : n, p.b_col = transposed ? k : 1;
    p.c = c.data(), p.c_row = n;
    table.gemm.naive[static_cast<int>(dtype)](p);
    bool ok = true;
    for (int64_t i = 0; i < m; ++i)
      for (int64_t j = 0; j < n; ++j) {
        uint64_t sum = 0;
        for (int64_t q = 0; q < k; ++q)
          sum += static_cast<uint64_t>(a[static_cast<size_t>(i * k + q)]) *
                 static_cast<uint64_t>(b[static_cast<size_t>(q * p.b_row + j * p.b_col)]);
        ok = ok && c[static_cast<size_t>(i * n + j)] == static_cast<T>(sum);
      }
    check(ok, "%s", label(table, "naive", static_cast<int>(dtype)).c_str());
  }
}

void run_level(const KernelTable& table) {
  run_floats<float>(table);
  run_floats<double>(table);
  run_floats<bf16>(table);
  run_floats<f16>(table);
  run_special(table);
#define X(type, name) run_integers<type>(table, DType::name);
  TW_FOR_EACH_INTEGER(X)
#undef X
}

}  // namespace

int main() {
  run_level(test::reference_table());
  for (const KernelTable* table : test::levels()) run_level(*table);
  return test::report();
}
