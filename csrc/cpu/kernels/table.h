// THE list of families of kernels. Each ISA level (and the reference) fills one KernelTable; dispatch/ picks one at
// load.
//
// A null entry means "this dtype is not supported by this kernel" and becomes a TypeError in ops/.
// Kernels are serial over the range they are given and know nothing of threads, allocation or errors.
#pragma once
#include "cpu/kernels/attention/attention.h"
#include "cpu/kernels/conv/conv.h"
#include "cpu/kernels/ctc/ctc.h"
#include "cpu/kernels/elementwise/elementwise.h"
#include "cpu/kernels/gemm/gemm.h"
#include "cpu/kernels/index/index.h"
#include "cpu/kernels/norm/norm.h"
#include "cpu/kernels/optim/optim.h"
#include "cpu/kernels/pool/pool.h"
#include "cpu/kernels/probe/probe.h"
#include "cpu/kernels/random/random.h"
#include "cpu/kernels/recurrent/recurrent.h"
#include "cpu/kernels/reduce/reduce.h"
#include "cpu/kernels/resample/resample.h"
#include "cpu/kernels/scan/scan.h"
#include "cpu/kernels/softmax/softmax.h"
#include "cpu/kernels/sort/sort.h"

// X(member of KernelTable, its type)
#define TW_KERNEL_FAMILIES(X)        \
  X(attention, AttentionKernels)     \
  X(conv, ConvKernels)               \
  X(ctc, CtcKernels)                 \
  X(elementwise, ElementwiseKernels) \
  X(gemm, GemmKernels)               \
  X(index, IndexKernels)             \
  X(norm, NormKernels)               \
  X(optim, OptimKernels)             \
  X(pool, PoolKernels)               \
  X(probe, ProbeKernels)             \
  X(random, RandomKernels)           \
  X(recurrent, RecurrentKernels)     \
  X(reduce, ReduceKernels)           \
  X(resample, ResampleKernels)       \
  X(scan, ScanKernels)               \
  X(softmax, SoftmaxKernels)         \
  X(sort, SortKernels)

namespace tw {

struct KernelTable {
  const char* level;  // its name
#define X(family, Kernels) Kernels family;
  TW_KERNEL_FAMILIES(X)
#undef X
};

}  // namespace tw
