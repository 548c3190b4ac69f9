// Attention by tiles of keys: see README.md.
#include "cpu/kernels/attention/few.h"
#include "cpu/kernels/attention/softmax.h"

namespace tw::TW_ISA {
namespace {

constexpr int64_t kAliasing = 2048;  // bytes between rows of which a register tile's would evict each other

// Where things lie in the scratch of a call, in elements.
template <class T>
class Scratch {
 public:
  static constexpr int mr = Blocking<T>::mr, L = lanes<T>;

  explicit Scratch(const AttentionForward& a)
      : few(a.rows * a.scores.heads <= kFewRows),
        of_head((a.rows + mr - 1) / mr),
        groups(few ? 1 : of_head * a.scores.heads),
        q_row(up(a.size) + L),
        v_row(up(a.value_size) + L),
        copies_q(!few && a.q.row * (int64_t)sizeof(T) % kAliasing == 0),
        copies_v(!few && (groups >= 4 || (!kReadsPartOfVector && a.value_size % L != 0))) {
    int64_t end = 0;
    const auto take = [&](int64_t count) { return end += up(count), end - up(count); };
    keys = take(few ? 0 : kKeys * a.size);
    scores = take((int64_t)mr * kKeys);
    values = take(copies_v ? kKeys * v_row : 0);
    seen_values = take(a.scores.has_masks() ? kKeys * v_row : 0);
    queries = take(copies_q ? groups * mr * q_row : 0);
    sums = take(groups * mr * v_row);
    states = take(groups * (int64_t)(sizeof(SoftmaxState<T>) / sizeof(T)));
    size = end;
  }

  bool few;                 // queries: keys and values are read as they lie
  int64_t of_head, groups;  // of up to mr queries: of each head, and in all; few queries of all heads are one
  int64_t q_row, v_row;
  bool copies_q, copies_v;
  int64_t keys, scores, values, seen_values, queries, sums, states, size;

 private:
  static int64_t up(int64_t count) { return (count + L - 1) / L * L; }
};

template <class T>
void copy_rows(const T* from, int64_t from_row, int64_t rows, int64_t columns, T* to, int64_t to_row) {
  for (int64_t r = 0; r < rows; ++r, from += from_row, to += to_row) {
    int64_t c = 0;
    for (; c + lanes<T> <= columns; c += lanes<T>) store(to + c, load(from + c));
    if (c < columns) store(to + c, load_n(from + c, (int)(columns - c)));
  }
}

template <class T>
class Forward {
  typedef vec<T> V;
  static constexpr int mr = Blocking<T>::mr, nr = Blocking<T>::nr, L = lanes<T>;

 public:
  explicit Forward(const AttentionForward& a)
      : a_(a),
        s_(a.scores),
        at_(a),
        scratch_(static_cast<T*>(a.scratch)),
        states_(reinterpret_cast<SoftmaxState<T>*>(scratch_ + at_.states)),
        per_unit_((T)(s_.unit() * Power<T>::kPerScore)) {}

  void run() {
    const KeyRange all = seen_by_any(s_, a_.from, a_.rows, {a_.key, a_.key_end});
    if (!at_.few) fetch(all.from, all.from + kKeys);
    for_each_group([&](const Group& group) {
      SoftmaxState<T>& state = states_[group.index];
      for (int first = 0; first < state.kRows; first += L) {
        store(state.most + first, none<T>());
        store(state.total + first, V{});
      }
      state.started = false;
      if (at_.copies_q)
        copy_rows(at<T>(a_.q, group.head, group.i), a_.q.row, group.rows(), a_.size, queries_of(group), at_.q_row);
    });
    for (int64_t j = all.from; j < all.to; j += kKeys) add_tile({j, all.to - j < kKeys ? all.to : j + kKeys});
    for_each_group([&](const Group& group) { finish(group); });
  }

 private:
  // Queries i, .. of each of some heads, one behind another.
  struct Group {
    int64_t head, i, index;
    int heads, queries;
    int rows() const { return heads * queries; }
    int64_t head_of(int r) const { return head + r / queries; }
    int64_t query_of(int r) const { return i + r % queries; }
  };

  template <class F>
  void for_each_group(F f) const {
    if (at_.few) return f(Group{0, a_.from, 0, (int)s_.heads, (int)a_.rows});
    for (int64_t head = 0; head < s_.heads; ++head)
      for (int64_t g = 0; g < at_.of_head; ++g)
        f(Group{head, a_.from + start(g), head * at_.of_head + g, 1, (int)(start(g + 1) - start(g))});
  }
  int64_t start(int64_t group) const { return a_.rows * group / at_.of_head; }  // near-equal groups

  T* queries_of(const Group& group) const { return scratch_ + at_.queries + group.index * mr * at_.q_row; }
  T* sums_of(const Group& group) const { return scratch_ + at_.sums + group.index * mr * at_.v_row; }

  void add_tile(KeyRange tile) {
    const int64_t count = tile.to - tile.from;
    const T* k = at<T>(a_.k, 0, tile.from);
    for (int64_t c = 0; c < count && !at_.few; c += nr)
      pack_columns<T, nr>(k + c * a_.k.row, a_.k.row, min(count - c, nr), a_.size, scratch_ + at_.keys + c * a_.size);
    v_ = at<T>(a_.v, 0, tile.from);
    v_row_ = a_.v.row;
    if (at_.copies_v) {
      copy_rows(v_, v_row_, count, a_.value_size, scratch_ + at_.values, at_.v_row);
      v_ = scratch_ + at_.values;
      v_row_ = at_.v_row;
    }
    for_each_group([&](const Group& group) {
      if (!at_.few) fetch(tile.to + count * group.index / at_.groups, tile.to + count * (group.index + 1) / at_.groups);
      add(group, tile);
    });
  }

  // Keys and values of the next tile, into L2: a share for each group.
  void fetch(int64_t from, int64_t to) const {
    constexpr int64_t kLine = 64 / sizeof(T);
    if (to > a_.key_end) to = a_.key_end;
    for (int64_t j = from; j < to; ++j) {
      for (int64_t c = 0; c < a_.size; c += kLine) __builtin_prefetch(at<T>(a_.k, 0, j) + c, 0, 2);
      for (int64_t c = 0; c < a_.value_size; c += kLine) __builtin_prefetch(at<T>(a_.v, 0, j) + c, 0, 2);
    }
  }

  // A group's share of a tile: scores, their powers, and the products with the values.
  void add(const Group& group, KeyRange tile) {
    KeyRange seen = seen_by_any(s_, group.i, group.queries, tile);
    if (seen.empty()) return;
    const int rows = group.rows();
    T* const s = scratch_ + at_.scores;
    multiply_keys(group, tile, seen, s);
    const int from = (int)(seen.from - tile.from) / L * L, count = (int)(seen.to - tile.from) - from;
    const T *v = v_, *finished = s + from;
    int64_t v_row = v_row_;
    if (s_.has_masks() || s_.softcap != 0 || s_.unit() != s_.scale ||
        !seen_by_all(s_, group.i, group.queries, {tile.from + from, seen.to})) {
      for (int r = 0; r < rows; ++r)
        finish_row<T>(s_, group.head_of(r), group.query_of(r), tile.from + from, count, s + r * kKeys + from);
      if (s_.has_masks() && !only_seen(finished, rows, from, tile.from, seen, v, v_row)) return;
    } else if (count % L != 0) {
      fill_up(s, rows, from + count);
    }
    SoftmaxState<T>& state = states_[group.index];
    alignas(64) T factors[SoftmaxState<T>::kRows];
    if (softmax_tile(state, rows, s, from, (from + count + L - 1) / L * L, per_unit_, factors) && state.started)
      rescale(group, factors);
    if (s_.drops)
      for (int r = 0; r < rows; ++r)
        drop_row<T>(s_, group.head_of(r), group.query_of(r), tile.from + from, count, s + r * kKeys + from);
    multiply_values(group, s + (seen.from - tile.from), seen, v + (seen.from - tile.from) * v_row, v_row,
                    state.started);
    state.started = true;
  }

  // Products of the queries with the keys of the tile that are seen, and maybe with others.
  void multiply_keys(const Group& group, KeyRange tile, KeyRange seen, T* s) const {
    if (!at_.few) {
      const T* q = at_.copies_q ? queries_of(group) : at<T>(a_.q, group.head, group.i);
      const int64_t panel = (seen.from - tile.from) / nr, panels = (seen.to - tile.from + nr - 1) / nr;
      multiply_panels<T>(q, at_.copies_q ? at_.q_row : a_.q.row, group.rows(), a_.size, scratch_ + at_.keys, panel,
                         panels, tile.to - tile.from, s, kKeys);
      return;
    }
    const int64_t from = (seen.from - tile.from) / L * L + tile.from;
    with_rows(group.rows(), [&](auto rows) {
      const T* q[rows.value];
      for (int r = 0; r < rows.value; ++r) q[r] = at<T>(a_.q, group.head_of(r), group.query_of(r));
      dot_keys<T, rows.value>(q, at<T>(a_.k, 0, from), a_.k.row, seen.to - from, a_.size, s + (from - tile.from));
    });
  }

  static void fill_up(T* s, int rows, int count) {
    const int full = count / L * L;
    for (int r = 0; r < rows; ++r, s += kKeys)
      store(s + full, iota<T>() < (mask_t<T>)(count - full) ? load(s + full) : none<T>());
  }

  // Narrows `seen` to the keys that count for any of the rows, and takes the values of those between them that count
  // for none to be 0: what lies there may be anything. False where none is left.
  bool only_seen(const T* s, int rows, int from, int64_t tile, KeyRange& seen, const T*& v, int64_t& v_row) {
    T most[kKeys];
    const int first = (int)(seen.from - tile), last = (int)(seen.to - tile);
    for (int c = from; c < last; c += L) {
      V x = none<T>();
      for (int r = 0; r < rows; ++r) x = at_least(load(s + r * kKeys + c - from), x);
      store(most + c, x);
    }
    const auto counts = [&](int c) { return most[c] != (T)-__builtin_inf(); };
    int begin = first, end = last, seen_count = 0;
    while (begin < end && !counts(begin)) ++begin;
    while (end > begin && !counts(end - 1)) --end;
    for (int c = begin; c < end; ++c) seen_count += counts(c);
    seen = {tile + begin, tile + end};
    if (seen_count == end - begin) return begin < end;
    T* const copy = scratch_ + at_.seen_values;
    for (int c = begin; c < end; ++c)
      for (int64_t o = 0; o < a_.value_size; o += L) {
        const V x = load_n(v + c * v_row + o, min(a_.value_size - o, L));
        store(copy + c * at_.v_row + o, counts(c) ? x : V{});
      }
    v = copy;
    v_row = at_.v_row;
    return true;
  }

  void rescale(const Group& group, const T* factors) const {
    T* sums = sums_of(group);
    for (int r = 0; r < group.rows(); ++r, sums += at_.v_row) {
      if (factors[r] == 1) continue;
      const V factor = set1(factors[r]);
      for (int64_t c = 0; c < a_.value_size; c += L) store(sums + c, load(sums + c) * factor);
    }
  }

  void multiply_values(const Group& group, const T* p, KeyRange seen, const T* v, int64_t v_row, bool add) const {
    const int64_t count = seen.to - seen.from;
    if (at_.few) {
      with_rows(group.rows(), [&](auto rows) {
        T* sums[rows.value];
        for (int r = 0; r < rows.value; ++r) {
          sums[r] = sums_of(group) + r * at_.v_row;
          for (int64_t c = 0; c < a_.value_size && !add; c += L) store(sums[r] + c, V{});
        }
        add_values<T, rows.value>(p, v, v_row, count, a_.value_size, sums);
      });
      return;
    }
    RegisterTile<FmaStep<T>> t{};
    t.k = count;
    t.a = t.a_ahead = p;
    t.a_row = kKeys;
    t.a_col = 1;
    t.b_row = v_row;
    t.b_ahead = v;
    t.c_row = t.add_row = at_.v_row;
    t.rows = group.rows();
    for (int64_t c = 0; c < a_.value_size; c += nr) {
      t.b = v + c;
      t.c = sums_of(group) + c;
      t.add = add ? t.c : nullptr;
      t.cols = min(a_.value_size - c, nr);
      multiply_tile(t);
    }
  }

  void finish(const Group& group) const {
    const SoftmaxState<T>& state = states_[group.index];
    const T factor = (T)(s_.drops ? s_.factor : 1);
    alignas(64) T inverse[SoftmaxState<T>::kRows], lse[SoftmaxState<T>::kRows];
    for (int first = 0; first < group.rows(); first += L) {
      const V total = load(state.total + first), most = load(state.most + first);
      const auto empty = total == (T)0;
      store(inverse + first, empty ? V{} : factor / total);
      store(lse + first, empty ? none<T>() : fma(most, set1((T)Power<T>::kToScore), log(total)));
    }
    for (int r = 0; r < group.rows(); ++r) {
      const int64_t head = group.head_of(r), i = group.query_of(r);
      *at<T>(a_.lse, head, i) = lse[r];
      const T* sums = sums_of(group) + r * at_.v_row;
      T* output = at<T>(a_.output, head, i);
      const bool empty = !state.started || inverse[r] == 0;
      for (int64_t c = 0; c < a_.value_size; c += L) {
        const V x = empty ? V{} : load(sums + c) * inverse[r];
        const int n = min(a_.value_size - c, L);
        if (n == L)
          store(output + c, x);
        else
          store_n(output + c, x, n);
      }
    }
  }

  const AttentionForward& a_;
  const AttentionScores& s_;
  const Scratch<T> at_;
  T* const scratch_;
  SoftmaxState<T>* const states_;
  const T per_unit_;
  const T* v_ = nullptr;  // of the tile
  int64_t v_row_ = 0;
};

template <class T>
int64_t scratch_bytes(const AttentionForward& a) {
  return Scratch<T>(a).size * (int64_t)sizeof(T);
}
template <class T>
void forward(const AttentionForward& a) {
  Forward<T>(a).run();
}

}  // namespace

void fill_forward(AttentionKernels& table) {
  table.forward_scratch[(int)DType::f32] = scratch_bytes<float>;
  table.forward_scratch[(int)DType::f64] = scratch_bytes<double>;
  table.forward[(int)DType::f32] = forward<float>;
  table.forward[(int)DType::f64] = forward<double>;
}

void fill_backward(AttentionKernels&);

void fill(AttentionKernels& table) {
  fill_forward(table);
  fill_backward(table);
}

}  // namespace tw::TW_ISA
