#include "cpu/kernels/index/index.h"

#include "cpu/kernels/vec.h"

namespace tw::TW_ISA {
namespace {

// ---- gather and scatter: bytes only, so one instance for each item size ---------------------------------------------

constexpr int64_t kMemcpyFrom = 128;  // bytes; below, the call costs more than the loop

// A run of `n` elements. Contiguous runs become vector moves or memcpy.
template <class T>
TW_INLINE void copy_run(const T* from, int64_t from_stride, T* to, int64_t to_stride, int64_t n) {
  if (from_stride == 1 && to_stride == 1) {
    if (n * (int64_t)sizeof(T) >= kMemcpyFrom) {
      __builtin_memcpy(to, from, n * sizeof(T));
    } else {
      for (int64_t i = 0; i < n; ++i) to[i] = from[i];
    }
    return;
  }
  for (int64_t i = 0; i < n; ++i) to[i * to_stride] = from[i * from_stride];
}

template <class T>
void gather(const PickArgs& a, const void* __restrict x_, const int64_t* __restrict offsets, void* __restrict y_) {
  const T* __restrict x = static_cast<const T*>(x_);
  T* __restrict y = static_cast<T*>(y_);
  for (int64_t o = 0; o < a.outer; ++o, x += a.x_outer, y += a.y_outer) {
    if (a.inner == 1 && a.y_count == 1) {
      for (int64_t j = 0; j < a.count; ++j) y[j] = x[offsets[j]];
    } else {
      for (int64_t j = 0; j < a.count; ++j) copy_run(x + offsets[j], a.x_inner, y + j * a.y_count, a.y_inner, a.inner);
    }
  }
}

template <class T>
void scatter(const PickArgs& a, const void* y_, const int64_t* offsets, void* x_) {
  const T* y = static_cast<const T*>(y_);
  T* x = static_cast<T*>(x_);
  for (int64_t o = 0; o < a.outer; ++o, x += a.x_outer, y += a.y_outer) {
    if (a.inner == 1) {
      for (int64_t j = 0; j < a.count; ++j) x[offsets[j]] = y[j * a.y_count];
    } else {
      for (int64_t j = 0; j < a.count; ++j) copy_run(y + j * a.y_count, a.y_inner, x + offsets[j], a.x_inner, a.inner);
    }
  }
}

// ---- scatter-add ----------------------------------------------------------------------------------------------------

constexpr int64_t kChain = 64;  // terms added one after another before sums are combined pairwise
constexpr int kTile = 4;        // vectors of inner elements summed at once

template <class T>
float to_compute(T x) {
  return load_n<T>(&x, 1)[0];
}
TW_INLINE float to_compute(float x) { return x; }
TW_INLINE double to_compute(double x) { return x; }
TW_INLINE uint8_t to_compute(uint8_t x) { return x; }
TW_INLINE uint16_t to_compute(uint16_t x) { return x; }
TW_INLINE uint32_t to_compute(uint32_t x) { return x; }
TW_INLINE uint64_t to_compute(uint64_t x) { return x; }

// The sum of y[rows[k] * stride], k < n.
template <class T>
compute_t<T> sum_run(const T* y, const int64_t* rows, int64_t n, int64_t stride) {
  if (n > kChain) {
    const int64_t half = n / 2;
    return sum_run(y, rows, half, stride) + sum_run(y, rows + half, n - half, stride);
  }
  compute_t<T> sum = to_compute(y[rows[0] * stride]);
  for (int64_t k = 1; k < n; ++k) sum += to_compute(y[rows[k] * stride]);
  return sum;
}

template <class T>
TW_INLINE void store_sum(T* x, compute_t<T> sum) {
  store_n<T>(x, set1<compute_t<T>>(sum), 1);
}

template <class T>
void add_to(T* x, compute_t<T> term) {
  store_n<T>(x, load_n<T>(x, 1) + term, 1);
}
TW_INLINE void add_to(float* x, float term) { *x += term; }
TW_INLINE void add_to(double* x, double term) { *x += term; }
TW_INLINE void add_to(uint8_t* x, uint8_t term) { *x += term; }
TW_INLINE void add_to(uint16_t* x, uint16_t term) { *x += term; }
TW_INLINE void add_to(uint32_t* x, uint32_t term) { *x += term; }
TW_INLINE void add_to(uint64_t* x, uint64_t term) { *x += term; }

template <class T>
struct Tile {
  vec<compute_t<T>> v[kTile];
};

// As sum_run, for kTile vectors of neighbouring elements.
template <class T>
Tile<T> sum_tile(const T* y, const int64_t* rows, int64_t n, int64_t stride) {
  Tile<T> sum;
  if (n > kChain) {
    const int64_t half = n / 2;
    sum = sum_tile(y, rows, half, stride);
    const Tile<T> rest = sum_tile(y, rows + half, n - half, stride);
    for (int v = 0; v < kTile; ++v) sum.v[v] += rest.v[v];
    return sum;
  }
  for (int v = 0; v < kTile; ++v) sum.v[v] = load(y + rows[0] * stride + v * lanes<T>);
  for (int64_t k = 1; k < n; ++k)
    for (int v = 0; v < kTile; ++v) sum.v[v] += load(y + rows[k] * stride + v * lanes<T>);
  return sum;
}

// x[i * x_inner] += the sum of row i's run.
template <class T>
void add_run(const PickArgs& a, const T* y, const int64_t* rows, int64_t n, T* x) {
  int64_t i = 0;
  if (a.x_inner == 1 && a.y_inner == 1) {
    constexpr int64_t width = kTile * lanes<T>;
    for (; i + width <= a.inner; i += width) {
      const Tile<T> sum = sum_tile(y + i, rows, n, a.y_count);
      for (int v = 0; v < kTile; ++v) {
        T* to = x + i + v * lanes<T>;
        store(to, load<T>(to) + sum.v[v]);
      }
    }
  }
  for (; i < a.inner; ++i) add_to(x + i * a.x_inner, sum_run(y + i * a.y_inner, rows, n, a.y_count));
}

template <class T>
void scatter_add(const PickArgs& a, const void* y_, const int64_t* offsets, const int64_t* order, void* x_) {
  const T* y = static_cast<const T*>(y_);
  T* x = static_cast<T*>(x_);
  for (int64_t o = 0; o < a.outer; ++o, x += a.x_outer, y += a.y_outer) {
    for (int64_t j = 0, end; j < a.count; j = end) {
      end = j + 1;
      while (end < a.count && offsets[end] == offsets[j]) ++end;
      add_run(a, y, order + j, end - j, x + offsets[j]);
    }
  }
}

// ---- scatter-add along an axis --------------------------------------------------------------------------------------

template <class T>
struct SumOf {
  typedef compute_t<T> type;
};
template <>
struct SumOf<float> {
  typedef double type;
};

// x += sum unless that is 0, which is what no entry fell on; and sum = 0.
template <class T, class Sum>
TW_INLINE void move_sum(T& x, Sum& sum) {
  if constexpr (sizeof(Sum) == sizeof(T)) {
    x = sum != 0 ? x + sum : x;
  } else if constexpr (sizeof(T) == 2) {
    if (sum != 0) store_sum(&x, to_compute(x) + sum);
  } else {
    x = sum != 0 ? (T)(x + sum) : x;
  }
  sum = 0;
}

template <class T>
void add_along(const AddAlongArgs& a, const int64_t* positions, const void* y_, void* x_, void* sums_) {
  typedef typename SumOf<T>::type Sum;
  const T* __restrict y = static_cast<const T*>(y_);
  T* __restrict x = static_cast<T*>(x_);
  Sum* __restrict sums = static_cast<Sum*>(sums_);
  const int64_t lanes = a.lanes, lane = a.lane, width = a.width, y_step = a.y_step, x_step = a.x_step;
  if constexpr (__is_same(Sum, T) && !__is_same(T, double)) {  // integers need no sums: any order is exact
    for (int64_t j = 0; j < a.rows; ++j, y += a.y_row) {
      const int64_t* row = positions + j * width;
      for (int64_t i = 0; i < width; ++i) x[row[i] * a.x_stride + i * x_step] += y[i * y_step];
    }
    return;
  }
  for (int64_t j = 0; j < a.rows; ++j, y += a.y_row) {
    const int64_t* row = positions + j * width;
    for (int64_t i = 0; i < width; ++i) sums[row[i] * lanes + i * lane] += (Sum)to_compute(y[i * y_step]);
  }
  if (a.extent == 0) {
    for (int64_t j = 0; j < a.rows; ++j) {
      const int64_t* row = positions + j * width;
      for (int64_t i = 0; i < width; ++i)
        move_sum(x[row[i] * a.x_stride + i * x_step], sums[row[i] * lanes + i * lane]);
    }
  } else if (lane == 0 && a.x_stride == 1) {
    for (int64_t p = 0; p < a.extent; ++p) move_sum(x[p], sums[p]);
  } else if (lane == 0) {
    for (int64_t p = 0; p < a.extent; ++p) move_sum(x[p * a.x_stride], sums[p]);
  } else {
    for (int64_t p = 0; p < a.extent; ++p)
      for (int64_t i = 0; i < width; ++i) move_sum(x[p * a.x_stride + i * x_step], sums[p * lanes + i]);
  }
}

// ---- lists of offsets -----------------------------------------------------------------------------------------------

template <class T>
constexpr bool is_signed = T(-1) < T(0);

// Negative, as a number in two's complement, where the index is outside [-extent, extent).
template <class T>
TW_INLINE uint64_t outside(T index, int64_t extent) {
  const uint64_t value = (uint64_t)(int64_t)index, above = (uint64_t)extent - 1 - value;
  return above | (is_signed<T> ? value + (uint64_t)extent : value);
}

template <class T>
TW_INLINE uint64_t position(T index, int64_t extent) {
  const uint64_t value = (uint64_t)(int64_t)index;  // unsigned: what is outside may overflow, and is not used
  return is_signed<T> ? value + ((uint64_t)((int64_t)value >> 63) & (uint64_t)extent) : value;
}

// All of `a` in registers, or the stores to `out` could change it.
template <class T>
int64_t offsets(const OffsetArgs& a, const void* index_, int64_t* __restrict out_) {
  const T* __restrict index = static_cast<const T*>(index_);
  uint64_t* __restrict out = (uint64_t*)out_;
  const int64_t count = a.count, by = a.index_stride, extent = a.extent;
  const uint64_t stride = (uint64_t)a.stride, base = (uint64_t)a.base, step = (uint64_t)a.step;
  uint64_t bad = 0;
  if (by == 1 && stride == 1 && step == 0 && !a.accumulate) {
    for (int64_t j = 0; j < count; ++j) {
      bad |= outside(index[j], extent);
      out[j] = base + position(index[j], extent);
    }
  } else if (a.accumulate) {
    for (int64_t j = 0; j < count; ++j) {
      bad |= outside(index[j * by], extent);
      out[j] += base + (uint64_t)j * step + position(index[j * by], extent) * stride;
    }
  } else {
    for (int64_t j = 0; j < count; ++j) {
      bad |= outside(index[j * by], extent);
      out[j] = base + (uint64_t)j * step + position(index[j * by], extent) * stride;
    }
  }
  if ((int64_t)bad >= 0) return -1;
  int64_t j = 0;
  while ((int64_t)outside(index[j * by], extent) >= 0) ++j;
  return j;
}

// Eight mask bytes as eight bits, bit j for byte j; any non-zero byte is true.
TW_INLINE uint32_t mask_bits(const uint8_t* mask) {
  uint64_t bytes;
  __builtin_memcpy(&bytes, mask, 8);
  const uint64_t low7 = 0x7f7f7f7f7f7f7f7f;
  const uint64_t high = ((bytes & low7) + low7) | bytes;  // the top bit of each byte says whether it is non-zero
  return (uint32_t)((((high >> 7) & 0x0101010101010101) * 0x0102040810204080) >> 56);
}

int64_t count_true(const bool* mask_, int64_t stride, int64_t count) {
  const uint8_t* mask = reinterpret_cast<const uint8_t*>(mask_);
  int64_t total = 0;
  if (stride == 1) {
    for (int64_t j = 0; j < count; ++j) total += mask[j] != 0;
  } else {
    for (int64_t j = 0; j < count; ++j) total += mask[j * stride] != 0;
  }
  return total;
}

int64_t mask_offsets(const MaskArgs& a, const bool* mask_, int64_t* out) {
  const uint8_t* mask = reinterpret_cast<const uint8_t*>(mask_);
  int64_t* next = out;
  int64_t j = 0;
  if (a.mask_stride == 1) {
    // While there is room for eight more, each is written, and the next one over it where it was not to be.
    const int64_t* end = out + count_true(mask_, 1, a.count);
    for (; j + 8 <= a.count && end - next >= 8; j += 8) {
      const uint32_t bits = mask_bits(mask + j);
      if (bits == 0) continue;
      for (uint32_t i = 0; i < 8; ++i) {
        *next = a.base + (j + i) * a.step;
        next += bits >> i & 1;
      }
    }
    for (; j + 8 <= a.count; j += 8) {
      const int64_t base = a.base + j * a.step;
      for (uint32_t bits = mask_bits(mask + j); bits; bits &= bits - 1) *next++ = base + __builtin_ctz(bits) * a.step;
    }
  }
  for (; j < a.count; ++j)
    if (mask[j * a.mask_stride]) *next++ = a.base + j * a.step;
  return next - out;
}

}  // namespace

void fill(IndexKernels& k) {
  k = {{gather<uint8_t>, gather<uint16_t>, gather<uint32_t>, gather<uint64_t>, gather<c128>},
       {scatter<uint8_t>, scatter<uint16_t>, scatter<uint32_t>, scatter<uint64_t>, scatter<c128>},
       {},
       {},
       {},
       count_true,
       mask_offsets};
  // Two's complement adds alike, signed or not.
#define X(T, name)                                                                 \
  k.scatter_add[(int)DType::name] = scatter_add<typename IntOf<sizeof(T)>::utype>; \
  k.add_along[(int)DType::name] = add_along<typename IntOf<sizeof(T)>::utype>;     \
  k.offsets[(int)DType::name] = offsets<T>;
  TW_FOR_EACH_INTEGER(X)
#undef X
#define X(T, name)                                  \
  k.scatter_add[(int)DType::name] = scatter_add<T>; \
  k.add_along[(int)DType::name] = add_along<T>;
  TW_FOR_EACH_FLOAT(X)
#undef X
}

}  // namespace tw::TW_ISA
