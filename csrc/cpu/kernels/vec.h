// The vector shim: one fixed-width vector per element type, over GCC/Clang vector extensions.
//
// A kernel is written once against this file and compiled once for each ISA level, inside that level's namespace
// (CMake defines TW_ISA as v2, v3 or v4). + - * / < == & | ^ << and so on are the compiler's own on these types;
// what is here is what the extensions lack. Everything is lane-wise unless it says otherwise.
//
// Contraction is off (-ffp-contract=off): a*b+c rounds twice unless fma() is written.
#pragma once
// GCC 12 takes its own _mm512_undefined_*() for a mistake.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#include <immintrin.h>
#pragma GCC diagnostic pop

#include "core/dtype.h"

#define TW_INLINE inline __attribute__((always_inline))

namespace tw::TW_ISA {

#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512DQ__) && defined(__AVX512VL__)
#define TW_VEC_BYTES 64
#elif defined(__AVX2__) && defined(__FMA__)
#define TW_VEC_BYTES 32
#else
#define TW_VEC_BYTES 16
#endif

template <class T>
struct VecOf {
  typedef T type __attribute__((vector_size(TW_VEC_BYTES)));
};
template <class T, int N>
struct VecN {
  typedef T type __attribute__((vector_size(sizeof(T) * N)));
};

template <class T>
using vec = typename VecOf<T>::type;  // one full register of T
template <class T, int N>
using vecn = typename VecN<T, N>::type;  // N lanes of T, whatever that takes

// The type that arithmetic on a storage type is done in.
template <class T>
struct ComputeOf {
  typedef T type;
};
template <>
struct ComputeOf<f16> {
  typedef float type;
};
template <>
struct ComputeOf<bf16> {
  typedef float type;
};
template <class T>
using compute_t = typename ComputeOf<T>::type;

// Lanes of a vector of compute_t<T>: the step of a loop over T.
template <class T>
constexpr int lanes = TW_VEC_BYTES / sizeof(compute_t<T>);

// A comparison of two vec<T> gives a vec<mask_t<T>>: all ones where true.
template <int Bytes>
struct IntOf;
template <>
struct IntOf<1> {
  typedef int8_t type;
  typedef uint8_t utype;
};
template <>
struct IntOf<2> {
  typedef int16_t type;
  typedef uint16_t utype;
};
template <>
struct IntOf<4> {
  typedef int32_t type;
  typedef uint32_t utype;
};
template <>
struct IntOf<8> {
  typedef int64_t type;
  typedef uint64_t utype;
};
template <class T>
using mask_t = typename IntOf<sizeof(T)>::type;

using vf = vec<float>;
using vd = vec<double>;
using vi = vec<int32_t>;
using vl = vec<int64_t>;

template <class To, class From>
TW_INLINE To bitcast(const From& x) {
  static_assert(sizeof(To) == sizeof(From));
  return __builtin_bit_cast(To, x);
}

template <class T>
TW_INLINE vec<T> set1(T x) {
  return x - vec<T>{};
}

// ---- memory ---------------------------------------------------------------------------------------------------------

// Loads and stores of lanes<T> elements, unaligned; f16 and bf16 widen to float and round to nearest even on the way
// back.
template <class T>
TW_INLINE vec<compute_t<T>> load(const T* p) {
  vec<T> v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}
template <class T>
TW_INLINE void store(T* p, vec<compute_t<T>> v) {
  __builtin_memcpy(p, &v, sizeof v);
}

TW_INLINE vf widen(vecn<uint16_t, lanes<float>> bits, bf16) {
  return bitcast<vf>(__builtin_convertvector(bits, vec<uint32_t>) << 16);
}
#ifdef __AVX512BF16__
TW_INLINE vecn<uint16_t, lanes<float>> narrow(vf x, bf16) {  // subnormals become zero
  return (vecn<uint16_t, lanes<float>>)_mm512_cvtneps_pbh((__m512)x);
}
#else
TW_INLINE vecn<uint16_t, lanes<float>> narrow(vf x, bf16) {
  const auto bits = bitcast<vec<uint32_t>>(x);
  const auto rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  const auto nan = (bits >> 16) | 0x40;  // keep sign and payload, make it quiet
  const auto r = x == x ? rounded : nan;
  return __builtin_convertvector(r, vecn<uint16_t, lanes<float>>);
}
#endif

#if TW_VEC_BYTES == 64
TW_INLINE vf widen(vecn<uint16_t, 16> bits, f16) { return (vf)_mm512_cvtph_ps((__m256i)bits); }
TW_INLINE vecn<uint16_t, 16> narrow(vf x, f16) {
  return (vecn<uint16_t, 16>)_mm512_cvtps_ph((__m512)x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
#elif TW_VEC_BYTES == 32 && defined(__F16C__)
TW_INLINE vf widen(vecn<uint16_t, 8> bits, f16) { return (vf)_mm256_cvtph_ps((__m128i)bits); }
TW_INLINE vecn<uint16_t, 8> narrow(vf x, f16) {
  return (vecn<uint16_t, 8>)_mm256_cvtps_ph((__m256)x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
#else
// Without F16C: scale by a power of two so that the float unit handles subnormals and rounding.
TW_INLINE vf widen(vecn<uint16_t, lanes<float>> bits, f16) {
  const auto h = __builtin_convertvector(bits, vec<uint32_t>);
  const auto magnitude = (h & 0x7fff) << 13;
  const vf scaled = bitcast<vf>(magnitude) * 0x1p112f;
  const auto special = magnitude | 0x7f800000u;  // inf and NaN keep their mantissa
  const auto r = (h & 0x7c00) == 0x7c00 ? special : bitcast<vec<uint32_t>>(scaled);
  return bitcast<vf>(r | ((h & 0x8000) << 16));
}
TW_INLINE vecn<uint16_t, lanes<float>> narrow(vf x, f16) {
  const auto bits = bitcast<vec<uint32_t>>(x);
  const auto sign = (bits >> 16) & 0x8000;
  const auto a = bits & 0x7fffffff;
  // Normal results: drop 13 bits to nearest even, rebias; an overflow runs into the infinity pattern by itself.
  const auto normal = (a + 0xfff + ((a >> 13) & 1) - 0x38000000u) >> 13;
  // Subnormal results: adding 0.5 aligns the mantissa so that the adder rounds at bit 2^-24.
  const auto small = bitcast<vec<uint32_t>>(bitcast<vf>(a) + 0.5f) - 0x3f000000u;
  auto r = a < 0x38800000u ? small : normal;
  r = a >= 0x47800000u ? (vec<uint32_t>{} + 0x7c00u) : r;
  r = a > 0x7f800000u ? ((a >> 13) & 0x3ff) | 0x7e00u : r;
  return __builtin_convertvector(r | sign, vecn<uint16_t, lanes<float>>);
}
#endif

template <class H>
TW_INLINE vf load_half(const H* p) {
  vecn<uint16_t, lanes<float>> bits;
  __builtin_memcpy(&bits, p, sizeof bits);
  return widen(bits, H{});
}
template <class H>
TW_INLINE void store_half(H* p, vf v) {
  const auto bits = narrow(v, H{});
  __builtin_memcpy(p, &bits, sizeof bits);
}
template <>
TW_INLINE vf load<f16>(const f16* p) {
  return load_half(p);
}
template <>
TW_INLINE vf load<bf16>(const bf16* p) {
  return load_half(p);
}
template <>
TW_INLINE void store<f16>(f16* p, vf v) {
  store_half(p, v);
}
template <>
TW_INLINE void store<bf16>(bf16* p, vf v) {
  store_half(p, v);
}

// The same for the first n < lanes<T> elements; the other lanes read as zero and are not written.
#if TW_VEC_BYTES == 32
TW_INLINE __m256i first_words(int n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
TW_INLINE __m256i first_long_words(int n) {
  return _mm256_cmpgt_epi64(_mm256_set1_epi64x(n), _mm256_setr_epi64x(0, 1, 2, 3));
}
#endif
template <class T>
TW_INLINE vec<compute_t<T>> load_n(const T* p, int n) {
#if TW_VEC_BYTES == 64
  const auto first = _bzhi_u64(~(uint64_t)0, n);
  if constexpr (sizeof(T) == 8) return (vec<T>)_mm512_maskz_loadu_epi64((__mmask8)first, p);
  if constexpr (sizeof(T) == 4) return (vec<T>)_mm512_maskz_loadu_epi32((__mmask16)first, p);
  if constexpr (sizeof(T) == 2) return (vec<T>)_mm512_maskz_loadu_epi16((__mmask32)first, p);
  if constexpr (sizeof(T) == 1) return (vec<T>)_mm512_maskz_loadu_epi8((__mmask64)first, p);
#elif TW_VEC_BYTES == 32
  if constexpr (sizeof(T) == 8)
    return (vec<T>)_mm256_maskload_epi64(reinterpret_cast<const long long*>(p), first_long_words(n));
  if constexpr (sizeof(T) == 4) return (vec<T>)_mm256_maskload_epi32(reinterpret_cast<const int*>(p), first_words(n));
#endif
  T buffer[lanes<T>] = {};
  __builtin_memcpy(buffer, p, n * sizeof(T));
  return load(buffer);
}
template <class T>
TW_INLINE void store_n(T* p, vec<compute_t<T>> v, int n) {
#if TW_VEC_BYTES == 64
  const auto first = _bzhi_u64(~(uint64_t)0, n);
  if constexpr (sizeof(T) == 8) return _mm512_mask_storeu_epi64(p, (__mmask8)first, (__m512i)v);
  if constexpr (sizeof(T) == 4) return _mm512_mask_storeu_epi32(p, (__mmask16)first, (__m512i)v);
  if constexpr (sizeof(T) == 2) return _mm512_mask_storeu_epi16(p, (__mmask32)first, (__m512i)v);
  if constexpr (sizeof(T) == 1) return _mm512_mask_storeu_epi8(p, (__mmask64)first, (__m512i)v);
#elif TW_VEC_BYTES == 32
  if constexpr (sizeof(T) == 8)
    return _mm256_maskstore_epi64(reinterpret_cast<long long*>(p), first_long_words(n), (__m256i)v);
  if constexpr (sizeof(T) == 4) return _mm256_maskstore_epi32(reinterpret_cast<int*>(p), first_words(n), (__m256i)v);
#endif
  T buffer[lanes<T>];
  store(buffer, v);
  __builtin_memcpy(p, buffer, n * sizeof(T));
}
#if TW_VEC_BYTES == 64
template <class H>
TW_INLINE vf load_half_n(const H* p, int n) {
  return widen((vecn<uint16_t, 16>)_mm256_maskz_loadu_epi16((__mmask16)((1u << n) - 1), p), H{});
}
#else
// By words: a buffer that is written in pieces and read whole makes the processor wait.
template <class H>
TW_INLINE vf load_half_n(const H* p, int n) {
  uint64_t words[lanes<float> / 4] = {};
  for (uint64_t& word : words) {
    if (n >= 4) {
      __builtin_memcpy(&word, p, 8);
    } else {
      uint16_t one = 0;
      uint32_t two = 0;
      if (n & 2) __builtin_memcpy(&two, p, 4);
      if (n & 1) __builtin_memcpy(&one, p + (n & 2), 2);
      word = two | static_cast<uint64_t>(one) << (n & 2) * 16;
    }
    p += 4;
    n = n > 4 ? n - 4 : 0;
  }
  return widen(bitcast<vecn<uint16_t, lanes<float>>>(words), H{});
}
#endif
template <>
TW_INLINE vf load_n<f16>(const f16* p, int n) {
  return load_half_n(p, n);
}
template <>
TW_INLINE vf load_n<bf16>(const bf16* p, int n) {
  return load_half_n(p, n);
}
#if TW_VEC_BYTES == 64
template <class H>
TW_INLINE void store_half_n(H* p, vf v, int n) {
  _mm256_mask_storeu_epi16(p, (__mmask16)((1u << n) - 1), (__m256i)narrow(v, H{}));
}
template <>
TW_INLINE void store_n<f16>(f16* p, vf v, int n) {
  store_half_n(p, v, n);
}
template <>
TW_INLINE void store_n<bf16>(bf16* p, vf v, int n) {
  store_half_n(p, v, n);
}
#endif

// ---- arithmetic -----------------------------------------------------------------------------------------------------

// a*b + c; rounded once where the level has FMA (v3, v4), twice at v2.
TW_INLINE vf fma(vf a, vf b, vf c) {
#if TW_VEC_BYTES == 64
  return (vf)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif TW_VEC_BYTES == 32
  return (vf)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#else
  return a * b + c;
#endif
}
TW_INLINE vd fma(vd a, vd b, vd c) {
#if TW_VEC_BYTES == 64
  return (vd)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c);
#elif TW_VEC_BYTES == 32
  return (vd)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
#else
  return a * b + c;
#endif
}

TW_INLINE vf sqrt(vf x) {
#if TW_VEC_BYTES == 64
  return (vf)_mm512_sqrt_ps((__m512)x);
#elif TW_VEC_BYTES == 32
  return (vf)_mm256_sqrt_ps((__m256)x);
#else
  return (vf)_mm_sqrt_ps((__m128)x);
#endif
}
TW_INLINE vd sqrt(vd x) {
#if TW_VEC_BYTES == 64
  return (vd)_mm512_sqrt_pd((__m512d)x);
#elif TW_VEC_BYTES == 32
  return (vd)_mm256_sqrt_pd((__m256d)x);
#else
  return (vd)_mm_sqrt_pd((__m128d)x);
#endif
}

// Rounding to an integral value. Mode: 0 nearest even, 1 floor, 2 ceil, 3 truncate.
template <int Mode>
TW_INLINE vf round_to(vf x) {
#if TW_VEC_BYTES == 64
  return (vf)_mm512_roundscale_ps((__m512)x, Mode | _MM_FROUND_NO_EXC);
#elif TW_VEC_BYTES == 32
  return (vf)_mm256_round_ps((__m256)x, Mode | _MM_FROUND_NO_EXC);
#else
  return (vf)_mm_round_ps((__m128)x, Mode | _MM_FROUND_NO_EXC);
#endif
}
template <int Mode>
TW_INLINE vd round_to(vd x) {
#if TW_VEC_BYTES == 64
  return (vd)_mm512_roundscale_pd((__m512d)x, Mode | _MM_FROUND_NO_EXC);
#elif TW_VEC_BYTES == 32
  return (vd)_mm256_round_pd((__m256d)x, Mode | _MM_FROUND_NO_EXC);
#else
  return (vd)_mm_round_pd((__m128d)x, Mode | _MM_FROUND_NO_EXC);
#endif
}

// Larger and smaller of two; a NaN in either operand comes through (the Array API's maximum and minimum).
template <class V>
TW_INLINE V maximum(V a, V b) {
  const V m = a > b ? a : b;  // b when either is NaN
  return a == a ? m : a;
}
template <class V>
TW_INLINE V minimum(V a, V b) {
  const V m = a < b ? a : b;
  return a == a ? m : a;
}

// x, but no more than `high`, no less than `low`; NaN stays NaN (the instructions return their second operand for it).
TW_INLINE vf at_most(vf x, vf high) {
#if TW_VEC_BYTES == 64
  return (vf)_mm512_min_ps((__m512)high, (__m512)x);
#elif TW_VEC_BYTES == 32
  return (vf)_mm256_min_ps((__m256)high, (__m256)x);
#else
  return (vf)_mm_min_ps((__m128)high, (__m128)x);
#endif
}
TW_INLINE vd at_most(vd x, vd high) {
#if TW_VEC_BYTES == 64
  return (vd)_mm512_min_pd((__m512d)high, (__m512d)x);
#elif TW_VEC_BYTES == 32
  return (vd)_mm256_min_pd((__m256d)high, (__m256d)x);
#else
  return (vd)_mm_min_pd((__m128d)high, (__m128d)x);
#endif
}
TW_INLINE vf at_least(vf x, vf low) {
#if TW_VEC_BYTES == 64
  return (vf)_mm512_max_ps((__m512)low, (__m512)x);
#elif TW_VEC_BYTES == 32
  return (vf)_mm256_max_ps((__m256)low, (__m256)x);
#else
  return (vf)_mm_max_ps((__m128)low, (__m128)x);
#endif
}
TW_INLINE vd at_least(vd x, vd low) {
#if TW_VEC_BYTES == 64
  return (vd)_mm512_max_pd((__m512d)low, (__m512d)x);
#elif TW_VEC_BYTES == 32
  return (vd)_mm256_max_pd((__m256d)low, (__m256d)x);
#else
  return (vd)_mm_max_pd((__m128d)low, (__m128d)x);
#endif
}
#if TW_VEC_BYTES == 64  // of half a vector
TW_INLINE vecn<float, 8> fma(vecn<float, 8> a, vecn<float, 8> b, vecn<float, 8> c) {
  return (vecn<float, 8>)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
}
TW_INLINE vecn<double, 4> fma(vecn<double, 4> a, vecn<double, 4> b, vecn<double, 4> c) {
  return (vecn<double, 4>)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
}
TW_INLINE vecn<float, 8> at_least(vecn<float, 8> x, vecn<float, 8> low) {
  return (vecn<float, 8>)_mm256_max_ps((__m256)low, (__m256)x);
}
TW_INLINE vecn<double, 4> at_least(vecn<double, 4> x, vecn<double, 4> low) {
  return (vecn<double, 4>)_mm256_max_pd((__m256d)low, (__m256d)x);
}
#endif
template <class V>
TW_INLINE V clamp(V x, V low, V high) {
  return at_most(at_least(x, low), high);
}

TW_INLINE vf abs(vf x) { return bitcast<vf>(bitcast<vi>(x) & 0x7fffffff); }
TW_INLINE vd abs(vd x) { return bitcast<vd>(bitcast<vl>(x) & 0x7fffffffffffffff); }
TW_INLINE vf copysign(vf magnitude, vf sign) {
  return bitcast<vf>((bitcast<vi>(magnitude) & 0x7fffffff) | (bitcast<vi>(sign) & (int32_t)0x80000000));
}
TW_INLINE vd copysign(vd magnitude, vd sign) {
  return bitcast<vd>((bitcast<vl>(magnitude) & 0x7fffffffffffffff) | (bitcast<vl>(sign) & (int64_t)0x8000000000000000));
}

// ---- across lanes ---------------------------------------------------------------------------------------------------

// A comparison's result as one byte, 0 or 1, for each lane of T.
template <class T, class M>
TW_INLINE vecn<int8_t, lanes<T>> truth_bytes(M mask) {
#if TW_VEC_BYTES == 64
  return __builtin_convertvector(mask, vecn<int8_t, lanes<T>>) & 1;
#else
  // Packing with saturation keeps 0 and -1, whatever the width: each step halves the lanes' bytes.
  constexpr int bytes = sizeof(M) / lanes<T>;
#if TW_VEC_BYTES == 32
  __m128i x = _mm256_castsi256_si128((__m256i)mask);
  if constexpr (bytes > 1) x = _mm_packs_epi16(x, _mm256_extracti128_si256((__m256i)mask, 1));
#else
  __m128i x = (__m128i)mask;
  if constexpr (bytes > 1) x = _mm_packs_epi16(x, x);
#endif
  if constexpr (bytes > 2) x = _mm_packs_epi16(x, x);
  if constexpr (bytes > 4) x = _mm_packs_epi16(x, x);
  if constexpr (bytes == 1) {
    return (vecn<int8_t, lanes<T>>)mask & 1;
  } else {
    vecn<int8_t, lanes<T>> result;
    x = _mm_and_si128(x, _mm_set1_epi8(1));
    __builtin_memcpy(&result, &x, sizeof result);
    return result;
  }
#endif
}

// Whether any lane of a comparison's result is true.
template <class M>
TW_INLINE bool any(M mask) {
#if TW_VEC_BYTES == 64
  return _mm512_movepi8_mask((__m512i)mask) != 0;
#elif TW_VEC_BYTES == 32
  return _mm256_movemask_epi8((__m256i)mask) != 0;
#else
  return _mm_movemask_epi8((__m128i)mask) != 0;
#endif
}

// max(x, 0); NaN stays, -0 becomes 0.
template <class V>
TW_INLINE V relu(V x) {
  return at_least(x, V{}) + V{};
}

}  // namespace tw::TW_ISA
