// What stands between ops/ and a device: calls recorded and replayed on new data, and ops that a device lacks.
#include "backend/backend.h"

#include <cstring>
#include <functional>
#include <vector>

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

// ---- a recorder: a backend that notes each call before it passes it on
// -----------------------------------------------

struct Recording {
  std::vector<std::function<void()>> calls;  // each with a copy of its problem
  std::vector<StorageRef> memory;            // that results were given: not to be used for anything else
};
Recording* recording = nullptr;
const Backend* recorded = nullptr;

const Backend& recorder() {
  static Backend backend{};
  backend.kind = DeviceKind::test;
  backend.memory.copy_from_host =
      backend.memory.copy_to_host = [](void* to, const void* from, size_t nbytes) { std::memcpy(to, from, nbytes); };
  backend.memory.allocate = [](size_t nbytes, Device device) {
    StorageRef storage = allocate(nbytes);
    storage->device = device;
    if (recording) recording->memory.push_back(storage);
    return storage;
  };
#define X(family, op)                                                                       \
  backend.family.op.run = [](const auto& problem) {                                         \
    if (recording) recording->calls.push_back([problem] { recorded->family.op(problem); }); \
    return recorded->family.op(problem);                                                    \
  };
  TW_BACKEND_OPS(X)
#undef X
  return backend;
}

constexpr Device kDevice{DeviceKind::test, 0};

Array normal(const Dims& shape, uint64_t seed) { return random_normal(shape, DType::f32, {seed, 0}, 0, 1, kDevice); }

struct Inputs {
  Array x, weight, bias, target, rows, param, grad;
};

Inputs inputs(uint64_t seed) {
  return {normal({12, 33}, seed),
          normal({21, 33}, seed + 1),
          normal({21}, seed + 2),
          random_integers({12}, DType::i64, {seed + 3, 0}, 0, 20, kDevice),
          random_integers({7}, DType::i64, {seed + 4, 0}, -12, 11, kDevice),
          normal({50}, seed + 5),
          normal({50}, seed + 6)};
}

// Ten ops of nine families, forward and backward, some of several calls. Reads nothing on the way.
std::vector<Array> program(const Inputs& in) {
  Array argument;
  const Array y = linear(in.x, in.weight, &in.bias, Activation::gelu, &argument);
  const Array shifted = binary(elementwise_op(Elementwise::add), {&y, {}}, {nullptr, {Scalar::floating, 0, 0.5}});
  const Array joined = concatenate({&shifted, &y}, 1);
  const Array total = reduce(Reduction::mean, transposed(joined), Dims{0}, false);
  const CrossEntropyResult loss = cross_entropy(shifted, in.target, {});
  const Array g = full({}, {Scalar::floating, 0, 1}, DType::f32, kDevice);
  const Array gy = cross_entropy_backward(g, shifted, in.target, loss.saved, {});
  const DropoutResult dropped = dropout(gy, 0.3, {8, 0});
  const BiasActivationGradients back = bias_activation_backward(dropped.y, argument, Activation::gelu);
  const Array gw = matmul_tn(back.z, in.x);
  const Array picked = take(gw, in.rows, 0);
  StepSettings settings;
  settings.rate = 0.1;
  settings.decay = 0.01;
  optim_step(StepRule::sgd, {&in.param}, {&in.grad}, {}, {settings}, {});
  return {total, loss.loss, dropped.mask, back.bias, picked, astype(in.param, DType::f64)};
}

void write(const Array& to, const Array& from) {
  std::memcpy(to.data, from.data, static_cast<size_t>(to.size()) * to.itemsize());
}

void test_recorded_calls_replay_on_new_data() {
  recorded = &backend(Device{});
  set_backend(recorder());
  const Inputs in = inputs(1);
  Recording record;
  recording = &record;
  const std::vector<Array> results = program(in);
  recording = nullptr;
  check(record.calls.size() >= 10, "only %zu calls were recorded", record.calls.size());

  // New data, by the program itself for what is right, and in the memory of the recorded run.
  const Inputs other = inputs(11);
  for (const auto& member :
       {&Inputs::x, &Inputs::weight, &Inputs::bias, &Inputs::target, &Inputs::rows, &Inputs::param, &Inputs::grad})
    write(in.*member, other.*member);
  const std::vector<Array> wanted = program(other);
  for (const auto& call : record.calls) call();
  for (size_t k = 0; k < results.size(); ++k) {
    const size_t nbytes = static_cast<size_t>(wanted[k].size()) * wanted[k].itemsize();
    check(std::memcmp(results[k].data, wanted[k].data, nbytes) == 0, "result %zu of the replay is another", k);
  }
}

void test_a_missing_op_is_named() {
  static Backend poor = recorder();
  poor.softmax.forward = {};
  set_backend(poor);
  std::string message;
  try {
    softmax(normal({3, 4}, 1), 1);
  } catch (const NotImplementedError& error) {
    message = error.what();
  }
  check(message == "softmax.forward: not implemented on test:0", "got: %s", message.c_str());
}

// The list of ops, by which everything above goes, has all of them.
void test_the_list_is_complete() {
  size_t listed = 0;
#define X(family, op) ++listed;
  TW_BACKEND_OPS(X)
#undef X
  const size_t members = (sizeof(Backend) - offsetof(Backend, attention)) / sizeof(void*);
  check(listed == members, "%zu ops are listed, the struct has %zu", listed, members);
}

}  // namespace
}  // namespace tw::test

int main() {
  using namespace tw::test;
  tw::cpu::register_backend();
  test_the_list_is_complete();
  test_recorded_calls_replay_on_new_data();
  test_a_missing_op_is_named();
  return report();
}
