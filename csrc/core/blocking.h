// The rule for the interpreter lock, which core/ knows by two functions only.
#pragma once

namespace tw {

// bind/ sets these: enter() releases the lock and gives what leave() needs to take it back, null where the thread does
// not have it.
struct BlockingHooks {
  void* (*enter)() = nullptr;
  void (*leave)(void*) = nullptr;
};
void set_blocking_hooks(BlockingHooks);

inline constexpr double kLongNs =
    100e3;  // giving the lock back and taking it costs 100 ns, and more where others want it

namespace detail {
void* release_lock();
void retake_lock(void* state);
}  // namespace detail

// While it lives, other threads have the interpreter, if the work is expected to take long. Nothing in it may touch
// Python, or rely on being alone.
class UnlockedWhileLong {
 public:
  explicit UnlockedWhileLong(double expected_ns) : state_(expected_ns >= kLongNs ? detail::release_lock() : nullptr) {}
  ~UnlockedWhileLong() {
    if (state_) detail::retake_lock(state_);
  }
  UnlockedWhileLong(const UnlockedWhileLong&) = delete;
  UnlockedWhileLong& operator=(const UnlockedWhileLong&) = delete;

 private:
  void* state_;
};

}  // namespace tw
