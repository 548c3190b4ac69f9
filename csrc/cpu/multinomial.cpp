// Drawing classes by weight. Every number belongs to one draw or one weight of one row, so that rows and draws can be
// split between threads. Weights are taken relative to the largest of their row, so that no sum overflows.
#include <algorithm>
#include <cfloat>
#include <cmath>
#include <vector>

#include "core/array.h"
#include "core/parallel.h"
#include "cpu/cpu.h"
#include "cpu/first_bad.h"

namespace tw::cpu {
namespace {

constexpr int64_t kChunk = 16384;  // weights or draws that a thread takes at a time

struct Row {
  const double* weights;
  double largest = 0;
  int64_t positive = 0;  // how many weights are above 0
};

int64_t per_chunk(int64_t items) { return std::max<int64_t>(1, kChunk / std::max<int64_t>(1, items)); }

// call(r, row) for each row that can be drawn from.
template <class Call>
void for_each_row(const MultinomialProblem& p, FirstBad& bad, double ns_per_class, Call call) {
  const int64_t needed = p.replacement ? 1 : p.draws;
  parallel_for(p.rows, per_chunk(p.classes), ns_per_class * static_cast<double>(p.classes),
               [&](int64_t begin, int64_t end) {
                 for (int64_t r = begin; r < end; ++r) {
                   Row row{p.weights + r * p.classes};
                   int64_t refused = -1;
                   for (int64_t c = p.classes - 1; c >= 0; --c) {
                     const double weight = row.weights[c];
                     if (!(weight >= 0 && weight <= DBL_MAX)) refused = r * p.classes + c;
                     row.positive += weight > 0;
                     row.largest = std::max(row.largest, weight);
                   }
                   if (refused < 0 && row.positive < needed) refused = p.rows * p.classes + r;
                   bad.report(refused);
                   if (refused < 0) call(r, row);
                 }
               });
}

// The place of a uniform number among the cumulative sums. A class of weight 0 has the sum of the one before it, and is
// never the first to exceed a number.
void draw_with_replacement(const MultinomialProblem& p, const double* uniform, FirstBad& bad) {
  const Array memory = empty({p.rows * p.classes}, DType::f64);
  auto* sums = memory.ptr<double>();
  for_each_row(p, bad, 2.0, [&](int64_t r, const Row& row) {
    double sum = 0;
    for (int64_t c = 0; c < p.classes; ++c) sums[r * p.classes + c] = sum += row.weights[c] / row.largest;
  });
  if (bad.position() >= 0) return;
  parallel_for(p.rows * p.draws, kChunk, 30.0, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const double* first = sums + i / p.draws * p.classes;
      const double* last = first + p.classes;
      p.out[i] = std::upper_bound(first, last, uniform[i] * last[-1]) - first;
    }
  });
}

// The `draws` smallest of the keys -log(u) / weight, in their order: exponential waiting times (Efraimidis and
// Spirakis, Weighted random sampling with a reservoir, 2006).
void draw_without_replacement(const MultinomialProblem& p, const double* uniform, FirstBad& bad) {
  struct Key {
    double time;
    int64_t index;
    bool operator<(const Key& other) const { return time != other.time ? time < other.time : index < other.index; }
  };
  for_each_row(p, bad, 25.0, [&](int64_t r, const Row& row) {
    std::vector<Key> keys;
    keys.reserve(static_cast<size_t>(row.positive));
    for (int64_t c = 0; c < p.classes; ++c)
      if (row.weights[c] > 0)
        keys.push_back({-std::log1p(-uniform[r * p.classes + c]) / (row.weights[c] / row.largest), c});
    std::partial_sort(keys.begin(), keys.begin() + p.draws, keys.end());
    for (int64_t k = 0; k < p.draws; ++k) p.out[r * p.draws + k] = keys[static_cast<size_t>(k)].index;
  });
}

}  // namespace

int64_t multinomial(const MultinomialProblem& p) {
  const Array uniform = empty({p.rows * (p.replacement ? p.draws : p.classes)}, DType::f64);
  random_floats(
      {RandomFloatProblem::uniform, p.source, DType::f64, uniform.size(), 0, 1, 1 - DBL_EPSILON / 2, uniform.data});
  FirstBad bad;
  (p.replacement ? draw_with_replacement : draw_without_replacement)(p, uniform.ptr<double>(), bad);
  return bad.position();
}

}  // namespace tw::cpu
