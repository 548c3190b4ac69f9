// How an elementwise kernel is put together: a core that works on contiguous vectors of one compute type, and ports
// that carry each operand between memory (any strides, any storage type) and the core.
//
// Only the core is specific to an operation. run() hands it memory itself where an operand is contiguous and stored as
// it is computed, else tiles of at most 512 elements in small buffers that stay in the L1 cache.
#pragma once
#include "cpu/kernels/elementwise/elementwise.h"
#include "cpu/kernels/vec.h"

namespace tw::TW_ISA {

// out[i] = f(in[0][i], in[1][i], ..) for n contiguous elements. `out` may be one of the inputs.
typedef void (*RowFn)(const void* const* in, void* out, int64_t n, const double* params);

// Moves a tile between memory and a contiguous buffer (row after row).
typedef void (*GatherFn)(const void* p, Loop::Stride stride, int64_t rows, int64_t cols, void* buffer);
typedef void (*ScatterFn)(const void* buffer, void* p, Loop::Stride stride, int64_t rows, int64_t cols);

struct Port {
  int bytes;   // of an element in memory
  bool as_is;  // the core's type is the stored type
  GatherFn gather;
  ScatterFn scatter;
};
enum : int { kTile = 512 };  // most elements of a tile; of complex128 half as many, that buffers stay 4 KiB
struct Ports {
  int inputs, tile;
  Port out, in[3];
};

// A null core hands its one input on: a copy, or a conversion that the ports do.
void run(const Loop& loop, const void* const* in, void* out, const double* params, RowFn core, const Ports& ports);

// Elements that only move are moved as unsigned integers of their size.
template <class T>
using raw_t = typename IntOf<sizeof(T)>::utype;

template <class U>
void gather_raw(const void* p, Loop::Stride stride, int64_t rows, int64_t cols, void* buffer);
template <class U>
void scatter_raw(const void* buffer, void* p, Loop::Stride stride, int64_t rows, int64_t cols);
template <class H>
void gather_half(const void* p, Loop::Stride stride, int64_t rows, int64_t cols, void* buffer);
template <class H>
void scatter_half(const void* buffer, void* p, Loop::Stride stride, int64_t rows, int64_t cols);

template <class T>
constexpr Port port = {sizeof(T), true, gather_raw<raw_t<T>>, scatter_raw<raw_t<T>>};
template <>
constexpr Port port<f16> = {2, false, gather_half<f16>, scatter_half<f16>};
template <>
constexpr Port port<bf16> = {2, false, gather_half<bf16>, scatter_half<bf16>};
template <>
constexpr Port port<c128> = {16, true, gather_raw<c128>, scatter_raw<c128>};

template <class Out, class... In>
constexpr Ports ports = {
    sizeof...(In), sizeof(Out) > 8 || ((sizeof(In) > 8) || ...) ? kTile / 2 : kTile, port<Out>, {port<In>...}};

// The table's entry for a core, given what is stored.
template <RowFn core, class Out, class... In>
void entry(const Loop& loop, const void* const* in, void* out, const double* params) {
  run(loop, in, out, params, core, ports<Out, In...>);
}

// ---- cores ----------------------------------------------------------------------------------------------------------

// F is a stateless functor on vectors, or one made from the parameters.
template <class F>
TW_INLINE F make(const double* params) {
  if constexpr (requires { F(params); })
    return F(params);
  else
    return F();
}

// Comparisons end as one byte, 0 or 1, for each lane.
template <class C, class M>
TW_INLINE void store_truth(void* out, int64_t i, M mask, int n = lanes<C>) {
  const auto bytes = truth_bytes<C>(mask);
  __builtin_memcpy((char*)out + i, &bytes, n);
}

template <class C, class F>
void unary_row(const void* const* in, void* out, int64_t n, const double* params) {
  constexpr int L = lanes<C>;
  const F f = make<F>(params);
  const C* x = (const C*)in[0];
  C* y = (C*)out;
  int64_t i = 0;
  for (; i + L <= n; i += L) store(y + i, f(load(x + i)));
  if (i < n) store_n(y + i, f(load_n(x + i, (int)(n - i))), (int)(n - i));
}
template <class C, class F>
void unary_truth_row(const void* const* in, void* out, int64_t n, const double* params) {
  constexpr int L = lanes<C>;
  const F f = make<F>(params);
  const C* x = (const C*)in[0];
  int64_t i = 0;
  for (; i + L <= n; i += L) store_truth<C>(out, i, f(load(x + i)));
  if (i < n) store_truth<C>(out, i, f(load_n(x + i, (int)(n - i))), (int)(n - i));
}
template <class C, class F>
void binary_row(const void* const* in, void* out, int64_t n, const double* params) {
  constexpr int L = lanes<C>;
  const F f = make<F>(params);
  const C *a = (const C*)in[0], *b = (const C*)in[1];
  C* y = (C*)out;
  int64_t i = 0;
  for (; i + L <= n; i += L) store(y + i, f(load(a + i), load(b + i)));
  const int rest = (int)(n - i);
  if (rest) store_n(y + i, f(load_n(a + i, rest), load_n(b + i, rest)), rest);
}
template <class C, class F>
void binary_truth_row(const void* const* in, void* out, int64_t n, const double* params) {
  constexpr int L = lanes<C>;
  const F f = make<F>(params);
  const C *a = (const C*)in[0], *b = (const C*)in[1];
  int64_t i = 0;
  for (; i + L <= n; i += L) store_truth<C>(out, i, f(load(a + i), load(b + i)));
  const int rest = (int)(n - i);
  if (rest) store_truth<C>(out, i, f(load_n(a + i, rest), load_n(b + i, rest)), rest);
}

// Element by element, for what has no vector form.
template <class C, class F>
void scalar_row(const void* const* in, void* out, int64_t n, const double*) {
  const C *a = (const C*)in[0], *b = (const C*)in[1];
  for (int64_t i = 0; i < n; ++i) ((C*)out)[i] = F()(a[i], b[i]);
}
// Every element the same byte.
template <int Byte>
void constant_row(const void* const*, void* out, int64_t n, const double*) {
  __builtin_memset(out, Byte, n);
}

// ---- rows of the table ----------------------------------------------------------------------------------------------

TW_INLINE ElementwiseFn& at(ElementwiseFn* row, DType dtype) { return row[(int)dtype]; }
template <class... Rows>
TW_INLINE void set(DType dtype, ElementwiseFn fn, Rows*... rows) {
  ((at(rows, dtype) = fn), ...);
}

// The four float types; the half types compute in float.

template <class F>
void fill_floats_unary(ElementwiseFn* row) {
  at(row, DType::f16) = entry<unary_row<float, F>, f16, f16>;
  at(row, DType::bf16) = entry<unary_row<float, F>, bf16, bf16>;
  at(row, DType::f32) = entry<unary_row<float, F>, float, float>;
  at(row, DType::f64) = entry<unary_row<double, F>, double, double>;
}
template <class F>
void fill_floats_binary(ElementwiseFn* row) {
  at(row, DType::f16) = entry<binary_row<float, F>, f16, f16, f16>;
  at(row, DType::bf16) = entry<binary_row<float, F>, bf16, bf16, bf16>;
  at(row, DType::f32) = entry<binary_row<float, F>, float, float, float>;
  at(row, DType::f64) = entry<binary_row<double, F>, double, double, double>;
}

}  // namespace tw::TW_ISA
