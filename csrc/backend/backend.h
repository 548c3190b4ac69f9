// What a device offers: memory, and one function for each whole op. ops/ checks arguments, allocates results on the
// operands' device and calls backend(device).<family>.<op>(problem); all else is the device's own.
//
// Problems are plain values: what they point to is memory of the device, never a temporary of the caller. So calls can
// be recorded, and replayed on what then lies in that memory.
#pragma once
#include "backend/record.h"
#include "core/blocking.h"
#include "core/storage.h"

namespace tw {

// A whole op of a device, run without the interpreter lock where it takes long (backend/work.h). NotImplementedError
// that names both where the device does not have it. While the thread records, noted (backend/record.h).
template <class Result_, class Problem_, Way way_ = Way::out>
struct BackendOp {
  typedef Result_ Result;
  typedef Problem_ Problem;
  static constexpr Way way = way_;

  Result (*run)(const Problem&) = nullptr;

  Result operator()(const Problem& problem) const {
    if (!run) missing(this);
    if (Recorder* to = recorder()) [[unlikely]]
      return to->record(*this, problem);
    return call(problem);
  }
  Result call(const Problem& problem) const {
    const UnlockedWhileLong unlocked(expected_ns(problem));
    return run(problem);
  }

 private:
  [[noreturn]] static void missing(const void* op);
};

struct Backend {
  DeviceKind kind;

  struct {
    AllocateFn allocate;  // null: the CPU's
    void (*copy_from_host)(void* to, const void* from, size_t nbytes);
    void (*copy_to_host)(void* to, const void* from, size_t nbytes);
  } memory;
  struct {
    BackendOp<void, AttentionProblem> forward;
    BackendOp<void, AttentionBackwardProblem> backward;
    BackendOp<void, AttentionBiasProblem> bias_backward;
  } attention;
  struct {
    BackendOp<void, ConvProblem> forward, transpose;
    BackendOp<void, ConvWeightGradientProblem> weight_gradient;
    BackendOp<StorageRef, ConvPackProblem> pack;  // null where a problem's weight is read as it lies
  } conv;
  struct {
    BackendOp<void, ArangeProblem> arange;
    BackendOp<void, JoinProblem> join;
    BackendOp<void, TriangleProblem> triangle;
  } creation;
  struct {
    BackendOp<int64_t, CtcProblem> forward;
    BackendOp<int64_t, CtcBackwardProblem> backward;
  } ctc;
  struct {
    BackendOp<void, ElementwiseProblem> run;
  } elementwise;
  struct {
    BackendOp<void, GemmBatch> run;
    BackendOp<StorageRef, GemmPackProblem> pack;  // null where products cannot use a packed B of the dtype
  } gemm;
  struct {
    BackendOp<void, PickProblem> gather;
    BackendOp<void, PickProblem, Way::into> scatter, scatter_add;  // where offsets repeat: the last wins, the sum
    BackendOp<int64_t, AlongProblem> gather_along;
    BackendOp<int64_t, AlongProblem, Way::into> scatter_along, scatter_add_along;  // the same where indices repeat
    BackendOp<int64_t, OneHotProblem> one_hot;
    BackendOp<int64_t, OffsetsProblem> offsets;
    BackendOp<int64_t, MaskProblem> count_true;
    BackendOp<void, MaskProblem> mask_offsets;
    BackendOp<void, UnravelProblem> unravel;
  } index;
  struct {
    BackendOp<void, BiasActivationBackwardProblem> bias_activation_backward;
    BackendOp<void, CompressedLinearProblem> compressed;
  } linear;
  struct {
    BackendOp<void, NormRowsProblem> rows;
    BackendOp<void, NormRowsBackwardProblem> rows_backward;
    BackendOp<void, NormChannelsProblem> channels;
    BackendOp<void, NormChannelsBackwardProblem> channels_backward;
  } norm;
  struct {
    BackendOp<void, StepProblem> step;
    BackendOp<double, NormProblem> norm;
  } optim;
  struct {
    BackendOp<void, PadProblem> run;
  } pad;
  struct {
    BackendOp<void, MaxPoolProblem> max;
    BackendOp<int64_t, PoolPickProblem> scatter, gather;
    BackendOp<void, AveragePoolProblem> average, average_backward;
  } pool;
  struct {
    BackendOp<void, RandomBitsProblem> bits;
    BackendOp<void, RandomFloatProblem> floats;
    BackendOp<void, RandomIntegersProblem> integers;
    BackendOp<void, RandomBernoulliProblem> bernoulli;
    BackendOp<void, RandomPermutationProblem> permutation;
    BackendOp<void, DropoutProblem> dropout;
    BackendOp<int64_t, MultinomialProblem> multinomial;
  } random;
  struct {
    BackendOp<void, RecurrentProblem> forward;
    BackendOp<void, RecurrentBackwardProblem> backward;
  } recurrent;
  struct {
    BackendOp<void, ReduceProblem> reduce;
    BackendOp<void, ArgReduceProblem> arg_reduce;
  } reduce;
  struct {
    BackendOp<void, ResampleProblem> run;
  } resample;
  struct {
    BackendOp<void, ScanProblem> run;
  } scan;
  struct {
    BackendOp<void, SoftmaxProblem> forward;
    BackendOp<void, SoftmaxBackwardProblem> backward;
    BackendOp<int64_t, CrossEntropyProblem> cross_entropy;
    BackendOp<int64_t, CrossEntropyBackwardProblem> cross_entropy_backward;
  } softmax;
  struct {
    BackendOp<void, SortProblem> run;
    // All n of each row: those before the element of rank k, those equal to it and those after it, each in the order of
    // the row.
    BackendOp<void, SortProblem> partition;
    BackendOp<void, SearchProblem> search;
  } sort;
};

// The ops of the struct, for what goes through all of them: X(family, op).
#define TW_BACKEND_OPS(X)             \
  X(attention, forward)               \
  X(attention, backward)              \
  X(attention, bias_backward)         \
  X(conv, forward)                    \
  X(conv, transpose)                  \
  X(conv, weight_gradient)            \
  X(conv, pack)                       \
  X(creation, arange)                 \
  X(creation, join)                   \
  X(creation, triangle)               \
  X(ctc, forward)                     \
  X(ctc, backward)                    \
  X(elementwise, run)                 \
  X(gemm, run)                        \
  X(gemm, pack)                       \
  X(index, gather)                    \
  X(index, scatter)                   \
  X(index, scatter_add)               \
  X(index, gather_along)              \
  X(index, scatter_along)             \
  X(index, scatter_add_along)         \
  X(index, one_hot)                   \
  X(index, offsets)                   \
  X(index, count_true)                \
  X(index, mask_offsets)              \
  X(index, unravel)                   \
  X(linear, bias_activation_backward) \
  X(linear, compressed)               \
  X(norm, rows)                       \
  X(norm, rows_backward)              \
  X(norm, channels)                   \
  X(norm, channels_backward)          \
  X(optim, step)                      \
  X(optim, norm)                      \
  X(pad, run)                         \
  X(pool, max)                        \
  X(pool, scatter)                    \
  X(pool, gather)                     \
  X(pool, average)                    \
  X(pool, average_backward)           \
  X(random, bits)                     \
  X(random, floats)                   \
  X(random, integers)                 \
  X(random, bernoulli)                \
  X(random, permutation)              \
  X(random, dropout)                  \
  X(random, multinomial)              \
  X(recurrent, forward)               \
  X(recurrent, backward)              \
  X(reduce, reduce)                   \
  X(reduce, arg_reduce)               \
  X(resample, run)                    \
  X(scan, run)                        \
  X(softmax, forward)                 \
  X(softmax, backward)                \
  X(softmax, cross_entropy)           \
  X(softmax, cross_entropy_backward)  \
  X(sort, run)                        \
  X(sort, partition)                  \
  X(sort, search)

namespace detail {
extern const Backend* backends[kDeviceKinds];
[[noreturn]] void missing_backend_op(const void* op);
}  // namespace detail

// "gemm.run" of a BackendOp of a device.
std::string op_name(const void* op);

template <class Result, class Problem, Way way>
void BackendOp<Result, Problem, way>::missing(const void* op) {
  detail::missing_backend_op(op);
}

// That of a device on which there is memory.
inline const Backend& backend(Device device) { return *detail::backends[static_cast<int>(device.kind)]; }

// Makes a device known, or replaces what is known of its kind; `backend` lives on.
void set_backend(const Backend& backend);

// ValueError that says which devices there are where this build or machine lacks it.
void require_device(Device device);

}  // namespace tw
