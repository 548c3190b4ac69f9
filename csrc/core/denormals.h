// Numbers too small to be normal, on which a processor takes a hundred times as long.
#pragma once
#include <xmmintrin.h>

namespace tw {

// What a thread's float unit does with them, rounding and exceptions; without the flags that those leave.
inline unsigned float_control() { return _mm_getcsr() & ~0x3fU; }

// While it lives, the thread's float unit is controlled like this; then as before, flags and all.
class UnderFloatControl {
 public:
  explicit UnderFloatControl(unsigned control) : before_(_mm_getcsr()) {
    if (control != (before_ & ~0x3fU)) _mm_setcsr(control);
  }
  ~UnderFloatControl() {
    if (_mm_getcsr() != before_) _mm_setcsr(before_);
  }
  UnderFloatControl(const UnderFloatControl&) = delete;
  UnderFloatControl& operator=(const UnderFloatControl&) = delete;

 private:
  const unsigned before_;
};

// While it lives, denormal operands and results of the thread, and of all that it starts by core/parallel.h, are 0.
class FlushDenormals : UnderFloatControl {
 public:
  FlushDenormals() : UnderFloatControl(float_control() | 0x8040U) {}
};

}  // namespace tw
