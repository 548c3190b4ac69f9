#include "ops/recurrent.h"

#include <pybind11/stl.h>

#include "bind/bind.h"
#include "bind/caster.h"
#include "bind/tape.h"

namespace tw {
namespace {

typedef std::vector<int64_t> Sizes;

RecurrentResult run(const RecurrentInputs& in) { return recurrent(in, tape_mode() != TapeMode::off); }

RecurrentCell rnn_cell(const std::string& nonlinearity) {
  if (nonlinearity == "tanh") return RecurrentCell::rnn_tanh;
  if (nonlinearity == "relu") return RecurrentCell::rnn_relu;
  fail<ValueError>("rnn: nonlinearity is '", nonlinearity, "', but must be 'tanh' or 'relu'");
}
RecurrentCell gru_cell(bool reset_after) { return reset_after ? RecurrentCell::gru : RecurrentCell::gru_reset_first; }

py::tuple gradients(const RecurrentInputs& in, const RecurrentCotangents& g, const Array& output, const Array* gates,
                    const Array* cells, bool wants_x) {
  RecurrentGradients r = recurrent_backward(in, g, output, gates, cells, wants_x);
  return py::make_tuple(or_none(r.gates), or_none(r.products), or_none(r.x), or_none(r.h), or_none(r.c),
                        or_none(r.output), or_none(r.unprojected));
}

}  // namespace

void bind_recurrent(py::module_& m) {
  m.def("rnn", [](const Array& x, const Array& h, const Array& weight_ih, const Array& weight_hh, const Array* bias_ih,
                  const Array* bias_hh, const Sizes& batch_sizes, bool reverse, const std::string& nonlinearity) {
    RecurrentResult r = run({rnn_cell(nonlinearity), x, h, nullptr, weight_ih, weight_hh, bias_ih, bias_hh, nullptr,
                             nullptr, batch_sizes, reverse});
    return py::make_tuple(or_none(r.output), or_none(r.h_n));
  });
  m.def("gru", [](const Array& x, const Array& h, const Array& weight_ih, const Array& weight_hh, const Array* bias_ih,
                  const Array* bias_hh, const Sizes& batch_sizes, bool reverse, bool reset_after) {
    RecurrentResult r = run({gru_cell(reset_after), x, h, nullptr, weight_ih, weight_hh, bias_ih, bias_hh, nullptr,
                             nullptr, batch_sizes, reverse});
    return py::make_tuple(or_none(r.output), or_none(r.h_n), or_none(r.gates));
  });
  m.def("lstm", [](const Array& x, const Array& h, const Array& c, const Array& weight_ih, const Array& weight_hh,
                   const Array* bias_ih, const Array* bias_hh, const Array* weight_hr, const Array* weight_peephole,
                   const Sizes& batch_sizes, bool reverse) {
    RecurrentResult r = run({RecurrentCell::lstm, x, h, &c, weight_ih, weight_hh, bias_ih, bias_hh, weight_hr,
                             weight_peephole, batch_sizes, reverse});
    return py::make_tuple(or_none(r.output), or_none(r.h_n), or_none(r.c_n), or_none(r.gates), or_none(r.cells));
  });
  m.def("rnn_backward",
        [](bool wants_x, const Array* of_output, const Array* of_h, const Array& x, const Array& h,
           const Array& weight_ih, const Array& weight_hh, const Array* bias_ih, const Array* bias_hh,
           const Sizes& batch_sizes, bool reverse, const std::string& nonlinearity, const Array& output) {
          return gradients({rnn_cell(nonlinearity), x, h, nullptr, weight_ih, weight_hh, bias_ih, bias_hh, nullptr,
                            nullptr, batch_sizes, reverse},
                           {of_output, of_h, nullptr}, output, nullptr, nullptr, wants_x);
        });
  m.def("gru_backward",
        [](bool wants_x, const Array* of_output, const Array* of_h, const Array& x, const Array& h,
           const Array& weight_ih, const Array& weight_hh, const Array* bias_ih, const Array* bias_hh,
           const Sizes& batch_sizes, bool reverse, bool reset_after, const Array& output, const Array* gates) {
          return gradients({gru_cell(reset_after), x, h, nullptr, weight_ih, weight_hh, bias_ih, bias_hh, nullptr,
                            nullptr, batch_sizes, reverse},
                           {of_output, of_h, nullptr}, output, gates, nullptr, wants_x);
        });
  m.def("lstm_backward",
        [](bool wants_x, const Array* of_output, const Array* of_h, const Array* of_c, const Array& x, const Array& h,
           const Array& c, const Array& weight_ih, const Array& weight_hh, const Array* bias_ih, const Array* bias_hh,
           const Array* weight_hr, const Array* weight_peephole, const Sizes& batch_sizes, bool reverse,
           const Array& output, const Array* gates, const Array* cells) {
          return gradients({RecurrentCell::lstm, x, h, &c, weight_ih, weight_hh, bias_ih, bias_hh, weight_hr,
                            weight_peephole, batch_sizes, reverse},
                           {of_output, of_h, of_c}, output, gates, cells, wants_x);
        });
}

}  // namespace tw
