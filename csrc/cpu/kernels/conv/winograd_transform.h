// Winograd's transforms along one axis: F(2, 3) at the points 0, 1, -1 and infinity, F(4, 3) at 0, +-a, +-b and
// infinity, a = 11/16 and b = 3/2. README.md says how they come about, and why there.
#pragma once
#include "cpu/kernels/vec.h"

namespace tw::TW_ISA {
namespace {

// input: v = B^T d. weight: u = G g. output: y = A^T m.
template <int M>
struct Filtering;

template <>
struct Filtering<2> {
  static constexpr int m = 2, points = 4;

  template <class V>
  static TW_INLINE void input(const V (&d)[4], V (&v)[4]) {
    v[0] = d[0] - d[2];
    v[1] = d[1] + d[2];
    v[2] = d[2] - d[1];
    v[3] = d[3] - d[1];
  }
  template <class V>
  static TW_INLINE void weight(const V (&g)[3], V (&u)[4]) {
    const V ends = (g[0] + g[2]) * 0.5f, middle = g[1] * 0.5f;
    u[0] = g[0];
    u[1] = ends + middle;
    u[2] = ends - middle;
    u[3] = g[2];
  }
  template <class V>
  static TW_INLINE void output(const V (&m)[4], V (&y)[2]) {
    y[0] = m[0] + (m[1] + m[2]);
    y[1] = (m[1] - m[2]) + m[3];
  }
};

template <>
struct Filtering<4> {
  static constexpr int m = 4, points = 6;
  static constexpr float a = 0.6875f, b = 1.5f, aa = a * a, bb = b * b;  // all exact, as are these:
  static constexpr float product = aa * bb, sum = aa + bb;
  static constexpr double at_zero = 1 / (0.6875 * 0.6875 * 1.5 * 1.5);
  static constexpr double at_a = 1 / (2 * 0.6875 * 0.6875 * (0.6875 * 0.6875 - 1.5 * 1.5));
  static constexpr double at_b = 1 / (2 * 1.5 * 1.5 * (1.5 * 1.5 - 0.6875 * 0.6875));

  template <class V>
  static TW_INLINE V times(float x, V y) {
    return y * x;
  }
  static TW_INLINE vf add(float x, vf y, vf z) { return fma(set1(x), y, z); }

  static TW_INLINE void input(const vf (&d)[6], vf (&v)[6]) {
    const vf even_a = add(-bb, d[2], d[4]), odd_a = add(-bb, d[1], d[3]);
    const vf even_b = add(-aa, d[2], d[4]), odd_b = add(-aa, d[1], d[3]);
    v[0] = add(product, d[0], add(-sum, d[2], d[4]));
    v[1] = add(a, odd_a, even_a);
    v[2] = add(-a, odd_a, even_a);
    v[3] = add(b, odd_b, even_b);
    v[4] = add(-b, odd_b, even_b);
    v[5] = add(product, d[1], add(-sum, d[3], d[5]));
  }
  static TW_INLINE void weight(const vf (&g)[3], vf (&u)[6]) {
    constexpr float zero = static_cast<float>(at_zero), of_a = static_cast<float>(at_a),
                    of_b = static_cast<float>(at_b);
    const vf even_a = add(aa, g[2], g[0]) * of_a, odd_a = g[1] * static_cast<float>(at_a * 0.6875);
    const vf even_b = add(bb, g[2], g[0]) * of_b, odd_b = g[1] * static_cast<float>(at_b * 1.5);
    u[0] = g[0] * zero;
    u[1] = even_a + odd_a;
    u[2] = even_a - odd_a;
    u[3] = even_b + odd_b;
    u[4] = even_b - odd_b;
    u[5] = g[2];
  }
  static TW_INLINE void output(const vf (&m)[6], vf (&y)[4]) {
    const vf even_a = m[1] + m[2], odd_a = m[1] - m[2], even_b = m[3] + m[4], odd_b = m[3] - m[4];
    y[0] = m[0] + (even_a + even_b);
    y[1] = add(a, odd_a, odd_b * b);
    y[2] = add(aa, even_a, even_b * bb);
    y[3] = add(aa * a, odd_a, add(bb * b, odd_b, m[5]));
  }
};

}  // namespace
}  // namespace tw::TW_ISA
