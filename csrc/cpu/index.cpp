#include <algorithm>
#include <bit>
#include <cstring>
#include <numeric>

#include "core/array.h"
#include "core/divide.h"
#include "core/parallel.h"
#include "cpu/cpu.h"
#include "cpu/dispatch/dispatch.h"
#include "cpu/first_bad.h"

namespace tw::cpu {
namespace {

constexpr int64_t kChunk = 16384;          // elements that a thread takes at a time
constexpr int64_t kChunkBytes = 64 << 10;  // of a one-hot result
constexpr int kDigitBits = 11;             // of a radix sort: its counters stay in the L1 cache
constexpr int64_t kMinInner = 64;          // shortest piece of a row worth giving to another thread

// The indexed array and the picked elements walked together: outer axes, then the list, then `inner`.
struct PickWalk {
  Dims shape, x_strides, y_strides;  // of the outer axes; at least one
  PickArgs args;                     // of a step along all of them but the last
  char *x, *y;
  int64_t itemsize;
};

PickWalk plan(const PickProblem& p) {
  const View &rest = p.rest, &y = p.picked;
  const auto y_stride = [&](int axis) { return y.strides[axis < p.at ? axis : axis + 1]; };
  PickWalk walk;
  PickArgs& a = walk.args;
  a = {1, p.count, 1, 0, 1, 0, y.strides[p.at], 1};
  // Trailing axes become `inner` for as long as both sides step through them evenly.
  int axis = p.shape.size() - 1;
  for (; axis >= p.at; --axis) {
    if (p.shape[axis] == 1) continue;
    if (a.inner == 1) {
      a.x_inner = rest.strides[axis];
      a.y_inner = y_stride(axis);
    } else if (rest.strides[axis] != a.x_inner * a.inner || y_stride(axis) != a.y_inner * a.inner) {
      break;
    }
    a.inner *= p.shape[axis];
  }
  int kept = 0;
  for (int k = 0; k <= axis; ++k) {
    const int64_t extent = p.shape[k], x_step = rest.strides[k], y_step = y_stride(k);
    if (extent == 1) continue;
    if (kept && walk.x_strides[kept - 1] == x_step * extent && walk.y_strides[kept - 1] == y_step * extent) {
      walk.shape[kept - 1] *= extent;
      walk.x_strides[kept - 1] = x_step;
      walk.y_strides[kept - 1] = y_step;
      continue;
    }
    walk.shape.push_back(extent);
    walk.x_strides.push_back(x_step);
    walk.y_strides.push_back(y_step);
    ++kept;
  }
  if (kept == 0) {
    walk.shape.push_back(1);
    walk.x_strides.push_back(0);
    walk.y_strides.push_back(0);
  }
  a.x_outer = walk.x_strides.back();
  a.y_outer = walk.y_strides.back();
  walk.x = rest.data;
  walk.y = y.data;
  walk.itemsize = static_cast<int64_t>(item_size(p.dtype));
  return walk;
}

// call(args, x, y, j): the piece of the walk that starts at x and y and takes entries [j, j + args.count) of the list.
template <class Call>
void run_pieces(const PickWalk& walk, bool split_list, Call call) {
  const PickArgs& a = walk.args;
  const int64_t inner_piece = std::min(a.inner, split_list ? kChunk : std::max(kMinInner, kChunk / a.count));
  const int64_t count_piece = split_list ? std::min(a.count, std::max<int64_t>(1, kChunk / inner_piece)) : a.count;
  const int64_t inner_pieces = ceil_div(a.inner, inner_piece);
  const int64_t pieces = inner_pieces * ceil_div(a.count, count_piece);
  const int64_t last = walk.shape.back(), per_chunk = std::max<int64_t>(1, kChunk / (count_piece * inner_piece));
  const double ns = static_cast<double>(count_piece) * (1.0 + 0.1 * static_cast<double>(inner_piece * walk.itemsize));
  parallel_for(element_count(walk.shape) * pieces, per_chunk, ns, [&](int64_t begin, int64_t end) {
    for (int64_t item = begin; item < end;) {
      int64_t row = item / pieces, j = 0, i = 0;
      PickArgs args = a;
      if (pieces == 1) {
        args.outer = std::min(end - item, last - row % last);
      } else {
        j = item % pieces / inner_pieces * count_piece;
        i = item % inner_pieces * inner_piece;
        args.outer = 1;
        args.count = std::min(count_piece, a.count - j);
        args.inner = std::min(inner_piece, a.inner - i);
      }
      int64_t x = i * a.x_inner, y = i * a.y_inner;
      for (int axis = walk.shape.size() - 1; axis >= 0; --axis) {
        x += row % walk.shape[axis] * walk.x_strides[axis];
        y += row % walk.shape[axis] * walk.y_strides[axis];
        row /= walk.shape[axis];
      }
      call(args, walk.x + x * walk.itemsize, walk.y + y * walk.itemsize, j);
      item += args.outer;
    }
  });
}

int log2_itemsize(DType dtype) { return std::countr_zero(item_size(dtype)); }

// ---- sorted lists, for scatter_add ----------------------------------------------------------------------------------

struct SortedOffsets {
  const int64_t* offsets;  // ascending
  Array memory;            // of them, unless the list was sorted
  Array order;             // int64: where in the unsorted list each came from; equals keep their order
};

// One digit of a least-significant-first radix sort.
void radix_pass(const uint64_t* from, uint64_t* to, int64_t count, int shift) {
  constexpr int kBuckets = 1 << kDigitBits;
  int64_t next[kBuckets + 1] = {};
  for (int64_t j = 0; j < count; ++j) ++next[(from[j] >> shift) % kBuckets + 1];
  std::partial_sum(next, next + kBuckets, next);
  for (int64_t j = 0; j < count; ++j) to[next[(from[j] >> shift) % kBuckets]++] = from[j];
}

SortedOffsets sort_offsets(const int64_t* keys, int64_t count) {
  SortedOffsets sorted{keys, {}, empty({count}, DType::i64)};
  int64_t* order = sorted.order.ptr<int64_t>();
  std::iota(order, order + count, int64_t{0});
  if (std::is_sorted(keys, keys + count)) return sorted;
  sorted.memory = empty({count}, DType::i64);
  int64_t* ascending = sorted.memory.ptr<int64_t>();
  sorted.offsets = ascending;
  const auto [low, high] = std::minmax_element(keys, keys + count);
  const int64_t lowest = *low;
  const int place_bits = std::bit_width(static_cast<uint64_t>(count - 1));
  const int bits = place_bits + std::bit_width(static_cast<uint64_t>(*high - lowest));
  if (count < 512 || bits > 64) {
    std::stable_sort(order, order + count, [keys](int64_t a, int64_t b) { return keys[a] < keys[b]; });
    for (int64_t j = 0; j < count; ++j) ascending[j] = keys[order[j]];
    return sorted;
  }
  // Offset and place packed into one word, sorted by the offset's digits; places stay in order by themselves.
  Array words = empty({count}, DType::u64), spare = empty({count}, DType::u64);
  for (int64_t j = 0; j < count; ++j)
    words.ptr<uint64_t>()[j] = static_cast<uint64_t>(keys[j] - lowest) << place_bits | static_cast<uint64_t>(j);
  for (int shift = place_bits; shift < bits; shift += kDigitBits) {
    radix_pass(words.ptr<uint64_t>(), spare.ptr<uint64_t>(), count, shift);
    std::swap(words, spare);
  }
  for (int64_t j = 0; j < count; ++j) {
    const uint64_t word = words.ptr<uint64_t>()[j];
    ascending[j] = lowest + static_cast<int64_t>(word >> place_bits);
    order[j] = static_cast<int64_t>(word & ((uint64_t{1} << place_bits) - 1));
  }
  return sorted;
}

}  // namespace

void gather(const PickProblem& p) {
  const PickWalk walk = plan(p);
  const GatherFn fn = kernels().index.gather[log2_itemsize(p.dtype)];
  run_pieces(walk, true, [&](const PickArgs& args, char* x, char* y, int64_t j) {
    fn(args, x, p.offsets + j, y + j * args.y_count * walk.itemsize);
  });
}

void scatter(const PickProblem& p) {
  const ScatterFn fn = kernels().index.scatter[log2_itemsize(p.dtype)];
  run_pieces(plan(p), false, [&](const PickArgs& args, char* x, char* y, int64_t) { fn(args, y, p.offsets, x); });
}

void scatter_add(const PickProblem& p) {
  const ScatterAddFn fn = kernels().index.scatter_add[static_cast<int>(p.dtype)];
  const SortedOffsets sorted = sort_offsets(p.offsets, p.count);
  PickWalk walk = plan(p);
  const auto add_entries = [&](const int64_t* offsets, const int64_t* end) {
    if (offsets == end) return;
    const int64_t* order = sorted.order.ptr<int64_t>() + (offsets - sorted.offsets);
    walk.args.count = end - offsets;
    // A piece takes the runs of equal offsets that start in it.
    const auto run_from = [&](const int64_t* entry) {
      return entry == offsets || entry == end || entry[0] != entry[-1] ? entry
                                                                       : std::upper_bound(entry, end, entry[-1]);
    };
    run_pieces(walk, true, [&](const PickArgs& args, char* x, char* y, int64_t j) {
      const int64_t* first = run_from(offsets + j);
      PickArgs piece = args;
      piece.count = run_from(offsets + j + args.count) - first;
      if (piece.count > 0) fn(piece, y, first, order + (first - offsets), x);
    });
  };
  const int64_t* end = sorted.offsets + p.count;
  const auto [left_out, rest] = std::equal_range(sorted.offsets, end, p.left_out);
  add_entries(sorted.offsets, left_out);
  add_entries(rest, end);
}

int64_t offsets(const OffsetsProblem& p) {
  const OffsetFn fn = kernels().index.offsets[static_cast<int>(p.index.dtype)];
  const int64_t stride = p.index.strides[0], step = stride * static_cast<int64_t>(item_size(p.index.dtype));
  FirstBad bad;
  parallel_for(p.count, kChunk, 1.0, [&](int64_t begin, int64_t end) {
    const OffsetArgs args{end - begin, stride, p.extent, p.stride, 0, 0, p.accumulate};
    const int64_t j = fn(args, p.index.data + begin * step, p.offsets + begin);
    if (j >= 0) bad.report(begin + j);
  });
  return bad.position();
}

int64_t one_hot(const OneHotProblem& p) {
  const int64_t bytes = p.classes_count * p.itemsize;
  FirstBad bad;
  parallel_for(p.count, std::max<int64_t>(1, kChunkBytes / std::max<int64_t>(1, bytes)),
               2.0 + 0.1 * static_cast<double>(bytes), [&](int64_t begin, int64_t end) {
                 std::memset(p.out + begin * bytes, 0, static_cast<size_t>((end - begin) * bytes));
                 for (int64_t i = begin; i < end; ++i) {
                   const int64_t c = p.classes[i];
                   if (c < 0 || c >= p.classes_count) {
                     bad.report(i);
                   } else {
                     std::memcpy(p.out + i * bytes + c * p.itemsize, p.one, static_cast<size_t>(p.itemsize));
                   }
                 }
               });
  return bad.position();
}

int64_t count_true(const MaskProblem& p) {
  p.before[0] = 0;
  parallel_for(p.count, MaskProblem::kCounted, 0.05, [&](int64_t begin, int64_t end) {
    p.before[begin / MaskProblem::kCounted + 1] = kernels().index.count_true(p.mask + begin, 1, end - begin);
  });
  const int64_t chunks = ceil_div(p.count, MaskProblem::kCounted);
  std::partial_sum(p.before, p.before + chunks + 1, p.before);
  return p.before[chunks];
}

void mask_offsets(const MaskProblem& p) {
  parallel_for(p.count, MaskProblem::kCounted, 0.5, [&](int64_t begin, int64_t end) {
    int64_t* out = p.offsets + p.before[begin / MaskProblem::kCounted];
    kernels().index.mask_offsets({end - begin, 1, begin * p.step, p.step}, p.mask + begin, out);
  });
}

void unravel(const UnravelProblem& p) {
  parallel_for(p.count, kChunk, 5.0, [&](int64_t begin, int64_t end) {
    for (int64_t j = begin; j < end; ++j) {
      int64_t rest = p.flat[j];
      for (int axis = p.shape.size() - 1; axis >= 0; rest /= p.shape[axis--])
        p.positions[axis][j] = rest % p.shape[axis];
    }
  });
}

}  // namespace tw::cpu
