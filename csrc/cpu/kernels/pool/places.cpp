// Numbers of windows to the elements that were their maxima, and back.
#include "cpu/kernels/pool/windows.h"

namespace tw::TW_ISA {
namespace {

// f(window in its plane, position) for all windows of a plane, in C order, of which `first` is the first. False, and no
// further, where a position is outside.
struct Positions {
  const PoolWindows& w;
  PoolPlaces places;
  int64_t inputs, offset[256];  // of a tap from the beginning of its window

  TW_INLINE Positions(const PoolWindows& w, PoolPlaces places) : w(w), places(places), inputs(w.inputs()) {
    if (!places.taps) return;
    const int64_t taps = w.taps();
    for (int64_t t = 0; t < 256; ++t) {
      const int64_t c = t % w.axis[2].k, r = t / w.axis[2].k % w.axis[1].k, d = t / w.axis[2].k / w.axis[1].k;
      const int64_t rows = d * w.axis[0].d * w.axis[1].n + r * w.axis[1].d;
      offset[t] = t < taps ? rows * w.axis[2].n + c * w.axis[2].d : INT64_MIN / 2;
    }
  }

  // The first window whose position is outside, or -1.
  template <class F>
  TW_INLINE int64_t each(int64_t first, F f) const {
    return places.taps ? each_tap(places.taps + first, f) : each_position(places.positions + first, f);
  }

  template <class F>
  TW_INLINE int64_t each_position(const int64_t* positions, F f) const {
    const int64_t n = w.outputs();
    for (int64_t i = 0; i < n; ++i) {
      const int64_t at = positions[i];
      if ((uint64_t)at >= (uint64_t)inputs) return i;
      f(i, at);
    }
    return -1;
  }

  template <class F>
  TW_INLINE int64_t each_tap(const uint8_t* taps, F f) const {
    const PoolAxis &depth = w.axis[0], &rows = w.axis[1], &columns = w.axis[2];
    int64_t i = 0;
    for (int64_t d = 0; d < depth.m; ++d)
      for (int64_t r = 0; r < rows.m; ++r) {
        int64_t begin = ((d * depth.s - depth.p) * rows.n + r * rows.s - rows.p) * columns.n - columns.p;
        for (int64_t c = 0; c < columns.m; ++c, ++i, begin += columns.s) {
          const int64_t at = begin + offset[taps[i]];
          if ((uint64_t)at >= (uint64_t)inputs) return i;
          f(i, at);
        }
      }
    return -1;
  }
};

template <class T>
int64_t scatter(const PoolWindows& w, int64_t first_plane, int64_t planes, const void* from_, PoolPlaces places,
                void* to_, void* scratch) {
  typedef compute_t<T> C;
  constexpr int L = lanes<T>;
  const Positions positions(w, places);
  const int64_t inputs = w.inputs(), outputs = w.outputs();
  for (int64_t plane = first_plane; plane < first_plane + planes; ++plane) {
    T* to = static_cast<T*>(to_) + plane * inputs;
    C* sums = is_half<T> ? static_cast<C*>(scratch) : reinterpret_cast<C*>(to);
    const C* from = widened(static_cast<const T*>(from_) + plane * outputs, outputs, sums + inputs);
    int64_t i = 0;
    for (; i + L <= inputs; i += L) store(sums + i, vec<C>{});
    for (; i < inputs; ++i) sums[i] = 0;
    const int64_t bad = positions.each(plane * outputs, [&](int64_t i, int64_t at) { sums[at] += from[i]; });
    if (bad >= 0) return plane * outputs + bad;
    if constexpr (is_half<T>) narrow_row(sums, inputs, to);
  }
  return -1;
}

template <class T>
int64_t gather(const PoolWindows& w, int64_t first_plane, int64_t planes, const void* from_, PoolPlaces places,
               void* to_, void*) {
  const Positions positions(w, places);
  const int64_t inputs = w.inputs(), outputs = w.outputs();
  for (int64_t plane = first_plane; plane < first_plane + planes; ++plane) {
    const T* from = static_cast<const T*>(from_) + plane * inputs;
    T* to = static_cast<T*>(to_) + plane * outputs;
    const int64_t bad = positions.each(plane * outputs, [&](int64_t i, int64_t at) { to[i] = from[at]; });
    if (bad >= 0) return plane * outputs + bad;
  }
  return -1;
}

}  // namespace

void fill_places(PoolKernels& k) {
#define X(T, name)                          \
  k.scatter[(int)DType::name] = scatter<T>; \
  k.gather[(int)DType::name] = gather<T>;
  TW_FOR_EACH_FLOAT(X)
#undef X
}

}  // namespace tw::TW_ISA
