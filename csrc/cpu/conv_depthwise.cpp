// Depthwise convolutions, a channel of an image at a time.
#include "cpu/conv_depthwise.h"

#include <algorithm>

#include "core/divide.h"
#include "core/parallel.h"
#include "core/storage.h"
#include "core/thread_memory.h"
#include "cpu/dispatch/dispatch.h"
#include "cpu/gemm_split.h"

namespace tw::cpu {
namespace {

constexpr double kMultiplicationsPerNs = 12;  // of one core, roughly
constexpr double kPieceNs = 2e4;
constexpr int64_t kGradientPieces = 16;  // wanted

double plane_ns(const ConvShape& s) {
  return static_cast<double>(s.out_channels * s.out_pixels() * s.taps()) / kMultiplicationsPerNs + 100;
}

const char* shape_unsupported(const ConvShape& s) {
  if (s.in_channels != 1) return "a group has several channels";
  if (s.axes[0].in != 1 || s.axes[0].out != 1 || s.axes[0].kernel != 1 || s.axes[0].pad != 0) return "three axes";
  if (s.axes[2].kernel > DepthwiseKernels::kMostColumns) return "the kernel is wide";
  return nullptr;
}

const char* unsupported(const ConvProblem& p, bool has_kernel) {
  if (!has_kernel) return "no kernel for this dtype at this level";
  if (const char* reason = shape_unsupported(p.shape)) return reason;
  return p.weight.tap == 1 && p.in.pixel[2] == 1 && p.out.pixel[2] == 1 ? nullptr : "rows or taps are strided";
}

// run(begin, end, scratch) for pieces of [0, count), each with memory of its own thread.
template <class Run>
void with_scratch(const ConvShape& shape, int64_t count, int64_t chunk, double ns, Run run) {
  const ThreadMemory scratch(kernels().conv.depthwise.scratch(shape), ceil_div(count, chunk));
  parallel_for(count, chunk, ns, [&](int64_t begin, int64_t end) { run(begin, end, scratch.own()); });
}

template <class Kernel>
void run_planes(const ConvProblem& p, Kernel kernel) {
  const double ns = plane_ns(p.shape);
  const int64_t planes = p.shape.images * p.shape.groups;
  if (planes == 0) return;
  with_scratch(p.shape, planes, std::max<int64_t>(1, static_cast<int64_t>(kPieceNs / ns)), ns,
               [&](int64_t begin, int64_t end, void* scratch) { kernel(p, begin, end, scratch); });
}

int index_of(DType dtype) { return static_cast<int>(dtype); }

}  // namespace

const char* depthwise_unsupported(const ConvProblem& p) {
  return unsupported(p, kernels().conv.depthwise.forward[index_of(p.dtype)]);
}

void depthwise(const ConvProblem& p) { run_planes(p, kernels().conv.depthwise.forward[index_of(p.dtype)]); }

const char* depthwise_transpose_unsupported(const ConvProblem& p) {
  if (const char* reason = unsupported(p, kernels().conv.depthwise.transpose[index_of(p.dtype)])) return reason;
  const int64_t stride = std::max(p.shape.axes[1].stride, p.shape.axes[2].stride);
  if (p.shape.out_channels != 1) {  // their sums wait in the result
    if (stride != 1) return "a group has several filters, and a stride is not 1";
    if (item_size(p.dtype) == 2) return "a group has several filters, whose sums would be rounded to this dtype";
    if (p.residual || p.activation > Activation::relu) return "a group has several filters, and an epilogue";
  }
  return stride <= DepthwiseKernels::kMostStride ? nullptr : "the stride is long";
}

void depthwise_transpose(const ConvProblem& p) { run_planes(p, kernels().conv.depthwise.transpose[index_of(p.dtype)]); }

const char* depthwise_weight_gradient_unsupported(const ConvWeightGradientProblem& p) {
  if (!kernels().conv.depthwise.weight_gradient[index_of(p.dtype)]) return "no kernel for this dtype at this level";
  if (const char* reason = shape_unsupported(p.shape)) return reason;
  return p.in.pixel[2] == 1 && p.g.pixel[2] == 1 ? nullptr : "rows are strided";
}

// By channels, and where these are few by slices of the images too.
void depthwise_weight_gradient(const ConvWeightGradientProblem& p) {
  const DepthwiseKernels& k = kernels().conv.depthwise;
  const ConvShape& s = p.shape;
  const int64_t filter_taps = s.out_channels * s.taps(), count = s.groups * filter_taps;
  if (count == 0) return;
  const int64_t slices =
      std::max<int64_t>(1, std::min(s.images, power_of_two_below(kGradientPieces / std::max<int64_t>(1, s.groups))));
  const int64_t size = p.dtype == DType::f64 ? sizeof(double) : sizeof(float);
  const StorageRef memory = allocate(static_cast<size_t>(slices * count * size));
  char* sums = static_cast<char*>(memory->data);
  const double ns = plane_ns(s) * static_cast<double>(s.images) / static_cast<double>(slices);
  const int64_t block = std::max<int64_t>(1, static_cast<int64_t>(kPieceNs / ns)), blocks = ceil_div(s.groups, block);
  with_scratch(s, slices * blocks, 1, ns * static_cast<double>(block), [&](int64_t begin, int64_t end, void* scratch) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t slice = i / blocks, channel = i % blocks * block;
      const Part images = part(s.images, 1, slices, slice);
      k.weight_gradient[index_of(p.dtype)](p, channel, std::min(block, s.groups - channel), images.from,
                                           images.from + images.size,
                                           sums + (slice * count + channel * filter_taps) * size, scratch);
    }
  });
  k.add_slices[index_of(p.dtype)](sums, slices, count, p.accumulate, p.out);
}

}  // namespace tw::cpu
