// Products of half types by way of float32: everything is converted, the float32 methods multiply, and what they store
// is rounded once.
#include "cpu/cpu.h"
#include "cpu/elementwise.h"
#include "cpu/gemm_split.h"

namespace tw::cpu {
namespace {

// The matrices of a batch as an array that owns no memory; axes along which they are broadcast have length 1.
Array view_of(DType dtype, const GemmMatrix& x, int64_t rows, int64_t cols, const Dims& batch, const Dims& strides) {
  Array view;
  view.storage = adopt(x.data, 0, false, nullptr, [](Storage* storage) { delete storage; });
  view.data = static_cast<char*>(x.data);
  view.dtype = dtype;
  for (int axis = 0; axis < batch.size(); ++axis) {
    view.shape.push_back(strides[axis] == 0 ? 1 : batch[axis]);
    view.strides.push_back(strides[axis]);
  }
  view.shape.push_back(rows), view.shape.push_back(cols);
  view.strides.push_back(x.row), view.strides.push_back(x.col);
  return view;
}

void copy(const Array& from, const Array& to) {
  cpu::copy(to.shape, {from.data, from.dtype, from.strides}, {to.data, to.dtype, to.strides});
}

Array as_float(const Array& x) {
  const Array wide = empty(x.shape, DType::f32);
  copy(x, wide);
  return wide;
}

GemmMatrix matrix_of(const Array& x) { return {x.data, x.strides[x.ndim() - 2], x.strides[x.ndim() - 1]}; }

// An operand in float32, by columns where it was so. `strides` become those of the copy.
Array widened(const GemmBatch& g, const GemmMatrix& x, int64_t rows, int64_t cols, Dims& strides) {
  const bool by_columns = x.row == 1 && x.col != 1;
  Array copy = by_columns ? as_float(view_of(g.dtype, x.transposed(), cols, rows, g.shape, strides))
                          : as_float(view_of(g.dtype, x, rows, cols, g.shape, strides));
  for (int axis = 0; axis < strides.size(); ++axis) strides[axis] = copy.shape[axis] == 1 ? 0 : copy.strides[axis];
  if (by_columns) std::swap(copy.strides[copy.ndim() - 2], copy.strides[copy.ndim() - 1]);
  return copy;
}

}  // namespace

void gemm_widened(const GemmBatch& g) {
  const GemmProblem& e = g.each;
  GemmBatch wide = g;
  wide.dtype = DType::f32;
  const Array a = widened(g, e.a, e.m, e.k, wide.a_stride), b = widened(g, e.b, e.k, e.n, wide.b_stride);
  wide.each.a = matrix_of(a);
  wide.each.b = matrix_of(b);

  // The matrices of the epilogue lie one behind another, g.out_step apart.
  const Dims items = {element_count(g.shape)}, steps = {items[0] == 1 ? 0 : g.out_step};
  const auto view = [&](const GemmMatrix& x) { return view_of(g.dtype, x, e.m, e.n, items, steps); };
  wide.out_step = e.m * e.n;
  Array results[2], others[3];
  GemmMatrix GemmOutput::* const stored[] = {&GemmOutput::c, &GemmOutput::pre};
  GemmMatrix GemmOutput::* const read[] = {&GemmOutput::residual, &GemmOutput::gate};
  for (int i = 0; i < 2; ++i) {
    if (!(e.out.*stored[i]).data) continue;
    results[i] = empty(view(e.out.*stored[i]).shape, DType::f32);
    wide.each.out.*stored[i] = matrix_of(results[i]);
  }
  for (int i = 0; i < 2; ++i) {
    if (!(e.out.*read[i]).data) continue;
    others[i] = as_float(view(e.out.*read[i]));
    wide.each.out.*read[i] = matrix_of(others[i]);
  }
  if (const GemmMatrix& bias = e.out.bias; bias.data) {
    others[2] = as_float(view_of(g.dtype, bias, bias.row ? e.m : 1, bias.col ? e.n : 1, {}, {}));
    wide.each.out.bias = {others[2].data, bias.row ? 1 : 0, bias.col ? 1 : 0};
  }
  gemm(wide);
  for (int i = 0; i < 2; ++i)
    if (results[i].data) copy(results[i], view(e.out.*stored[i]));
}

}  // namespace tw::cpu
