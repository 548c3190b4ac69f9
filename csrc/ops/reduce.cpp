#include "ops/reduce.h"

#include <algorithm>
#include <string>

#include "dispatch/dispatch.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/reduce_plan.h"

namespace tw {
namespace {

struct Kind {
  const char* name;
  const ReduceFn* first;  // from x's dtype to the accumulator's
  const ReduceFn* again;  // over accumulators
  bool has_identity;
};

Kind kind_of(Reduction r) {
  const ReduceKernels& k = kernels().reduce;
  switch (r) {
    case Reduction::sum:
      return {"sum", k.sum, k.sum, true};
    case Reduction::prod:
      return {"prod", k.prod, k.prod, true};
    case Reduction::mean:
      return {"mean", k.sum, k.sum, true};
    case Reduction::max:
      return {"max", k.max, k.max, false};
    case Reduction::min:
      return {"min", k.min, k.min, false};
    case Reduction::any:
      return {"any", k.any, k.any, true};
    case Reduction::all:
      return {"all", k.all, k.all, true};
    case Reduction::sum_of_squares:
      return {"sum_of_squares", k.sum_of_squares, k.sum, true};
  }
  __builtin_unreachable();
}

struct DTypes {
  DType accumulator, result;
};

DTypes dtypes_of(Reduction r, DType x) {
  if (r == Reduction::any || r == Reduction::all) return {DType::boolean, DType::boolean};
  const DType wide_float = x == DType::f64 ? DType::f64 : DType::f32;
  if (is_complex(x)) return {x, x};
  if (is_floating(x)) return {wide_float, x};
  if (r == Reduction::max || r == Reduction::min) return {x, x};
  const DType sum = is_integer(x) && !is_signed(x) ? DType::u64 : DType::i64;
  return {sum, r == Reduction::mean ? DType::f32 : sum};
}

// Which axes of x are reduced.
struct AxisSet {
  bool in[kMaxDims] = {};

  AxisSet(const char* op, const Array& x, const std::optional<Dims>& axes) {
    if (!axes) {
      for (int i = 0; i < x.ndim(); ++i) in[i] = true;
      return;
    }
    for (const int64_t entry : *axes) {
      const int axis = normalize_axis(op, entry, x.ndim());
      if (in[axis]) fail<ValueError>(op, ": axis ", entry, " is given twice in ", *axes);
      in[axis] = true;
    }
  }
};

void require_elements(const char* op, const Array& x, const AxisSet& axes) {
  for (int i = 0; i < x.ndim(); ++i)
    if (axes.in[i] && x.shape[i] == 0)
      fail<ValueError>(op, ": axis ", i, " of x ", x.shape, " has length 0, and ", op, " of nothing is not defined");
}

// The plan for x, and the result: kept axes lie in memory in the order they have in x, whatever their order in shape.
struct Prepared {
  ReducePlan plan;
  Array out;
};

Prepared prepare(const Array& x, const AxisSet& axes, bool keepdims, DType dtype) {
  Prepared p;
  p.plan.data = x.data;
  p.plan.itemsize = x.itemsize();
  Axes& kept = p.plan.kept;
  Dims shape;
  for (int i = 0; i < x.ndim(); ++i) {
    if (axes.in[i]) {
      // Backwards is as good as forwards, and merges with its neighbours.
      if (x.strides[i] < 0 && x.shape[i] > 0)
        p.plan.data += (x.shape[i] - 1) * x.strides[i] * static_cast<int64_t>(x.itemsize());
      p.plan.reduced.add(x.shape[i], std::abs(x.strides[i]));
      if (keepdims) shape.push_back(1);
    } else {
      kept.add(x.shape[i], x.strides[i]);
      shape.push_back(x.shape[i]);
    }
  }
  p.out = empty(shape, dtype);
  // The innermost kept axis is the one of smallest stride in x: give the result strides to match.
  int64_t step = 1;
  bool used[kMaxDims] = {};
  for (int k = kept.count - 1; k >= 0; --k) {
    for (int i = x.ndim() - 1, to = shape.size() - 1; i >= 0; --i) {
      const bool listed = !axes.in[i] || keepdims;
      if (!axes.in[i] && !used[i] && x.shape[i] == kept.axis[k].size && x.strides[i] == kept.axis[k].stride) {
        used[i] = true;
        p.out.strides[to] = step;
        step *= x.shape[i];
        break;
      }
      to -= listed;
    }
  }
  kept.merge();
  p.plan.reduced.merge();
  p.plan.split();
  return p;
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
void run_and_finish(Reduction r, const ReduceFn* again, ReducePlan& plan, DType from, const DTypes& dtypes,
                    const Array& out, Fold fold) {
  const bool as_is = dtypes.accumulator == dtypes.result;
  const int64_t outputs = out.size();
  StorageRef memory;
  char* to = out.data;
  if (!as_is) {
    memory = allocate(static_cast<size_t>(outputs) * item_size(dtypes.accumulator));
    to = static_cast<char*>(memory->data);
  }
  run(again, plan, dtypes.accumulator, to, fold);
  const double divisor = r == Reduction::mean ? static_cast<double>(plan.reduced.elements()) : 1;
  if (r == Reduction::mean || !as_is) kernels().reduce.finish[static_cast<int>(from)](to, outputs, divisor, out.data);
}

Array arg_reduce(const char* op, const ArgReduceFn* row, const ArgMergeFn* merge_row, const Array& x,
                 std::optional<int64_t> axis, bool keepdims) {
  if (!axis && x.ndim() != 1) {
    const Array found = arg_reduce(op, row, merge_row, reshape(x, {x.size()}), 0, false);
    return keepdims ? reshape(found, Dims(x.ndim(), 1)) : found;
  }
  const int chosen = normalize_axis(op, axis.value_or(0), x.ndim());
  const AxisSet axes(op, x, Dims{chosen});
  require_elements(op, x, axes);
  Prepared p = prepare(x, axes, keepdims, DType::i64);
  if (x.strides[chosen] < 0 && p.plan.reduced.count > 0) {  // here the order matters
    p.plan.data = x.data;
    p.plan.reduced.axis[0].stride = x.strides[chosen];
    p.plan.split();
  }
  const ReducePlan& plan = p.plan;
  auto* out = p.out.ptr<int64_t>();
  const ArgReduceFn fn = row[static_cast<int>(x.dtype)];
  if (!fn) fail<TypeError>(op, ": dtype ", x.dtype, " is not supported");
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
  if (plan.slices == 1) return p.out;
  ReducePlan whole = plan;
  whole.piece = outputs, whole.slice = plan.args.count;
  whole.pieces = whole.slices = 1;
  const ArgMergeFn merge = merge_row[static_cast<int>(x.dtype)];
  whole.run([&](const ReduceArgs& a, const char* data, int64_t panel, int64_t, int64_t, int64_t) {
    merge(a, data, part + panel * plan.slices * outputs, plan.slices, out + panel * outputs);
  });
  return p.out;
}

// Sums of complex numbers are those of their parts, and any and all ask for numbers that are not 0.
Array reduce_complex(Reduction r, const Array& x, const AxisSet& set, bool keepdims) {
  Dims axes;
  for (int i = 0; i < x.ndim(); ++i)
    if (set.in[i]) axes.push_back(i);
  if (r == Reduction::any || r == Reduction::all) return reduce(r, astype(x, DType::boolean), axes, keepdims);
  return join_components(reduce(r, split_components(x), axes, keepdims));
}

}  // namespace

Array reduce(Reduction r, const Array& x, const std::optional<Dims>& axes, bool keepdims) {
  const Kind kind = kind_of(r);
  const AxisSet set(kind.name, x, axes);
  const bool by_parts = r == Reduction::sum || r == Reduction::mean || r == Reduction::any || r == Reduction::all;
  if (by_parts && is_complex(x.dtype)) return reduce_complex(r, x, set, keepdims);
  // The sum of a few 64-bit integers does not fit 64 bits.
  if (r == Reduction::mean && is_integer(x.dtype) && x.itemsize() == 8)
    return astype(reduce(r, astype(x, DType::f64), axes, keepdims), kDefaultFloat);
  if (!kind.has_identity) require_elements(kind.name, x, set);
  const ReduceFn fn = kind.first[static_cast<int>(x.dtype)];
  if (!fn) fail<TypeError>(kind.name, ": dtype ", x.dtype, " is not supported");
  const DTypes dtypes = dtypes_of(r, x.dtype);
  Prepared p = prepare(x, set, keepdims, dtypes.result);
  const int64_t outputs = p.out.size();
  if (outputs == 0) return p.out;
  run_and_finish(r, kind.again, p.plan, x.dtype, dtypes, p.out, whole(fn));
  return p.out;
}

Array map_sum(ElementwiseFn map, const Array* const* in, int inputs, const Array& y, double ns_per_element) {
  constexpr int64_t kWidest = 4096;    // columns: as wide as the kernel's accumulators
  constexpr double kOneBlock = 40000;  // elements
  const DTypes dtypes = dtypes_of(Reduction::sum, y.dtype);
  Prepared p = prepare(y, AxisSet("sum", y, Dims{0}), false, dtypes.result);
  ReducePlan& plan = p.plan;
  const ReduceFn* again = kernels().reduce.sum;
  if (plan.slices == 1 && static_cast<double>(y.size()) > kOneBlock) {
    // Too few rows to give each thread a slice, and columns are slow to walk: the map alone is shared out.
    run_elementwise(map, in, inputs, y, nullptr, ns_per_element);
    run_and_finish(Reduction::sum, again, plan, y.dtype, dtypes, p.out, whole(again[static_cast<int>(y.dtype)]));
    return p.out;
  }
  // In which order a column is added up does not depend on how many columns a block has: whole rows are better walked.
  plan.map_ns = ns_per_element;
  plan.piece = std::min(kWidest, plan.args.outputs);
  plan.pieces = (plan.args.outputs + plan.piece - 1) / plan.piece;
  const auto itemsize = static_cast<int64_t>(y.itemsize());
  const MapSumFn fn = kernels().reduce.map_sum[static_cast<int>(y.dtype)];
  const auto fold = [&](const ReduceArgs& a, const char*, int64_t row, int64_t column, char* to) {
    Loop loop{a.count, a.outputs, {y.strides[0], 1}, {}};
    const void* from[3];
    for (int k = 0; k < inputs; ++k) {
      loop.in[k] = {in[k]->strides[0], in[k]->strides[1]};
      from[k] = in[k]->data + (row * loop.in[k].row + column * loop.in[k].col) * itemsize;
    }
    fn(map, loop, inputs, from, y.data + (row * y.strides[0] + column) * itemsize, to);
  };
  run_and_finish(Reduction::sum, again, plan, y.dtype, dtypes, p.out, fold);
  return p.out;
}

Array argmax(const Array& x, std::optional<int64_t> axis, bool keepdims) {
  return arg_reduce("argmax", kernels().reduce.argmax, kernels().reduce.argmax_merge, x, axis, keepdims);
}

Array argmin(const Array& x, std::optional<int64_t> axis, bool keepdims) {
  return arg_reduce("argmin", kernels().reduce.argmin, kernels().reduce.argmin_merge, x, axis, keepdims);
}

}  // namespace tw
