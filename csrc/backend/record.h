// What a thread asks of a device, noted call by call, to be made again without whoever asked: see graph/.
//
// Every call's problem is copied. What memory it points to is told by address, so nothing that was allocated meanwhile
// is used for something else before the recording is let go: it keeps all of it.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "backend/operands.h"
#include "backend/work.h"
#include "core/error.h"
#include "core/watch.h"

namespace tw {

// Why something cannot be recorded.
struct RecordingError : std::runtime_error {
  using runtime_error::runtime_error;
};

// A place in a problem where an address stands.
struct Pointer {
  Access access;
  void* at;

  bool writes() const { return access != Access::reads; }
  bool reads() const { return access != Access::writes; }
  char* get() const;
  void set(const void* address) const;
};

namespace detail {
template <class Problem>
inline constexpr char problem_tag{};
}

// Whether random numbers are drawn for it.
template <class Problem>
bool draws(const Problem& problem) {
  if constexpr (requires { problem.source.seed; }) return true;
  if constexpr (requires { problem.in.shape.source.seed; }) return problem.in.shape.p > 0;
  return false;
}

// A call of an op of a device.
class Call {
 public:
  virtual ~Call() = default;
  virtual std::unique_ptr<Call> copy() const = 0;
  virtual int64_t run() const = 0;  // what it gives the host; 0 where that is nothing
  virtual double ns() const = 0;    // expected
  virtual std::vector<Pointer> pointers() = 0;

  // Its problem, or null where that is of another type.
  template <class Problem>
  Problem* as() {
    return tag_ == &detail::problem_tag<Problem> ? static_cast<Problem*>(problem_) : nullptr;
  }
  const void* op() const { return op_; }  // the BackendOp

 protected:
  Call(const void* op, const char* tag, void* problem) : op_(op), tag_(tag), problem_(problem) {}

 private:
  const void* op_;
  const char* tag_;
  void* problem_;
};

template <class Op>
class CallOf final : public Call {
 public:
  typedef typename Op::Problem Problem;

  CallOf(const Op& op, const Problem& problem)
      : Call(&op, &detail::problem_tag<Problem>, &problem_), op_(op), problem_(problem) {}
  std::unique_ptr<Call> copy() const override { return std::make_unique<CallOf>(op_, problem_); }
  int64_t run() const override {
    if constexpr (std::is_same_v<typename Op::Result, int64_t>) return op_.run(problem_);
    op_.run(problem_);
    return 0;
  }
  double ns() const override { return expected_ns(problem_); }
  std::vector<Pointer> pointers() override {
    std::vector<Pointer> found;
    const auto note = [&](Access access, auto*& pointer) { found.push_back({access, &pointer}); };
    if constexpr (requires { operands(problem_, note, Op::way); })
      operands(problem_, note, Op::way);
    else
      operands(problem_, note);
    return found;
  }

 private:
  const Op& op_;
  Problem problem_;
};

// A block of memory that calls point into.
struct RecordedBuffer {
  enum Kind : uint8_t {
    input,
    constant,   // older than the recording, or written by the host alone
    temporary,  // allocated meanwhile
  };
  Kind kind;
  StorageRef storage;
  size_t nbytes;
  uint64_t version = 0;  // Storage::last_write when it was met
  bool varies = false;   // depends on the inputs
  bool written = false;  // by a call
  bool filled = false;   // by the host
  bool read = false;     // by the host: what was decided by it holds while the storage is not written to
};

struct RecordedCall {
  std::unique_ptr<Call> call;
  int64_t result;  // checked when it is made again
};

// While it is the watch of a thread (core/watch.h), the calls of that thread are recorded.
class Recorder final : public MemoryWatch {
 public:
  void add_input(const StorageRef&);

  void made(const StorageRef&, size_t nbytes) override;
  void met(const StorageRef&) override;
  void filled(const StorageRef&) override;
  void read_by_host(const char* reader, const StorageRef&) override;

  // Makes the call and notes it. RecordingError for one that cannot be made again, or not with the same meaning.
  template <class Op>
  typename Op::Result record(const Op& op, const typename Op::Problem& problem) {
    auto call = std::make_unique<CallOf<Op>>(op, problem);
    if (draws(problem)) refuse_to_draw(&op);
    const bool varies = prepare(*call);
    const WatchMemory paused(nullptr);
    if constexpr (std::is_void_v<typename Op::Result>) {
      op.call(problem);
      append({std::move(call), 0}, varies);
    } else {
      typename Op::Result result = op.call(problem);
      take_result(std::move(call), varies, result);
      return result;
    }
  }

  // RecordingError where there was one, even if it was caught meanwhile.
  void require_whole() const;

  // The buffer that an address lies in; -1 where it is not known.
  int find(const void* address) const;

  std::vector<RecordedCall> calls;
  std::vector<RecordedBuffer> buffers;

 private:
  bool prepare(Call&);
  void append(RecordedCall, bool varies);
  void take_result(std::unique_ptr<Call>, bool varies, int64_t result);
  void take_result(std::unique_ptr<Call>, bool varies, double result);
  void take_result(std::unique_ptr<Call>, bool varies, const StorageRef& result);
  void mark_read(Call&);
  void prepare_write(const Call&, int buffer);
  int enter(RecordedBuffer::Kind, const StorageRef&, size_t nbytes);
  [[noreturn]] void refuse_to_draw(const void* op);
  [[noreturn]] void refuse(const std::string& why);

  std::map<const char*, int> by_start_;
  std::string refused_;
  bool failed_ = false;  // an index is out of bounds, or the like
};

// That of this thread, or null.
inline Recorder* recorder() { return static_cast<Recorder*>(memory_watch()); }

}  // namespace tw
