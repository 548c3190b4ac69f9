// The CPU as a device: its whole ops, one file for each family. Each chooses an algorithm, splits the work by shape
// alone and calls kernels, which are serial over a range.
#pragma once
#include "backend/backend.h"
#include "core/array.h"

namespace tw::cpu {

// Bytes of an element, signed as offsets are.
inline int64_t size_of(DType dtype) { return static_cast<int64_t>(item_size(dtype)); }

// Words of 32 bits below this have the probability p.
uint64_t random_threshold(double p);

void register_backend();  // with the kernels for this machine: see choose_kernels()

void arange(const ArangeProblem&);
void join(const JoinProblem&);
void triangle(const TriangleProblem&);

void attention(const AttentionProblem&);
void attention_backward(const AttentionBackwardProblem&);
void attention_bias_backward(const AttentionBiasProblem&);

void conv(const ConvProblem&);
void conv_transpose(const ConvProblem&);
void conv_weight_gradient(const ConvWeightGradientProblem&);
StorageRef conv_pack(const ConvPackProblem&);

int64_t ctc(const CtcProblem&);
int64_t ctc_backward(const CtcBackwardProblem&);

void elementwise(const ElementwiseProblem&);

void gemm(const GemmBatch&);
StorageRef gemm_pack(const GemmPackProblem&);

void gather(const PickProblem&);
void scatter(const PickProblem&);
void scatter_add(const PickProblem&);
int64_t gather_along(const AlongProblem&);
int64_t scatter_along(const AlongProblem&);
int64_t scatter_add_along(const AlongProblem&);
int64_t one_hot(const OneHotProblem&);
int64_t offsets(const OffsetsProblem&);
int64_t count_true(const MaskProblem&);
void mask_offsets(const MaskProblem&);
void unravel(const UnravelProblem&);

void bias_activation_backward(const BiasActivationBackwardProblem&);
void compressed_linear(const CompressedLinearProblem&);

void norm_rows(const NormRowsProblem&);
void norm_rows_backward(const NormRowsBackwardProblem&);
void norm_channels(const NormChannelsProblem&);
void norm_channels_backward(const NormChannelsBackwardProblem&);

void step(const StepProblem&);
double norm(const NormProblem&);

void pad(const PadProblem&);
void max_pool(const MaxPoolProblem&);
int64_t pool_scatter(const PoolPickProblem&);
int64_t pool_gather(const PoolPickProblem&);
void average_pool(const AveragePoolProblem&);
void average_pool_backward(const AveragePoolProblem&);

void random_bits(const RandomBitsProblem&);
void random_floats(const RandomFloatProblem&);
void random_integers(const RandomIntegersProblem&);
void random_bernoulli(const RandomBernoulliProblem&);
void random_permutation(const RandomPermutationProblem&);
void dropout(const DropoutProblem&);
int64_t multinomial(const MultinomialProblem&);

void recurrent(const RecurrentProblem&);
void recurrent_backward(const RecurrentBackwardProblem&);

void reduce(const ReduceProblem&);
void arg_reduce(const ArgReduceProblem&);

void resample(const ResampleProblem&);

void scan(const ScanProblem&);

void softmax(const SoftmaxProblem&);
void softmax_backward(const SoftmaxBackwardProblem&);
int64_t cross_entropy(const CrossEntropyProblem&);
int64_t cross_entropy_backward(const CrossEntropyBackwardProblem&);

void sort(const SortProblem&);
void partition(const SortProblem&);
void search(const SearchProblem&);

}  // namespace tw::cpu
