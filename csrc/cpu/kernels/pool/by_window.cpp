// Pooling one window after the other, of any kind: vectors run along its rows.
#include "cpu/kernels/pool/windows.h"

namespace tw::TW_ISA {
namespace {

// The elements of one window: depth slices of rows. What lies side by side is one row.
struct Box {
  int64_t slices, rows, columns;  // how many
  int64_t slice_step, row_step, column_step;
  int64_t first;  // in the plane
};

TW_INLINE Box box_of(const PoolWindows& w, const int64_t out[3]) {
  const Window d = window_of(w.axis[0], w.adaptive, out[0]), r = window_of(w.axis[1], w.adaptive, out[1]);
  const Window c = window_of(w.axis[2], w.adaptive, out[2]);
  const int64_t width = w.axis[2].n, height = w.axis[1].n;
  Box b{d.count,
        r.count,
        c.count,
        d.step * height * width,
        r.step * width,
        c.step,
        (d.first * height + r.first) * width + c.first};
  if (b.columns == width && c.step == 1 && r.step == 1) {
    b.columns *= b.rows;
    b.rows = 1;
    if (r.count == height && d.step == 1) {
      b.columns *= b.slices;
      b.slices = 1;
    }
  }
  return b;
}

// f(position of the first element) for each row of a box.
template <class F>
TW_INLINE void for_each_row_of(const Box& b, F f) {
  for (int64_t i = 0; i < b.slices; ++i)
    for (int64_t j = 0; j < b.rows; ++j) f(b.first + i * b.slice_step + j * b.row_step);
}

// f(window, its elements) for each window of a block, to go through the planes then: what a window has is worked out
// once.
template <class F>
TW_INLINE void for_each_window(const PoolWindows& w, const PoolBlock& b, F f) {
  for (int64_t i = 0; i < b.count[0]; ++i)
    for (int64_t j = 0; j < b.count[1]; ++j)
      for (int64_t k = 0; k < b.count[2]; ++k) {
        const int64_t out[3] = {b.first[0] + i, b.first[1] + j, b.first[2] + k};
        f(out, box_of(w, out));
      }
}

// ---- maxima ---------------------------------------------------------------------------------------------------------

template <class C>
TW_INLINE C larger(C a, C b) {
  return b > a || b != b ? b : a;
}

// Of n > 0 elements; NaN where there is one.
template <class T>
TW_INLINE compute_t<T> row_max(const T* x, int64_t n, int64_t step) {
  constexpr int L = lanes<T>;
  typedef compute_t<T> C;
  C best = get(x);
  int64_t i = 1;
  if (step == 1 && n >= L) {
    auto v = load(x);
    for (i = L; i + L <= n; i += L) v = maximum(v, load(x + i));
    v = maximum(v, load(x + n - L));
    best = v[0];
    for (int k = 1; k < L; ++k) best = larger<C>(best, v[k]);
    return best;
  }
  for (; i < n; ++i) best = larger(best, get(x + i * step));
  return best;
}

// The first element that is the maximum of its row, or the last NaN.
template <class T>
TW_INLINE int64_t where_max(const T* x, int64_t n, int64_t step, compute_t<T> best) {
  int64_t i = best == best ? 0 : n - 1;
  if (best == best)
    while (get(x + i * step) != best) ++i;
  else
    for (auto v = get(x + i * step); v == v; v = get(x + i * step)) --i;
  return i;
}

template <class T>
void max_by_window(const PoolWindows& w, const PoolBlock& block, const void* x_, void* y_, PoolPlaces places, void*) {
  typedef compute_t<T> C;
  T* y = static_cast<T*>(y_);
  const bool wanted = places.taps || places.positions;
  const int64_t inputs = w.inputs(), outputs = w.outputs();
  for_each_window(w, block, [&](const int64_t out[3], const Box& b) {
    int64_t number = number_of(w, block.plane, out);
    const T* x = static_cast<const T*>(x_) + block.plane * inputs;
    for (int64_t i = 0; i < block.planes; ++i, x += inputs, number += outputs) {
      C best = -__builtin_inff();
      int64_t position = b.first;
      for_each_row_of(b, [&](int64_t first) {
        const C m = row_max(x + first, b.columns, b.column_step);
        if (!(m > best || m != m)) return;
        best = m;
        if (wanted) position = first + where_max(x + first, b.columns, b.column_step, m) * b.column_step;
      });
      put(y + number, best);
      if (places.taps) places.taps[number] = (uint8_t)tap_at(w, out, position);
      if (places.positions) places.positions[number] = position;
    }
  });
}

// ---- averages -------------------------------------------------------------------------------------------------------

constexpr int64_t kBlock = 1024;  // elements that are summed in the compute type

// Halves added to each other.
template <class C, int N>
TW_INLINE C sum_lanes(vecn<C, N> v) {
  if constexpr (N == 2) {
    return v[0] + v[1];
  } else {
    vecn<C, N / 2> half[2];
    __builtin_memcpy(half, &v, sizeof v);
    return sum_lanes<C, N / 2>(half[0] + half[1]);
  }
}

template <class T>
TW_INLINE double block_sum(const T* x, int64_t n) {
  constexpr int L = lanes<T>;
  vec<compute_t<T>> a{}, b{};
  int64_t i = 0;
  for (; i + 2 * L <= n; i += 2 * L) {
    a += load(x + i);
    b += load(x + i + L);
  }
  if (i + L <= n) {
    a += load(x + i);
    i += L;
  }
  if (i < n) b += load_n(x + i, (int)(n - i));
  return (double)sum_lanes<compute_t<T>, L>(a + b);
}

template <class T>
TW_INLINE double row_sum(const T* x, int64_t n, int64_t step) {
  double sum = 0;
  if (step == 1 && n >= lanes<T> / 2) {
    for (int64_t i = 0; i < n; i += kBlock) sum += block_sum(x + i, n - i < kBlock ? n - i : kBlock);
    return sum;
  }
  for (int64_t i = 0; i < n; ++i) sum += (double)get(x + i * step);
  return sum;
}

TW_INLINE double divisor_of(const PoolWindows& w, PoolDivisor divisor, const int64_t out[3]) {
  if (divisor.fixed) return (double)divisor.fixed;
  double count = 1;
  for (int a = 0; a < 3; ++a) count *= (double)counted(w.axis[a], w.adaptive, divisor, out[a]);
  return count;
}

template <class T>
void average_by_window(const PoolWindows& w, const PoolBlock& block, PoolDivisor divisor, const void* x_, void* y_,
                       void*) {
  const int64_t inputs = w.inputs(), outputs = w.outputs();
  for_each_window(w, block, [&](const int64_t out[3], const Box& b) {
    const double divided_by = divisor_of(w, divisor, out);
    T* y = static_cast<T*>(y_) + number_of(w, block.plane, out);
    const T* x = static_cast<const T*>(x_) + block.plane * inputs;
    for (int64_t i = 0; i < block.planes; ++i, x += inputs, y += outputs) {
      double sum = 0;
      for_each_row_of(b, [&](int64_t first) { sum += row_sum(x + first, b.columns, b.column_step); });
      put(y, (compute_t<T>)(sum / divided_by));
    }
  });
}

// Adds to planes in the compute type; those of halves are in scratch memory until they are done.
template <class T>
void average_backward_by_window(const PoolWindows& w, const PoolBlock& block, PoolDivisor divisor, const void* g_,
                                void* gx_, void* scratch) {
  typedef compute_t<T> C;
  constexpr int L = lanes<T>;
  const int64_t inputs = w.inputs(), outputs = w.outputs();
  T* gx = static_cast<T*>(gx_) + block.plane * inputs;
  C* sums = is_half<T> ? static_cast<C*>(scratch) : reinterpret_cast<C*>(gx);
  for (int64_t i = 0; i < block.planes * inputs; ++i) sums[i] = 0;
  for_each_window(w, block, [&](const int64_t out[3], const Box& b) {
    const double divided_by = divisor_of(w, divisor, out);
    const T* g = static_cast<const T*>(g_) + number_of(w, block.plane, out);
    C* plane = sums;
    for (int64_t k = 0; k < block.planes; ++k, g += outputs, plane += inputs) {
      const C each = (C)((double)get(g) / divided_by);
      for_each_row_of(b, [&](int64_t first) {
        C* row = plane + first;
        int64_t i = 0;
        if (b.column_step == 1)
          for (; i + L <= b.columns; i += L) store(row + i, load(row + i) + each);
        for (; i < b.columns; ++i) row[i * b.column_step] += each;
      });
    }
  });
  if constexpr (is_half<T>) narrow_row(sums, block.planes * inputs, gx);
}

template <class T>
void fill_dtype(PoolKernels& k, DType dtype) {
  const int i = (int)dtype;
  k.max[i] = max_by_window<T>;
  k.average[i] = average_by_window<T>;
  k.average_backward[i] = average_backward_by_window<T>;
}

}  // namespace

void fill_by_window(PoolKernels& k) {
#define X(T, name) fill_dtype<T>(k, DType::name);
  TW_FOR_EACH_FLOAT(X)
#undef X
}

void fill(PoolKernels& k) {
  k = {};
  fill_by_window(k);
  fill_direct(k);
  fill_flat(k);
  fill_places(k);
}

}  // namespace tw::TW_ISA
