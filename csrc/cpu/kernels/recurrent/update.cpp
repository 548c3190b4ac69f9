// The update of a recurrent cell from its sums, and the way back through it: one pass over all that a unit has.
#include "cpu/kernels/recurrent/update.h"
#include "cpu/kernels/part.h"
#include "cpu/kernels/recurrent/gates.h"

namespace tw::TW_ISA {

void fill_step(RecurrentKernels&);

namespace {

template <class T>
T* at(const RecurrentRows& x, int64_t r, int64_t block = 0) {
  return x.data ? static_cast<T*>(x.data) + r * x.row + block * x.block : nullptr;
}

// f(i, at) for every vector of n numbers.
template <class T, class F>
TW_INLINE void for_each_unit(int64_t n, F f) {
  int64_t i = 0;
  for (; i + lanes<T> <= n; i += lanes<T>) f(i, Whole{});
  if (i < n) f(i, Part{(int)(n - i)});
}

template <class V>
TW_INLINE V complement(V x) {
  return splat<V>(1) - x;
}
template <class V>
TW_INLINE V slope_of_sigmoid(V y) {
  return y * complement(y);
}
template <class V>
TW_INLINE V slope_of_tanh(V y) {
  return complement(y * y);
}

// ---- backward -------------------------------------------------------------------------------------------------------

template <class T>
TW_INLINE vec<T> cotangent_of_h(const T* g, const T* of_h, int64_t i, auto lanes_at) {
  const vec<T> later = lanes_at.load(of_h + i);
  return g ? later + lanes_at.load(g + i) : later;
}

template <class T>
void backward_lstm(const RecurrentBackward& b, int64_t r) {
  typedef vec<T> V;
  const T *gates[4], *peephole = at<T>(b.peephole, 0), *c = at<T>(b.c, r), *before = at<T>(b.c_before, r);
  T *to[4], *copy[4];
  for (int k = 0; k < 4; ++k)
    gates[k] = at<T>(b.gates, r, k), to[k] = at<T>(b.of_gates, r, k), copy[k] = at<T>(b.copy, r, k);
  const T *g = at<T>(b.g, r), *of_h = at<T>(b.of_h, r);
  T *of_c = at<T>(b.of_c, r), *y = at<T>(b.y, r);
  for_each_unit<T>(b.units, [&](int64_t u, auto lanes_at) __attribute__((always_inline)) {
    const V dh = cotangent_of_h<T>(g, of_h, u, lanes_at);
    const V i = lanes_at.load(gates[0] + u), f = lanes_at.load(gates[1] + u), n = lanes_at.load(gates[2] + u),
            o = lanes_at.load(gates[3] + u);
    const V t = gate_tanh(lanes_at.load(c + u)), past = lanes_at.load(before + u);
    const V of_o = dh * t * slope_of_sigmoid(o);
    if (y) lanes_at.store(y + u, o * t);
    V dc = fma(dh * o, slope_of_tanh(t), lanes_at.load(of_c + u));
    if (peephole) dc = fma(of_o, lanes_at.load(peephole + 2 * b.peephole.block + u), dc);
    const V of_i = dc * n * slope_of_sigmoid(i), of_f = dc * past * slope_of_sigmoid(f),
            of_n = dc * i * slope_of_tanh(n);
    const V results[] = {of_i, of_f, of_n, of_o};
    for (int k = 0; k < 4; ++k) {
      lanes_at.store(to[k] + u, results[k]);
      if (copy[k]) lanes_at.store(copy[k] + u, results[k]);
    }
    V past_dc = dc * f;
    if (peephole) {
      past_dc = fma(of_i, lanes_at.load(peephole + u), past_dc);
      past_dc = fma(of_f, lanes_at.load(peephole + b.peephole.block + u), past_dc);
    }
    lanes_at.store(of_c + u, past_dc);
  });
}

// Of h' = n + z (h - n).
template <class T>
void backward_gru(const RecurrentBackward& b, int64_t row) {
  typedef vec<T> V;
  const bool whole = b.part == RecurrentPart::all;
  const T *gates[4], *g = at<T>(b.g, row), *before = at<T>(b.h_before, row);
  T *to[3], *products[3], *copy[3], *of_h = at<T>(b.of_h, row);
  for (int k = 0; k < 4; ++k) gates[k] = at<T>(b.gates, row, k);
  for (int k = 0; k < 3; ++k)
    to[k] = at<T>(b.of_gates, row, k), products[k] = at<T>(b.of_products, row, k), copy[k] = at<T>(b.copy, row, k);
  for_each_unit<T>(b.units, [&](int64_t u, auto lanes_at) __attribute__((always_inline)) {
    const V dh = cotangent_of_h<T>(g, of_h, u, lanes_at);
    const V r = lanes_at.load(gates[0] + u), z = lanes_at.load(gates[1] + u), n = lanes_at.load(gates[2] + u);
    const V of_z = dh * (lanes_at.load(before + u) - n) * slope_of_sigmoid(z);
    const V of_n = dh * complement(z) * slope_of_tanh(n);
    lanes_at.store(of_h + u, dh * z);
    lanes_at.store(to[1] + u, of_z);
    lanes_at.store(to[2] + u, of_n);
    if (!whole) return;
    const V of_r = of_n * lanes_at.load(gates[3] + u) * slope_of_sigmoid(r);
    lanes_at.store(to[0] + u, of_r);
    const V results[] = {of_r, of_z, of_n * r};
    for (int k = 0; k < 3; ++k) {
      lanes_at.store(products[k] + u, results[k]);
      if (copy[k]) lanes_at.store(copy[k] + u, results[k]);
    }
  });
}

// Of r h, whose cotangent is g.
template <class T>
void backward_reset(const RecurrentBackward& b, int64_t row) {
  typedef vec<T> V;
  const T *r_at = at<T>(b.gates, row), *before = at<T>(b.h_before, row), *g = at<T>(b.g, row);
  T *to = at<T>(b.of_gates, row), *of_h = at<T>(b.of_h, row);
  for_each_unit<T>(b.units, [&](int64_t u, auto lanes_at) __attribute__((always_inline)) {
    const V r = lanes_at.load(r_at + u), of_product = lanes_at.load(g + u);
    lanes_at.store(to + u, of_product * lanes_at.load(before + u) * slope_of_sigmoid(r));
    lanes_at.store(of_h + u, fma(of_product, r, lanes_at.load(of_h + u)));
  });
}

template <class T>
void backward_plain(const RecurrentBackward& b, int64_t row) {
  typedef vec<T> V;
  const T *y_at = at<T>(b.y, row), *g = at<T>(b.g, row), *of_h = at<T>(b.of_h, row);
  T *to = at<T>(b.of_gates, row), *copy = at<T>(b.copy, row);
  for_each_unit<T>(b.units, [&](int64_t u, auto lanes_at) __attribute__((always_inline)) {
    const V dh = cotangent_of_h<T>(g, of_h, u, lanes_at), y = lanes_at.load(y_at + u);
    const V result = b.cell == RecurrentCell::rnn_relu ? relu_backward(dh, y) : dh * slope_of_tanh(y);
    lanes_at.store(to + u, result);
    if (copy) lanes_at.store(copy + u, result);
  });
}

template <class T>
void backward(const RecurrentBackward& b) {
  for (int64_t r = 0; r < b.rows; ++r) {
    if (b.cell == RecurrentCell::lstm)
      backward_lstm<T>(b, r);
    else if (gates_of(b.cell) == 1)
      backward_plain<T>(b, r);
    else if (b.part == RecurrentPart::rest)
      backward_reset<T>(b, r);
    else
      backward_gru<T>(b, r);
  }
}

// ---- forward --------------------------------------------------------------------------------------------------------

template <class T>
void update_lstm(const RecurrentUpdate& a, int64_t r) {
  typedef vec<T> V;
  const T *sums[4], *peephole = at<T>(a.peephole, 0);
  T *gates[4], *c = at<T>(a.c, r), *cells = at<T>(a.cells, r), *y = at<T>(a.y, r), *h = at<T>(a.h, r);
  for (int k = 0; k < 4; ++k) sums[k] = at<T>(a.sums, r, k), gates[k] = at<T>(a.gates, r, k);
  for_each_unit<T>(a.units, [&](int64_t u, auto lanes_at) __attribute__((always_inline)) {
    V of_i = lanes_at.load(sums[0] + u), of_f = lanes_at.load(sums[1] + u), of_o = lanes_at.load(sums[3] + u);
    const V before = lanes_at.load(c + u), g = gate_tanh(lanes_at.load(sums[2] + u));
    if (peephole) {
      of_i = fma(lanes_at.load(peephole + u), before, of_i);
      of_f = fma(lanes_at.load(peephole + a.peephole.block + u), before, of_f);
    }
    const V i = gate_sigmoid(of_i), f = gate_sigmoid(of_f), after = fma(f, before, i * g);
    if (peephole) of_o = fma(lanes_at.load(peephole + 2 * a.peephole.block + u), after, of_o);
    const V o = gate_sigmoid(of_o), result = o * gate_tanh(after);
    lanes_at.store(c + u, after);
    if (gates[0]) {
      const V all[] = {i, f, g, o};
      for (int k = 0; k < 4; ++k) lanes_at.store(gates[k] + u, all[k]);
    }
    if (cells) lanes_at.store(cells + u, after);
    if (y) lanes_at.store(y + u, result);
    lanes_at.store(h + u, result);
  });
}

template <class T>
void update_gru(const RecurrentUpdate& a, int64_t row) {
  typedef vec<T> V;
  const T *sums[4], *before = at<T>(a.h_before, row);
  T *gates[4], *y = at<T>(a.y, row), *h = at<T>(a.h, row);
  for (int k = 0; k < 4; ++k) sums[k] = at<T>(a.sums, row, k), gates[k] = at<T>(a.gates, row, k);
  for_each_unit<T>(a.units, [&](int64_t u, auto lanes_at) __attribute__((always_inline)) {
    const V past = lanes_at.load(before + u);
    V r, z, n, product;
    if (a.part != RecurrentPart::rest) {
      r = gate_sigmoid(lanes_at.load(sums[0] + u));
      z = gate_sigmoid(lanes_at.load(sums[1] + u));
      product = a.part == RecurrentPart::all ? lanes_at.load(sums[3] + u) : r * past;
    }
    if (a.part == RecurrentPart::reset) {
      const V both[] = {r, z};
      for (int k = 0; k < 2; ++k) lanes_at.store(gates[k] + u, both[k]);
      lanes_at.store(gates[3] + u, product);
      return;
    }
    if (a.part == RecurrentPart::rest) {
      z = lanes_at.load(gates[1] + u);
      n = gate_tanh(lanes_at.load(sums[2] + u));
      lanes_at.store(gates[2] + u, n);
    } else {
      n = gate_tanh(fma(r, product, lanes_at.load(sums[2] + u)));
      const V all[] = {r, z, n, product};
      for (int k = 0; k < 4 && gates[0]; ++k) lanes_at.store(gates[k] + u, all[k]);
    }
    const V result = fma(z, past, complement(z) * n);  // exact where z is 0 or 1
    if (y) lanes_at.store(y + u, result);
    lanes_at.store(h + u, result);
  });
}

template <class T>
void update_plain(const RecurrentUpdate& a, int64_t r) {
  typedef vec<T> V;
  const T* sums = at<T>(a.sums, r);
  T *y = at<T>(a.y, r), *h = at<T>(a.h, r);
  for_each_unit<T>(a.units, [&](int64_t u, auto lanes_at) __attribute__((always_inline)) {
    const V sum = lanes_at.load(sums + u);
    const V result = a.cell == RecurrentCell::rnn_relu ? relu(sum) : gate_tanh(sum);
    if (y) lanes_at.store(y + u, result);
    lanes_at.store(h + u, result);
  });
}

template <class T>
void update(const RecurrentUpdate& a) {
  for (int64_t r = 0; r < a.rows; ++r) {
    if (a.cell == RecurrentCell::lstm)
      update_lstm<T>(a, r);
    else if (gates_of(a.cell) == 3)
      update_gru<T>(a, r);
    else
      update_plain<T>(a, r);
  }
}

}  // namespace

void update_cell(const RecurrentUpdate& a, float) { update<float>(a); }
void update_cell(const RecurrentUpdate& a, double) { update<double>(a); }

void fill(RecurrentKernels& table) {
  table.update[(int)DType::f32] = update<float>;
  table.update[(int)DType::f64] = update<double>;
  table.backward[(int)DType::f32] = backward<float>;
  table.backward[(int)DType::f64] = backward<double>;
  fill_step(table);
}

}  // namespace tw::TW_ISA
