// Numbers that are normalised together, wherever they lie: their sums, and their moments.
#pragma once
#include "cpu/kernels/norm/norm.h"
#include "cpu/kernels/part.h"

namespace tw::TW_ISA {

// `rows` runs of `length` numbers, `stride` apart.
struct Strip {
  int64_t rows, length, stride;
  double count() const { return (double)rows * (double)length; }
};

// f(i, at) for every vector of the strip: it lies at i.
template <class T, class F>
TW_INLINE void for_each_vector(const Strip& s, F f) {
  for (int64_t r = 0; r < s.rows; ++r) {
    const int64_t end = r * s.stride + s.length;
    int64_t i = r * s.stride;
    for (; i + lanes<T> <= end; i += lanes<T>) f(i, Whole{});
    if (i < end) f(i, Part{(int)(end - i)});
  }
}

template <class T, int N>
struct Several {
  vec<T> v[N];
};

// Sums over the strip of the N vectors that f(i, at) gives. Chains of some hundred terms are summed in the compute type
// before they are joined in double.
template <int N, class T, class F, class A = compute_t<T>>
TW_INLINE void add_up(const Strip& s, double (&total)[N], F f) {
  constexpr int chains = 4;
  constexpr int64_t kFold = 256;  // vectors
  Several<A, N> acc[chains] = {};
  auto fold = [&]() __attribute__((always_inline)) {
    for (int k = 0; k < N; ++k) {
      total[k] += fold_lanes<Sum<A>>((acc[0].v[k] + acc[1].v[k]) + (acc[2].v[k] + acc[3].v[k]));
      for (int c = 0; c < chains; ++c) acc[c].v[k] = vec<A>{};
    }
  };
  auto add = [&](int c, int64_t i, auto at) __attribute__((always_inline)) {
    const Several<A, N> terms = f(i, at);
    for (int k = 0; k < N; ++k) acc[c].v[k] += terms.v[k];
  };
  int64_t room = kFold;
  for (int64_t r = 0; r < s.rows; ++r) {
    const int64_t end = r * s.stride + s.length;
    int64_t i = r * s.stride;
    while (end - i >= chains * lanes<A>) {
      int64_t n = (end - i) / (chains * lanes<A>);
      if (n > room / chains) n = room / chains;
      room -= n * chains;
      for (; n > 0; --n, i += chains * lanes<A>)
        for (int c = 0; c < chains; ++c) add(c, i + c * lanes<A>, Whole{});
      if (room < chains) fold(), room = kFold;
    }
    for (int c = 0; c < chains - 1; ++c)
      if (end - i >= lanes<A>) {
        add(c, i, Whole{});
        i += lanes<A>;
      }
    if (i < end) add(chains - 1, i, Part{(int)(end - i)});
    room -= chains;
    if (room < chains) fold(), room = kFold;
  }
  fold();
}

// A weight or a bias, which may be left out.
template <class T>
TW_INLINE compute_t<T> value_or(compute_t<T> without, const T* p, int64_t i) {
  return p ? read_one<compute_t<T>>(p + i) : without;
}

// A double as a number of the compute type and the rest: x - v is (x - high) - low, where v may have more digits.
template <class A>
struct Parts {
  vec<A> high, low;
  explicit Parts(double v) : high(set1((A)v)), low(set1((A)(v - (double)(A)v))) {
    if ((A)v - (A)v != 0) low = vec<A>{};  // infinite
  }
  TW_INLINE vec<A> below(vec<A> x) const { return (x - high) - low; }
};

struct Moments {
  double mean, variance, rstd;  // rstd = 1 / sqrt(variance + eps)
};

// In a type in which no square overflows, and none vanishes.
template <class T>
TW_OUTLINE Moments careful_moments(const T* x, const Strip& s, bool centered, double eps) {
  long double sum = 0, squares = 0;
  auto each = [&](auto f) {
    for (int64_t r = 0; r < s.rows; ++r)
      for (int64_t i = 0; i < s.length; ++i) f((long double)read_one<compute_t<T>>(x + r * s.stride + i));
  };
  const long double first = centered ? (long double)read_one<compute_t<T>>(x) : 0;
  if (centered) each([&](long double v) { sum += v - first; });
  const long double mean = first + sum / s.count();
  each([&](long double v) { squares += (v - mean) * (v - mean); });
  const long double variance = squares / s.count();
  return {(double)mean, (double)variance, (double)(1 / __builtin_sqrtl(variance + eps))};
}

struct Squares {
  double mean, squares;  // sum (x - mean)^2
};

// Of what fits L1. Distances from the first number keep the digits that a large common offset would take, and are 0
// where all numbers are the same.
template <class T, class A = compute_t<T>>
TW_INLINE Squares squares_of_piece(const T* x, const Strip& s, bool centered) {
  double mean = 0;
  if (centered) {
    const A first = read_one<A>(x);
    const vec<A> shift = set1(first);
    double sum[1] = {};
    add_up<1, T>(s, sum, [&](int64_t i, auto at) __attribute__((always_inline)) {
      return Several<A, 1>{{at.keep(at.load(x + i) - shift, (A)0)}};
    });
    mean = (double)first + sum[0] / s.count();
  }
  const Parts<A> center(mean);
  double sum[1] = {};
  add_up<1, T>(s, sum, [&](int64_t i, auto at) __attribute__((always_inline)) {
    const vec<A> d = at.keep(center.below(at.load(x + i)), (A)0);
    return Several<A, 1>{{d * d}};
  });
  return {mean, sum[0]};
}

// Mean and variance in two passes over pieces that stay in L1, which are joined as Chan, Golub and LeVeque do it.
template <class T>
TW_INLINE Moments moments(const T* x, const Strip& s, bool centered, double eps) {
  constexpr int64_t kPiece = 512 * lanes<T>;
  Squares all = {};
  if (s.rows * s.length <= kPiece) {
    all = squares_of_piece(x, s, centered);
  } else {
    const int64_t height = s.length < kPiece ? kPiece / s.length : 1, width = s.length < kPiece ? s.length : kPiece;
    double count = 0;
    for (int64_t r = 0; r < s.rows; r += height)
      for (int64_t i = 0; i < s.length; i += width) {
        const Strip piece{s.rows - r < height ? s.rows - r : height, s.length - i < width ? s.length - i : width,
                          s.stride};
        const Squares part = squares_of_piece(x + r * s.stride + i, piece, centered);
        const double share = piece.count() / (count + piece.count()), apart = part.mean - all.mean;
        all.mean += apart * share;
        all.squares += part.squares + (centered ? apart * apart * share * count : 0);
        count += piece.count();
      }
  }
  const double variance = all.squares / s.count();
  const bool vanishes = variance < 1e-30 && eps < 1e-25;
  if (!(variance < 1e300) || vanishes) return careful_moments(x, s, centered, eps);
  return {all.mean, variance, 1 / __builtin_sqrt(variance + eps)};
}

}  // namespace tw::TW_ISA
