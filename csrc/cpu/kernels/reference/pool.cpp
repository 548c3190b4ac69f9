// Naive pooling: each tap of each window, in double.
#include "cpu/kernels/pool/pool.h"

#include "core/half.h"
#include "cpu/kernels/vec.h"

namespace tw::TW_ISA {
namespace {

double get(const float* p) { return *p; }
double get(const double* p) { return *p; }
double get(const f16* p) { return (double)load_n(p, 1)[0]; }
double get(const bf16* p) { return (double)load_n(p, 1)[0]; }
void put(float* p, double x) { *p = (float)x; }
void put(double* p, double x) { *p = x; }
void put(f16* p, double x) { *p = to_f16(x); }
void put(bf16* p, double x) { *p = to_bf16(x); }

// Where a window begins along an axis, how far its taps are apart, and one past its last element, padding included.
struct Span {
  int64_t begin, step, end;
};
Span span_of(const PoolAxis& a, bool adaptive, int64_t i) {
  if (!adaptive) return {i * a.s - a.p, a.d, i * a.s - a.p + a.k * a.d};
  return {i * a.n / a.m, 1, ((i + 1) * a.n + a.m - 1) / a.m};
}

// f(plane, number of the window, its spans)
template <class F>
void for_each_window(const PoolWindows& w, const PoolBlock& b, F f) {
  for (int64_t plane = b.plane; plane < b.plane + b.planes; ++plane)
    for (int64_t i = b.first[0]; i < b.first[0] + b.count[0]; ++i)
      for (int64_t j = b.first[1]; j < b.first[1] + b.count[1]; ++j)
        for (int64_t k = b.first[2]; k < b.first[2] + b.count[2]; ++k) {
          const Span spans[3] = {span_of(w.axis[0], w.adaptive, i), span_of(w.axis[1], w.adaptive, j),
                                 span_of(w.axis[2], w.adaptive, k)};
          f(plane, ((plane * w.axis[0].m + i) * w.axis[1].m + j) * w.axis[2].m + k, spans);
        }
}

// f(tap, position) for each tap inside the plane.
template <class F>
void for_each_tap(const PoolWindows& w, const Span spans[3], F f) {
  int64_t tap = 0;
  for (int64_t d = spans[0].begin; d < spans[0].end; d += spans[0].step)
    for (int64_t r = spans[1].begin; r < spans[1].end; r += spans[1].step)
      for (int64_t c = spans[2].begin; c < spans[2].end; c += spans[2].step, ++tap)
        if (d >= 0 && d < w.axis[0].n && r >= 0 && r < w.axis[1].n && c >= 0 && c < w.axis[2].n)
          f(tap, (d * w.axis[1].n + r) * w.axis[2].n + c);
}

template <class T>
void max(const PoolWindows& w, const PoolBlock& b, const void* x_, void* y, PoolPlaces places, void*) {
  for_each_window(w, b, [&](int64_t plane, int64_t number, const Span spans[3]) {
    const T* x = static_cast<const T*>(x_) + plane * w.inputs();
    double best = 0;
    int64_t best_tap = -1, best_position = 0;
    for_each_tap(w, spans, [&](int64_t tap, int64_t position) {
      const double v = get(x + position);
      if (best_tap >= 0 && !(v > best || v != v)) return;
      best = v;
      best_tap = tap;
      best_position = position;
    });
    put(static_cast<T*>(y) + number, best);
    if (places.taps) places.taps[number] = (uint8_t)best_tap;
    if (places.positions) places.positions[number] = best_position;
  });
}

double divisor_of(const PoolWindows& w, PoolDivisor divisor, const Span spans[3]) {
  if (divisor.fixed) return (double)divisor.fixed;
  double count = 1;
  for (int a = 0; a < 3; ++a) {
    const int64_t beyond = divisor.counts_padding ? w.axis[a].p : 0;
    const int64_t begin = spans[a].begin > -beyond ? spans[a].begin : -beyond;
    const int64_t end = spans[a].end < w.axis[a].n + beyond ? spans[a].end : w.axis[a].n + beyond;
    count *= (double)(end - begin);
  }
  return count;
}

template <class T>
void average(const PoolWindows& w, const PoolBlock& b, PoolDivisor divisor, const void* x_, void* y, void*) {
  for_each_window(w, b, [&](int64_t plane, int64_t number, const Span spans[3]) {
    const T* x = static_cast<const T*>(x_) + plane * w.inputs();
    double sum = 0;
    for_each_tap(w, spans, [&](int64_t, int64_t position) { sum += get(x + position); });
    put(static_cast<T*>(y) + number, sum / divisor_of(w, divisor, spans));
  });
}

// One element after the other, each from all windows that have it: no sum is in a dtype of fewer digits.
template <class T>
void average_backward(const PoolWindows& w, const PoolBlock& b, PoolDivisor divisor, const void* g, void* gx,
                      void* scratch) {
  double* sums = static_cast<double*>(scratch);
  for (int64_t plane = b.plane; plane < b.plane + b.planes; ++plane) {
    for (int64_t i = 0; i < w.inputs(); ++i) sums[i] = 0;
    const PoolBlock one{plane, 1, {0, 0, 0}, {w.axis[0].m, w.axis[1].m, w.axis[2].m}};
    for_each_window(w, one, [&](int64_t, int64_t number, const Span spans[3]) {
      const double each = get(static_cast<const T*>(g) + number) / divisor_of(w, divisor, spans);
      for_each_tap(w, spans, [&](int64_t, int64_t position) { sums[position] += each; });
    });
    for (int64_t i = 0; i < w.inputs(); ++i) put(static_cast<T*>(gx) + plane * w.inputs() + i, sums[i]);
  }
}

// f(window among all, its position) of some planes; the first window whose position is outside, or -1.
template <class F>
int64_t for_each_place(const PoolWindows& w, int64_t first, int64_t planes, PoolPlaces places, F f) {
  int64_t bad = -1;
  const PoolBlock all{first, planes, {0, 0, 0}, {w.axis[0].m, w.axis[1].m, w.axis[2].m}};
  for_each_window(w, all, [&](int64_t plane, int64_t number, const Span spans[3]) {
    if (bad >= 0) return;
    int64_t at = -1;
    if (places.positions)
      at = places.positions[number];
    else
      for_each_tap(w, spans, [&](int64_t tap, int64_t position) {
        if (tap == places.taps[number]) at = position;
      });
    if (at < 0 || at >= w.inputs())
      bad = number;
    else
      f(number, plane * w.inputs() + at);
  });
  return bad;
}

template <class T>
int64_t scatter(const PoolWindows& w, int64_t first, int64_t planes, const void* from, PoolPlaces places, void* to,
                void* scratch) {
  double* sums = static_cast<double*>(scratch);
  for (int64_t plane = first; plane < first + planes; ++plane) {
    for (int64_t i = 0; i < w.inputs(); ++i) sums[i] = 0;
    const int64_t bad = for_each_place(w, plane, 1, places, [&](int64_t number, int64_t at) {
      sums[at - plane * w.inputs()] += get(static_cast<const T*>(from) + number);
    });
    if (bad >= 0) return bad;
    for (int64_t i = 0; i < w.inputs(); ++i) put(static_cast<T*>(to) + plane * w.inputs() + i, sums[i]);
  }
  return -1;
}

template <class T>
int64_t gather(const PoolWindows& w, int64_t first, int64_t planes, const void* from, PoolPlaces places, void* to,
               void*) {
  return for_each_place(w, first, planes, places, [&](int64_t number, int64_t at) {
    static_cast<T*>(to)[number] = static_cast<const T*>(from)[at];
  });
}

template <class T>
void fill_dtype(PoolKernels& k, DType dtype) {
  const int i = (int)dtype;
  k.max[i] = k.max_flat[i] = k.max_rows[i] = k.max_planes[i] = max<T>;
  k.average[i] = k.average_rows[i] = k.average_planes[i] = average<T>;
  k.average_backward[i] = k.average_backward_flat[i] = average_backward<T>;
  k.scatter[i] = scatter<T>;
  k.gather[i] = gather<T>;
}

}  // namespace

void fill(PoolKernels& k) {
  k = {};
#define X(T, name) fill_dtype<T>(k, DType::name);
  TW_FOR_EACH_FLOAT(X)
#undef X
}

}  // namespace tw::TW_ISA
