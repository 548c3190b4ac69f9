// Padding by rows: what lies inside is copied as one piece, what does not is looked up in tables of offsets.
#include <algorithm>
#include <cstring>
#include <vector>

#include "core/divide.h"
#include "core/parallel.h"
#include "cpu/cpu.h"

namespace tw::cpu {
namespace {

constexpr int64_t kChunkBytes = 64 << 10;  // of the result, that a thread takes at a time
constexpr int64_t kOutside = -1;

// Axes before that of the rows: for each position of the result, how many bytes on it is read, or kOutside.
struct OuterAxis {
  int64_t extent;
  std::vector<int64_t> offsets;
};

// The axis of the rows, in items: those of the last axis that is padded, with all that lies contiguous behind.
struct RowAxis {
  PadMode mode;
  int64_t extent, n, before, itemsize;

  int64_t first() const { return std::clamp<int64_t>(before, 0, extent); }           // of the result that lies in x
  int64_t last() const { return std::clamp<int64_t>(before + n, first(), extent); }  // and where that ends
  const char* source(const char* x, int64_t at) const { return x + padded_from(mode, at - before, n) * itemsize; }
};

template <class T>
void fill(const char* value, char* out, int64_t count) {
  T item;
  std::memcpy(&item, value, sizeof item);
  std::fill_n(reinterpret_cast<T*>(out), count, item);
}

struct Pair {
  uint64_t low, high;
};

// `count` items of one value. `itemsize` is that of a dtype, or many of them, of which value has one.
void fill(const char* value, int64_t itemsize, char* out, int64_t count) {
  switch (itemsize) {
    case 1:
      return fill<uint8_t>(value, out, count);
    case 2:
      return fill<uint16_t>(value, out, count);
    case 4:
      return fill<uint32_t>(value, out, count);
    case 8:
      return fill<uint64_t>(value, out, count);
    default:
      return fill<Pair>(value, out, count);
  }
}

struct Plan {
  std::vector<OuterAxis> outer;
  RowAxis row;
  int64_t value_size, per_item;  // the size of an element, and how many an item has
  int64_t rows = 1;

  explicit Plan(const PadProblem& p) : value_size(p.itemsize), per_item(1) {
    int last = p.shape.size() - 1;
    const auto whole = [&p](int k) { return p.before[k] == 0 && p.shape[k] == p.extents[k]; };
    while (last > 0 && whole(last) && p.x.strides[last - 1] == per_item * p.extents[last])
      per_item *= p.extents[last--];
    row = {p.mode, p.shape[last], p.extents[last], p.before[last], per_item * p.itemsize};
    for (int k = 0; k < last; ++k) {
      OuterAxis axis{p.shape[k], {}};
      for (int64_t i = 0; i < axis.extent; ++i) {
        const int64_t from = padded_from(p.mode, i - p.before[k], p.extents[k]);
        axis.offsets.push_back(from < 0 ? kOutside : from * p.x.strides[k] * p.itemsize);
      }
      rows *= axis.extent;
      outer.push_back(std::move(axis));
    }
  }
};

// Positions [begin, end) of a row that lies at x, or nowhere, written at `out`.
void write(const Plan& plan, const PadProblem& p, const char* x, int64_t begin, int64_t end, char* out) {
  const RowAxis& row = plan.row;
  const int64_t size = row.itemsize;
  const auto fill_to = [&](int64_t to) {
    fill(p.value, plan.value_size, out, (to - begin) * plan.per_item);
    out += (to - begin) * size;
    begin = to;
  };
  const auto look_up_to = [&](int64_t to) {
    for (; begin < to; ++begin, out += size) std::memcpy(out, row.source(x, begin), static_cast<size_t>(size));
  };
  const auto outside_to = [&](int64_t to) {
    if (begin >= to) return;
    if (row.mode == PadMode::constant) return fill_to(to);
    look_up_to(to);
  };
  if (!x) return fill_to(end);
  outside_to(std::min(end, row.first()));
  const int64_t inside = std::min(end, row.last());
  if (begin < inside) {
    const int64_t bytes = (inside - begin) * size;
    std::memcpy(out, x + (begin - row.before) * size, static_cast<size_t>(bytes));
    out += bytes;
    begin = inside;
  }
  outside_to(end);
}

// Where a row is read, null where it is outside.
const char* row_of(const Plan& plan, const char* x, int64_t row) {
  for (auto axis = plan.outer.rbegin(); axis != plan.outer.rend(); ++axis) {
    const int64_t offset = axis->offsets[static_cast<size_t>(row % axis->extent)];
    if (offset == kOutside) return nullptr;
    x += offset;
    row /= axis->extent;
  }
  return x;
}

}  // namespace

void pad(const PadProblem& p) {
  const Plan plan(p);
  const int64_t most = std::max<int64_t>(1, kChunkBytes / plan.row.itemsize), pieces = ceil_div(plan.row.extent, most);
  const int64_t bytes = std::min(plan.row.extent, most) * plan.row.itemsize,
                row_bytes = plan.row.extent * plan.row.itemsize;
  const int64_t chunk = std::max<int64_t>(1, kChunkBytes / bytes);
  parallel_for(plan.rows * pieces, chunk, 0.1 * static_cast<double>(bytes), [&](int64_t begin, int64_t end) {
    for (int64_t item = begin; item < end; ++item) {
      const int64_t row = item / pieces, first = item % pieces * most, to = std::min(first + most, plan.row.extent);
      write(plan, p, row_of(plan, p.x.data, row), first, to, p.out + row * row_bytes + first * plan.row.itemsize);
    }
  });
}

}  // namespace tw::cpu
