// Resampling along an axis: the matrix of the rule, row by row, and the split of the work.
#include <algorithm>
#include <cmath>
#include <vector>

#include "core/divide.h"
#include "core/parallel.h"
#include "cpu/cpu.h"
#include "cpu/dispatch/dispatch.h"

namespace tw::cpu {
namespace {

constexpr int64_t kChunk = 16384;  // elements that a thread takes at a time
constexpr int64_t kColumns = 4096;
constexpr double kNsPerTap = 0.5;

// Rows of a sparse matrix: those from starts[j] on are of row j.
struct Matrix {
  std::vector<int64_t> starts{0}, positions;
  std::vector<double> weights;

  // A weight of 0 is none: so NaN and infinities there do not matter.
  void add(int64_t position, double weight) {
    if (weight == 0) return;
    positions.push_back(position);
    weights.push_back(weight);
  }
  void end_row() { starts.push_back(static_cast<int64_t>(positions.size())); }

  Matrix transposed(int64_t rows) const {
    Matrix t;
    t.starts.assign(static_cast<size_t>(rows + 1), 0);
    t.positions.resize(positions.size());
    t.weights.resize(weights.size());
    for (const int64_t row : positions) ++t.starts[static_cast<size_t>(row + 1)];
    for (size_t row = 0; row < static_cast<size_t>(rows); ++row) t.starts[row + 1] += t.starts[row];
    std::vector<int64_t> next = t.starts;
    for (size_t j = 0; j + 1 < starts.size(); ++j)
      for (auto k = static_cast<size_t>(starts[j]); k < static_cast<size_t>(starts[j + 1]); ++k) {
        const auto at = static_cast<size_t>(next[static_cast<size_t>(positions[k])]++);
        t.positions[at] = static_cast<int64_t>(j);
        t.weights[at] = weights[k];
      }
    return t;
  }
};

// The kernel of cubic convolution: Keys, 1981.
double cubic(double t, double a) {
  t = std::abs(t);
  if (t <= 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
  return t < 2 ? ((a * t - 5 * a) * t + 8 * a) * t - 4 * a : 0;
}

double triangle(double t) { return std::max(0.0, 1 - std::abs(t)); }

// What a target is made of. Positions are those of sources, element i covers [i, i + 1).
class Rows {
 public:
  Rows(const ResamplingRule& rule, int64_t sources, int64_t targets) : rule_(rule), n_(sources), m_(targets) {}

  void add(Matrix& to, int64_t j) const {
    switch (rule_.kind) {
      case Resampling::nearest:
        to.add(nearest(j), 1);
        break;
      case Resampling::nearest_exact:
        to.add(centre(j), 1);
        break;
      case Resampling::linear:
        add_linear(to, j);
        break;
      case Resampling::cubic:
        add_cubic(to, j);
        break;
      case Resampling::area:
        add_area(to, j);
        break;
      case Resampling::smooth_linear:
        add_smooth(to, j, 1, triangle);
        break;
      case Resampling::smooth_cubic:
        add_smooth(to, j, 2, [](double t) { return cubic(t, -0.5); });
        break;
      case Resampling::padding: {
        const int64_t from = padded_from(rule_.mode, j - rule_.before, n_);
        if (from >= 0) to.add(from, 1);
        break;
      }
    }
    to.end_row();
  }

 private:
  static int64_t floor_of(double position) { return static_cast<int64_t>(std::floor(position)); }
  int64_t within(int64_t position) const { return std::clamp<int64_t>(position, 0, n_ - 1); }

  // Sources for each target.
  double step() const {
    if (rule_.corners) return m_ > 1 ? static_cast<double>(n_ - 1) / static_cast<double>(m_ - 1) : 0;
    return rule_.scale > 0 ? 1 / rule_.scale : static_cast<double>(n_) / static_cast<double>(m_);
  }
  // A position as an element and how far on it is, in [0, 1).
  struct Position {
    int64_t low;
    double share;
  };
  static Position quotient(__int128 a, int64_t b) {  // exactly: b is positive
    const auto low = static_cast<int64_t>(a / b - (a % b < 0));
    return {low,
            static_cast<double>(static_cast<int64_t>(a - static_cast<__int128>(low) * b)) / static_cast<double>(b)};
  }
  static Position split(double at) {
    const int64_t low = floor_of(at);
    return {low, at - static_cast<double>(low)};
  }
  // The source that the middle of target j is in.
  int64_t centre(int64_t j) const {
    if (rule_.scale > 0) return within(floor_of((static_cast<double>(j) + 0.5) / rule_.scale));
    return quotient(static_cast<__int128>(2 * j + 1) * n_, 2 * m_).low;
  }
  int64_t nearest(int64_t j) const {
    if (rule_.scale > 0) return within(floor_of(static_cast<double>(j) / rule_.scale));
    return static_cast<int64_t>(static_cast<__int128>(j) * n_ / m_);
  }
  // Where target j lies between the middles of sources, of which the first is at 0.
  Position between(int64_t j) const {
    if (rule_.corners) return quotient(static_cast<__int128>(j) * (n_ - 1), std::max<int64_t>(m_ - 1, 1));
    if (rule_.scale > 0) return split((static_cast<double>(j) + 0.5) / rule_.scale - 0.5);
    return quotient(static_cast<__int128>(2 * j + 1) * n_ - m_, 2 * m_);
  }

  void add_linear(Matrix& to, int64_t j) const {
    const auto [low, share] = between(j);
    if (low < 0 || low >= n_ - 1) return to.add(within(low), 1);
    to.add(low, 1 - share);
    to.add(low + 1, share);
  }
  void add_cubic(Matrix& to, int64_t j) const {
    const auto [low, share] = between(j);
    for (int k = -1; k <= 2; ++k) to.add(within(low + k), cubic(share - k, -0.75));
  }
  void add_area(Matrix& to, int64_t j) const {
    const auto start = static_cast<int64_t>(static_cast<__int128>(j) * n_ / m_);
    const auto end = static_cast<int64_t>((static_cast<__int128>(j + 1) * n_ + m_ - 1) / m_);
    for (int64_t i = start; i < end; ++i) to.add(i, 1 / static_cast<double>(end - start));
  }
  // The filter, as wide as a target where that is wider than a source, over what lies inside; weights add up to 1.
  template <class Filter>
  void add_smooth(Matrix& to, int64_t j, double reach, Filter filter) const {
    const double width = std::max(step(), 1.0), middle = step() * (static_cast<double>(j) + 0.5);
    const int64_t start = std::max<int64_t>(floor_of(middle - reach * width + 0.5), 0);
    const int64_t end = std::min<int64_t>(floor_of(middle + reach * width + 0.5), n_);
    const auto weight = [&](int64_t i) { return filter((static_cast<double>(i) + 0.5 - middle) / width); };
    double sum = 0;
    for (int64_t i = start; i < end; ++i) sum += weight(i);
    for (int64_t i = start; i < end; ++i) to.add(i, weight(i) / sum);
  }

  const ResamplingRule& rule_;
  int64_t n_, m_;
};

Matrix matrix_of(const ResampleProblem& p) {
  const Rows rows(p.rule, p.sources, p.targets);
  Matrix matrix;
  for (int64_t j = 0; j < p.targets; ++j) rows.add(matrix, j);
  return p.adjoint ? matrix.transposed(p.sources) : matrix;
}

}  // namespace

void resample(const ResampleProblem& p) {
  const Matrix matrix = matrix_of(p);
  const int64_t from = p.adjoint ? p.targets : p.sources, to = p.adjoint ? p.sources : p.targets;
  const ResampleFn fn = p.dtype == DType::f32 ? kernels().resample.f32 : kernels().resample.f64;
  const int64_t columns = std::min(p.inner, kColumns), tiles = ceil_div(p.inner, kColumns);
  // Items are pieces of a line of targets, with some neighbouring lines where lines are short.
  const int64_t piece = std::clamp<int64_t>(kChunk / columns, 1, to), pieces = ceil_div(to, piece);
  const int64_t lines = pieces * tiles > 1 ? 1 : std::max<int64_t>(1, kChunk / (piece * columns));
  const double taps = static_cast<double>(matrix.positions.size()) / static_cast<double>(to);
  const double ns = kNsPerTap * (1 + taps) * static_cast<double>(piece * columns);
  const auto itemsize = size_of(p.dtype);
  parallel_for(p.outer * pieces * tiles, lines, ns, [&](int64_t begin, int64_t end) {
    const int64_t line = begin / (pieces * tiles), first = begin / tiles % pieces * piece,
                  column = begin % tiles * kColumns;
    const ResampleArgs args{lines > 1 ? end - begin : 1,
                            from,
                            to,
                            p.inner,
                            first,
                            std::min(first + piece, to),
                            column,
                            std::min(column + kColumns, p.inner),
                            matrix.starts.data(),
                            matrix.positions.data(),
                            matrix.weights.data()};
    fn(args, p.x + line * from * p.inner * itemsize, p.y + line * to * p.inner * itemsize);
  });
}

}  // namespace tw::cpu
