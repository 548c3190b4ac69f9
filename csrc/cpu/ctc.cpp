#include <algorithm>
#include <vector>

#include "core/array.h"
#include "core/parallel.h"
#include "cpu/cpu.h"
#include "cpu/dispatch/dispatch.h"

namespace tw::cpu {
namespace {

constexpr double kNsPerState = 4;

// Where the targets of each sequence begin, and the end of the last.
std::vector<int64_t> starts_of(const CtcInputs& in) {
  std::vector<int64_t> starts{0};
  for (int64_t n = 0; n < in.batch; ++n)
    starts.push_back(starts.back() + (in.width < 0 ? in.target_lengths[n] : in.width));
  return starts;
}

bool is_possible(const CtcInputs& in, int64_t n, int64_t start) {
  const int64_t steps = in.input_lengths[n], labels = in.target_lengths[n];
  const int64_t most = in.width < 0 ? in.count - start : in.width;
  if (steps < 0 || steps > in.steps || labels < 0 || labels > most) return false;
  const int64_t* first = in.targets + start;
  return std::all_of(first, first + labels, [&](int64_t c) { return c >= 0 && c < in.classes && c != in.blank; });
}

int64_t first_bad(const CtcInputs& in) {
  int64_t start = 0;
  for (int64_t n = 0; n < in.batch; ++n) {
    if (!is_possible(in, n, start)) return n;
    start += in.width < 0 ? in.target_lengths[n] : in.width;
  }
  return start == in.count ? -1 : in.batch;
}

// call(args, first element of its log_probs, first label, first of its kept elements, scratch memory, sequence)
template <class Call>
void for_each_sequence(const CtcInputs& in, Call call) {
  const std::vector<int64_t> starts = starts_of(in);
  const int64_t longest = in.batch ? *std::max_element(in.target_lengths, in.target_lengths + in.batch) : 0;
  const double ns = kNsPerState * static_cast<double>(in.steps) * static_cast<double>(2 * longest + 1);
  parallel_for(in.batch, 1, ns + static_cast<double>(in.steps), [&](int64_t begin, int64_t end) {
    const size_t numbers = static_cast<size_t>(4 * (2 * longest + 1 + kCtcMargin));
    const StorageRef scratch = allocate(numbers * sizeof(double));
    for (int64_t n = begin; n < end; ++n) {
      const int64_t start = starts[static_cast<size_t>(n)];
      const CtcArgs args{in.input_lengths[n],   in.target_lengths[n], in.steps,
                         in.batch * in.classes, in.classes,           in.blank};
      call(args, n * in.classes, in.targets + start, in.steps * (2 * start + n), static_cast<double*>(scratch->data),
           n);
    }
  });
}

double get(DType dtype, const char* numbers, int64_t i) {
  return dtype == DType::f64 ? reinterpret_cast<const double*>(numbers)[i]
                             : static_cast<double>(reinterpret_cast<const float*>(numbers)[i]);
}
void put(DType dtype, char* numbers, int64_t i, double v) {
  if (dtype == DType::f64)
    reinterpret_cast<double*>(numbers)[i] = v;
  else
    reinterpret_cast<float*>(numbers)[i] = static_cast<float>(v);
}

}  // namespace

int64_t ctc(const CtcProblem& p) {
  const int64_t bad = first_bad(p.in);
  if (bad >= 0) return bad;
  const CtcForwardFn fn = kernels().ctc.forward[static_cast<int>(p.in.dtype)];
  const int64_t itemsize = size_of(p.in.dtype);
  for_each_sequence(
      p.in, [&](const CtcArgs& args, int64_t at, const int64_t* labels, int64_t kept, double* scratch, int64_t n) {
        const double loss = fn(args, p.in.log_probs + at * itemsize, labels, p.log_alpha + kept * itemsize, scratch);
        put(p.in.dtype, p.losses, n, loss);
      });
  return -1;
}

int64_t ctc_backward(const CtcBackwardProblem& p) {
  const int64_t bad = first_bad(p.in);
  if (bad >= 0) return bad;
  const CtcBackwardFn fn = kernels().ctc.backward[static_cast<int>(p.in.dtype)];
  const int64_t itemsize = size_of(p.in.dtype);
  for_each_sequence(
      p.in, [&](const CtcArgs& args, int64_t at, const int64_t* labels, int64_t kept, double* scratch, int64_t n) {
        fn(args, p.in.log_probs + at * itemsize, labels, p.log_alpha + kept * itemsize, get(p.in.dtype, p.g, n),
           p.gx + at * itemsize, scratch);
      });
  return -1;
}

}  // namespace tw::cpu
