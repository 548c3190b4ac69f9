// How long ops take, roughly: nanoseconds on one thread of a CPU, from the size of the problem alone. By this the
// interpreter lock is released (core/blocking.h), whatever an op does inside, loops of one thread included.
#pragma once
#include <bit>

#include "backend/attention.h"
#include "backend/conv.h"
#include "backend/creation.h"
#include "backend/ctc.h"
#include "backend/elementwise.h"
#include "backend/gemm.h"
#include "backend/index.h"
#include "backend/linear.h"
#include "backend/norm.h"
#include "backend/optim.h"
#include "backend/pad.h"
#include "backend/pool.h"
#include "backend/random.h"
#include "backend/recurrent.h"
#include "backend/reduce.h"
#include "backend/resample.h"
#include "backend/scan.h"
#include "backend/softmax.h"
#include "backend/sort.h"

namespace tw {

inline double product(const Dims& shape) {
  double count = 1;
  for (const int64_t extent : shape) count *= static_cast<double>(extent);
  return count;
}
inline double product(const SoftmaxShape& s) {
  return static_cast<double>(s.outer) * static_cast<double>(s.n) * static_cast<double>(s.inner);
}
inline double product(const NormRows& s) { return static_cast<double>(s.rows) * static_cast<double>(s.n); }
inline double product(const NormChannels& s) {
  return static_cast<double>(s.images) * static_cast<double>(s.channels) * static_cast<double>(s.spatial);
}
template <class Tensors>
double sum_of_sizes(const Tensors& tensors) {
  double count = 0;
  for (const auto& tensor : tensors) count += static_cast<double>(tensor.size);
  return count;
}

inline double expected_ns(const AttentionShape& s) {
  double scores = 0;
  for (const AttentionSequence& sequence : s.sequences)
    scores += static_cast<double>(sequence.queries) * static_cast<double>(sequence.keys);
  return static_cast<double>(s.heads) * scores * (1 + 0.02 * static_cast<double>(s.size + s.value_size));
}
inline double expected_ns(const AttentionProblem& p) { return expected_ns(p.in.shape); }
inline double expected_ns(const AttentionBackwardProblem& p) { return 2.5 * expected_ns(p.in.shape); }
inline double expected_ns(const AttentionBiasProblem& p) { return 2 * expected_ns(p.in.shape); }
inline double expected_ns(const ConvShape& s) {
  const double images = static_cast<double>(s.images), groups = static_cast<double>(s.groups);
  const double in = static_cast<double>(s.in_channels), out = static_cast<double>(s.out_channels);
  const double elements = in * static_cast<double>(s.in_pixels()) + out * static_cast<double>(s.out_pixels());
  const double products = in * out * static_cast<double>(s.taps()) * static_cast<double>(s.out_pixels());
  return images * groups * (0.05 * products + 0.3 * elements);
}
inline double expected_ns(const ConvProblem& p) { return expected_ns(p.shape); }
inline double expected_ns(const ConvWeightGradientProblem& p) { return expected_ns(p.shape); }
inline double expected_ns(const ConvPackProblem& p) {
  const ConvShape& s = p.conv.shape;
  return static_cast<double>(s.groups * s.in_channels) * static_cast<double>(s.out_channels * s.taps());
}
inline double expected_ns(const ArangeProblem& p) { return 0.3 * static_cast<double>(p.count); }
inline double expected_ns(const JoinProblem& p) {
  double bytes = 0;
  for (const JoinProblem::Part& part : p.parts) bytes += static_cast<double>(part.bytes);
  return 0.1 * bytes * static_cast<double>(p.rows);
}
inline double expected_ns(const TriangleProblem& p) {
  return 0.1 * product(p.batch) * static_cast<double>(p.rows) * static_cast<double>(p.columns * p.itemsize);
}
inline double expected_ns(const CtcInputs& in) {
  return 4 * static_cast<double>(in.kept()) + static_cast<double>(in.steps) * static_cast<double>(in.batch);
}
inline double expected_ns(const CtcProblem& p) { return expected_ns(p.in); }
inline double expected_ns(const CtcBackwardProblem& p) { return 2 * expected_ns(p.in); }
inline double expected_ns(const ElementwiseProblem& p) { return 0.3 * product(p.shape); }
inline double expected_ns(const GemmBatch& p) {
  const double m = static_cast<double>(p.each.m), n = static_cast<double>(p.each.n), k = static_cast<double>(p.each.k);
  return (0.05 * m * n * k + 0.3 * (m * k + k * n + m * n)) * product(p.shape);
}
inline double expected_ns(const GemmPackProblem& p) {
  return 0.5 * static_cast<double>(p.k) * static_cast<double>(p.n);
}
inline double expected_ns(const PickProblem& p) { return static_cast<double>(p.count) * (4 + 0.5 * product(p.shape)); }
inline double expected_ns(const AlongProblem& p) { return 5 * product(p.shape); }
inline double expected_ns(const OneHotProblem& p) {
  return 0.1 * static_cast<double>(p.count) * static_cast<double>(p.classes_count) * static_cast<double>(p.itemsize);
}
inline double expected_ns(const OffsetsProblem& p) { return static_cast<double>(p.count); }
inline double expected_ns(const MaskProblem& p) { return 0.3 * static_cast<double>(p.count); }
inline double expected_ns(const UnravelProblem& p) { return 5 * static_cast<double>(p.count); }
inline double expected_ns(const BiasActivationBackwardProblem& p) {
  return 0.5 * static_cast<double>(p.rows) * static_cast<double>(p.cols);
}
inline double expected_ns(const CompressedLinearProblem& p) {
  return (0.05 * static_cast<double>(p.m) + 0.1) * static_cast<double>(p.n) * static_cast<double>(p.k);
}
inline double expected_ns(const NormRowsProblem& p) { return 0.5 * product(p.shape); }
inline double expected_ns(const NormRowsBackwardProblem& p) { return product(p.shape); }
inline double expected_ns(const NormChannelsProblem& p) { return 0.5 * product(p.shape); }
inline double expected_ns(const NormChannelsBackwardProblem& p) { return product(p.shape); }
inline double expected_ns(const StepProblem& p) { return (0.5 + 0.25 * p.states) * sum_of_sizes(p.tensors); }
inline double expected_ns(const NormProblem& p) { return 0.15 * sum_of_sizes(p.tensors); }
inline double expected_ns(const PadProblem& p) { return 0.1 * product(p.shape) * static_cast<double>(p.itemsize); }
inline double elements(const PoolWindows& w, int64_t planes) {
  return static_cast<double>(planes) * static_cast<double>(w.inputs() + w.outputs());
}
inline double expected_ns(const MaxPoolProblem& p) { return 0.5 * elements(p.windows, p.planes); }
inline double expected_ns(const PoolPickProblem& p) { return 0.5 * elements(p.windows, p.planes); }
inline double expected_ns(const AveragePoolProblem& p) { return 0.5 * elements(p.windows, p.planes); }
inline double expected_ns(const RandomBitsProblem& p) { return 0.5 * static_cast<double>(p.count); }
inline double expected_ns(const RandomFloatProblem& p) { return static_cast<double>(p.count); }
inline double expected_ns(const RandomIntegersProblem& p) { return 2 * static_cast<double>(p.count); }
inline double expected_ns(const RandomBernoulliProblem& p) { return 0.5 * static_cast<double>(p.count); }
inline double expected_ns(const RandomPermutationProblem& p) { return 4 * static_cast<double>(p.count); }
inline double expected_ns(const DropoutProblem& p) { return 0.5 * static_cast<double>(p.count); }
inline double expected_ns(const MultinomialProblem& p) {
  return static_cast<double>(p.rows) * (10 * static_cast<double>(p.classes) + 50 * static_cast<double>(p.draws));
}
inline double expected_ns(const RecurrentShape& s, int64_t columns) {
  const double units = static_cast<double>(s.rows) * static_cast<double>(s.hidden);
  return units * (10 + 0.02 * static_cast<double>(gates_of(s.cell) * columns));
}
inline double expected_ns(const RecurrentProblem& p) { return expected_ns(p.shape, p.shape.inputs + p.shape.output); }
inline double expected_ns(const RecurrentBackwardProblem& p) { return expected_ns(p.shape, p.shape.output); }
inline double expected_ns(const ReduceProblem& p) { return 0.2 * product(p.shape); }
inline double expected_ns(const ArgReduceProblem& p) { return 0.3 * product(p.shape); }
inline double expected_ns(const ResampleProblem& p) {
  const double lines = static_cast<double>(p.outer) * static_cast<double>(p.inner);
  return lines * static_cast<double>(p.sources + p.targets);
}
inline double expected_ns(const ScanProblem& p) {
  return static_cast<double>(p.outer) * static_cast<double>(p.n) * static_cast<double>(p.inner);
}
inline double expected_ns(const SortProblem& p) { return 10 * static_cast<double>(p.rows) * static_cast<double>(p.n); }
inline double expected_ns(const SearchProblem& p) {
  return static_cast<double>(p.count) * std::bit_width(static_cast<uint64_t>(p.n));
}
inline double expected_ns(const SoftmaxProblem& p) { return product(p.shape); }
inline double expected_ns(const SoftmaxBackwardProblem& p) { return product(p.shape); }
inline double expected_ns(const CrossEntropyProblem& p) { return product(p.in.shape); }
inline double expected_ns(const CrossEntropyBackwardProblem& p) { return product(p.in.shape); }

}  // namespace tw
