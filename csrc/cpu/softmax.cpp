#include <algorithm>
#include <vector>

#include "core/array.h"
#include "core/divide.h"
#include "core/parallel.h"
#include "cpu/cpu.h"
#include "cpu/dispatch/dispatch.h"

namespace tw::cpu {
namespace {

constexpr int64_t kChunk = 16384;  // elements a thread takes at a time
constexpr int64_t kTile = 8192;    // elements of a tile of columns: as much as L1 holds
constexpr int64_t kColumns = 64;   // its least width: shorter pieces of rows waste cache lines and prefetching
constexpr double kNsPerElement = 0.4;

// A contiguous array seen as outer × n × inner, cut into chunks of rows, or of columns where n is not the last axis.
class Split {
 public:
  explicit Split(const SoftmaxShape& shape) : outer_(shape.outer), n_(shape.n), inner_(shape.inner) {
    const int64_t row = std::max<int64_t>(1, n_);
    piece_ = inner_;
    if (inner_ * row > 2 * kChunk) piece_ = std::min(inner_, std::max(kTile / row / kColumns * kColumns, kColumns));
    pieces_ = piece_ == 0 ? 0 : ceil_div(inner_, piece_);
    chunk_ = pieces_ > 1 ? 1 : std::max<int64_t>(1, kChunk / std::max<int64_t>(1, row * inner_));
  }
  int64_t samples() const { return outer_ * inner_; }
  int64_t chunks() const { return ceil_div(outer_ * pieces_, chunk_); }

  // call(args, first element, first sample, chunk)
  template <class Call>
  void run(Call call) const {
    const int64_t items = outer_ * pieces_;
    parallel_for(items, chunk_, kNsPerElement * static_cast<double>(piece_ * n_), [&](int64_t begin, int64_t end) {
      if (pieces_ == 1) {
        const SoftmaxArgs all{end - begin, n_, inner_, inner_};
        return call(all, begin * n_ * inner_, begin * inner_, begin / chunk_);
      }
      const int64_t outer = begin / pieces_, column = begin % pieces_ * piece_;
      const SoftmaxArgs some{1, n_, std::min(piece_, inner_ - column), inner_};
      call(some, outer * n_ * inner_ + column, outer * inner_ + column, begin);
    });
  }

 private:
  int64_t outer_, n_, inner_, piece_, pieces_, chunk_;
};

// Rows of `cols` elements, `step` apart.
struct Block {
  DType dtype;
  char* data;
  int64_t step;
};
void convert(int64_t rows, int64_t cols, const Block& from, const Block& to) {
  if (from.step == cols && to.step == cols) cols *= rows, rows = 1;
  const void* in[] = {from.data};
  kernels().elementwise.cast[static_cast<int>(from.dtype)][static_cast<int>(to.dtype)](
      {rows, cols, {to.step, 1}, {{from.step, 1}}}, in, to.data, nullptr);
}

// Kernels compute in float32 and float64, so halves are converted first. Nor do they go down columns far apart in
// memory, which fall on few sets of the caches, and would be read from memory again by every pass: these are copied
// side by side. call(args, inputs.., output) works on the copies, the output in the place of the first input, and the
// output is converted back. What needs neither is worked on where it lies. `in2` and `out` may be null.
template <class Call>
void through_tile(DType dtype, const SoftmaxArgs& a, const char* in, const char* in2, char* out, Call call) {
  const DType compute = compute_type(dtype);
  const bool light = in2 && a.n <= 32;  // two quick passes, and L2 has ways for this many
  if (compute == dtype && (a.stride == a.inner || light)) return call(a, in, in2, out);
  const int64_t rows = a.outer * a.n, bytes = rows * a.inner * size_of(compute);
  const StorageRef memory = allocate(static_cast<size_t>((in2 ? 2 : 1) * bytes));
  char* data = static_cast<char*>(memory->data);
  const Block tile{compute, data, a.inner}, tile2{compute, data + bytes, a.inner};
  convert(rows, a.inner, {dtype, const_cast<char*>(in), a.stride}, tile);
  if (in2) convert(rows, a.inner, {dtype, const_cast<char*>(in2), a.stride}, tile2);
  call(SoftmaxArgs{a.outer, a.n, a.inner, a.inner}, tile.data, in2 ? tile2.data : nullptr, out ? tile.data : nullptr);
  if (out) convert(rows, a.inner, tile, {dtype, out, a.stride});
}

// ---- cross-entropy --------------------------------------------------------------------------------------------------

void set_number(DType dtype, char* at, double v) {
  if (dtype == DType::f64)
    *reinterpret_cast<double*>(at) = v;
  else
    *reinterpret_cast<float*>(at) = static_cast<float>(v);
}
double get_number(DType dtype, const char* at) {
  return dtype == DType::f64 ? *reinterpret_cast<const double*>(at)
                             : static_cast<double>(*reinterpret_cast<const float*>(at));
}

// The first sample whose target is no class, or -1.
int64_t first_bad_target(const CrossEntropyInputs& in, int64_t samples) {
  for (int64_t i = 0; i < samples; ++i)
    if (static_cast<uint64_t>(in.target[i]) >= static_cast<uint64_t>(in.shape.n) && in.target[i] != in.ignore_index)
      return i;
  return -1;
}

CrossEntropyArgs args_of(const CrossEntropyInputs& in) {
  CrossEntropyArgs args{};
  args.ignore_index = in.ignore_index;
  args.smoothing = in.smoothing;
  args.weight = in.weight;
  args.weight_sum = static_cast<double>(in.shape.n);
  if (!in.weight) return args;
  const DType dtype = compute_type(in.dtype);
  args.weight_sum = 0;
  for (int64_t i = 0; i < in.shape.n; ++i) args.weight_sum += get_number(dtype, in.weight + i * size_of(dtype));
  return args;
}

}  // namespace

void softmax(const SoftmaxProblem& p) {
  const SoftmaxKernels& table = kernels().softmax;
  const DType compute = compute_type(p.dtype);
  const int64_t itemsize = size_of(p.dtype);
  const SoftmaxFn* row = p.op == Softmax::softmax       ? table.softmax
                         : p.op == Softmax::log_softmax ? table.log_softmax
                                                        : table.logsumexp;
  const SoftmaxFn fn = row[static_cast<int>(compute)];
  const bool reduces = p.op == Softmax::logsumexp;
  Split(p.shape).run([&](const SoftmaxArgs& a, int64_t first, int64_t sample, int64_t) {
    const int64_t at = first * itemsize;
    through_tile(p.dtype, a, p.x + at, nullptr, reduces ? nullptr : p.y + at,
                 [&](const SoftmaxArgs& t, const char* in, const char*, char* out) {
                   if (!reduces) return fn(t, in, out);
                   char* y = p.y + sample * itemsize;
                   if (compute == p.dtype) return fn(t, in, y);
                   const int64_t count = t.outer * t.inner;
                   const StorageRef sums = allocate(static_cast<size_t>(count * size_of(compute)));
                   fn(t, in, sums->data);
                   convert(1, count, {compute, static_cast<char*>(sums->data), count}, {p.dtype, y, count});
                 });
  });
}

void softmax_backward(const SoftmaxBackwardProblem& p) {
  const SoftmaxKernels& table = kernels().softmax;
  const int64_t itemsize = size_of(p.dtype);
  const SoftmaxBackwardFn fn =
      (p.op == Softmax::softmax ? table.softmax_backward
                                : table.log_softmax_backward)[static_cast<int>(compute_type(p.dtype))];
  Split(p.shape).run([&](const SoftmaxArgs& a, int64_t first, int64_t, int64_t) {
    const int64_t at = first * itemsize;
    through_tile(p.dtype, a, p.g + at, p.y + at, p.gx + at,
                 [&](const SoftmaxArgs& t, const char* in, const char* in2, char* out) { fn(t, in, in2, out); });
  });
}

int64_t cross_entropy(const CrossEntropyProblem& p) {
  const Split split(p.in.shape);
  const int64_t samples = split.samples(), bad = first_bad_target(p.in, samples);
  if (bad >= 0) return bad;
  const CrossEntropyFn fn = kernels().softmax.cross_entropy[static_cast<int>(compute_type(p.in.dtype))];
  const CrossEntropyArgs common = args_of(p.in);
  const DType compute = compute_type(p.in.dtype);
  const bool each = p.in.reduction == LossReduction::none;
  const int64_t itemsize = size_of(p.in.dtype), wide = size_of(compute);
  std::vector<double> sums(static_cast<size_t>(2 * split.chunks()));
  split.run([&](const SoftmaxArgs& a, int64_t first, int64_t sample, int64_t chunk) {
    char* shift = p.saved + sample * wide;
    through_tile(p.in.dtype, a, p.in.x + first * itemsize, nullptr, nullptr,
                 [&](const SoftmaxArgs& t, const char* x, const char*, char*) {
                   CrossEntropyArgs args = common;
                   args.shape = t;
                   fn(args, x, p.in.target + sample, each ? p.loss + sample * wide : nullptr, shift,
                      shift + samples * wide, &sums[static_cast<size_t>(2 * chunk)]);
                 });
  });
  double total = 0, weight = 0;
  for (size_t i = 0; i < sums.size(); i += 2) total += sums[i], weight += sums[i + 1];
  const double divisor = p.in.reduction == LossReduction::mean ? weight : 1;
  set_number(compute, p.saved + 2 * samples * wide, divisor);
  if (!each) set_number(compute, p.loss, total / divisor);
  return -1;
}

int64_t cross_entropy_backward(const CrossEntropyBackwardProblem& p) {
  const Split split(p.in.shape);
  const int64_t samples = split.samples(), bad = first_bad_target(p.in, samples);
  if (bad >= 0) return bad;
  const CrossEntropyBackwardFn fn =
      kernels().softmax.cross_entropy_backward[static_cast<int>(compute_type(p.in.dtype))];
  const CrossEntropyArgs common = args_of(p.in);
  const DType compute = compute_type(p.in.dtype);
  const bool each = p.in.reduction == LossReduction::none;
  const int64_t itemsize = size_of(p.in.dtype), wide = size_of(compute);
  const double g_all = each ? 0 : get_number(compute, p.g) / get_number(compute, p.saved + 2 * samples * wide);
  split.run([&](const SoftmaxArgs& a, int64_t first, int64_t sample, int64_t) {
    const char* shift = p.saved + sample * wide;
    const int64_t at = first * itemsize;
    through_tile(p.in.dtype, a, p.in.x + at, nullptr, p.gx + at,
                 [&](const SoftmaxArgs& t, const char* x, const char*, char* out) {
                   CrossEntropyArgs args = common;
                   args.shape = t;
                   fn(args, x, p.in.target + sample, shift, shift + samples * wide,
                      each ? p.g + sample * wide : nullptr, g_all, out);
                 });
  });
  return -1;
}

}  // namespace tw::cpu
