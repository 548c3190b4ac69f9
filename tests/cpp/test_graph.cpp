// Calls that are recorded, rewritten and made again as a program, from several threads; and where its temporaries lie.
#include <cmath>
#include <cstring>
#include <thread>
#include <vector>

#include "cpu/cpu.h"
#include "graph/program.h"
#include "levels.h"
#include "ops/conv.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/linear.h"
#include "ops/matmul.h"
#include "ops/random.h"
#include "ops/reduce.h"
#include "ops/softmax.h"

namespace tw::test {
namespace {

Array normal(const Dims& shape, uint64_t seed) { return random_normal(shape, DType::f32, {seed, 0}, 0, 1); }

struct Weights {
  Array first = normal({24, 16}, 1), bias = normal({24}, 2), second = normal({16, 24}, 3);
};

// Products with a shortcut, twice; a softmax; results that are views of one another.
std::vector<Array> compute(const Array& x, const Weights& w) {
  Array y = x;
  for (int i = 0; i < 2; ++i) {
    const Array hidden = linear(y, w.first, &w.bias, Activation::none);
    const Array active = unary(elementwise_op(Elementwise::gelu), hidden);
    const Array back = linear(active, w.second, nullptr, Activation::none);
    y = binary(elementwise_op(Elementwise::add), {&back, {}}, {&y, {}});
  }
  const Array shares = softmax(y, 1);
  const Array squares = binary(elementwise_op(Elementwise::multiply), {&shares, {}}, {&shares, {}});
  return {y, transposed(y), reduce(Reduction::sum, squares, Dims{1}, false)};
}

graph::Graph recorded(const Array& x, const Weights& w) {
  const Array input = astype(x, DType::f32, true);
  Recorder recorder;
  recorder.add_input(input.storage);
  for (const Array* weight : {&w.first, &w.bias, &w.second}) recorder.met(weight->storage);
  const WatchMemory watching(&recorder);
  std::vector<Array> results = compute(input, w);
  const WatchMemory paused(nullptr);
  recorder.require_whole();
  return graph::Graph(std::move(recorder), {input}, std::move(results));
}

void rewrite(graph::Graph& g) {
  graph::fold_constants(g);
  graph::fold_norms(g);
  graph::drop_taps(g);
  graph::fuse_epilogues(g);
  graph::pack_weights(g);
  graph::write_in_place(g);
}

// The largest, in the largest number of the result; infinite where shapes differ.
double difference(const std::vector<Array>& got, const std::vector<Array>& wanted) {
  double largest = 0;
  for (size_t k = 0; k < wanted.size(); ++k) {
    const Array a = astype(got[k], DType::f32, true), b = astype(wanted[k], DType::f32, true);
    if (!(a.shape == b.shape)) return HUGE_VAL;
    double error = 0, scale = 0;
    for (int64_t i = 0; i < b.size(); ++i) {
      error = std::max<double>(error, std::abs(a.ptr<float>()[i] - b.ptr<float>()[i]));
      scale = std::max<double>(scale, std::abs(b.ptr<float>()[i]));
    }
    largest = std::max(largest, error / scale);
  }
  return largest;
}

void test_a_program_on_other_inputs() {
  const Weights w;
  for (const bool rewritten : {false, true}) {
    graph::Graph g = recorded(normal({9, 16}, 4), w);
    const size_t steps = g.steps.size();
    if (rewritten) rewrite(g);
    check(!rewritten || g.steps.size() + 4 <= steps, "%zu of %zu steps are left", g.steps.size(), steps);
    graph::Program program(std::move(g));
    check(!rewritten || program.planned_bytes() < program.unplanned_bytes(), "temporaries share no memory");
    for (uint64_t seed = 5; seed < 9; ++seed) {
      const Array x = normal({9, 16}, seed);
      std::vector<Array> got;
      check(program.run({x}, got), "a step gave another answer");
      const double error = difference(got, compute(x, w));
      check(rewritten ? error < 1e-5 : error == 0, "an error of %g", error);
      check(got[0].storage.get() == got[1].storage.get(), "the transpose is no view of the result");
    }
    check(!program.is_stale(), "weights are said to have changed");
    w.second.storage->last_write = 7;
    const bool packs = backend(Device{}).gemm.pack({DType::f32, {w.second.data, 1, 24}, 24, 16}).get();
    check(program.is_stale() == (rewritten && packs), "whether it notices another weight: %d", program.is_stale());
    w.second.storage->last_write = 0;
  }
}

// Both ways, with what packed weights change: where the problem points to, which writes are noticed, and no bit.
void test_convolutions_with_packed_weights() {
  const Array weight = normal({9, 12, 3, 3}, 1), bias = normal({12}, 2);
  const auto compute = [&](const Array& x) {
    const Array y = conv(x, weight, nullptr, {1, 1}, {1, 1, 1, 1}, {1, 1}, 1);
    return conv_transpose(y, weight, &bias, {17, 13}, {1, 1}, {1, 1, 1, 1}, {1, 1}, 1);
  };
  const Array input = normal({2, 12, 17, 13}, 3);
  Recorder recorder;
  recorder.add_input(input.storage);
  for (const Array* constant : {&weight, &bias}) recorder.met(constant->storage);
  std::vector<Array> results;
  {
    const WatchMemory watching(&recorder);
    results = {compute(input)};
  }
  graph::Graph g(std::move(recorder), {input}, std::move(results));
  rewrite(g);
  check(g.steps.size() == 2, "%zu steps", g.steps.size());
  bool packs = false;
  for (graph::Step& step : g.steps) {
    const auto& p = *step.call->as<ConvProblem>();
    bool reads_weight = false, reads_packed = false;
    for (const Pointer& pointer : step.call->pointers()) {
      reads_weight |= pointer.get() == static_cast<const char*>(p.weight.data);
      reads_packed |= p.packed_weight && pointer.get() == static_cast<const char*>(p.packed_weight);
    }
    packs = p.packed_weight;
    check(reads_weight != packs && reads_packed == packs, "packed %d, but reads the weight %d, the packed one %d",
          packs, reads_weight, reads_packed);
  }
  graph::Program program(std::move(g));
  for (uint64_t seed = 4; seed < 6; ++seed) {
    const Array x = normal({2, 12, 17, 13}, seed);
    std::vector<Array> got;
    program.run({x}, got);
    check(difference(got, {compute(x)}) == 0, "other numbers with packed weights");
  }
  weight.storage->last_write = 7;
  check(program.is_stale() == packs, "whether it notices another weight: %d", program.is_stale());
}

void test_threads_share_a_program() {
  const Weights w;
  graph::Graph g = recorded(normal({9, 16}, 4), w);
  rewrite(g);
  graph::Program program(std::move(g));
  std::vector<double> errors(4);
  std::vector<std::thread> threads;
  for (size_t t = 0; t < errors.size(); ++t)
    threads.emplace_back([&, t] {
      const Array x = normal({9, 16}, 10 + t);
      const std::vector<Array> wanted = compute(x, w);
      for (int i = 0; i < 50; ++i) {
        std::vector<Array> got;
        program.run({x}, got);
        errors[t] = std::max(errors[t], difference(got, wanted));
      }
    });
  for (std::thread& thread : threads) thread.join();
  for (const double error : errors) check(error < 1e-5, "an error of %g", error);
}

// Two temporaries share bytes only where one has no further use when the other is written first.
void test_the_plan_keeps_what_lives_apart() {
  const Weights w;
  graph::Graph g = recorded(normal({300, 16}, 4), w);
  const graph::MemoryPlan plan = graph::plan_memory(g);
  int shared = 0;
  for (size_t a = 0; a < plan.offsets.size(); ++a) {
    for (size_t b = 0; b < a; ++b) {
      if (plan.offsets[a] < 0 || plan.offsets[b] < 0) continue;
      const auto first = g.uses(static_cast<int>(a)), second = g.uses(static_cast<int>(b));
      const auto end = [&](size_t i) { return plan.offsets[i] + static_cast<int64_t>(g.recorder.buffers[i].nbytes); };
      if (plan.offsets[a] >= end(b) || plan.offsets[b] >= end(a)) continue;
      ++shared;
      check(first.back().step < second.front().step || second.back().step < first.front().step,
            "buffers %zu and %zu share memory while both are used", a, b);
    }
  }
  check(shared > 0 && plan.nbytes < plan.sum, "no memory is shared");
}

void test_what_depends_on_values_is_refused() {
  const Array x = normal({5}, 1);
  Recorder recorder;
  recorder.add_input(x.storage);
  const WatchMemory watching(&recorder);
  const Array y = unary(elementwise_op(Elementwise::exp), x);
  std::string message;
  try {
    recorder.read_by_host("item", y.storage);
  } catch (const RecordingError& error) {
    message = error.what();
  }
  check(message.starts_with("item: the value depends on the input"), "got: %s", message.c_str());
  bool refused = false;
  try {
    recorder.require_whole();
  } catch (const RecordingError&) {
    refused = true;
  }
  check(refused, "the refusal is forgotten");
}

}  // namespace
}  // namespace tw::test

int main() {
  using namespace tw::test;
  tw::cpu::register_backend();
  test_a_program_on_other_inputs();
  test_convolutions_with_packed_weights();
  test_threads_share_a_program();
  test_the_plan_keeps_what_lives_apart();
  test_what_depends_on_values_is_refused();
  return report();
}
