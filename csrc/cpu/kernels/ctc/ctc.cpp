#include "cpu/kernels/ctc/ctc.h"

#include "cpu/kernels/math.h"

namespace tw::TW_ISA {
namespace {

template <class T>
constexpr T kNone = -__builtin_inff();  // the logarithm of what cannot be

// log(e^a + e^b + e^c), -inf for three of -inf.
template <class V>
TW_INLINE V log_sum(V a, V b, V c) {
  const V m = maximum(maximum(a, b), c);
  const V top = m > splat<V>(kNone<float>) ? m : V{};
  return log(exp(a - top) + exp(b - top) + exp(c - top)) + top;
}

template <class T>
T largest(vec<T> v) {
  T m = v[0];
  for (int i = 1; i < lanes<T>; ++i) m = v[i] > m || v[i] != v[i] ? v[i] : m;
  return m;
}

// What a row is divided by: its largest probability, or 1 where that is 0 (or NaN).
template <class T>
TW_INLINE T shift_of(T m) {
  return m > kNone<T> ? m : (T)0;
}

// The rows of scratch memory, all -inf, from state -2 on; what lies beyond the states stays -inf.
template <class T>
struct Rows {
  T *states, *emission, *skip;

  Rows(const CtcArgs& a, const int64_t* labels, double* scratch) {
    const int64_t length = 2 * a.labels + 1 + kCtcMargin;
    T* rows = reinterpret_cast<T*>(scratch);
    for (int64_t i = 0; i < 3 * length; ++i) rows[i] = kNone<T>;
    states = rows + 2, emission = states + length, skip = emission + length;
    for (int64_t k = 1; k < a.labels; ++k)  // a label is reached from the one before where they differ
      if (labels[k] != labels[k - 1]) skip[2 * k + 1] = 0;
  }
  void emit(const CtcArgs& a, const int64_t* labels, const T* log_probs) {
    const T blank = log_probs[a.blank];
    for (int64_t k = 0; k < a.labels; ++k) {
      emission[2 * k] = blank;
      emission[2 * k + 1] = log_probs[labels[k]];
    }
    emission[2 * a.labels] = blank;
  }
};

// log(e^a + e^b), in double.
template <class T>
double log_likelihood(T a, T b) {
  return log_sum(set1((double)a), set1((double)b), set1((double)kNone<T>))[0];
}

template <class T>
double forward(const CtcArgs& a, const void* log_probs_, const int64_t* labels, void* log_alpha_, double* scratch) {
  const T* log_probs = static_cast<const T*>(log_probs_);
  T* log_alpha = static_cast<T*>(log_alpha_);
  const int64_t count = 2 * a.labels + 1;
  Rows<T> rows(a, labels, scratch);
  T* row = rows.states;
  row[0] = 0;  // before the first step: in the first blank, of which nothing was seen
  T shift = 0;
  double total = 0;
  for (int64_t t = 0; t < a.steps; ++t, log_probs += a.stride, log_alpha += count) {
    rows.emit(a, labels, log_probs);
    vec<T> most = set1(kNone<T>);
    for (int64_t s = (count - 1) / lanes<T> * lanes<T>; s >= 0; s -= lanes<T>) {  // downwards: in place
      const vec<T> sum = log_sum(load(row + s), load(row + s - 1), load(row + s - 2) + load(rows.skip + s));
      const vec<T> v = (sum - shift) + load(rows.emission + s);
      store(row + s, v);
      most = maximum(most, v);
      if (count - s < lanes<T>)
        store_n(log_alpha + s, v, (int)(count - s));
      else
        store(log_alpha + s, v);
    }
    shift = shift_of(largest<T>(most));
    total += shift;
  }
  return 0 - (log_likelihood(row[count - 1] - shift, count > 1 ? row[count - 2] - shift : kNone<T>) + total);
}

// One step back: in `row` what lies behind the step, of each state that it may lead to, becomes the same of the step
// before. `posterior` becomes the probabilities of the states in this step, up to a factor, which is returned: 1 / sum.
template <class T>
T step_back(const CtcArgs& a, const Rows<T>& rows, const T* log_alpha, T shift, T& next_shift, T* posterior) {
  const int64_t count = 2 * a.labels + 1;
  T* row = rows.states;
  vec<T> most = set1(kNone<T>), most_likely = most, sums = {};
  for (int64_t s = 0; s < count; s += lanes<T>) {
    const vec<T> after = log_sum(load(row + s), load(row + s + 1), load(row + s + 2) + load(rows.skip + s + 2)) - shift;
    const vec<T> alpha = count - s < lanes<T> ? load_n(log_alpha + s, (int)(count - s)) : load(log_alpha + s);
    const vec<T> v = after + load(rows.emission + s);
    store(row + s, v);
    store(posterior + s, alpha + after);
    most = maximum(most, v);
    most_likely = maximum(most_likely, alpha + after);
  }
  next_shift = shift_of(largest<T>(most));
  const vec<T> top = set1(shift_of(largest<T>(most_likely)));
  for (int64_t s = 0; s < count; s += lanes<T>) {
    const vec<T> p = exp(load(posterior + s) - top);
    store(posterior + s, p);
    sums += p;
  }
  T sum = 0;
  for (int i = 0; i < lanes<T>; ++i) sum += sums[i];
  return 1 / sum;
}

template <class T>
void backward(const CtcArgs& a, const void* log_probs_, const int64_t* labels, const void* log_alpha_, double g,
              void* gx_, double* scratch) {
  const T* log_probs = static_cast<const T*>(log_probs_);
  const T* log_alpha = static_cast<const T*>(log_alpha_);
  T* gx = static_cast<T*>(gx_);
  const int64_t count = 2 * a.labels + 1;
  for (int64_t t = 0; t < a.all_steps; ++t)
    for (int64_t c = 0; c < a.classes; ++c) gx[t * a.stride + c] = 0;
  if (a.steps == 0) return;
  const T* last = log_alpha + (a.steps - 1) * count;
  if (last[count - 1] == kNone<T> && (count == 1 || last[count - 2] == kNone<T>)) return;
  Rows<T> rows(a, labels, scratch);
  T* posterior = rows.skip + count + kCtcMargin;
  rows.states[count - 1] = 0;  // behind the last step: in the last blank
  T shift = 0;
  for (int64_t t = a.steps - 1; t >= 0; --t) {
    rows.emit(a, labels, log_probs + t * a.stride);
    const T factor = (T)-g * step_back(a, rows, log_alpha + t * count, shift, shift, posterior);
    T* row = gx + t * a.stride;
    double blanks = posterior[count - 1];
    for (int64_t k = 0; k < a.labels; ++k) {
      blanks += posterior[2 * k];
      row[labels[k]] += posterior[2 * k + 1] * factor;
    }
    row[a.blank] += (T)blanks * factor;
  }
}

}  // namespace

void fill(CtcKernels& k) {
  k.forward[(int)DType::f32] = forward<float>;
  k.forward[(int)DType::f64] = forward<double>;
  k.backward[(int)DType::f32] = backward<float>;
  k.backward[(int)DType::f64] = backward<double>;
}

}  // namespace tw::TW_ISA
