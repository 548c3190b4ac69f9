// The epilogue of a tile of sums that lies in L1: a few passes over it, each a simple loop.
#include "cpu/kernels/gemm/epilogue.h"

#include "cpu/kernels/gemm/pack.h"
#include "cpu/kernels/math.h"

namespace tw::TW_ISA {
namespace {

// A tile of sums, row by row.
template <class T>
struct Sums {
  T* data;
  int64_t row, rows, cols;
};

// n <= lanes elements of a row of a matrix, whatever its column stride; the other lanes are zero.
template <class S>
TW_INLINE vec<compute_t<S>> load_row(const S* p, int64_t stride, int n) {
  if (stride == 1) return n == lanes<S> ? load(p) : load_n(p, n);
  S values[lanes<S>] = {};
  for (int i = 0; i < n; ++i) values[i] = p[i * stride];
  return load(values);
}
template <class S>
TW_INLINE void store_row(S* p, int64_t stride, vec<compute_t<S>> v, int n) {
  if (stride == 1) {
    if (n == lanes<S>)
      store(p, v);
    else
      store_n(p, v, n);
    return;
  }
  S values[lanes<S>];
  store(values, v);
  for (int i = 0; i < n; ++i) p[i * stride] = values[i];
}

// f(sums, values of `with`) takes the place of the sums.
template <class S, class F>
TW_INLINE void combine(const Sums<compute_t<S>>& s, const GemmMatrix& with, F f) {
  constexpr int L = lanes<S>;
  for (int64_t i = 0; i < s.rows; ++i) {
    compute_t<S>* sums = s.data + i * s.row;
    const S* values = static_cast<const S*>(with.data) + i * with.row;
    for (int64_t j = 0; j < s.cols; j += L) {
      const int n = min(s.cols - j, L);
      store_row(sums + j, 1, f(load_row(sums + j, 1, n), load_row(values + j * with.col, with.col, n)), n);
    }
  }
}

template <class T, class F>
TW_INLINE void map(const Sums<T>& s, F f) {
  constexpr int L = lanes<T>;
  for (int64_t i = 0; i < s.rows; ++i) {
    T* sums = s.data + i * s.row;
    for (int64_t j = 0; j < s.cols; j += L) {
      const int n = min(s.cols - j, L);
      store_row(sums + j, 1, f(load_row(sums + j, 1, n)), n);
    }
  }
}

template <class S>
TW_INLINE void store_sums(const Sums<compute_t<S>>& s, const GemmMatrix& to) {
  constexpr int L = lanes<S>;
  for (int64_t i = 0; i < s.rows; ++i) {
    const compute_t<S>* sums = s.data + i * s.row;
    S* row = static_cast<S*>(to.data) + i * to.row;
    int64_t j = 0;
    if (to.col == 1)
      for (; j + L <= s.cols; j += L) store(row + j, load(sums + j));
    for (; j < s.cols; j += L) {
      const int n = min(s.cols - j, L);
      store_row(row + j * to.col, to.col, load_row(sums + j, 1, n), n);
    }
  }
}

template <class T>
void activate(Activation activation, const Sums<T>& s) {
  switch (activation) {
#define X(name, saved)   \
  case Activation::name: \
    return map(s, [](auto v) __attribute__((always_inline)) { return name(v); });
    TW_ACTIVATIONS(X)
#undef X
    case Activation::none:
      return;
  }
}

// The sums are the gradient.
template <class S>
void derive(Activation activation, const Sums<compute_t<S>>& s, const GemmMatrix& gate) {
  switch (activation) {
#define X(name, saved)   \
  case Activation::name: \
    return combine<S>(s, gate, [](auto g, auto x) __attribute__((always_inline)) { return name##_backward(g, x); });
    TW_ACTIVATIONS(X)
#undef X
    case Activation::none:
      return;
  }
}

template <class S>
void finish_rows(const GemmOutput& out, const Sums<compute_t<S>>& s) {
  const auto plus = [](auto x, auto y) __attribute__((always_inline)) { return x + y; };
  if (out.bias.data != nullptr) combine<S>(s, out.bias, plus);
  if (out.residual.data != nullptr) combine<S>(s, out.residual, plus);
  if constexpr (has_activation<compute_t<S>>) {
    if (out.pre.data != nullptr) store_sums<S>(s, out.pre);
    if (out.gate.data != nullptr)
      derive<S>(out.activation, s, out.gate);
    else
      activate(out.activation, s);
  }
  if (out.c.data != s.data) store_sums<S>(s, out.c);
}

bool only_stored(const GemmOutput& out) {
  return out.bias.data == nullptr && out.residual.data == nullptr && out.pre.data == nullptr &&
         out.gate.data == nullptr && out.activation == Activation::none;
}

// C is stored by columns, R of them side by side and nothing between: perfect shuffles of their vectors.
template <class T, int R>
TW_INLINE void store_columns(const Sums<T>& s, T* c) {
  constexpr int L = lanes<T>;
  constexpr Lanes<__integer_pack(L)...> all;
  int64_t j = 0;
  for (; j + L <= s.cols; j += L, c += R * L) {
    vec<T> x[R], y[R];
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) x[r] = load(s.data + r * s.row + j);
#pragma GCC unroll 4
    for (int stage = 1; stage < R; stage *= 2) {
#pragma GCC unroll 4
      for (int i = 0; i < R / 2; ++i) {
        y[2 * i] = zip_low(x[i], x[i + R / 2], all);
        y[2 * i + 1] = zip_high(x[i], x[i + R / 2], all);
      }
#pragma GCC unroll 8
      for (int i = 0; i < R; ++i) x[i] = y[i];
    }
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) store(c + r * L, x[r]);
  }
  for (; j < s.cols; ++j)
    for (int r = 0; r < R; ++r) *c++ = s.data[r * s.row + j];
}

// Whether columns of C, of a residual and values of a bias for them are all that meets the sums, but for relu.
template <class S>
TW_INLINE bool is_plain_by_columns(const GemmOutput& out) {
  return sizeof(S) == sizeof(compute_t<S>) && out.pre.data == nullptr && out.gate.data == nullptr &&
         out.activation <= Activation::relu && (out.bias.data == nullptr || out.bias.row == 0) &&
         (out.residual.data == nullptr || out.residual.row == 1);
}

// `cols` columns of C with `rows` elements, each a row of `square`.
template <class T>
TW_INLINE void finish_square(const GemmOutput& out, const T* square, int rows, int cols) {
  constexpr int L = lanes<T>;
  const T* const bias = static_cast<const T*>(out.bias.data);
  const T* const residual = static_cast<const T*>(out.residual.data);
  T* const c = static_cast<T*>(out.c.data);
  for (int j = 0; j < cols; ++j) {
    vec<T> v = load(square + j * L);
    if (bias != nullptr) v += set1(bias[j * out.bias.col]);
    if (residual != nullptr) v += load_n(residual + j * out.residual.col, rows);
    if constexpr (has_activation<T>)
      if (out.activation == Activation::relu) v = relu(v);
    store_n(c + j * out.c.col, v, rows);
  }
}

// C is stored by columns: squares of sums are transposed in registers first.
template <class S>
void finish_columns(const GemmOutput& out, const Sums<compute_t<S>>& s) {
  typedef compute_t<S> T;
  constexpr int L = lanes<T>;
  if constexpr (sizeof(S) == sizeof(T)) {
    if (only_stored(out) && out.c.col == s.rows) {
      T* c = static_cast<T*>(out.c.data);
      if (s.rows == 2) return store_columns<T, 2>(s, c);
      if (s.rows == 4) return store_columns<T, 4>(s, c);
      if (s.rows == 8) return store_columns<T, 8>(s, c);
    }
  }
  const bool plain = is_plain_by_columns<S>(out);
  alignas(64) T square[L * L];
  for (int64_t i = 0; i < s.rows; i += L) {
    for (int64_t j = 0; j < s.cols; j += L) {
      const int rows = min(s.rows - i, L), cols = min(s.cols - j, L);
      vec<T> x[L] = {};
      for (int r = 0; r < rows; ++r) x[r] = load_row(s.data + (i + r) * s.row + j, 1, cols);
      transpose<T>(x);
      for (int r = 0; r < L; ++r) store(square + r * L, x[r]);
      if constexpr (sizeof(S) == sizeof(T)) {
        if (plain) {
          finish_square<T>(out.at(i, j, sizeof(S)), square, rows, cols);
          continue;
        }
      }
      finish_rows<S>(out.at(i, j, sizeof(S)).transposed(), {square, L, cols, rows});
    }
  }
}

template <class S>
TW_INLINE void finish_tile(const GemmOutput& out, const Sums<compute_t<S>>& s) {
  if (out.c.row == 1 && out.c.col != 1)
    finish_columns<S>(out, s);
  else
    finish_rows<S>(out, s);
}

}  // namespace

#define X(type, dtype)                                                                                       \
  void finish(const GemmOutput& out, compute_t<type>* sums, int64_t row, int64_t rows, int64_t cols, type) { \
    finish_tile<type>(out, {sums, row, rows, cols});                                                         \
  }
TW_FOR_EACH_FLOAT(X)
X(uint32_t, u32)
#undef X

}  // namespace tw::TW_ISA
