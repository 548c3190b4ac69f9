#include "ops/recurrent.h"

#include <array>
#include <sstream>

#include "backend/backend.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/transfer.h"

namespace tw {
namespace {

const char* op_of(RecurrentCell cell) {
  return cell == RecurrentCell::lstm ? "lstm" : gates_of(cell) == 3 ? "gru" : "rnn";
}

// What the ops are given, found to fit together.
class Checked {
 public:
  explicit Checked(const RecurrentInputs& in) : op_(op_of(in.cell)) {
    named_ = {{{"x", &in.x},
               {"h", &in.h},
               {"c", in.c},
               {"weight_ih", &in.weight_ih},
               {"weight_hh", &in.weight_hh},
               {"bias_ih", in.bias_ih},
               {"bias_hh", in.bias_hh},
               {"weight_hr", in.weight_hr},
               {"weight_peephole", in.weight_peephole}}};
    check_dtypes();
    check_shapes(in);
  }

  DType dtype, compute;
  RecurrentShape shape;

  // Contiguous, in the type that is computed in.
  Array operand(const Array* given) const { return given ? contiguous(astype(*given, compute, false)) : Array{}; }

 private:
  void check_dtypes() {
    common_device(op_,
                  {named_[0], named_[1], named_[2], named_[3], named_[4], named_[5], named_[6], named_[7], named_[8]});
    dtype = named_[0].array->dtype;
    for (const Named& named : named_) {
      if (!named.array) continue;
      dtype = promote_types(dtype, named.array->dtype);
      if (is_complex(named.array->dtype))
        fail<TypeError>(op_, ": ", named.name, " is ", named.array->dtype, ", but must be real");
    }
    if (!is_floating(dtype)) dtype = default_float();
    compute = dtype == DType::f64 ? DType::f64 : DType::f32;
  }

  void check_matrix(const Named& named, const char* needed) const {
    if (named.array->ndim() != 2)
      fail<ValueError>(op_, ": ", named.name, " has shape ", named.array->shape, ", but must be ", needed);
  }
  void check_is(const Named& named, const Dims& needed, const std::string& why) const {
    if (named.array && !(named.array->shape == needed))
      fail<ValueError>(op_, ": ", named.name, " has shape ", named.array->shape, ", but ", why, " needs ", needed);
  }

  void check_shapes(const RecurrentInputs& in) {
    const auto& [x, h, c, weight_ih, weight_hh, bias_ih, bias_hh, weight_hr, peephole] = named_;
    check_matrix(x, "(rows of all steps, input size)");
    check_matrix(h, "(sequences, hidden size)");
    check_matrix(weight_ih, "(gates times hidden size, input size)");
    const int64_t gates = gates_of(in.cell);
    if (weight_ih.array->shape[0] % gates != 0)
      fail<ValueError>(op_, ": weight_ih has shape ", weight_ih.array->shape, ", but needs ", gates,
                       " rows for each hidden unit");
    shape = {in.cell,
             in.reverse,
             in.batch_sizes,
             x.array->shape[0],
             h.array->shape[0],
             x.array->shape[1],
             weight_ih.array->shape[0] / gates,
             h.array->shape[1]};
    if (weight_ih.array->shape[1] != shape.inputs)
      fail<ValueError>(op_, ": x has shape ", x.array->shape, ", ", shape.inputs, " features, but weight_ih ",
                       weight_ih.array->shape, " takes ", weight_ih.array->shape[1]);
    const std::string of_weight = text("weight_ih ", weight_ih.array->shape);
    if (!weight_hr.array && shape.output != shape.hidden)
      fail<ValueError>(op_, ": h has shape ", h.array->shape, ", but ", of_weight, " has ", shape.hidden,
                       " hidden units, so h needs ", Dims{shape.batch, shape.hidden});
    check_is(weight_hr, {shape.output, shape.hidden}, text(of_weight, " with h ", h.array->shape));
    check_is(weight_hh, {gates * shape.hidden, shape.output}, text(of_weight, " with h ", h.array->shape));
    for (const Named& bias : {bias_ih, bias_hh}) check_is(bias, {gates * shape.hidden}, of_weight);
    check_is(c, {shape.batch, shape.hidden}, text("h ", h.array->shape, " with ", of_weight));
    check_is(peephole, {3, shape.hidden}, of_weight);
    check_batch_sizes();
  }

  void check_batch_sizes() const {
    int64_t total = 0, before = shape.batch;
    for (size_t i = 0; i < shape.batch_sizes.size(); ++i) {
      const int64_t rows = shape.batch_sizes[i];
      if (rows < 0) fail<ValueError>(op_, ": batch_sizes[", i, "] is ", rows, ", but must be at least 0");
      if (rows > before && i == 0)
        fail<ValueError>(op_, ": batch_sizes[0] is ", rows, ", but h has ", before, " rows, one for each sequence");
      if (rows > before)
        fail<ValueError>(op_, ": batch_sizes[", i, "] is ", rows, ", more than the ", before,
                         " before it, but they must never increase");
      total += rows;
      before = rows;
    }
    if (total != shape.rows) fail<ValueError>(op_, ": batch_sizes sum to ", total, ", but x has ", shape.rows, " rows");
  }

  template <class... Parts>
  static std::string text(const Parts&... parts) {
    std::ostringstream stream;
    (stream << ... << parts);
    return stream.str();
  }

  const char* op_;
  std::array<Named, 9> named_;
};

void check_saved(const char* op, const Array* saved, bool needed, const Dims& shape, DType dtype) {
  if (saved ? !(saved->shape == shape) || saved->dtype != dtype || !saved->is_contiguous() : needed)
    fail<ValueError>(op, ": the results are not those of the forward pass");
}

}  // namespace

RecurrentResult recurrent(const RecurrentInputs& in, bool keep) {
  const Checked checked(in);
  const RecurrentShape& s = checked.shape;
  const Array x = checked.operand(&in.x), h = checked.operand(&in.h), c = checked.operand(in.c),
              weight_ih = checked.operand(&in.weight_ih), weight_hh = checked.operand(&in.weight_hh),
              bias_ih = checked.operand(in.bias_ih), bias_hh = checked.operand(in.bias_hh),
              weight_hr = checked.operand(in.weight_hr), peephole = checked.operand(in.weight_peephole);
  const auto made = [&](int64_t rows, int64_t columns) { return empty({rows, columns}, checked.compute, x.device); };
  const bool cells = in.cell == RecurrentCell::lstm;
  RecurrentResult r{made(s.rows, s.output), made(s.batch, s.output), {}, {}, {}};
  if (cells) r.c_n = made(s.batch, s.hidden);
  if (keep && cells) r.cells = made(s.rows, s.hidden);
  if (keep && blocks_of(in.cell) > 1) r.gates = made(s.rows, blocks_of(in.cell) * s.hidden);
  backend(x.device).recurrent.forward({s, checked.compute, x.data, h.data, c.data, weight_ih.data, weight_hh.data,
                                       bias_ih.data, bias_hh.data, weight_hr.data, peephole.data, r.output.data,
                                       r.h_n.data, r.c_n.data, r.gates.data, r.cells.data});
  for (Array* result : {&r.output, &r.h_n, &r.c_n})
    if (result->storage.get()) *result = astype(*result, checked.dtype, false);
  return r;
}

RecurrentGradients recurrent_backward(const RecurrentInputs& in, const RecurrentCotangents& g, const Array& output,
                                      const Array* gates, const Array* cells, bool wants_x) {
  const Checked checked(in);
  const RecurrentShape& s = checked.shape;
  const char* op = op_of(in.cell);
  const Array h = checked.operand(&in.h), c = checked.operand(in.c), weight_ih = checked.operand(&in.weight_ih),
              weight_hh = checked.operand(&in.weight_hh), weight_hr = checked.operand(in.weight_hr),
              peephole = checked.operand(in.weight_peephole), y = checked.operand(&output),
              of_y = checked.operand(g.output), of_h = checked.operand(g.h_n), of_c = checked.operand(g.c_n);
  const bool projected = in.weight_hr, lstm = in.cell == RecurrentCell::lstm;
  check_saved(op, &y, true, {s.rows, s.output}, checked.compute);
  check_saved(op, gates, blocks_of(in.cell) > 1, {s.rows, blocks_of(in.cell) * s.hidden}, checked.compute);
  check_saved(op, cells, lstm, {s.rows, s.hidden}, checked.compute);
  const auto made = [&](int64_t rows, int64_t columns) { return empty({rows, columns}, checked.compute, y.device); };
  RecurrentGradients r;
  r.gates = made(s.rows, gates_of(in.cell) * s.hidden);
  if (in.cell == RecurrentCell::gru) r.products = made(s.rows, gates_of(in.cell) * s.hidden);
  if (wants_x) r.x = made(s.rows, s.inputs);
  r.h = made(s.batch, s.output);
  if (lstm) r.c = made(s.batch, s.hidden);
  if (projected) r.output = made(s.rows, s.output), r.unprojected = made(s.rows, s.hidden);
  const auto data = [](const Array* array) { return array ? array->data : nullptr; };
  backend(y.device).recurrent.backward(
      {s,           checked.compute, of_y.data,         of_h.data,       of_c.data,     h.data,
       c.data,      weight_ih.data,  weight_hh.data,    weight_hr.data,  peephole.data, y.data,
       data(gates), data(cells),     r.gates.data,      r.products.data, r.x.data,      r.h.data,
       r.c.data,    r.output.data,   r.unprojected.data});
  return r;
}

}  // namespace tw
