#include "ops/ctc.h"

#include "backend/backend.h"
#include "ops/elementwise.h"
#include "ops/operand.h"
#include "ops/transfer.h"

namespace tw {
namespace {

constexpr const char* kCtc = "ctc_loss";

Array integers(const char* name, const Array& x) {
  if (!is_integer(x.dtype)) fail<TypeError>(kCtc, ": ", name, " has dtype ", x.dtype, ", but must be integers");
  return contiguous(astype(x, DType::i64, false));
}

Array lengths(const char* name, const Array& x, int64_t batch) {
  if (!(x.shape == Dims{batch}))
    fail<ValueError>(kCtc, ": ", name, " has shape ", x.shape, ", but log_probs has ", batch, " sequences");
  return integers(name, x);
}

// The arguments, checked and in the form that devices take.
struct CtcOperands {
  Array x, targets, input_lengths, target_lengths;
  CtcInputs in;

  CtcOperands(const Array& log_probs, const CtcTargets& given) {
    if (log_probs.ndim() != 3)
      fail<ValueError>(kCtc, ": log_probs has shape ", log_probs.shape, ", but must be (T, N, C) or (T, C)");
    if (!is_floating(log_probs.dtype))
      fail<TypeError>(kCtc, ": log_probs has dtype ", log_probs.dtype, ", but must be floating");
    common_device(kCtc, {{"log_probs", &log_probs},
                         {"targets", &given.targets},
                         {"input_lengths", &given.input_lengths},
                         {"target_lengths", &given.target_lengths}});
    const Dims& shape = log_probs.shape;
    const int64_t batch = shape[1];
    if (given.blank < 0 || given.blank >= shape[2])
      fail<ValueError>(kCtc, ": blank is ", given.blank, ", but log_probs ", shape, " has ", shape[2], " classes");
    if (given.targets.ndim() != 1 && !(given.targets.ndim() == 2 && given.targets.shape[0] == batch))
      fail<ValueError>(kCtc, ": targets has shape ", given.targets.shape, ", but must be (", batch,
                       ", S), or 1-D with one sequence behind another");
    targets = integers("targets", given.targets);
    input_lengths = lengths("input_lengths", given.input_lengths, batch);
    target_lengths = lengths("target_lengths", given.target_lengths, batch);
    const DType dtype = log_probs.dtype == DType::f64 ? DType::f64 : DType::f32;
    x = contiguous(astype(log_probs, dtype, false));
    in = {dtype,
          shape[0],
          batch,
          shape[2],
          given.blank,
          targets.ndim() == 2 ? targets.shape[1] : -1,
          targets.size(),
          x.data,
          targets.ptr<int64_t>(),
          input_lengths.ptr<int64_t>(),
          target_lengths.ptr<int64_t>()};
  }

  // Says what is wrong with sequence n, or the sum of the lengths.
  [[noreturn]] void refuse(int64_t n) const {
    const Array classes = to_host(kCtc, targets);
    const Array steps = to_host(kCtc, input_lengths), labels = to_host(kCtc, target_lengths);
    int64_t total = 0, start = 0;
    for (int64_t i = 0; i < in.batch; ++i) {
      if (i == n) start = in.width < 0 ? total : i * in.width;
      total += labels.ptr<int64_t>()[i];
    }
    if (n == in.batch)
      fail<ValueError>(kCtc, ": targets has ", in.count, " entries, but target_lengths add up to ", total);
    const int64_t length = steps.ptr<int64_t>()[n], count = labels.ptr<int64_t>()[n];
    if (length < 0 || length > in.steps)
      fail<ValueError>(kCtc, ": input_lengths[", n, "] is ", length, ", but log_probs ", x.shape, " has ", in.steps,
                       " steps");
    const int64_t most = in.width < 0 ? in.count - start : in.width;
    if (count < 0 || count > most)
      fail<ValueError>(kCtc, ": target_lengths[", n, "] is ", count, ", but targets ", targets.shape, " has ", most,
                       " entries for it");
    int64_t at = start;
    const int64_t* c = classes.ptr<int64_t>();
    while (c[at] >= 0 && c[at] < in.classes && c[at] != in.blank) ++at;
    const std::string name = element_name("targets", at, targets.shape);
    if (c[at] == in.blank) fail<ValueError>(kCtc, ": ", name, " is ", c[at], ", the blank");
    fail<IndexError>(kCtc, ": ", name, " is ", c[at], ", but log_probs ", x.shape, " has ", in.classes,
                     " classes, 0 to ", in.classes - 1);
  }
};

}  // namespace

CtcResult ctc_loss(const Array& log_probs, const CtcTargets& targets) {
  const CtcOperands p(log_probs, targets);
  const CtcResult r{empty({p.in.batch}, p.in.dtype, log_probs.device),
                    empty({p.in.kept()}, p.in.dtype, log_probs.device)};
  const int64_t bad = backend(log_probs.device).ctc.forward({p.in, r.losses.data, r.log_alpha.data});
  if (bad >= 0) p.refuse(bad);
  return {astype(r.losses, log_probs.dtype, false), r.log_alpha};
}

Array ctc_loss_backward(const Array& g_given, const Array& log_probs, const Array& log_alpha,
                        const CtcTargets& targets) {
  const CtcOperands p(log_probs, targets);
  if (!(g_given.shape == Dims{p.in.batch}) || !(log_alpha.shape == Dims{p.in.kept()}) || log_alpha.dtype != p.in.dtype)
    fail<ValueError>(kCtc, ": g ", g_given.shape, " or what was kept, ", log_alpha.shape, ", does not fit log_probs ",
                     log_probs.shape);
  const Array g = contiguous(astype(g_given, p.in.dtype, false));
  const Array gx = empty(p.x.shape, p.in.dtype, log_probs.device);
  const int64_t bad = backend(log_probs.device).ctc.backward({p.in, log_alpha.data, g.data, gx.data});
  if (bad >= 0) p.refuse(bad);
  return astype(gx, log_probs.dtype, false);
}

}  // namespace tw
