// Pooling at every level against the reference: each way to pool, block by block, and what lies outside a block is not
// written.
#include <algorithm>
#include <cmath>
#include <limits>

#include "levels.h"

namespace tw::test {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN(), kInf = std::numeric_limits<double>::infinity();

// n elements along an axis, with all windows that lie in it.
PoolAxis axis(int64_t n, int64_t k = 1, int64_t s = 1, int64_t p = 0, int64_t d = 1) {
  return {n, (n + 2 * p - d * (k - 1) - 1) / s + 1, k, s, p, d};
}

struct Case {
  PoolWindows windows;
  bool rows;  // whether they may be pooled along rows
  bool flat;  // or by taps
};

std::vector<Case> cases() {
  const PoolAxis one = axis(1);
  return {
      {{{one, axis(7, 3, 2, 1), axis(7, 3, 2, 1)}, false}, false, true},
      {{{one, axis(7, 2, 2), axis(7, 2, 2)}, false}, false, true},
      {{{one, axis(13, 3, 1, 1), axis(40, 3, 1, 1)}, false}, true, true},
      {{{one, axis(9, 3, 2, 1), axis(75, 3, 2, 1)}, false}, true, true},
      {{{one, axis(9, 4, 3, 2), axis(76, 4, 2, 2)}, false}, true, true},
      {{{one, axis(6, 2, 2), axis(34, 2, 2)}, false}, true, true},
      {{{axis(5, 3, 2, 1), axis(6, 2, 1, 1, 2), axis(21, 5, 1, 2)}, false}, true, true},
      {{{axis(4, 2, 2), axis(5, 3, 3, 1), axis(11, 3, 3, 1, 2)}, false}, false, true},
      {{{one, axis(9, 1, 2), axis(9, 1, 3)}, false}, false, false},
      {{{one, one, axis(300, 6, 5, 3)}, false}, false, true},
  };
}

// Blocks that are not everything: planes from 1 on, without the first and last windows where there are many.
std::vector<PoolBlock> blocks(const PoolWindows& w, int64_t planes, bool whole_rows) {
  PoolBlock all{0, planes, {0, 0, 0}, {w.axis[0].m, w.axis[1].m, w.axis[2].m}}, part = all;
  part.plane = 1, part.planes = planes - 1;
  for (int a = 0; a < (whole_rows ? 2 : 3); ++a)
    if (w.axis[a].m > 2) part.first[a] = 1, part.count[a] -= 2;
  return {all, part};
}

template <class T>
bool same(T a, T b) {
  return a == b || (a != a && b != b);
}

// x with some special values, and y, of which the block alone may change.
template <class T>
struct Planes {
  Guarded<T> x, got, want;

  Planes(const PoolWindows& w, int64_t planes, bool specials)
      : x(planes * w.inputs(), 1), got(planes * w.outputs(), 1), want(planes * w.outputs(), 1) {
    for (int64_t i = 0; i < x.size(); ++i) x[i] = static_cast<T>(uniform(-1, 1));
    for (int64_t i = 0; specials && i < x.size(); i += 7) x[i] = static_cast<T>(i % 5 ? -kInf : kNaN);
    for (int64_t i = 0; i < got.size(); ++i) got[i] = want[i] = T{77};
  }
  double worst() {
    double most = got.intact() ? 0 : kInf;
    for (int64_t i = 0; i < got.size(); ++i) {
      const double off = same(got[i], want[i]) ? 0 : std::abs(static_cast<double>(got[i] - want[i]));
      most = off <= most ? most : off == off ? off : kInf;
    }
    return most;
  }
};

int64_t scratch_bytes(const PoolWindows& w, const PoolBlock& b) {
  return 8 * std::max(pool_scratch(w, b), pool_lane_scratch(w, b));
}

template <class T>
void compare(const KernelTable& table, DType dtype, double eps) {
  const auto i = static_cast<size_t>(dtype);
  const PoolKernels &pool = table.pool, &reference = reference_table().pool;
  for (const Case& c : cases())
    for (const int64_t planes : {2, 16, 19})
      for (const bool specials : {false, true}) {
        const PoolWindows& w = c.windows;
        const auto max = [&](const char* how, MaxPoolFn fn, bool whole_rows) {
          for (const PoolBlock& b : blocks(w, planes, whole_rows)) {
            Planes<T> p(w, planes, specials);
            std::vector<double> scratch(static_cast<size_t>(scratch_bytes(w, b)) / 8);
            fn(w, b, p.x.data(), p.got.data(), {}, scratch.data());
            reference.max[i](w, b, p.x.data(), p.want.data(), {}, nullptr);
            check(p.worst() == 0, "%s: max of %ld planes of %ld x %ld x %ld %s", table.level, planes, w.axis[0].n,
                  w.axis[1].n, w.axis[2].n, how);
          }
        };
        max("window by window", pool.max[i], false);
        max("across planes", pool.max_planes[i], false);
        if (c.rows) max("along rows", pool.max_rows[i], true);
        if (c.flat) max("by taps", pool.max_flat[i], false);

        if (std::any_of(w.axis, w.axis + 3, [](const PoolAxis& a) { return a.d > 1; })) continue;  // averages have none
        const auto average = [&](const char* how, AveragePoolFn fn, bool whole_rows) {
          for (const PoolDivisor divisor : {PoolDivisor{0, true}, PoolDivisor{0, false}, PoolDivisor{3, false}})
            for (const PoolBlock& b : blocks(w, planes, whole_rows)) {
              Planes<T> p(w, planes, specials);
              std::vector<double> scratch(static_cast<size_t>(scratch_bytes(w, b)) / 8);
              fn(w, b, divisor, p.x.data(), p.got.data(), scratch.data());
              reference.average[i](w, b, divisor, p.x.data(), p.want.data(), nullptr);
              check(p.worst() <= eps * static_cast<double>(w.taps()), "%s: average of %ld planes of %ld x %ld x %ld %s",
                    table.level, planes, w.axis[0].n, w.axis[1].n, w.axis[2].n, how);
            }
        };
        average("window by window", pool.average[i], false);
        average("across planes", pool.average_planes[i], false);
        if (c.rows) average("along rows", pool.average_rows[i], true);
      }
}

}  // namespace
}  // namespace tw::test

int main() {
  using namespace tw;
  using namespace tw::test;
  for (const KernelTable* table : levels()) {
    compare<float>(*table, DType::f32, 0x1p-23);
    compare<double>(*table, DType::f64, 0x1p-52);
  }
  return report();
}
