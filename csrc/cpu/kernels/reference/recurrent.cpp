// The updates of recurrent cells by their definitions, in double: the oracle for kernels/recurrent. Products are
// GEMM's.
#include "cpu/kernels/recurrent/recurrent.h"

#include "cpu/kernels/vec.h"

namespace tw::TW_ISA {
namespace {

double sigmoid(double x) { return 1 / (1 + __builtin_exp(-x)); }

template <class T>
T& at(const RecurrentRows& x, int64_t r, int64_t u, int64_t block = 0) {
  return static_cast<T*>(x.data)[r * x.row + block * x.block + u];
}
template <class T>
double get_or_0(const RecurrentRows& x, int64_t r, int64_t u, int64_t block = 0) {
  return x.data ? at<T>(x, r, u, block) : 0;
}
template <class T>
void put(const RecurrentRows& x, int64_t r, int64_t u, double v, int64_t block = 0) {
  if (x.data) at<T>(x, r, u, block) = (T)v;
}

template <class T>
void update_lstm(const RecurrentUpdate& a, int64_t r, int64_t u) {
  const double before = at<T>(a.c, r, u);
  const auto looks = [&](int64_t k, double c) { return get_or_0<T>(a.peephole, 0, u, k) * c; };
  const double i = sigmoid(at<T>(a.sums, r, u, 0) + looks(0, before));
  const double f = sigmoid(at<T>(a.sums, r, u, 1) + looks(1, before));
  const double g = __builtin_tanh(at<T>(a.sums, r, u, 2)), c = f * before + i * g;
  const double o = sigmoid(at<T>(a.sums, r, u, 3) + looks(2, c)), h = o * __builtin_tanh(c);
  const double gates[] = {i, f, g, o};
  for (int k = 0; k < 4; ++k) put<T>(a.gates, r, u, gates[k], k);
  put<T>(a.c, r, u, c);
  put<T>(a.cells, r, u, c);
  put<T>(a.y, r, u, h);
  put<T>(a.h, r, u, h);
}

template <class T>
void update_gru(const RecurrentUpdate& a, int64_t row, int64_t u) {
  const double before = at<T>(a.h_before, row, u);
  double z = get_or_0<T>(a.gates, row, u, 1), n = at<T>(a.sums, row, u, 2);
  if (a.part != RecurrentPart::rest) {
    const double r = sigmoid(at<T>(a.sums, row, u, 0));
    z = sigmoid(at<T>(a.sums, row, u, 1));
    const double product = a.part == RecurrentPart::all ? at<T>(a.sums, row, u, 3) : r * before;
    put<T>(a.gates, row, u, r, 0);
    put<T>(a.gates, row, u, z, 1);
    put<T>(a.gates, row, u, product, 3);
    if (a.part == RecurrentPart::reset) return;
    n += r * product;
  }
  n = __builtin_tanh(n);
  put<T>(a.gates, row, u, n, 2);
  const double h = (1 - z) * n + z * before;
  put<T>(a.y, row, u, h);
  put<T>(a.h, row, u, h);
}

template <class T>
void update_plain(const RecurrentUpdate& a, int64_t r, int64_t u) {
  const double sum = at<T>(a.sums, r, u), relu = sum < 0 ? 0 : sum;
  const double h = a.cell == RecurrentCell::rnn_relu ? relu : __builtin_tanh(sum);
  put<T>(a.y, r, u, h);
  put<T>(a.h, r, u, h);
}

template <class T>
void update(const RecurrentUpdate& a) {
  for (int64_t r = 0; r < a.rows; ++r)
    for (int64_t u = 0; u < a.units; ++u) {
      if (a.cell == RecurrentCell::lstm)
        update_lstm<T>(a, r, u);
      else if (gates_of(a.cell) == 3)
        update_gru<T>(a, r, u);
      else
        update_plain<T>(a, r, u);
    }
}

// ---- backward -------------------------------------------------------------------------------------------------------

template <class T>
void backward_lstm(const RecurrentBackward& b, int64_t r, int64_t u, double dh) {
  const auto gate = [&](int64_t k) { return (double)at<T>(b.gates, r, u, k); };
  const auto peephole = [&](int64_t k) { return get_or_0<T>(b.peephole, 0, u, k); };
  const double t = __builtin_tanh(at<T>(b.c, r, u)), before = at<T>(b.c_before, r, u);
  const double i = gate(0), f = gate(1), g = gate(2), o = gate(3);
  put<T>(b.y, r, u, o * t);
  const double of_o = dh * t * o * (1 - o);
  const double dc = at<T>(b.of_c, r, u) + dh * o * (1 - t * t) + of_o * peephole(2);
  const double of_i = dc * g * i * (1 - i), of_f = dc * before * f * (1 - f), of_g = dc * i * (1 - g * g);
  const double results[] = {of_i, of_f, of_g, of_o};
  for (int k = 0; k < 4; ++k) put<T>(b.of_gates, r, u, results[k], k);
  put<T>(b.of_c, r, u, dc * f + of_i * peephole(0) + of_f * peephole(1));
}

template <class T>
void backward_gru(const RecurrentBackward& b, int64_t row, int64_t u, double dh) {
  const double r = at<T>(b.gates, row, u, 0), before = at<T>(b.h_before, row, u);
  if (b.part == RecurrentPart::rest) {  // g is the cotangent of r h
    const double g = at<T>(b.g, row, u);
    put<T>(b.of_gates, row, u, g * before * r * (1 - r), 0);
    put<T>(b.of_h, row, u, at<T>(b.of_h, row, u) + g * r);
    return;
  }
  const double z = at<T>(b.gates, row, u, 1), n = at<T>(b.gates, row, u, 2), product = at<T>(b.gates, row, u, 3);
  const double of_z = dh * (before - n) * z * (1 - z), of_n = dh * (1 - z) * (1 - n * n);
  put<T>(b.of_h, row, u, dh * z);
  put<T>(b.of_gates, row, u, of_z, 1);
  put<T>(b.of_gates, row, u, of_n, 2);
  if (b.part == RecurrentPart::reset) return;
  const double of_r = of_n * product * r * (1 - r);
  put<T>(b.of_gates, row, u, of_r, 0);
  const double results[] = {of_r, of_z, of_n * r};
  for (int k = 0; k < 3; ++k) put<T>(b.of_products, row, u, results[k], k);
}

template <class T>
void backward(const RecurrentBackward& b) {
  for (int64_t r = 0; r < b.rows; ++r)
    for (int64_t u = 0; u < b.units; ++u) {
      const double dh = get_or_0<T>(b.g, r, u) + get_or_0<T>(b.of_h, r, u);
      if (b.cell == RecurrentCell::lstm) {
        backward_lstm<T>(b, r, u, dh);
      } else if (gates_of(b.cell) == 3) {
        backward_gru<T>(b, r, u, dh);
      } else {
        const double y = at<T>(b.y, r, u), slope = y > 0 || y != y ? 1 : 0;
        put<T>(b.of_gates, r, u, dh * (b.cell == RecurrentCell::rnn_relu ? slope : 1 - y * y));
      }
    }
}

}  // namespace

void fill(RecurrentKernels& table) {
  table.update[(int)DType::f32] = update<float>;
  table.update[(int)DType::f64] = update<double>;
  table.backward[(int)DType::f32] = backward<float>;
  table.backward[(int)DType::f64] = backward<double>;
}

}  // namespace tw::TW_ISA
