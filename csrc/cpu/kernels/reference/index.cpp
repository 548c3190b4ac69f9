// Naive picking by position: one element at a time; sums are kept in double (or the integer's own width).
#include "cpu/kernels/index/index.h"

#include "cpu/kernels/vec.h"

namespace tw::TW_ISA {
namespace {

template <class F>
void for_each(const PickArgs& a, F f) {
  for (int64_t o = 0; o < a.outer; ++o)
    for (int64_t j = 0; j < a.count; ++j)
      for (int64_t i = 0; i < a.inner; ++i) f(o, j, i);
}

template <class T>
void gather(const PickArgs& a, const void* x, const int64_t* offsets, void* y) {
  for_each(a, [&](int64_t o, int64_t j, int64_t i) {
    static_cast<T*>(y)[o * a.y_outer + j * a.y_count + i * a.y_inner] =
        static_cast<const T*>(x)[o * a.x_outer + offsets[j] + i * a.x_inner];
  });
}

template <class T>
void scatter(const PickArgs& a, const void* y, const int64_t* offsets, void* x) {
  for_each(a, [&](int64_t o, int64_t j, int64_t i) {
    static_cast<T*>(x)[o * a.x_outer + offsets[j] + i * a.x_inner] =
        static_cast<const T*>(y)[o * a.y_outer + j * a.y_count + i * a.y_inner];
  });
}

template <class T>
struct Wide {
  typedef T type;
  static T from(T x) { return x; }
  static T to(T x) { return x; }
};
template <>
struct Wide<float> {
  typedef double type;
  static double from(float x) { return x; }
  static float to(double x) { return (float)x; }
};
template <class H>
struct WideHalf {
  typedef double type;
  static double from(H x) { return load_n<H>(&x, 1)[0]; }
  static H to(double x) {
    H h;
    store_n<H>(&h, set1((float)x), 1);
    return h;
  }
};
template <>
struct Wide<f16> : WideHalf<f16> {};
template <>
struct Wide<bf16> : WideHalf<bf16> {};

template <class T>
void scatter_add(const PickArgs& a, const void* y_, const int64_t* offsets, const int64_t* order, void* x_) {
  const T* y = static_cast<const T*>(y_);
  T* x = static_cast<T*>(x_);
  for_each(a, [&](int64_t o, int64_t j, int64_t i) {
    if (j > 0 && offsets[j] == offsets[j - 1]) return;  // summed with the first of its run
    T& target = x[o * a.x_outer + offsets[j] + i * a.x_inner];
    typename Wide<T>::type sum = Wide<T>::from(target);
    for (int64_t k = j; k < a.count && offsets[k] == offsets[j]; ++k)
      sum += Wide<T>::from(y[o * a.y_outer + order[k] * a.y_count + i * a.y_inner]);
    target = Wide<T>::to(sum);
  });
}

template <class T>
void add_along(const AddAlongArgs& a, const int64_t* positions, const void* y, void* x, void* sums) {
  const auto each = [&](auto call) {
    for (int64_t j = 0; j < a.rows; ++j)
      for (int64_t i = 0; i < a.width; ++i) {
        const int64_t position = positions[j * a.width + i];
        call(static_cast<typename Wide<T>::type*>(sums)[position * a.lanes + i * a.lane],
             static_cast<const T*>(y)[j * a.y_row + i * a.y_step],
             static_cast<T*>(x)[position * a.x_stride + i * a.x_step]);
      }
  };
  each([](auto& sum, T term, T&) { sum += Wide<T>::from(term); });
  each([](auto& sum, T, T& target) {
    target = Wide<T>::to(Wide<T>::from(target) + sum);
    sum = 0;
  });
}

template <class T>
int64_t offsets(const OffsetArgs& a, const void* index, int64_t* out) {
  for (int64_t j = 0; j < a.count; ++j) {
    const T value = static_cast<const T*>(index)[j * a.index_stride];
    const bool negative = T(-1) < T(0) && value < T(0);
    if (negative ? (int64_t)value < -a.extent : (uint64_t)value >= (uint64_t)a.extent) return j;
    const int64_t position = (int64_t)value + (negative ? a.extent : 0);
    out[j] = (a.accumulate ? out[j] : 0) + a.base + j * a.step + position * a.stride;
  }
  return -1;
}

int64_t count_true(const bool* mask, int64_t stride, int64_t count) {
  int64_t total = 0;
  for (int64_t j = 0; j < count; ++j) total += mask[j * stride] ? 1 : 0;
  return total;
}

int64_t mask_offsets(const MaskArgs& a, const bool* mask, int64_t* out) {
  int64_t total = 0;
  for (int64_t j = 0; j < a.count; ++j)
    if (mask[j * a.mask_stride]) out[total++] = a.base + j * a.step;
  return total;
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
