#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "core/array.h"
#include "cpu/cpu.h"
#include "cpu/dispatch/dispatch.h"
#include "cpu/elementwise.h"
#include "cpu/reduce_plan.h"

namespace tw::cpu {
namespace {

struct Kind {
  const ReduceFn* first;  // from x's dtype to the accumulator's
  const ReduceFn* again;  // over accumulators
};

Kind kind_of(Reduction r) {
  const ReduceKernels& k = kernels().reduce;
  switch (r) {
    case Reduction::sum:
    case Reduction::mean:
      return {k.sum, k.sum};
    case Reduction::prod:
      return {k.prod, k.prod};
    case Reduction::max:
      return {k.max, k.max};
    case Reduction::min:
      return {k.min, k.min};
    case Reduction::any:
      return {k.any, k.any};
    case Reduction::all:
      return {k.all, k.all};
  }
  __builtin_unreachable();
}

DType accumulator_of(Reduction r, DType x) {
  if (r == Reduction::any || r == Reduction::all) return DType::boolean;
  if (is_complex(x)) return x;
  if (is_floating(x)) return x == DType::f64 ? DType::f64 : DType::f32;
  if (r == Reduction::max || r == Reduction::min) return x;
  return is_integer(x) && !is_signed(x) ? DType::u64 : DType::i64;
}

Elementwise derivative_of(Activation activation) {
  switch (activation) {
#define X(name, saved)   \
  case Activation::name: \
    return Elementwise::name##_backward;
    TW_ACTIVATIONS(X)
#undef X
    case Activation::none:
      break;
  }
  __builtin_unreachable();
}

// Kept axes in the order in which they lie in x, which is that of the result's memory.
ReducePlan plan_of(const View& x, const Dims& shape, uint32_t axes) {
  ReducePlan plan;
  plan.data = x.data;
  plan.itemsize = item_size(x.dtype);
  for (int i = 0; i < shape.size(); ++i) {
    if (axes >> i & 1) {
      // Backwards is as good as forwards, and merges with its neighbours.
      if (x.strides[i] < 0 && shape[i] > 0)
        plan.data += (shape[i] - 1) * x.strides[i] * static_cast<int64_t>(plan.itemsize);
      plan.reduced.add(shape[i], std::abs(x.strides[i]));
    } else {
      plan.kept.add(shape[i], x.strides[i]);
    }
  }
  plan.kept.merge();
  plan.reduced.merge();
  plan.split();
  return plan;
}

// The fold that a kernel does alone.
auto whole(ReduceFn fn) {
  return [fn](const ReduceArgs& a, const char* data, int64_t, int64_t, char* to) { fn(a, data, to); };
}

// fold(args, data, first of count, first output, to) writes the accumulators of one block. Every block writes partial
// results; where one output has several, they are reduced again, in their order.
template <class Fold>
void run(const ReduceFn* again, ReducePlan& plan, DType accumulator, char* out, Fold fold) {
  const auto itemsize = static_cast<int64_t>(item_size(accumulator));
  const int64_t outputs = plan.kept.elements();
  const int64_t partials = plan.args.count == 0 ? 1 : plan.reduced.elements() / plan.args.count * plan.slices;
  StorageRef memory;
  char* to = out;
  if (partials > 1) {
    memory = allocate(static_cast<size_t>(partials * outputs * itemsize));
    to = static_cast<char*>(memory->data);
  }
  plan.run([&](const ReduceArgs& a, const char* data, int64_t panel, int64_t first, int64_t slice, int64_t begin) {
    fold(a, data, begin, first, to + ((slice * plan.panels + panel) * plan.args.outputs + first) * itemsize);
  });
  if (partials == 1) return;
  ReducePlan rest;
  rest.data = to;
  rest.itemsize = static_cast<size_t>(itemsize);
  rest.kept.add(outputs, 1);
  rest.reduced.add(partials, outputs);
  rest.split();
  run(again, rest, accumulator, out, whole(again[static_cast<int>(accumulator)]));
}

// The result from what `fold` makes of the blocks of the plan.
template <class Fold>
void run_and_finish(Reduction r, ReducePlan& plan, DType from, const View& out, Fold fold) {
  const DType accumulator = accumulator_of(r, from);
  const bool as_is = accumulator == out.dtype;
  const int64_t outputs = plan.kept.elements();
  StorageRef memory;
  char* to = out.data;
  if (!as_is) {
    memory = allocate(static_cast<size_t>(outputs) * item_size(accumulator));
    to = static_cast<char*>(memory->data);
  }
  run(kind_of(r).again, plan, accumulator, to, fold);
  const double divisor = r == Reduction::mean ? static_cast<double>(plan.reduced.elements()) : 1;
  if (r == Reduction::mean || !as_is) kernels().reduce.finish[static_cast<int>(from)](to, outputs, divisor, out.data);
}

// One element can settle any and all: often one of the first, for which no thread needs to be woken.
bool settled_at_once(const ReduceProblem& p, const ReducePlan& plan) {
  constexpr int64_t kFirst = 4096;
  if (p.kind != Reduction::any && p.kind != Reduction::all) return false;
  if (plan.kept.elements() != 1 || plan.reduced.elements() <= kFirst) return false;
  ReduceArgs first = plan.args;
  first.count = std::min(first.count, kFirst);
  uint8_t found;
  kind_of(p.kind).first[static_cast<int>(p.x.dtype)](first, plan.data, &found);
  if (found == (p.kind == Reduction::all)) return false;
  std::memcpy(p.out.data, &found, 1);
  return true;
}

}  // namespace

void reduce(const ReduceProblem& p) {
  ReducePlan plan = plan_of(p.x, p.shape, p.axes);
  if (settled_at_once(p, plan)) return;
  run_and_finish(p.kind, plan, p.x.dtype, p.out, whole(kind_of(p.kind).first[static_cast<int>(p.x.dtype)]));
}

void arg_reduce(const ArgReduceProblem& p) {
  const ReduceKernels& table = kernels().reduce;
  ReducePlan plan = plan_of(p.x, p.shape, 1u << p.axis);
  if (p.x.strides[p.axis] < 0 && plan.reduced.count > 0) {  // here the order matters
    plan.data = p.x.data;
    plan.reduced.axis[0].stride = p.x.strides[p.axis];
    plan.split();
  }
  auto* out = reinterpret_cast<int64_t*>(p.out.data);
  const ArgReduceFn fn = (p.largest ? table.argmax : table.argmin)[static_cast<int>(p.x.dtype)];
  StorageRef memory;
  int64_t* part = out;
  const int64_t outputs = plan.args.outputs;
  if (plan.slices > 1) {
    memory = allocate(static_cast<size_t>(plan.panels * plan.slices * outputs) * sizeof(int64_t));
    part = static_cast<int64_t*>(memory->data);
  }
  plan.run([&](const ReduceArgs& a, const char* data, int64_t panel, int64_t first, int64_t slice, int64_t begin) {
    int64_t* to = part + (panel * plan.slices + slice) * outputs + first;
    fn(a, data, to);
    for (int64_t i = 0; begin > 0 && i < a.outputs; ++i) to[i] += begin;
  });
  if (plan.slices == 1) return;
  ReducePlan whole = plan;
  whole.piece = outputs, whole.slice = plan.args.count;
  whole.pieces = whole.slices = 1;
  const ArgMergeFn merge = (p.largest ? table.argmax_merge : table.argmin_merge)[static_cast<int>(p.x.dtype)];
  whole.run([&](const ReduceArgs& a, const char* data, int64_t panel, int64_t, int64_t, int64_t) {
    merge(a, data, part + panel * plan.slices * outputs, plan.slices, out + panel * outputs);
  });
}

// In one pass where that pays: the same bits as the map and then the sum.
void bias_activation_backward(const BiasActivationBackwardProblem& p) {
  constexpr int64_t kWidest = 4096;    // columns: as wide as the kernel's accumulators
  constexpr double kOneBlock = 40000;  // elements
  const DType dtype = p.z.dtype;
  ElementwiseProblem map;
  map.op = derivative_of(p.activation);
  map.inputs = 2;
  map.shape = {p.rows, p.cols};
  map.in[0] = p.g;
  map.in[1] = p.saved;
  map.out = p.z;
  const ElementwiseFn map_kernel = kernels_of(map.op)[static_cast<int>(dtype)];
  const double ns_per_element = p.activation == Activation::relu ? 0.2 : 0.5;

  ReducePlan plan = plan_of(p.z, map.shape, 1);
  if (p.rows <= 1 || p.cols <= 1 || (plan.slices == 1 && static_cast<double>(p.rows * p.cols) > kOneBlock)) {
    // Too few rows to give each thread a slice, and columns are slow to walk: the map alone is shared out.
    walk(map_kernel, map, ns_per_element);
    return run_and_finish(Reduction::sum, plan, dtype, p.bias, whole(kernels().reduce.sum[static_cast<int>(dtype)]));
  }
  // In which order a column is added up does not depend on how many columns a block has: whole rows are better walked.
  plan.map_ns = ns_per_element;
  plan.piece = std::min(kWidest, plan.args.outputs);
  plan.pieces = (plan.args.outputs + plan.piece - 1) / plan.piece;
  const auto itemsize = static_cast<int64_t>(item_size(dtype));
  const MapSumFn fn = kernels().reduce.map_sum[static_cast<int>(dtype)];
  run_and_finish(Reduction::sum, plan, dtype, p.bias,
                 [&](const ReduceArgs& a, const char*, int64_t row, int64_t column, char* to) {
                   Loop loop{a.count, a.outputs, {p.z.strides[0], 1}, {}};
                   const void* from[2];
                   for (int k = 0; k < 2; ++k) {
                     loop.in[k] = {map.in[k].strides[0], map.in[k].strides[1]};
                     from[k] = map.in[k].data + (row * loop.in[k].row + column * loop.in[k].col) * itemsize;
                   }
                   fn(map_kernel, loop, 2, from, p.z.data + (row * p.z.strides[0] + column) * itemsize, to);
                 });
}

}  // namespace tw::cpu
