// One score of attention at a time, by its definition, in double.
#pragma once
#include "cpu/kernels/attention/attention.h"
#include "cpu/kernels/reference/philox.h"

namespace tw::TW_ISA {
namespace {

template <class T>
const T* at(const AttentionRead& x, int64_t head, int64_t row, int64_t column) {
  return static_cast<const T*>(x.data) + head * x.head + row * x.row + column * x.column;
}
template <class T>
T* at(const AttentionWrite& x, int64_t head, int64_t row, int64_t column) {
  return static_cast<T*>(x.data) + head * x.head + row * x.row + column * x.column;
}

template <class T>
bool reference_counts(const AttentionScores& s, int64_t h, int64_t i, int64_t j) {
  if (j < i + s.low || j > i + s.high) return false;
  if (s.keep.data && !*at<uint8_t>(s.keep, h, i, j)) return false;
  for (const AttentionRead& added : s.added)
    if (added.data && (double)*at<T>(added, h, i, j) == -__builtin_inf()) return false;
  return true;
}

template <class T>
double reference_score(const AttentionScores& s, const AttentionRead& q, const AttentionRead& k, int64_t size,
                       int64_t h, int64_t i, int64_t j) {
  double score = 0;
  for (int64_t c = 0; c < size; ++c) score += (double)*at<T>(q, h, i, c) * (double)*at<T>(k, h, j, c);
  score *= s.scale;
  if (s.softcap != 0) score = s.softcap * __builtin_tanh(score / s.softcap);
  for (const AttentionRead& added : s.added)
    if (added.data) score += (double)*at<T>(added, h, i, j);
  return score;
}

// Whether dropout keeps the weight.
inline bool reference_keeps(const AttentionScores& s, int64_t h, int64_t i, int64_t j) {
  if (!s.drops) return true;
  return word({s.seed, s.position, 0}, s.first + h * s.of_head + i * s.of_row + j) < s.kept;
}

}  // namespace
}  // namespace tw::TW_ISA
