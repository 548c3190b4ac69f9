// One matrix product with its epilogue: operands of any layout, what it must give, by a float64 oracle, and the check
// that nothing else was written. And the ways to run it through the kernel table.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "core/divide.h"
#include "levels.h"

namespace tw::test {

// unit: the largest relative error of rounding to the type once; tiny: the largest absolute one, near zero.
template <class T>
struct Type;
template <>
struct Type<float> {
  static constexpr DType dtype = DType::f32;
  static constexpr double unit = 0x1p-24, tiny = 0;
  static double get(float x) { return x; }
  static float make(double x) { return static_cast<float>(x); }
};
template <>
struct Type<double> {
  static constexpr DType dtype = DType::f64;
  static constexpr double unit = 0x1p-53, tiny = 0;
  static double get(double x) { return x; }
  static double make(double x) { return x; }
};
template <>
struct Type<bf16> {
  static constexpr DType dtype = DType::bf16;
  static constexpr double unit = 0x1p-8, tiny = 0;
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
  static constexpr double unit = 0x1p-11, tiny = 0x1p-25;
  static double get(f16 x) {
    const int exponent = x.bits >> 10 & 31, mantissa = x.bits & 1023;
    const double magnitude = exponent == 31 ? (mantissa ? std::nan("") : HUGE_VAL)
                             : exponent     ? std::ldexp(1024 + mantissa, exponent - 25)
                                            : std::ldexp(mantissa, -24);
    return x.bits & 0x8000 ? -magnitude : magnitude;
  }
  static f16 make(double x) {  // multiples of 1/16 below 2 only, which are exact
    if (x == 0) return {0};
    const int exponent = std::ilogb(x);
    const auto mantissa = static_cast<uint16_t>(std::ldexp(std::abs(x), 10 - exponent));
    return {static_cast<uint16_t>((x < 0 ? 0x8000 : 0) | (exponent + 15) << 10 | (mantissa & 1023))};
  }
};

enum class Layout { rows, columns, gaps, reversed };
inline constexpr Layout kLayouts[] = {Layout::rows, Layout::columns, Layout::gaps, Layout::reversed};

// A misaligned matrix with gaps between its rows, in memory whose bytes are all ones: NaN in every float type. With
// `guard` elements on either side; without, a sanitizer sees the first that is read beyond the end.
template <class T>
class Matrix {
 public:
  T* origin;
  int64_t row, col;

  Matrix(int64_t rows, int64_t cols, Layout layout, int64_t guard = 0) : rows_(rows), cols_(cols) {
    row = layout == Layout::columns ? 1 : layout == Layout::gaps ? 3 * cols + 2 : cols + 1;
    col = layout == Layout::columns ? rows + 1 : layout == Layout::gaps ? 3 : 1;
    const int64_t extent = rows && cols ? (rows - 1) * row + (cols - 1) * col + 1 : 0;
    memory_.resize(static_cast<size_t>(1 + extent + 2 * guard));
    std::memset(static_cast<void*>(memory_.data()), 0xff, memory_.size() * sizeof(T));
    origin = memory_.data() + 1 + guard;
    if (layout == Layout::reversed && extent) {
      origin += extent - 1;
      row = -row;
      col = -col;
    }
  }

  // Multiples of 1/16 in [-15/16, 15/16]: sums of their products are exact in float32.
  void draw(std::mt19937& random) {
    for_each([&](T& x, int64_t, int64_t) { x = Type<T>::make((static_cast<int>(random() % 31) - 15) / 16.0); });
  }
  GemmMatrix view() { return {origin, row, col}; }
  double at(int64_t i, int64_t j) const { return Type<T>::get(origin[i * row + j * col]); }

  bool untouched_outside() {
    std::vector<char> inside(memory_.size());
    for_each([&](T& x, int64_t, int64_t) { inside[static_cast<size_t>(&x - memory_.data())] = 1; });
    for (size_t i = 0; i < memory_.size(); ++i) {
      unsigned char bytes[sizeof(T)];
      std::memcpy(bytes, &memory_[i], sizeof(T));
      for (unsigned char byte : bytes)
        if (!inside[i] && byte != 0xff) return false;
    }
    return true;
  }

  template <class F>
  void for_each(F f) {
    for (int64_t i = 0; i < rows_; ++i)
      for (int64_t j = 0; j < cols_; ++j) f(origin[i * row + j * col], i, j);
  }

 private:
  int64_t rows_, cols_;
  std::vector<T> memory_;
};

enum class Bias { none, by_column, by_row };
enum class Residual { none, itself, another };

struct Epilogue {
  Bias bias = Bias::none;
  Residual residual = Residual::none;
  Activation activation = Activation::none;
  bool gate = false, pre = false;
  Layout c = Layout::rows;
  Layout others = Layout::rows;  // of residual, gate and pre

  // Whether sums may wait in C: what kernels/gemm/direct.cpp asks for where the depth is long.
  bool fits_registers() const {
    return c == Layout::rows && bias != Bias::by_row && (residual != Residual::another || others == Layout::rows);
  }
  std::string name() const {
    static const char* const layouts[] = {"rows", "columns", "gaps", "reversed"};
    static const char* const biases[] = {"", " bias by column", " bias by row"};
    static const char* const residuals[] = {"", " accumulate", " residual"};
    return std::string(biases[static_cast<int>(bias)]) + residuals[static_cast<int>(residual)] + " activation " +
           std::to_string(static_cast<int>(activation)) + (gate ? " gate" : "") + (pre ? " pre" : "") + ", C by " +
           layouts[static_cast<int>(c)] + ", others by " + layouts[static_cast<int>(others)];
  }
};

inline double normal_cdf(double x) { return std::erfc(-x / std::sqrt(2.0)) / 2; }
inline double logistic(double x) { return 1 / (1 + std::exp(-x)); }
inline double gelu_tanh_inner(double x) { return std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x); }

inline double activate(Activation activation, double x) {
  switch (activation) {
    case Activation::none:
      return x;
    case Activation::relu:
      return std::max(x, 0.0);
    case Activation::gelu:
      return x * normal_cdf(x);
    case Activation::gelu_tanh:
      return x * (1 + std::tanh(gelu_tanh_inner(x))) / 2;
    case Activation::tanh:
      return std::tanh(x);
    case Activation::sigmoid:
      return logistic(x);
    case Activation::silu:
      return x * logistic(x);
  }
  return x;
}

// From the result for relu, tanh and sigmoid, from the argument for the others.
inline double derivative(Activation activation, double x) {
  switch (activation) {
    case Activation::none:
      return 1;
    case Activation::relu:
      return x > 0;
    case Activation::gelu:
      return normal_cdf(x) + x * std::exp(-x * x / 2) / std::sqrt(2 * M_PI);
    case Activation::gelu_tanh: {
      const double t = std::tanh(gelu_tanh_inner(x));
      return (1 + t) / 2 + x * (1 - t * t) / 2 * std::sqrt(2 / M_PI) * (1 + 3 * 0.044715 * x * x);
    }
    case Activation::tanh:
      return 1 - x * x;
    case Activation::sigmoid:
      return x * (1 - x);
    case Activation::silu:
      return logistic(x) * (1 + x * (1 - logistic(x)));
  }
  return 1;
}

template <class T>
class Case {
 public:
  Case(int64_t m, int64_t n, int64_t k, Layout la, Layout lb, Epilogue epilogue = {})
      : m_(m),
        n_(n),
        k_(k),
        epilogue_(epilogue),
        a_(m, k, la),
        b_(k, n, lb),
        bias_(1, std::max(m, n), Layout::rows),
        residual_(m, n, epilogue.others),
        gate_(m, n, epilogue.others) {
    std::mt19937 random(static_cast<unsigned>(m * 7919 + n * 104729 + k));
    for (Matrix<T>* x : {&a_, &b_, &bias_, &residual_, &gate_}) x->draw(random);
    for (std::vector<double>* x : {&z_, &z_bound_, &c_, &c_bound_}) x->resize(static_cast<size_t>(m * n));
    oracle();
  }

  const Epilogue& epilogue() const { return epilogue_; }

  // Runs `call` on a C and a `pre` that hold NaN before, but where C is added to.
  template <class Call>
  void run(const std::string& method, Call call) {
    Matrix<T> c(m_, n_, epilogue_.c, kGuard), pre(m_, n_, epilogue_.others, kGuard);
    GemmProblem p{};
    p.m = m_, p.n = n_, p.k = k_;
    p.a = a_.view(), p.b = b_.view(), p.out.c = c.view();
    if (epilogue_.bias == Bias::by_column) p.out.bias = {bias_.origin, 0, 1};
    if (epilogue_.bias == Bias::by_row) p.out.bias = {bias_.origin, 1, 0};
    if (epilogue_.residual == Residual::another) p.out.residual = residual_.view();
    if (epilogue_.residual == Residual::itself) {
      c.for_each([&](T& x, int64_t i, int64_t j) { x = residual_.origin[i * residual_.row + j * residual_.col]; });
      p.out.residual = p.out.c;
    }
    if (epilogue_.gate) p.out.gate = gate_.view();
    if (epilogue_.pre) p.out.pre = pre.view();
    p.out.activation = epilogue_.activation;
    call(p);
    const std::string what =
        method + " " + std::to_string(m_) + "x" + std::to_string(n_) + "x" + std::to_string(k_) + epilogue_.name();
    compare(c, c_, c_bound_, what + ": C");
    if (epilogue_.pre) compare(pre, z_, z_bound_, what + ": pre");
  }

 private:
  static constexpr int64_t kGuard = 64;

  void compare(Matrix<T>& got, const std::vector<double>& want, const std::vector<double>& bound,
               const std::string& what) {
    bool right = true;
    int64_t bad_i = 0, bad_j = 0;
    got.for_each([&](T& x, int64_t i, int64_t j) {
      const size_t e = static_cast<size_t>(i * n_ + j);
      if (right && !(std::abs(Type<T>::get(x) - want[e]) <= bound[e])) right = false, bad_i = i, bad_j = j;
    });
    check(right, "%s (%d, %d): %.9g instead of %.9g", what.c_str(), static_cast<int>(bad_i), static_cast<int>(bad_j),
          right ? 0.0 : got.at(bad_i, bad_j), right ? 0.0 : want[static_cast<size_t>(bad_i * n_ + bad_j)]);
    check(got.untouched_outside(), "%s: wrote outside", what.c_str());
  }

  void oracle() {
    std::vector<double> b(static_cast<size_t>(n_ * k_));  // by columns
    b_.for_each([&](T& x, int64_t p, int64_t j) { b[static_cast<size_t>(j * k_ + p)] = Type<T>::get(x); });
    std::vector<double> a(static_cast<size_t>(k_));
    for (int64_t i = 0; i < m_; ++i) {
      for (int64_t p = 0; p < k_; ++p) a[static_cast<size_t>(p)] = a_.at(i, p);
      for (int64_t j = 0; j < n_; ++j) oracle(i, j, a.data(), b.data() + j * k_);
    }
  }

  void oracle(int64_t i, int64_t j, const double* a, const double* b) {
    constexpr double epsilon = sizeof(T) == 8 ? 0x1p-52 : 0x1p-23;  // of the arithmetic
    double z = 0, magnitude = 0;
    const auto add = [&](double x) { z += x, magnitude += std::abs(x); };
    if (epilogue_.bias != Bias::none) add(bias_.at(0, epilogue_.bias == Bias::by_column ? j : i));
    if (epilogue_.residual != Residual::none) add(residual_.at(i, j));
    for (int64_t p = 0; p < k_; ++p) add(a[p] * b[p]);
    const double error = (static_cast<double>(k_) + 2) * epsilon * magnitude;
    const double slope = epilogue_.gate ? derivative(epilogue_.activation, gate_.at(i, j)) : 1;
    const double c = epilogue_.gate ? z * slope : activate(epilogue_.activation, z);
    // No activation is steeper than 1.2; each is right to a few units in the last place.
    const double moved = epilogue_.gate ? std::abs(slope) * error + 8 * epsilon * std::abs(z) * (1 + std::abs(slope))
                                        : 1.2 * error + 8 * epsilon * (std::abs(c) + std::abs(z));
    const bool exact = epilogue_.activation <= Activation::relu;
    const size_t e = static_cast<size_t>(i * n_ + j);
    z_[e] = z;
    z_bound_[e] = error + Type<T>::unit * std::abs(z) + Type<T>::tiny;
    c_[e] = c;
    c_bound_[e] = (exact ? error : moved) + Type<T>::unit * std::abs(c) + Type<T>::tiny;
  }

  int64_t m_, n_, k_;
  Epilogue epilogue_;
  Matrix<T> a_, b_, bias_, residual_, gate_;
  std::vector<double> z_, z_bound_, c_, c_bound_;
};

// ---- ways to run it
// ---------------------------------------------------------------------------------------------------

// Rows or columns `x` packed in stretches of `depth`, in memory exactly as large as promised, so that a sanitizer sees
// an overrun. Elements are `size` bytes.
inline std::vector<char> pack_all(const PackedGemm& kernel, GemmPackFn pack, const GemmMatrix& x, int64_t width,
                                  int64_t count, int64_t k, int64_t depth, int64_t size) {
  const int64_t padded = round_up(count, width);
  std::vector<char> packed(static_cast<size_t>(padded * round_up(k, kernel.group) / kernel.group * kernel.lane));
  for (int64_t from = 0; from < k; from += depth)
    pack(x.at(0, from, size).data, x.row, x.col, count, std::min(depth, k - from),
         packed.data() + from / kernel.group * kernel.lane * padded);
  return packed;
}

// Packs B, and A too unless it is to be read in place, in stretches of `depth`, and runs the tile kernel over C in
// tiles of `rows` x `columns` panels. Elements of A and B are `operand` bytes, all others `size`.
inline void run_tiles(const PackedGemm& kernel, int64_t operand, int64_t size, const GemmProblem& p, int64_t depth,
                      int64_t rows, int64_t columns, bool unpacked_a = false) {
  depth = round_up(depth, kernel.group);
  const std::vector<char> b = pack_all(kernel, kernel.pack_b, p.b.transposed(), kernel.nr, p.n, p.k, depth, operand);
  GemmTile t{};
  t.k = p.k, t.depth = depth;
  t.b_packed = b.data();
  t.b_columns = round_up(p.n, kernel.nr);
  for (int64_t i = 0; i < p.m; i += rows * kernel.mr) {
    t.m = std::min(p.m - i, rows * kernel.mr);
    const GemmMatrix a = p.a.at(i, 0, operand);
    std::vector<char> packed;
    if (unpacked_a) {
      t.a = a;
    } else {
      packed = pack_all(kernel, kernel.pack_a, a, kernel.mr, t.m, p.k, depth, operand);
      t.a_packed = packed.data();
    }
    for (t.b_from = 0; t.b_from < p.n; t.b_from += columns * kernel.nr) {
      t.n = std::min(p.n - t.b_from, columns * kernel.nr);
      t.out = p.out.at(i, t.b_from, size);
      kernel.tile(t);
    }
  }
}

inline std::string label(const KernelTable& table, const char* method, DType dtype) {
  static const char* const names[] = {"bool", "u8",  "i8",  "u16",  "i16", "u32", "i32",
                                      "u64",  "i64", "f16", "bf16", "f32", "f64"};
  return std::string(table.level) + " " + method + " " + names[static_cast<int>(dtype)];
}

template <class T>
void run_packed(const KernelTable& table, Case<T>& c, int64_t k) {
  const DType dtype = Type<T>::dtype;
  const PackedGemm& kernel = table.gemm.packed[static_cast<int>(dtype)];
  if (!kernel.tile) return;
  for (int64_t depth : {int64_t{kernel.kc}, k / 2 + 1, k / 3 + 1})
    c.run(label(table, "tiles", dtype), [&](const GemmProblem& p) {
      run_tiles(kernel, sizeof(T), sizeof(T), p, depth, kernel.mc / kernel.mr, kernel.nc / kernel.nr);
    });
  c.run(label(table, "small tiles", dtype),
        [&](const GemmProblem& p) { run_tiles(kernel, sizeof(T), sizeof(T), p, k / 2 + 1, 1, 1); });
  if (kernel.unpacked_a)
    c.run(label(table, "tiles in place", dtype), [&](const GemmProblem& p) {
      run_tiles(kernel, sizeof(T), sizeof(T), p, k / 2 + 1, 2, 2, kernel.reads_unpacked(p));
    });
}

// Every method that can.
template <class T>
void run_methods(const KernelTable& table, int64_t m, int64_t n, int64_t k, Layout la, Layout lb, Epilogue epilogue) {
  const GemmKernels& g = table.gemm;
  const int dtype = static_cast<int>(Type<T>::dtype);
  Case<T> c(m, n, k, la, lb, epilogue);
  const auto run = [&](const char* method, void (*kernel)(const GemmProblem&)) {
    if (kernel) c.run(label(table, method, Type<T>::dtype), [&](const GemmProblem& p) { kernel(p); });
  };
  run("naive", g.naive[dtype]);
  if (g.direct[dtype] && (epilogue.fits_registers() || k <= g.packed[dtype].kc))
    c.run(label(table, "direct", Type<T>::dtype), [&](const GemmProblem& p) { g.direct[dtype](p, nullptr); });
  if (la == Layout::rows && lb == Layout::columns) run("dot", g.dot[dtype]);
  run_packed(table, c, k);
}

// Rows of C: y = transpose(B) x, so B's columns (dot) or its rows (axpy, for several x too) are contiguous.
template <class T>
void run_gemv(const KernelTable& table, int64_t m, int64_t k, Epilogue epilogue) {
  const GemmKernels& g = table.gemm;
  const int dtype = static_cast<int>(Type<T>::dtype);
  if (epilogue.c != Layout::rows) return;
  const auto run = [&](auto kernel, const char* name, int64_t count, Layout b) {
    if (!kernel) return;
    Case<T> c(count, m, k, Layout::rows, b, epilogue);
    c.run(label(table, name, Type<T>::dtype),
          [&](const GemmProblem& p) { kernel({p.n, p.k, p.b.transposed(), p.a.data, p.out, p.m, p.a.row}); });
  };
  run(g.gemv_dot[dtype], "gemv_dot", 1, Layout::columns);
  for (int count = 1; count <= GemmKernels::kMostVectors; ++count)
    run(g.gemv_axpy[dtype], "gemv_axpy", count, Layout::rows);
}

}  // namespace tw::test
