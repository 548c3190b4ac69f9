// The ops that split their work: the same bits with one thread and with several. Built with ThreadSanitizer, this also
// watches what the pieces of each op write and read.
#include <cstring>
#include <functional>
#include <thread>
#include <vector>

#include "core/parallel.h"
#include "cpu/cpu.h"
#include "levels.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/gather.h"
#include "ops/join.h"
#include "ops/linear.h"
#include "ops/matmul.h"
#include "ops/optim.h"
#include "ops/random.h"
#include "ops/reduce.h"
#include "ops/softmax.h"

namespace tw::test {
namespace {

typedef std::vector<Array> Results;

Array normal(const Dims& shape) { return random_normal(shape, DType::f32, {7, 0}, 0, 1); }

bool same_bits(const Results& a, const Results& b) {
  bool same = a.size() == b.size();
  for (size_t k = 0; same && k < a.size(); ++k) {
    const Array x = contiguous(a[k]), y = contiguous(b[k]);
    const size_t nbytes = static_cast<size_t>(x.size()) * x.itemsize();
    same = x.shape == y.shape && std::memcmp(x.data, y.data, nbytes) == 0;
  }
  return same;
}

Results elementwise() {
  const Array x = normal({300, 500}), row = normal({500});
  const ElementwiseOp &tanh = elementwise_op(Elementwise::tanh), &add = elementwise_op(Elementwise::add);
  const Array target = astype(x, DType::f32);
  binary_inplace(add, target, {&row, {}});
  assign(as_strided(target, target.data, {300, 250}, {500, 2}), {nullptr, {Scalar::floating, 0, 2.5}});
  return {unary(tanh, transposed(x)), binary(add, {&x, {}}, {&row, {}}), target, astype(x, DType::bf16),
          flip(x, {0, 1})};
}

Results reductions() {
  const Array x = normal({400, 700});
  Results results;
  for (const Reduction kind : {Reduction::sum, Reduction::max, Reduction::mean})
    for (const std::optional<Dims>& axes : std::vector<std::optional<Dims>>{{}, Dims{0}, Dims{1}}) {
      results.push_back(reduce(kind, x, axes, false));
      results.push_back(reduce(kind, transposed(x), axes, true));
    }
  results.push_back(argmax(x, {}, false));
  results.push_back(argmin(x, 0, false));
  return results;
}

Results products() {
  const Array a = normal({150, 130}), b = normal({130, 170}), bias = normal({150});
  const Array batch = normal({6, 40, 50}), v = normal({130});
  return {matmul(a, b), matmul(transposed(b), transposed(a)), matmul(batch, transpose(batch, {0, 2, 1})), matmul(a, v),
          linear(transposed(b), a, &bias, Activation::relu)};
}

Results backwards() {
  Results results;
  for (const Dims& shape : {Dims{128, 512}, Dims{700, 300}, Dims{5000, 10}, Dims{60, 70, 80}}) {
    const Array g = normal(shape), y = normal(shape);
    for (const Activation activation : {Activation::relu, Activation::gelu}) {
      const BiasActivationGradients gradients = bias_activation_backward(g, y, activation);
      results.insert(results.end(), {gradients.z, gradients.bias});
    }
  }
  const Array total = normal({170, 150}), x = normal({2, 90, 170}), g = normal({2, 90, 150});
  matmul_add(Product::tn, total, x, g);
  results.push_back(total);
  return results;
}

Results softmaxes() {
  const Array x = normal({200, 300}), g = normal({200, 300});
  const Array y = softmax(x, 1), target = random_integers({200}, DType::i64, {3, 0}, 0, 299);
  const CrossEntropyResult loss = cross_entropy(x, target, {});
  return {y,
          softmax(x, 0),
          log_softmax(x, 1),
          softmax_backward(g, y, 1),
          loss.loss,
          cross_entropy_backward(loss.loss, x, target, loss.saved, {})};
}

Results picking() {
  const Array x = normal({500, 90}), rows = random_integers({2000}, DType::i64, {5, 0}, 0, 499);
  const Array target = full({500, 90}, {}, DType::f32), value = take(x, rows, 0);
  take_add(target, rows, value, 0);
  const ElementwiseOp& less = elementwise_op(Elementwise::less);
  const Array mask = binary(less, {&x, {}}, {nullptr, {Scalar::integer, 0}});
  Results results = nonzero(mask);
  results.insert(results.end(), {value, target, concatenate({&x, &value}, 0), stack({&x, &target}, 1)});
  return results;
}

Results randoms() {
  const Array x = random_uniform({100000}, DType::f32, {1, 9}, -1, 1);
  const DropoutResult dropped = dropout(x, 0.3, {2, 0});
  return {x,
          normal({100001}),
          random_bernoulli({70000}, {4, 0}, 0.5),
          dropped.y,
          dropped.mask,
          dropout_backward(x, dropped.mask, 0.3),
          random_permutation(50000, {6, 0})};
}

Results optimisers() {
  const Array p = normal({300, 400}), g = random_normal({300, 400}, DType::f32, {8, 0}, 0, 1);
  const Array buffer = full({300, 400}, {}, DType::f32);
  StepSettings settings;
  settings.rate = 0.1;
  settings.beta1 = 0.9;
  settings.gain = 1;
  optim_step(StepRule::sgd, {&p}, {&g}, {{&buffer}}, {settings}, {});
  const double norm = total_norm({&p, &g}, 2);
  Array as_array = empty({}, DType::f64);
  *as_array.ptr<double>() = norm;
  return {p, buffer, as_array};
}

}  // namespace
}  // namespace tw::test

int main() {
  using namespace tw;
  using namespace tw::test;
  cpu::register_backend();
  const struct {
    const char* name;
    Results (*run)();
  } families[] = {{"elementwise", elementwise}, {"reductions", reductions}, {"products", products},
                  {"backwards", backwards},     {"softmaxes", softmaxes},   {"picking", picking},
                  {"randoms", randoms},         {"optimisers", optimisers}};
  std::vector<Results> expected;
  set_num_threads(1);
  for (const auto& family : families) expected.push_back(family.run());
  for (const int threads : {2, 7}) {
    set_num_threads(threads);
    size_t k = 0;
    for (const auto& family : families)
      check(same_bits(family.run(), expected[k++]), "%s: other bits with %d threads", family.name, threads);
  }
  // Two callers at once, each with its own team.
  set_num_threads(2);
  int same[2] = {};
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 2; ++caller)
    callers.emplace_back([&, caller] {
      for (size_t k = 0; k < expected.size(); ++k) same[caller] += same_bits(families[k].run(), expected[k]);
    });
  for (std::thread& caller : callers) caller.join();
  for (const int count : same)
    check(count == static_cast<int>(expected.size()), "two callers at once: %d agree", count);
  return report();
}
