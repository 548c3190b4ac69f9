// Rows of one channel of an image in scratch memory, converted and with zeros around them: whatever taps read there,
// they need not ask where the image ends.
#pragma once
#include "cpu/kernels/gemm/pack.h"
#include "cpu/kernels/vec.h"

namespace tw::TW_ISA {
namespace {

// A row is taken apart by the stride: place u = x + left, phase u % stride, there at u / stride. So what a tap meets
// lies side by side at any stride. Up to `reach` places are read of each phase, in whole vectors, and behind them
// there are zeros.
template <class S>
class PaddedRows {
  typedef compute_t<S> T;
  static constexpr int L = lanes<T>;

 public:
  PaddedRows(int64_t width, int64_t left, int64_t stride, int64_t reach, T* memory)
      : left_(left),
        stride_(stride),
        first_(min_of(left < 0 ? -left : 0, width)),
        last_(min_of(width, reach * stride - left)),
        pitch_(pitch(stride, reach)),
        step_(pitch_ * stride),
        // An image that is not taken apart begins on a line, where it is not cut.
        origin_(memory + (stride == 1 && left > 0 ? (L - left % L) % L : 0)) {}

  static int64_t pitch(int64_t stride, int64_t reach) { return (reach + L - 1) / L * L + L + (stride == 1 ? L : 0); }
  static int64_t bytes(int64_t stride, int64_t reach, int64_t rows) {
    return pitch(stride, reach) * stride * rows * static_cast<int64_t>(sizeof(T)) + L * static_cast<int64_t>(sizeof(T));
  }
  int64_t step() const { return step_; }  // from one row to the next

  // Place u of row 0.
  const T* at(int64_t u) const { return origin_ + u % stride_ * pitch_ + u / stride_; }

  // Before the first row is read.
  void clear(int64_t rows, T* memory) const {
    for (int64_t i = 0; i < rows * step_ + L; i += L) store(memory + i, vec<T>{});
  }

  // The same where each read is the only one: what it does not write.
  void clear_edges(int64_t rows) const {
    const int64_t before = (left_ + first_ + stride_ - 1) / stride_, after = (left_ + last_) / stride_ / L * L;
    for (int64_t i = 0; i < rows * stride_; ++i) {
      T* const phase = origin_ + i * pitch_;
      for (int64_t u = 0; u < before; u += L) store(phase + u, vec<T>{});
      for (int64_t u = after; u < pitch_ - L; u += L) store(phase + u, vec<T>{});
    }
  }

  // Rows [from, from + count) of a channel whose rows lie `row_step` apart; where it has none there are zeros, which
  // `still` lie there if others of the same rows were read before.
  void read(const S* channel, int64_t row_step, int64_t height, int64_t from, int64_t count, bool still) const {
    const int64_t first = min_of(from < 0 ? -from : 0, count), last = min_of(height - from, count);
    const bool any = first < last && first_ < last_;
    if (any) read_inside(channel + (from + first) * row_step, row_step, first, last);
    if (still) return;
    for (int64_t r = 0; r < first; ++r) clear_row(r);
    for (int64_t r = any ? last : first; r < count; ++r) clear_row(r);
  }

 private:
  static int64_t min_of(int64_t a, int64_t b) { return a < b ? a : b; }
  template <int First, int... I>
  static TW_INLINE vec<T> alternate(vec<T> a, vec<T> b, Lanes<I...>) {
    return __builtin_shufflevector(a, b, (2 * I + First)...);
  }

  void clear_row(int64_t number) const {
    T* const to = origin_ + number * step_;
    for (int64_t p = 0; p < stride_; ++p)
      for (int64_t u = 0; u < pitch_ - L; u += L) store(to + p * pitch_ + u, vec<T>{});
  }

  void read_inside(const S* row, int64_t row_step, int64_t number, int64_t end) const {
    T* to = origin_ + number * step_;
    const int64_t step = step_, count = last_ - first_;
    row += first_;
    if (stride_ == 1 && count <= L) {
      const int n = static_cast<int>(count);
      to += left_ + first_;
      for (; number < end; ++number, row += row_step, to += step) store(to, load_n(row, n));
    } else if (stride_ == 1) {
      const int64_t whole = (count - 1) / L * L;
      const int n = static_cast<int>(count - whole);
      to += left_ + first_;
      for (; number < end; ++number, row += row_step, to += step) {
        for (int64_t x = 0; x < whole; x += L) store(to + x, load(row + x));
        store(to + whole, load_n(row + whole, n));
      }
    } else if (stride_ == 2) {
      read_pairs(row, row_step, count, to, end - number);
    } else {
      for (; number < end; ++number, row += row_step, to += step)
        for (int64_t x = 0; x < count; ++x)
          to[(x + first_ + left_) % stride_ * pitch_ + (x + first_ + left_) / stride_] = load_n(row + x, 1)[0];
    }
  }

  // Every other element goes to one phase, and its neighbour to the other.
  void read_pairs(const S* row, int64_t row_step, int64_t count, T* to, int64_t rows) const {
    constexpr Lanes<__integer_pack(L)...> all;
    const int64_t place = first_ + left_, whole = (count - 1) / (2 * L) * (2 * L);
    const int at_first = min(count - whole, L), at_second = static_cast<int>(count - whole) - at_first;
    T* first = to + place % 2 * pitch_ + place / 2;
    T* second = to + (place + 1) % 2 * pitch_ + (place + 1) / 2;
    for (; rows > 0; --rows, row += row_step, first += step_, second += step_) {
      for (int64_t x = 0; x < whole; x += 2 * L) {
        const vec<T> a = load(row + x), b = load(row + x + L);
        store(first + x / 2, alternate<0>(a, b, all));
        store(second + x / 2, alternate<1>(a, b, all));
      }
      const vec<T> a = load_n(row + whole, at_first);
      const vec<T> b = at_second > 0 ? load_n(row + whole + L, at_second) : vec<T>{};
      store(first + whole / 2, alternate<0>(a, b, all));
      store(second + whole / 2, alternate<1>(a, b, all));
    }
  }

  const int64_t left_, stride_, first_, last_, pitch_, step_;
  T* const origin_;
};

}  // namespace
}  // namespace tw::TW_ISA
