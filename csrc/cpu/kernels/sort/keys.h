// How elements become keys.
#pragma once
#include "cpu/kernels/sort/sort.h"
#include "cpu/kernels/vec.h"

namespace tw::TW_ISA {

// Unsigned integers of an element's width stand for elements; the dtype says what they mean.
template <class U>
struct KeyRule {
  static constexpr U kTop = (U)1 << (8 * sizeof(U) - 1);
  U sign;      // the bit to flip: of signed integers the sign
  U infinity;  // of floats its bits
  U reverse;   // all bits where the order descends
};

TW_INLINE bool has_float_keys(DType dtype) { return dtype >= DType::f16 && dtype <= DType::f64; }

template <class U>
TW_INLINE KeyRule<U> key_rule(const SortArgs& a) {
  KeyRule<U> rule = {0, 0, a.descending ? (U) ~(U)0 : (U)0};
  switch (a.dtype) {
    case DType::i8:
    case DType::i16:
    case DType::i32:
    case DType::i64:
      rule.sign = KeyRule<U>::kTop;
      break;
    case DType::f16:
      rule.infinity = (U)0x7c00;
      break;
    case DType::bf16:
      rule.infinity = (U)0x7f80;
      break;
    case DType::f32:
      rule.infinity = (U)0x7f800000;
      break;
    case DType::f64:
      rule.infinity = (U)0x7ff0000000000000;
      break;
    default:
      break;
  }
  return rule;
}

// Of floats: the bits of negative ones turned round, those of others above them; one key for both zeros and one, the
// highest, for all NaNs.
template <bool Float, class U>
TW_INLINE U to_key(U x, const KeyRule<U>& rule) {
  constexpr U top = KeyRule<U>::kTop;
  if constexpr (!Float) return (U)(x ^ rule.sign ^ rule.reverse);
  const U magnitude = x & (U)~top;
  U key = x & top ? (U)~x : (U)(x | top);
  key = magnitude == 0 ? top : key;
  key = magnitude > rule.infinity ? (U) ~(U)0 : key;
  return (U)(key ^ rule.reverse);
}

template <bool Float, class U>
TW_INLINE U from_key(U key, const KeyRule<U>& rule) {
  constexpr U top = KeyRule<U>::kTop;
  key ^= rule.reverse;
  if constexpr (!Float) return key ^ rule.sign;
  return key & top ? (U)(key ^ top) : (U)~key;
}

// f(U{}) for the dtype's width.
template <class F>
TW_INLINE void with_width(DType dtype, F f) {
  switch (dtype) {
    case DType::boolean:
    case DType::u8:
    case DType::i8:
      return f(uint8_t{});
    case DType::u16:
    case DType::i16:
    case DType::f16:
    case DType::bf16:
      return f(uint16_t{});
    case DType::u32:
    case DType::i32:
    case DType::f32:
      return f(uint32_t{});
    default:
      return f(uint64_t{});
  }
}

}  // namespace tw::TW_ISA
