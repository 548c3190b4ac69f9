// Pooling by taps: the block's phases are laid out once, then every tap is a loop over all windows at once.
#include "cpu/kernels/pool/phases.h"

namespace tw::TW_ISA {
namespace {

constexpr int kAtOnce = 4;  // vectors of windows
static_assert(kAtOnce * lanes<float> <= kPoolSlack);

// ---- layout ---------------------------------------------------------------------------------------------------------

// dst[i] = src[i s] of n elements. What vectors write beyond is written over by what follows. Adds 0 times each element
// to `zeros`, which is NaN then where one was infinite or NaN.
template <class T>
TW_INLINE void take_phase(const T* src, int64_t n, int64_t s, compute_t<T>* dst, vec<compute_t<T>>& zeros) {
  constexpr int L = lanes<T>;
  constexpr Lanes<__integer_pack(L)...> all;
  const vec<compute_t<T>> zero{};
  int64_t i = 0;
  if (s == 1) {
    for (; i < n; i += L) {
      const auto v = i + L <= n ? load(src + i) : load_n(src + i, (int)(n - i));
      zeros = fma(v, zero, zeros);
      store(dst + i, v);
    }
  } else if (s == 2) {
    for (; i < n; i += L) {
      const int64_t left = 2 * (n - i) - 1;  // elements from here to the last
      const auto a = left >= L ? load(src + 2 * i) : load_n(src + 2 * i, (int)left);
      const auto b = left >= 2 * L ? load(src + 2 * i + L) : left > L ? load_n(src + 2 * i + L, (int)left - L) : zero;
      const auto v = evens(a, b, all);
      zeros = fma(v, zero, zeros);
      store(dst + i, v);
    }
  } else {
    compute_t<T> sum = 0;
    for (; i < n; ++i) {
      dst[i] = get(src + i * s);
      sum += dst[i] * 0;
    }
    zeros += sum;
  }
}

// What vectors write beyond is written over by what follows, as above.
template <class C>
TW_INLINE void fill_row(C* dst, int64_t from, int64_t to, C value) {
  const vec<C> values = set1(value);
  for (int64_t i = from; i < to; i += lanes<C>) store(dst + i, values);
}

// Lays out a block, with `pad` where its windows reach beyond the input. Whether there was an infinity or a NaN.
template <class T>
bool lay_out(const PoolWindows& w, const PoolBlock& b, const Phases& f, const T* x, compute_t<T> pad,
             compute_t<T>* phases) {
  const PoolAxis &depth = w.axis[0], &rows = w.axis[1], &columns = w.axis[2];
  vec<compute_t<T>> zeros{};
  auto* phase = phases;
  for (int64_t pd = 0; pd < depth.s; ++pd)
    for (int64_t pr = 0; pr < rows.s; ++pr)
      for (int64_t pc = 0; pc < columns.s; ++pc, phase += f.step) {
        const int64_t column = b.first[2] * columns.s + pc - columns.p;
        int64_t begin = column < 0 ? (columns.s - 1 - column) / columns.s : 0;
        int64_t end = column < columns.n ? (columns.n - column + columns.s - 1) / columns.s : 0;
        if (begin > f.extent[2]) begin = f.extent[2];
        end = end > f.extent[2] ? f.extent[2] : end < begin ? begin : end;
        auto* cells = phase;
        for (int64_t plane = b.plane; plane < b.plane + b.planes; ++plane)
          for (int64_t i = 0; i < f.extent[0]; ++i) {
            const int64_t d = (b.first[0] + i) * depth.s + pd - depth.p;
            for (int64_t j = 0; j < f.extent[1]; ++j, cells += f.extent[2]) {
              const int64_t r = (b.first[1] + j) * rows.s + pr - rows.p;
              if (d < 0 || d >= depth.n || r < 0 || r >= rows.n) {
                fill_row(cells, 0, f.extent[2], pad);
                continue;
              }
              const T* row = x + ((plane * depth.n + d) * rows.n + r) * columns.n;
              fill_row(cells, 0, begin, pad);
              take_phase(row + column + begin * columns.s, end - begin, columns.s, cells + begin, zeros);
              fill_row(cells, end, f.extent[2], pad);
            }
          }
      }
  return any(zeros != zeros);
}

// How many cells of the phase (0, 0, 0) lead from the first window to the last.
TW_INLINE int64_t cells_of_windows(const PoolBlock& b, const Phases& f) {
  return (((b.planes - 1) * f.extent[0] + b.count[0] - 1) * f.extent[1] + b.count[1] - 1) * f.extent[2] + b.count[2];
}

// f(plane, out, cell of the first window) for each row of windows.
template <class F>
TW_INLINE void for_each_laid_row(const PoolBlock& b, const Phases& p, F f) {
  for_each_row(b, [&](int64_t plane, const int64_t out[3]) {
    const int64_t row = ((plane - b.plane) * p.extent[0] + out[0] - b.first[0]) * p.extent[1] + out[1] - b.first[1];
    f(plane, out, row * p.extent[2]);
  });
}

// ---- maxima ---------------------------------------------------------------------------------------------------------

// y[i] = max over taps of cells[i + tap], and which tap it is. Specials: there may be NaN.
template <class C, bool Specials, bool Taps>
void max_of_taps(const Phases& f, int64_t n, const C* cells, C* y, uint8_t* taps) {
  constexpr int L = lanes<C>;
  typedef mask_t<C> I;
  for (int64_t i = 0; i < n; i += kAtOnce * L) {
    vec<C> best[kAtOnce];
    vec<I> tap[kAtOnce];
#pragma GCC unroll 4
    for (int k = 0; k < kAtOnce; ++k) {
      best[k] = load(cells + i + k * L);
      tap[k] = vec<I>{};
    }
    for (int t = 1; t < f.taps; ++t) {
      const C* at = cells + f.tap[t] + i;
      const vec<I> here = set1((I)t);
#pragma GCC unroll 4
      for (int k = 0; k < kAtOnce; ++k) {
        const vec<C> v = load(at + k * L);
        if (Taps) tap[k] = v > best[k] ? here : tap[k];
        best[k] = Specials ? maximum(best[k], v) : at_least(v, best[k]);
        if (Specials && Taps) tap[k] = v == v ? tap[k] : here;
      }
    }
#pragma GCC unroll 4
    for (int k = 0; k < kAtOnce; ++k) {
      store(y + i + k * L, best[k]);
      if (!Taps) continue;
      const auto bytes = __builtin_convertvector(tap[k], vecn<uint8_t, L>);
      __builtin_memcpy(taps + i + k * L, &bytes, L);
    }
  }
}

template <class C>
TW_INLINE void max_of_taps(const Phases& f, int64_t n, const C* cells, C* y, uint8_t* taps, bool specials) {
  if (specials)
    taps ? max_of_taps<C, true, true>(f, n, cells, y, taps) : max_of_taps<C, true, false>(f, n, cells, y, taps);
  else
    taps ? max_of_taps<C, false, true>(f, n, cells, y, taps) : max_of_taps<C, false, false>(f, n, cells, y, taps);
}

// The first tap inside the input: of a window in which all is -inf, as the padding is.
TW_INLINE uint8_t first_tap(const PoolWindows& w, const int64_t out[3]) {
  int64_t tap = 0;
  for (int a = 0; a < 3; ++a) tap = tap * w.axis[a].k + window_of(w.axis[a], false, out[a]).before;
  return (uint8_t)tap;
}

// Positions of n windows from the one at `out` on, by their taps.
TW_INLINE void positions_of(const PoolWindows& w, const int64_t out[3], const uint8_t* taps, int64_t n, int64_t* to) {
  const PoolAxis &depth = w.axis[0], &rows = w.axis[1], &columns = w.axis[2];
  int64_t begin = ((out[0] * depth.s - depth.p) * rows.n + out[1] * rows.s - rows.p) * columns.n - columns.p;
  begin += out[2] * columns.s;
  for (int64_t i = 0; i < n; ++i, begin += columns.s) {
    const int64_t t = taps[i], in_rows = t / columns.k;
    const int64_t row = in_rows / rows.k * depth.d * rows.n + in_rows % rows.k * rows.d;
    to[i] = begin + row * columns.n + t % columns.k * columns.d;
  }
}

template <class T>
void max_flat(const PoolWindows& w, const PoolBlock& b, const void* x, void* y_, PoolPlaces places, void* scratch) {
  typedef compute_t<T> C;
  constexpr int L = lanes<T>;
  const Phases f(w, b);
  C* cells = static_cast<C*>(scratch);
  C* maxima = cells + w.axis[0].s * w.axis[1].s * w.axis[2].s * f.step;
  uint8_t* taps = places.taps || places.positions ? reinterpret_cast<uint8_t*>(maxima + f.step) : nullptr;
  const bool specials = lay_out<T>(w, b, f, static_cast<const T*>(x), -(C)__builtin_inff(), cells);
  max_of_taps(f, cells_of_windows(b, f), cells, maxima, taps, specials);

  const vec<C> lowest = set1(-(C)__builtin_inff());
  for_each_laid_row(b, f, [&](int64_t plane, const int64_t out[3], int64_t cell) {
    const int64_t number = number_of(w, plane, out);
    T* y = static_cast<T*>(y_) + number;
    const int64_t n = b.count[2];
    auto no_number = lowest != lowest;
    for (int64_t i = 0; i < n; i += L) {
      const auto v = load(maxima + cell + i);
      no_number |= v == lowest;
      i + L <= n ? store(y + i, v) : store_n(y + i, v, (int)(n - i));
    }
    if (!taps) return;
    if (specials && any(no_number))
      for (int64_t i = 0; i < n; ++i) {
        const int64_t at[3] = {out[0], out[1], out[2] + i};
        if (maxima[cell + i] == lowest[0]) taps[cell + i] = first_tap(w, at);
      }
    if (places.taps) __builtin_memcpy(places.taps + number, taps + cell, (size_t)n);
    if (places.positions) positions_of(w, out, taps + cell, n, places.positions + number);
  });
}

// ---- gradients of averages
// -------------------------------------------------------------------------------------------

template <class C>
void sum_of_taps(const int64_t* tap, int taps, int64_t n, const C* cells, C* y) {
  constexpr int L = lanes<C>;
  for (int64_t i = 0; i < n; i += kAtOnce * L) {
    vec<C> sum[kAtOnce] = {};
    for (int t = 0; t < taps; ++t) {
      const C* at = cells + tap[t] + i;
#pragma GCC unroll 4
      for (int k = 0; k < kAtOnce; ++k) sum[k] += load(at + k * L);
    }
#pragma GCC unroll 4
    for (int k = 0; k < kAtOnce; ++k) store(y + i + k * L, sum[k]);
  }
}

// Numbers of windows divided, with cells of zero before each row, slice and plane: from `before` on, window (i, j, k)
// is in the cell of its first tap, and cell i of a phase of gx is the sum of the cells i - tap.
template <class T>
void lay_out_quotients(const PoolWindows& w, const PoolBlock& b, const Phases& f, PoolDivisor divisor, const T* g,
                       int64_t before, compute_t<T>* cells, compute_t<T>* of_columns) {
  constexpr int L = lanes<T>;
  const Divisors<compute_t<T>> divisors(w, b, divisor, of_columns);
  fill_row<compute_t<T>>(cells, 0, f.cells + before + kPoolSlack, 0);
  for_each_laid_row(b, f, [&](int64_t plane, const int64_t out[3], int64_t cell) {
    const T* row = g + number_of(w, plane, out);
    auto* to = cells + before + cell;
    const compute_t<T> of_row = divisors.of_row(out);
    const int64_t n = b.count[2];
    int64_t i = 0;
    for (; i + L <= n; i += L) store(to + i, load(row + i) / (load(of_columns + i) * of_row));
    if (i < n) {
      const int rest = (int)(n - i);
      store_n(to + i, load_n(row + i, rest) / (load(of_columns + i) * of_row), rest);
    }
  });
}

// A row of n elements from the cells of its phases, which are `step` apart; `at` is the first element's place.
template <class T>
TW_INLINE void put_phases(const compute_t<T>* cells, int64_t step, int64_t s, int64_t at, int64_t n, T* to) {
  constexpr int L = lanes<T>;
  constexpr Lanes<__integer_pack(L)...> all;
  if (s == 1) return narrow_row(cells + at, n, to);
  int64_t i = 0;
  if (s == 2) {
    const auto* a = cells + at % 2 * step + at / 2;
    const auto* b = cells + (at + 1) % 2 * step + (at + 1) / 2;
    for (; i < n; i += 2 * L, a += L, b += L) {
      const auto x = load(a), y = load(b), low = zip_low(x, y, all), high = zip_high(x, y, all);
      const int64_t left = n - i;
      left >= L ? store(to + i, low) : store_n(to + i, low, (int)left);
      if (left >= 2 * L)
        store(to + i + L, high);
      else if (left > L)
        store_n(to + i + L, high, (int)left - L);
    }
    return;
  }
  for (; i < n; ++i) put(to + i, cells[(at + i) % s * step + (at + i) / s]);
}

template <class T>
TW_INLINE void put_zeros(T* to, int64_t n) {
  for (int64_t i = 0; i < n; ++i) to[i] = T{};
}

template <class T>
void average_backward_flat(const PoolWindows& w, const PoolBlock& b, PoolDivisor divisor, const void* g, void* gx_,
                           void* scratch) {
  typedef compute_t<T> C;
  const Phases f(w, b);
  const PoolAxis &depth = w.axis[0], &rows = w.axis[1], &columns = w.axis[2];
  const int64_t before = f.cells - cells_of_windows(b, f), phases = depth.s * rows.s * columns.s;
  C* sums = static_cast<C*>(scratch);
  C* cells = sums + phases * f.step;  // 2 f.step of them; the columns' divisors lie where sums come later
  lay_out_quotients(w, b, f, divisor, static_cast<const T*>(g), before, cells, sums);
  for (int64_t phase = 0; phase < phases; ++phase) {
    int64_t tap[kPoolTaps];
    int taps = 0;
    for (int t = 0; t < f.taps; ++t)
      if (f.tap[t] / f.step == phase) tap[taps++] = -(f.tap[t] % f.step);
    sum_of_taps(tap, taps, f.cells, cells + before, sums + phase * f.step);
  }
  const int64_t reached = f.extent[2] * columns.s - columns.p, n = reached < columns.n ? reached : columns.n;
  T* gx = static_cast<T*>(gx_) + b.plane * w.inputs();
  for (int64_t plane = 0; plane < b.planes; ++plane)
    for (int64_t d = depth.p; d < depth.n + depth.p; ++d)
      for (int64_t r = rows.p; r < rows.n + rows.p; ++r, gx += columns.n) {
        const int64_t i = d / depth.s, j = r / rows.s;
        if (i >= f.extent[0] || j >= f.extent[1]) {
          put_zeros(gx, columns.n);
          continue;
        }
        const C* phase = sums + (d % depth.s * rows.s + r % rows.s) * columns.s * f.step;
        put_phases(phase + ((plane * f.extent[0] + i) * f.extent[1] + j) * f.extent[2], f.step, columns.s, columns.p, n,
                   gx);
        put_zeros(gx + n, columns.n - n);
      }
}

template <class T>
void fill_dtype(PoolKernels& k, DType dtype) {
  const int i = (int)dtype;
  k.max_flat[i] = max_flat<T>;
  k.average_backward_flat[i] = average_backward_flat<T>;
}

}  // namespace

void fill_flat(PoolKernels& k) {
#define X(T, name) fill_dtype<T>(k, DType::name);
  TW_FOR_EACH_FLOAT(X)
#undef X
}

}  // namespace tw::TW_ISA
