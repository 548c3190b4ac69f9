// What the depthwise kernels share: how much of a channel is padded at a time, and the taps of a filter.
#pragma once
#include "cpu/kernels/conv/depthwise.h"
#include "cpu/kernels/conv/padded_rows.h"

namespace tw::TW_ISA {

// The gradient with respect to the input where a stride is not 1.
void transpose_strided(const ConvProblem&, int64_t begin, int64_t end, void* scratch, float);
void transpose_strided(const ConvProblem&, int64_t begin, int64_t end, void* scratch, double);
void transpose_strided(const ConvProblem&, int64_t begin, int64_t end, void* scratch, f16);
void transpose_strided(const ConvProblem&, int64_t begin, int64_t end, void* scratch, bf16);

namespace {

constexpr int64_t kBandBytes = 16 << 10;  // of padded rows, which stay in L1 with what is read and written
constexpr int64_t kBlockRows = 4;         // of the result, that are summed up at once

TW_INLINE int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }
TW_INLINE int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

template <class T>
TW_INLINE int64_t whole_vectors(int64_t count) {
  return (count + lanes<T> - 1) / lanes<T> * lanes<T>;
}

// Places of a phase, and rows, that `pixels` of the result meet.
TW_INLINE int64_t span(const ConvAxis& a) { return (a.kernel - 1) * a.dilation; }
TW_INLINE int64_t reach(const ConvAxis& x) { return x.out + span(x) / x.stride + 1; }
TW_INLINE int64_t rows_met(const ConvAxis& y, int64_t pixels) { return (pixels - 1) * y.stride + span(y) + 1; }

// Rows of the result whose padded rows are in L1 together; enough that few of those are read again for the next band.
template <class T>
TW_INLINE int64_t rows_of_band(const ConvAxis& y, int64_t stride, int64_t reach) {
  const int64_t row = PaddedRows<T>::bytes(stride, reach, 1), least = larger(kBlockRows, span(y) / y.stride);
  const int64_t fitting = (kBandBytes / row - span(y) - 1) / y.stride / kBlockRows * kBlockRows;
  return smaller(y.out, larger(least, fitting));
}

// The strided gradient: the places of a row of g that elements of the input meet.
TW_INLINE int64_t transposed_left(const ConvAxis& x) { return (span(x) + larger(0, -x.pad) + x.stride - 1) / x.stride; }
TW_INLINE int64_t transposed_reach(const ConvAxis& x) {
  return transposed_left(x) + larger(0, (x.in - 1 + x.pad) / x.stride) + 1;
}
TW_INLINE int64_t transposed_rows_met(const ConvAxis& y, int64_t rows) { return (rows - 1 + span(y)) / y.stride + 2; }

// Rows of the gradient, a multiple of the stride.
template <class T>
TW_INLINE int64_t transposed_band(const ConvAxis& y, const ConvAxis& x) {
  const int64_t row = PaddedRows<T>::bytes(1, transposed_reach(x), 1);
  const int64_t fitting = (kBandBytes / row - 2) * y.stride - span(y), least = larger(kBlockRows * y.stride, span(y));
  return (smaller(y.in, larger(least, fitting)) + y.stride - 1) / y.stride * y.stride;
}
// Of a phase: the elements of a row that lie a stride apart.
template <class T>
TW_INLINE int64_t phase_step(const ConvAxis& x) {
  return whole_vectors<T>((x.in + x.stride - 1) / x.stride);
}

// Of the memory that the kernels divide up, each its own way.
template <class T>
TW_INLINE int64_t scratch_bytes(const ConvShape& s) {
  const int64_t size = sizeof(T), weights = whole_vectors<T>(s.taps()) * size;
  const int64_t result = kBlockRows * whole_vectors<T>(larger(s.axes[2].in, s.axes[2].out)) * size;
  const ConvAxis &y = s.axes[1], &x = s.axes[2];
  const ConvAxis turned_y{y.out, y.in, y.kernel, 1, 0, y.dilation}, turned_x{x.out, x.in, x.kernel, 1, 0, x.dilation};
  const auto rows = [](const ConvAxis& y, const ConvAxis& x) {
    return PaddedRows<T>::bytes(x.stride, reach(x), rows_met(y, rows_of_band<T>(y, x.stride, reach(x))));
  };
  const int64_t strided =
      PaddedRows<T>::bytes(1, transposed_reach(x), transposed_rows_met(y, transposed_band<T>(y, x))) +
      (kBlockRows + 2) * x.stride * phase_step<T>(x) * size;
  const int64_t sums = whole_vectors<T>(s.out_channels * s.taps()) * lanes<T> * size;
  return larger(larger(weights + result + larger(rows(y, x), rows(turned_y, turned_x)), weights + strided),
                sums + rows(y, x));
}

// The taps of a filter, in reverse if they are `turned`; where they lie, or else at `to`.
template <class S>
TW_INLINE const compute_t<S>* read_weights(const ConvWeight& w, int64_t group, int64_t filter, int64_t taps,
                                           bool turned, compute_t<S>* to) {
  const S* from = static_cast<const S*>(w.data) + group * w.group + filter * w.filter;
  if constexpr (sizeof(S) == sizeof(compute_t<S>))
    if (!turned) return from;
  for (int64_t t = 0; t < taps; ++t) to[turned ? taps - 1 - t : t] = load_n(from + t, 1)[0];
  return to;
}

}  // namespace
}  // namespace tw::TW_ISA
