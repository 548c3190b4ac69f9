// The sums of a depthwise convolution over padded rows, vector by vector in registers.
#pragma once
#include "cpu/kernels/conv/depthwise_plane.h"
#include "cpu/kernels/gemm/register_tile.h"

namespace tw::TW_ISA {
namespace {

// The taps of one filter, and where each column of them begins in the first of the padded rows.
template <class T>
struct Taps {
  const T* columns[DepthwiseKernels::kMostColumns];
  int64_t height, width;
  int64_t row, down, stride;  // elements from one padded row to the next, from a row of taps, and of the result
  const T* weights;           // (height, width)
};

// Where `rows` x `columns` sums go, from `start` on or, to `add`, from what is there.
template <class T>
struct SumsTo {
  T* data;
  int64_t step, rows, columns;
  T start;
  bool add, clip;
};

// R rows of one vector V of sums at column x, of which `count` are wanted. A kernel of K x K has its taps in registers
// and a dilation of 1, its rows of the result lie SY apart; K = 0: any kernel.
template <class T, bool kHalf, int K, int SY, int R>
TW_INLINE void sum_vector(const Taps<T>& t, const T* const (&columns)[K > 0 ? K : 1],
                          const typename Last<T, kHalf>::type (&weights)[K > 0 ? K * K : 1], const SumsTo<T>& to,
                          int64_t y, int64_t x, int count) {
  typedef typename Last<T, kHalf>::type V;
  V sums[R];
#pragma GCC unroll 4
  for (int r = 0; r < R; ++r) sums[r] = to.start - V{};
  if (to.add) {
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r) sums[r] = Last<T, kHalf>::load_c(to.data + (y + r) * to.step + x, count);
  }
  if constexpr (K > 0) {
    const int64_t row = t.row, from = y * t.stride + x;
#pragma GCC unroll 16
    for (int i = 0; i < (R - 1) * SY + K; ++i) {
#pragma GCC unroll 8
      for (int j = 0; j < K; ++j) {
        V v;
        __builtin_memcpy(&v, columns[j] + from + i * row, sizeof v);
        asm("" : "+v"(v));  // loaded once: GCC would rather load for each use
#pragma GCC unroll 4
        for (int r = 0; r < R; ++r)
          if (i - r * SY >= 0 && i - r * SY < K) sums[r] = fma(weights[(i - r * SY) * K + j], v, sums[r]);
      }
    }
  } else {
    const T* weight = t.weights;
    for (int64_t i = 0; i < t.height; ++i) {
      for (int64_t j = 0; j < t.width; ++j, ++weight) {
        const T* from = t.columns[j] + y * t.stride + i * t.down + x;
#pragma GCC unroll 4
        for (int r = 0; r < R; ++r) {
          V v;
          __builtin_memcpy(&v, from + r * t.stride, sizeof v);
          sums[r] = fma(*weight - V{}, v, sums[r]);
        }
      }
    }
  }
#pragma GCC unroll 4
  for (int r = 0; r < R; ++r) {
    T* const at = to.data + (y + r) * to.step + x;
    const V sum = to.clip ? relu(sums[r]) : sums[r];
    if (count == static_cast<int>(sizeof(V) / sizeof(T)))
      __builtin_memcpy(at, &sum, sizeof sum);
    else
      Last<T, kHalf>::store_c(at, sum, count);
  }
}

template <class T, bool kHalf, int K, int SY, int R>
TW_INLINE void sum_rows_at(const Taps<T>& t, const T* const (&columns)[K > 0 ? K : 1],
                           const typename Last<T, kHalf>::type (&weights)[K > 0 ? K * K : 1], const SumsTo<T>& to,
                           int64_t y) {
  constexpr int L = lanes<T>;
  int64_t x = 0;
  if (!kHalf)
    for (; x + L <= to.columns; x += L) sum_vector<T, kHalf, K, SY, R>(t, columns, weights, to, y, x, L);
  if (x < to.columns) sum_vector<T, kHalf, K, SY, R>(t, columns, weights, to, y, x, static_cast<int>(to.columns - x));
}

// kHalf: rows of at most half a vector.
template <class T, bool kHalf, int K, int SY>
void sum_taps(const Taps<T>& taps, const SumsTo<T>& where) {
  typedef typename Last<T, kHalf>::type V;
  const Taps<T>& t = taps;
  const SumsTo<T> to = where;
  const T* columns[K > 0 ? K : 1];
  V weights[K > 0 ? K * K : 1];
  if constexpr (K > 0) {
#pragma GCC unroll 8
    for (int j = 0; j < K; ++j) columns[j] = t.columns[j];
#pragma GCC unroll 32
    for (int i = 0; i < K * K; ++i) weights[i] = t.weights[i] - V{};
  }
  int64_t y = 0;
  for (; y + kBlockRows <= to.rows; y += kBlockRows)
    sum_rows_at<T, kHalf, K, SY, kBlockRows>(t, columns, weights, to, y);
  switch (to.rows - y) {
    case 3:
      return sum_rows_at<T, kHalf, K, SY, 3>(t, columns, weights, to, y);
    case 2:
      return sum_rows_at<T, kHalf, K, SY, 2>(t, columns, weights, to, y);
    case 1:
      return sum_rows_at<T, kHalf, K, SY, 1>(t, columns, weights, to, y);
  }
}

template <class T, bool kHalf>
void sum_taps(const Taps<T>& t, const SumsTo<T>& to) {
  const bool square = t.height == t.width && t.down == t.row;
  if (square && t.height == 3 && t.stride == t.row)
    sum_taps<T, kHalf, 3, 1>(t, to);
  else if (square && t.height == 3 && t.stride == 2 * t.row)
    sum_taps<T, kHalf, 3, 2>(t, to);
  else if (square && t.height == 5 && t.stride == t.row)
    sum_taps<T, kHalf, 5, 1>(t, to);
  else
    sum_taps<T, kHalf, 0, 0>(t, to);
}

template <class T>
TW_INLINE void sum_all_taps(const Taps<T>& t, const SumsTo<T>& to) {
#if TW_VEC_BYTES == 64
  if (to.columns <= lanes<T> / 2) return sum_taps<T, true>(t, to);
#endif
  sum_taps<T, false>(t, to);
}

}  // namespace
}  // namespace tw::TW_ISA
