// A step of a recurrent layer: register tiles of its sums, and the update while they are in L1. And the product of the
// way back.
#include "cpu/kernels/gemm/register_tile.h"
#include "cpu/kernels/recurrent/update.h"

namespace tw::TW_ISA {
namespace {

// Sums of so many products form one chain, as in GEMM.
template <class T>
constexpr int64_t kDepth = Blocking<T>::kc;

// The same of one row, c = bias + add + a b. Chains of products as short as in a tile of many rows would leave the
// processor waiting for each sum: so there are four for each column, of every fourth product.
template <class T>
TW_INLINE void multiply_row(const RegisterTile<FmaStep<T>>& t, int64_t k) {
  constexpr int L = lanes<T>, NR = Blocking<T>::nr, U = 4;
  vec<T> total[2] = {};
  for (int64_t from = 0; from < k; from += kDepth<T>) {
    const int64_t end = k - from < kDepth<T> ? k : from + kDepth<T>;
    vec<T> sums[U][2] = {};
    int64_t p = from;
    for (; p + U <= end; p += U)
#pragma GCC unroll 4
      for (int u = 0; u < U; ++u) {
        const T* b = t.b + (p + u) * NR;
        for (int w = 0; w < 2; ++w) sums[u][w] = fma(set1(t.a[p + u]), load(b + w * L), sums[u][w]);
      }
    for (; p < end; ++p)
      for (int w = 0; w < 2; ++w) sums[0][w] = fma(set1(t.a[p]), load(t.b + p * NR + w * L), sums[0][w]);
    for (int w = 0; w < 2; ++w) total[w] += (sums[0][w] + sums[1][w]) + (sums[2][w] + sums[3][w]);
  }
  for (int w = 0; w * L < t.cols; ++w) {
    const int n = t.cols - w * L < L ? t.cols - w * L : L;
    if (t.bias) total[w] += load_n(t.bias + w * L, n);
    if (t.add) total[w] += load_n(t.add + w * L, n);
    store_n(t.c + w * L, total[w], n);
  }
}

// Hands out what to fetch: for each step of a tile's depth at most a line, or with the weights an element.
class Ahead {
 public:
  explicit Ahead(const RecurrentAhead& of) : of_(of) {}

  template <class T>
  TW_INLINE void aim(RegisterTile<FmaStep<T>>& t) {
    if (range_ == of_.count || t.k == 0) return;
    constexpr int64_t kLine = 64, kSize = sizeof(T);
    const RecurrentAhead::Range& range = of_.ranges[range_];
    const T* const from = reinterpret_cast<const T*>(static_cast<const char*>(range.data) + done_);
    const int64_t left = range.nbytes - done_, most = t.k * (of_.weights_too ? kSize : kLine);
    const int64_t now = left < most ? left : most;
    if (of_.weights_too) {
      t.a_ahead = from;
    } else {
      t.b_ahead = from;
      t.b_ahead_step = (now / kSize + t.k - 1) / t.k;
    }
    done_ = now < left ? done_ + now : 0;
    range_ += now == left;
  }

 private:
  const RecurrentAhead& of_;
  int range_ = 0;
  int64_t done_ = 0;
};

// The tiles of `t`'s columns of `rows` rows, near-equal ones, over a depth of k: c = bias + add + a b.
template <class T>
TW_INLINE void multiply_rows(RegisterTile<FmaStep<T>> t, int64_t rows, int64_t k, Ahead& ahead) {
  if (rows == 1) return multiply_row<T>(t, k);
  constexpr int MR = Blocking<T>::mr, NR = Blocking<T>::nr;
  const int64_t tiles = (rows + MR - 1) / MR, add_row = t.add_row;
  const T *const a = t.a, *const b = t.b, *const add = t.add, *const bias = t.bias;
  T* const c = t.c;
  int64_t depth = 0;
  do {
    t.k = k - depth < kDepth<T> ? k - depth : kDepth<T>;
    t.b = b + depth * NR;
    t.bias = depth ? nullptr : bias;
    t.add_row = depth ? t.c_row : add_row;
    for (int64_t i = 0; i < tiles; ++i) {
      const int64_t from = rows * i / tiles;
      t.rows = (int)(rows * (i + 1) / tiles - from);
      t.a = t.a_ahead = a + from * t.a_row + depth;
      t.b_ahead_step = NR / tiles;
      t.b_ahead = t.b + t.k * NR + i * t.k * t.b_ahead_step;
      ahead.aim(t);
      t.c = c + from * t.c_row;
      t.add = depth ? t.c : add ? add + from * t.add_row : nullptr;
      multiply_tile(t);
    }
    depth += t.k;
  } while (depth < k);
}

template <class T>
void step(const RecurrentStep& s) {
  constexpr int NR = Blocking<T>::nr;
  const RecurrentCell cell = s.update.cell;
  const int64_t blocks = blocks_of(cell);
  alignas(64) T sums[RecurrentKernels::kMostRows * 4 * NR];
  const T* packed = static_cast<const T*>(s.packed);
  RegisterTile<FmaStep<T>> t;
  t.a_row = s.a_row;
  t.a_col = 1;
  t.b_row = NR;
  t.c_row = blocks * NR;
  t.add_row = s.projection.row;
  t.relu = false;
  Ahead ahead(s.ahead);
  int64_t group = 0;
  for (int64_t block = 0; block < blocks; ++block) {
    const RecurrentBlock of = recurrent_block(cell, block);
    group += (of.of_x ? s.inputs : 0) + (of.of_h ? s.hidden : 0);
  }
  for (int64_t unit = s.from; unit < s.to; unit += NR) {
    t.cols = (int)(s.hidden - unit < NR ? s.hidden - unit : NR);
    const T* b = packed + unit * group;
    for (int64_t block = 0; block < blocks; ++block) {
      const RecurrentBlock of = recurrent_block(cell, block);
      const int64_t k = (of.of_x ? s.inputs : 0) + (of.of_h ? s.hidden : 0);
      t.a = static_cast<const T*>(s.a) + (of.of_x ? 0 : s.inputs);
      t.b = b;
      t.c = sums + block * NR;
      t.bias = static_cast<const T*>(s.bias) + block * s.hidden + unit;
      t.add = of.of_x && s.projection.data
                  ? static_cast<const T*>(s.projection.data) + of.gate * s.projection.block + unit
                  : nullptr;
      multiply_rows<T>(t, s.rows, k, ahead);
      b += k * NR;
    }
    RecurrentUpdate update = s.update.at(0, unit, sizeof(T));
    update.rows = s.rows;
    update.units = t.cols;
    update.sums = {sums, blocks * NR, NR};
    update_cell(update, T{});
  }
}

template <class T>
void product(const RecurrentProduct& p) {
  constexpr int NR = Blocking<T>::nr;
  RegisterTile<FmaStep<T>> t;
  t.a = static_cast<const T*>(p.a);
  t.a_row = p.a_row;
  t.a_col = 1;
  t.b_row = NR;
  t.c_row = t.add_row = p.c.row;
  t.relu = false;
  Ahead ahead(p.ahead);
  for (int64_t j = p.from; j < p.to; j += NR) {
    t.cols = (int)(p.to - j < NR ? p.to - j : NR);
    t.b = static_cast<const T*>(p.packed) + j * p.k;
    t.c = static_cast<T*>(p.c.data) + j;
    t.add = p.add ? t.c : nullptr;
    t.bias = nullptr;
    multiply_rows<T>(t, p.rows, p.k, ahead);
  }
}

}  // namespace

void fill_step(RecurrentKernels& table) {
  table.step[(int)DType::f32] = step<float>;
  table.step[(int)DType::f64] = step<double>;
  table.product[(int)DType::f32] = product<float>;
  table.product[(int)DType::f64] = product<double>;
}

}  // namespace tw::TW_ISA
