// any and all: both ask whether some element is (non)zero, and stop at the first block of a row that has one.
#include "cpu/kernels/reduce/reduce.h"
#include "cpu/kernels/reduce/tree.h"

namespace tw::TW_ISA {
namespace {

// The bits that decide whether a float16 or bfloat16 is zero; others are compared as they are.
template <class T>
struct Raw {
  typedef T type;
  static TW_INLINE auto magnitude(auto x) { return x; }
};
struct RawHalf {
  typedef uint16_t type;
  static TW_INLINE auto magnitude(auto x) { return x & 0x7fff; }
};
template <>
struct Raw<f16> : RawHalf {};
template <>
struct Raw<bf16> : RawHalf {};

template <class T, bool Zero>
TW_INLINE auto matches(auto x) {
  if constexpr (Zero) return Raw<T>::magnitude(x) == 0;
  if constexpr (!Zero) return Raw<T>::magnitude(x) != 0;
}

// Whether x[i * stride], i < n, has an element that is zero (Zero) or not zero.
template <class T, bool Zero, class R = typename Raw<T>::type>
bool exists(const R* x, int64_t n, int64_t stride) {
  int64_t i = 0;
  if (stride == 1) {
    constexpr int step = 4 * lanes<R>;
    for (; i + step <= n; i += step) {
      const auto found = matches<T, Zero>(load(x + i)) | matches<T, Zero>(load(x + i + lanes<R>)) |
                         matches<T, Zero>(load(x + i + 2 * lanes<R>)) | matches<T, Zero>(load(x + i + 3 * lanes<R>));
      if (any(found)) return true;
    }
  }
  for (; i < n; ++i)
    if (matches<T, Zero>(x[i * stride])) return true;
  return false;
}

// any: exists a nonzero. all: there is no zero.
template <class T, bool All>
void quantify(const ReduceArgs& a, const void* x_, void* out_) {
  typedef typename Raw<T>::type R;
  const R* x = static_cast<const R*>(x_);
  uint8_t* out = static_cast<uint8_t*>(out_);
  if (a.output_stride != 1 || a.count_stride == 1 || a.outputs < 4) {
    for (int64_t o = 0; o < a.outputs; ++o)
      out[o] = exists<T, All>(x + o * a.output_stride, a.count, a.count_stride) != All;
    return;
  }
  for (int64_t o = 0; o < a.outputs; ++o) out[o] = All;
  for (int64_t c = 0; c < a.count; ++c) {
    const R* row = x + c * a.count_stride;
    for (int64_t o = 0; o < a.outputs; ++o) {
      const uint8_t found = matches<T, All>(row[o]);
      out[o] = All ? out[o] & !found : out[o] | found;
    }
  }
}

}  // namespace

void fill_any(ReduceKernels& k) {
  k.any[(int)DType::boolean] = quantify<uint8_t, false>;
  k.all[(int)DType::boolean] = quantify<uint8_t, true>;
#define X(T, name)                              \
  k.any[(int)DType::name] = quantify<T, false>; \
  k.all[(int)DType::name] = quantify<T, true>;
  TW_FOR_EACH_INTEGER(X)
  TW_FOR_EACH_FLOAT(X)
#undef X
}

}  // namespace tw::TW_ISA
