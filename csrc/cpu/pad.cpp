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
constexpr int64_t kOutside = INT64_MIN;    // no offset: strides may be negative

// Axes before that of the rows: for each position of the result, how many elements on it is read, or kOutside.
struct OuterAxis {
  int64_t extent;
  std::vector<int64_t> offsets;
};

// The axis of the rows, in items of `unit` elements: the last axis that is padded, with all that lies contiguous
// behind.
struct RowAxis {
  int64_t extent, unit;
  int64_t first, last;           // positions in the result that lie in x
  int64_t start;                 // the item of x that the first of them is
  std::vector<int64_t> sources;  // the items that the others are, in their order; none for PadMode::constant

  const int64_t* source(int64_t at) const { return sources.data() + (at < first ? at : at - last + first); }
};

struct Plan {
  std::vector<OuterAxis> outer;
  RowAxis row;
  int64_t rows = 1;

  explicit Plan(const PadProblem& p) {
    int last = p.shape.size() - 1;
    int64_t unit = 1;
    const auto whole = [&p](int k) { return p.before[k] == 0 && p.shape[k] == p.extents[k]; };
    while (last > 0 && whole(last) && p.x.strides[last - 1] == unit * p.extents[last]) unit *= p.extents[last--];
    set_row(p.mode, p.shape[last], p.extents[last], p.before[last], unit);
    for (int k = 0; k < last; ++k) {
      OuterAxis axis{p.shape[k], {}};
      for (int64_t i = 0; i < axis.extent; ++i) {
        const int64_t from = padded_from(p.mode, i - p.before[k], p.extents[k]);
        axis.offsets.push_back(from < 0 ? kOutside : from * p.x.strides[k]);
      }
      rows *= axis.extent;
      outer.push_back(std::move(axis));
    }
  }

 private:
  void set_row(PadMode mode, int64_t extent, int64_t n, int64_t before, int64_t unit) {
    const int64_t first = std::clamp<int64_t>(before, 0, extent), last = std::clamp<int64_t>(before + n, first, extent);
    row = {extent, unit, first, last, first - before, {}};
    if (mode == PadMode::constant) return;
    for (int64_t at = 0; at < first; ++at) row.sources.push_back(padded_from(mode, at - before, n));
    for (int64_t at = last; at < extent; ++at) row.sources.push_back(padded_from(mode, at - before, n));
  }
};

// The rows of the result one after the other: where each is read, or kOutside.
class Walk {
 public:
  Walk(const Plan& plan, int64_t index) : plan_(plan), at_(static_cast<int>(plan.outer.size())) {
    for (int k = at_.size() - 1; k >= 0; --k) {
      const int64_t extent = axis(k).extent;
      at_[k] = index % extent;
      index /= extent;
    }
  }

  int64_t offset() const {
    int64_t sum = 0;
    for (int k = 0; k < at_.size(); ++k) {
      const int64_t offset = axis(k).offsets[static_cast<size_t>(at_[k])];
      if (offset == kOutside) return kOutside;
      sum += offset;
    }
    return sum;
  }
  void next() {
    for (int k = at_.size() - 1; k >= 0 && ++at_[k] == axis(k).extent; --k) at_[k] = 0;
  }

 private:
  const OuterAxis& axis(int k) const { return plan_.outer[static_cast<size_t>(k)]; }

  const Plan& plan_;
  Dims at_;
};

// T has the size of an element: only bytes move.
template <class T>
class Writer {
 public:
  Writer(const PadProblem& p, const RowAxis& row) : row_(row), constant_(p.mode == PadMode::constant) {
    std::memcpy(&value_, p.value, sizeof value_);
  }

  // Positions [begin, end) of a row that lies at x, or nowhere.
  void write(const T* x, int64_t begin, int64_t end, T* out) const {
    if (!x) return fill((end - begin) * row_.unit, out);
    out = border(x, begin, std::min(end, row_.first), out);
    const int64_t from = std::max(begin, row_.first), to = std::min(end, row_.last);
    if (from < to) {
      const int64_t count = (to - from) * row_.unit;
      std::memcpy(out, x + (from - row_.first + row_.start) * row_.unit, static_cast<size_t>(count) * sizeof(T));
      out += count;
    }
    border(x, std::max(begin, row_.last), end, out);
  }

 private:
  void fill(int64_t count, T* out) const {
    for (int64_t k = 0; k < count; ++k) out[k] = value_;
  }

  T* border(const T* x, int64_t begin, int64_t end, T* out) const {
    const int64_t count = end - begin, unit = row_.unit;
    if (count <= 0) return out;
    if (constant_) {
      fill(count * unit, out);
    } else {
      const int64_t* sources = row_.source(begin);
      for (int64_t k = 0; k < count; ++k)
        if (unit == 1)
          out[k] = x[sources[k]];
        else
          std::memcpy(out + k * unit, x + sources[k] * unit, static_cast<size_t>(unit) * sizeof(T));
    }
    return out + count * unit;
  }

  const RowAxis& row_;
  bool constant_;
  T value_;
};

template <class T>
void pad_items(const PadProblem& p) {
  const Plan plan(p);
  const RowAxis& row = plan.row;
  const Writer<T> writer(p, row);
  const auto* x = reinterpret_cast<const T*>(p.x.data);
  auto* out = reinterpret_cast<T*>(p.out);
  const int64_t item = row.unit * p.itemsize, most = std::max<int64_t>(1, kChunkBytes / item);
  const int64_t pieces = ceil_div(row.extent, most), bytes = std::min(row.extent, most) * item;
  const int64_t chunk = std::max<int64_t>(1, kChunkBytes / bytes);
  parallel_for(plan.rows * pieces, chunk, 5 + 0.1 * static_cast<double>(bytes), [&](int64_t begin, int64_t end) {
    int64_t index = begin / pieces, piece = begin - index * pieces;
    Walk walk(plan, index);
    for (int64_t i = begin; i < end; ++i) {
      const int64_t offset = walk.offset(), first = piece * most;
      writer.write(offset == kOutside ? nullptr : x + offset, first, std::min(first + most, row.extent),
                   out + (index * row.extent + first) * row.unit);
      if (++piece < pieces) continue;
      piece = 0;
      ++index;
      walk.next();
    }
  });
}

struct Pair {
  uint64_t low, high;
};

}  // namespace

void pad(const PadProblem& p) {
  switch (p.itemsize) {
    case 1:
      return pad_items<uint8_t>(p);
    case 2:
      return pad_items<uint16_t>(p);
    case 4:
      return pad_items<uint32_t>(p);
    case 8:
      return pad_items<uint64_t>(p);
    default:
      return pad_items<Pair>(p);
  }
}

}  // namespace tw::cpu
