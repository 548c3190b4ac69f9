// Products small enough, or narrow enough, that packing A is not repaid.
#include "cpu/kernels/gemm/pack.h"
#include "cpu/kernels/gemm/register_tile.h"

namespace tw::TW_ISA {
namespace {

template <class T>
class Direct {
  typedef Blocking<T> Sizes;
  static constexpr int MR = Sizes::mr, NR = Sizes::nr;
  typedef RegisterTile<FmaStep<T>> Tile;

 public:
  // Elements: of packed B, a panel of the deepest block; of what stays in L1; and of what lies far from the cache.
  static constexpr int64_t kRoom = Sizes::kc * NR;
  static constexpr int64_t kInL1 = min((32 << 10) / static_cast<int64_t>(sizeof(T)), kRoom);
  static constexpr int64_t kFar = (1 << 20) / static_cast<int64_t>(sizeof(T));

  Direct(const GemmProblem& g, const SourcePart* source, T* room)
      : g_(g),
        source_(source),
        height_(height(g)),
        in_registers_(fits_tile<T>(g.out)),
        plain_(is_plain<T>(g.out)),
        fetches_c_(source == nullptr && g.k <= kFetchFrom && g.m * g.out.c.row >= kFar),
        ahead_(source == nullptr && g.b.col == 1),
        room_(room) {
    t_.a_row = g.a.row;
    t_.a_col = g.a.col;
    t_.k = min(g.k, Sizes::kc);
    rest_ = g.out;
    rest_.bias.data = rest_.residual.data = nullptr;
  }

  void run() {
    const int64_t near = source_ == nullptr ? kInL1 : kRoom;
    if (t_.k == g_.k && (g_.n + NR - 1) / NR * NR * g_.k <= near)
      by_rows();
    else
      by_columns();
  }

 private:
  // Rows of a tile: near-equal, as few rows would wait for each other's sums, and few enough not to evict each other.
  static int64_t height(const GemmProblem& g) {
    const int64_t most = g.a.row * sizeof(T) % kEvictingStride == 0 && g.k * sizeof(T) > 64 ? (MR + 1) / 2 : MR;
    const int64_t tiles = (g.m + most - 1) / most;
    return (g.m + tiles - 1) / tiles;
  }

  // All of B is in L1, or was filled once: C is written in address order.
  TW_INLINE void by_rows() {
    for (int64_t i = 0; i < g_.m; i += height_) {
      for (int64_t j = 0; j < g_.n; j += NR) {
        set_b(j, 0, room_ + j * g_.k, i == 0);
        tile(i, j, 0);
      }
    }
  }

  // A panel of B at a time is in L1. Where A stays in L2, a panel is finished over all of K before the next; else a
  // block of K over all panels.
  TW_INLINE void by_columns() {
    constexpr int64_t kCached = 512 << 10;
    if (ahead_ && t_.k == g_.k && is_reused() && splits_lines(g_.b, sizeof(T))) return by_packed_columns();
    const int64_t step = g_.m * g_.k * static_cast<int64_t>(sizeof(T)) <= kCached ? NR : g_.n;
    for (int64_t begin = 0; begin < g_.n; begin += step) {
      for (int64_t p = 0; p < g_.k; p += Sizes::kc) {
        t_.k = min(g_.k - p, Sizes::kc);
        for (int64_t j = begin; j < g_.n && j < begin + step; j += NR) {
          set_b(j, p, room_, true);
          for (int64_t i = 0; i < g_.m; i += height_) tile(i, j, p);
        }
      }
    }
  }

  // A panel in place would fill three lines for two, and more than L1: as many panels as there is room for are packed
  // at once. Fetching the next ones ahead meanwhile took longer, as the tiles waited for lines of their own.
  TW_INLINE void by_packed_columns() {
    const int64_t columns = kRoom / (g_.k * NR) * NR;
    ahead_ = false;
    for (int64_t begin = 0; begin < g_.n; begin += columns) {
      const int64_t end = g_.n - begin < columns ? g_.n : begin + columns;
      pack_panels<T, NR>(static_cast<const T*>(g_.b.data) + begin, g_.b.row, end - begin, g_.k, room_);
      for (int64_t j = begin; j < end; j += NR) {
        t_.cols = min(end - j, NR);
        set_panel(room_ + (j - begin) * g_.k);
        for (int64_t i = 0; i < g_.m; i += height_) tile(i, j, 0);
      }
    }
  }

  bool is_reused() const { return g_.m > 2 * MR && t_.k > 32; }

  TW_INLINE void set_panel(const T* panel) {
    t_.b = panel;
    t_.b_row = NR;
  }

  // The panel of B at column j, from depth p on: in place where the vectors of its rows can be read, and do not evict
  // each other from one row of tiles to the next; else in `panel`, packed now if `first`.
  TW_INLINE void set_b(int64_t j, int64_t p, T* panel, bool first) {
    t_.cols = min(g_.n - j, NR);
    if (source_ != nullptr) return fill_b(j, p, panel, first);
    const T* corner = static_cast<const T*>(g_.b.data) + p * g_.b.row + j * g_.b.col;
    const bool evicting = g_.b.row * sizeof(T) % kEvictingStride == 0 && is_reused();
    if (g_.b.col == 1 && !evicting && (kReadsPartOfVector || t_.cols == NR || t_.cols == lanes<T>)) {
      t_.b = corner;
      t_.b_row = g_.b.row;
      return;
    }
    set_panel(panel);
    if (first) pack_panel<T, NR>(corner, g_.b.col, g_.b.row, t_.cols, t_.k, panel);
  }

  void fill_b(int64_t j, int64_t p, T* panel, bool first) {
    const SourcePart& s = *source_;
    set_panel(panel);
    if (first) s.source.fill(s.source.context, s.item, *s.layout, p, t_.k, s.column + j, t_.cols, panel);
  }

  // Between blocks of K the sums wait in C.
  TW_INLINE void tile(int64_t i, int64_t j, int64_t p) {
    const bool first = p == 0, last = p + t_.k == g_.k;
    const GemmOutput out = g_.out.at(i, j, sizeof(T));
    t_.a = static_cast<const T*>(g_.a.data) + i * g_.a.row + p * g_.a.col;
    t_.a_ahead = t_.b_ahead = t_.a;
    t_.b_ahead_step = 0;
    if (ahead_ && i <= height_ && j + NR < g_.n) {  // the next panel's rows, a vector of each
      t_.b_ahead = static_cast<const T*>(g_.b.data) + p * g_.b.row + j + NR + i / height_ * lanes<T>;
      t_.b_ahead_step = g_.b.row;
    }
    t_.rows = static_cast<int>(min(g_.m - i, height_));
    if (!in_registers_) return tile_aside(out);
    t_.c = static_cast<T*>(out.c.data);
    t_.c_row = out.c.row;
    t_.relu = plain_ && last && out.activation == Activation::relu;
    t_.set_bias(first, out);
    t_.add = first ? static_cast<const T*>(out.residual.data) : t_.c;
    t_.add_row = first ? out.residual.row : t_.c_row;
    if (source_ != nullptr && first) fetch<true>(t_.c, t_.c_row);
    if (t_.add != nullptr && t_.add != t_.c) fetch<false>(t_.add, t_.add_row);
    if (fetches_c_ && i + t_.rows < g_.m) fetch<true>(t_.c + height_ * t_.c_row, t_.c_row);
    multiply_tile(t_);
    if (!plain_ && last) finish(rest_.at(i, j, sizeof(T)), t_.c, t_.c_row, t_.rows, t_.cols, T{});
  }

  // While the products are summed up: what is added at the end, whose rows far apart are more streams than are
  // foreseen, and a convolution's result, which is met for the first time, and whose depth may be too short for the
  // stores to wait in.
  template <bool kToWrite>
  TW_INLINE void fetch(const T* rows, int64_t step) const {
    for (int i = 0; i < t_.rows; ++i)
      for (int j = 0; j < t_.cols; j += lanes<T>) __builtin_prefetch(rows + i * step + j, kToWrite);
  }

  // For k <= kc only.
  void tile_aside(const GemmOutput& out) {
    alignas(64) T sums[MR * NR];
    t_.c = sums;
    t_.c_row = NR;
    t_.set_bias(false, out);
    t_.add = nullptr;
    t_.relu = false;
    multiply_tile(t_);
    finish(out, sums, NR, t_.rows, t_.cols, T{});
  }

  const GemmProblem& g_;
  const SourcePart* const source_;
  const int64_t height_;
  const bool in_registers_, plain_;
  const bool fetches_c_;  // ahead of the tile, whose depth is too short for its stores to wait in
  bool ahead_;            // rows of the next panel of B are fetched
  GemmOutput rest_;       // what is left for the end where bias and residual were added in registers
  T* const room_;
  Tile t_;
};

template <class T>
void direct(const GemmProblem& g, const SourcePart* source) {
  alignas(64) T room[Direct<T>::kRoom];
  Direct<T>(g, source, room).run();
}

}  // namespace

void fill_direct(GemmKernels& table) {
  table.direct[static_cast<int>(DType::f32)] = direct<float>;
  table.direct[static_cast<int>(DType::f64)] = direct<double>;
}

}  // namespace tw::TW_ISA
