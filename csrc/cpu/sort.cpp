#include <algorithm>
#include <bit>
#include <utility>
#include <vector>

#include "core/array.h"
#include "core/divide.h"
#include "core/parallel.h"
#include "cpu/cpu.h"
#include "cpu/dispatch/dispatch.h"

namespace tw::cpu {
namespace {

constexpr int64_t kChunk = 4096;         // elements of short rows that a thread takes at a time
constexpr int64_t kLongRow = 128 << 10;  // elements from which a row is sorted by blocks
constexpr int64_t kBlock = 32 << 10;     // elements of a block
constexpr int64_t kMostBlocks = 64;      // of a row
constexpr int64_t kFew = kBlock / 8;     // elements that are selected from a long row, not sorted out
constexpr int64_t kDigits = 1 << kRadixBits;
constexpr double kNsPerElement = 5;
constexpr int64_t kNeedles = 4096;  // that a thread takes at a time

// Whole rows, shared out.
void sort_rows(const SortProblem& p) {
  const SortRowsFn fn = kernels().sort.rows[static_cast<int>(p.dtype)];
  const int64_t itemsize = size_of(p.dtype), together = p.n <= kLongestInNetwork ? kSortLanes : 1;
  const int64_t chunk = round_up(std::max<int64_t>(1, kChunk / p.n), together);
  parallel_for(p.rows, chunk, kNsPerElement * static_cast<double>(p.n), [&](int64_t begin, int64_t end) {
    const StorageRef scratch = allocate(static_cast<size_t>(sort_scratch_bytes(itemsize, p.n, p.positions)));
    fn({p.dtype, p.descending, end - begin, p.n, p.k}, p.x + begin * p.n * itemsize,
       p.values ? p.values + begin * p.k * itemsize : nullptr, p.positions ? p.positions + begin * p.k : nullptr,
       scratch->data);
  });
}

// One long row: each pass of the radix sort goes over all blocks, which first count their digits; then the places of
// every block's digits are known, and blocks move their items at once. The order is that of a pass over the whole row.
class LongRow {
 public:
  LongRow(const SortProblem& p, int64_t row)
      : p_(p),
        args_{p.dtype, p.descending, 1, p.n, p.k},
        item_(sort_item(size_of(p.dtype), p.n, p.positions)),
        bytes_(sort_item_bytes(item_)),
        block_(std::max(kBlock, ceil_div(p.n, kMostBlocks))),
        blocks_(ceil_div(p.n, block_)),
        x_(p.x + row * p.n * size_of(p.dtype)),
        values_(p.values ? p.values + row * p.k * size_of(p.dtype) : nullptr),
        positions_(p.positions ? p.positions + row * p.k : nullptr),
        memory_(allocate(static_cast<size_t>(2 * p.n * bytes_))),
        items_(static_cast<char*>(memory_->data)),
        spare_(items_ + p.n * bytes_),
        counts_(static_cast<size_t>(blocks_ * kDigits)) {}

  void sort() {
    const RadixKernels& radix = kernels().sort.radix;
    const SortBits bits = encode();
    RadixDigit digits[kMostDigits];
    const int passes = radix_digits(bits.any & ~bits.all, kRadixBits, digits);
    for (int pass = 0; pass < passes; ++pass) move(digits[pass]);
    parallel_for(p_.k, block_, 1.5, [&](int64_t begin, int64_t end) {
      radix.decode(args_, item_, items_, begin, end, x_, values_, positions_);
    });
    if (!positions_ && bits.special) radix.restore(args_, x_, values_);
  }

 private:
  SortBits encode() {
    std::vector<SortBits> found(static_cast<size_t>(blocks_));
    parallel_for(p_.n, block_, 0.5, [&](int64_t begin, int64_t end) {
      found[static_cast<size_t>(begin / block_)] =
          kernels().sort.radix.encode(args_, item_, x_, begin, end, items_ + begin * bytes_);
    });
    SortBits bits{0, ~uint64_t{0}, false};
    for (const SortBits& of_block : found) {
      bits.any |= of_block.any;
      bits.all &= of_block.all;
      bits.special |= of_block.special;
    }
    return bits;
  }

  int64_t* counts_of(int64_t block) { return counts_.data() + block * kDigits; }

  void move(RadixDigit digit) {
    const RadixKernels& radix = kernels().sort.radix;
    parallel_for(p_.n, block_, 0.5, [&](int64_t begin, int64_t end) {
      int64_t* counts = counts_of(begin / block_);
      std::fill_n(counts, int64_t{1} << digit.bits, int64_t{0});
      radix.count(item_, items_ + begin * bytes_, end - begin, digit, counts);
    });
    int64_t before = 0;
    for (int64_t d = 0; d < int64_t{1} << digit.bits; ++d)
      for (int64_t block = 0; block < blocks_; ++block) before += std::exchange(counts_of(block)[d], before);
    parallel_for(p_.n, block_, 2, [&](int64_t begin, int64_t end) {
      radix.scatter(item_, items_ + begin * bytes_, end - begin, digit, counts_of(begin / block_), spare_);
    });
    std::swap(items_, spare_);
  }

  const SortProblem& p_;
  SortArgs args_;
  SortItem item_;
  int64_t bytes_, block_, blocks_;
  const char* x_;
  char* values_;
  int64_t* positions_;
  StorageRef memory_;
  char *items_, *spare_;
  std::vector<int64_t> counts_;  // of each block's digits, then the places of the next of them
};

// The few first of one long row: of each block its own first, then of these, in the order of the blocks.
void select_row(const SortProblem& p, int64_t row) {
  const SortRowsFn fn = kernels().sort.rows[static_cast<int>(p.dtype)];
  const int64_t itemsize = size_of(p.dtype), blocks = ceil_div(p.n, kBlock);
  const int64_t candidates = (blocks - 1) * p.k + std::min(p.k, p.n - (blocks - 1) * kBlock);
  const StorageRef memory = allocate(static_cast<size_t>(candidates * itemsize));
  char* values = static_cast<char*>(memory->data);
  std::vector<int64_t> positions(static_cast<size_t>(candidates));
  const char* x = p.x + row * p.n * itemsize;
  parallel_for(p.n, kBlock, 0.5, [&](int64_t begin, int64_t end) {
    const StorageRef scratch = allocate(static_cast<size_t>(sort_scratch_bytes(itemsize, kBlock, true)));
    const int64_t first = begin / kBlock * p.k, k = std::min(p.k, end - begin);
    int64_t* found = positions.data() + first;
    fn({p.dtype, p.descending, 1, end - begin, k}, x + begin * itemsize, values + first * itemsize, found,
       scratch->data);
    for (int64_t i = 0; i < k; ++i) found[i] += begin;
  });
  const StorageRef scratch = allocate(static_cast<size_t>(sort_scratch_bytes(itemsize, candidates, true)));
  int64_t* chosen = p.positions + row * p.k;
  fn({p.dtype, p.descending, 1, candidates, p.k}, values, p.values ? p.values + row * p.k * itemsize : nullptr, chosen,
     scratch->data);
  for (int64_t i = 0; i < p.k; ++i) chosen[i] = positions[static_cast<size_t>(chosen[i])];
}

}  // namespace

void sort(const SortProblem& p) {
  if (p.rows == 0 || p.k == 0) return;
  if (p.n < kLongRow || !kernels().sort.radix.encode) return sort_rows(p);
  const bool few = p.positions && p.k <= kFew;
  for (int64_t row = 0; row < p.rows; ++row) {
    if (few)
      select_row(p, row);
    else
      LongRow(p, row).sort();
  }
}

void partition(const SortProblem& p) {
  const SortRowsFn fn = kernels().sort.partition[static_cast<int>(p.dtype)];
  const int64_t itemsize = size_of(p.dtype), chunk = std::max<int64_t>(1, kChunk / p.n);
  parallel_for(p.rows, chunk, kNsPerElement * static_cast<double>(p.n), [&](int64_t begin, int64_t end) {
    const StorageRef scratch = allocate(static_cast<size_t>(itemsize * p.n));
    const int64_t first = begin * p.n;
    fn({p.dtype, p.descending, end - begin, p.n, p.k}, p.x + first * itemsize,
       p.values ? p.values + first * itemsize : nullptr, p.positions ? p.positions + first : nullptr, scratch->data);
  });
}

void search(const SearchProblem& p) {
  const SearchFn fn = kernels().sort.search[static_cast<int>(p.dtype)];
  const int64_t itemsize = size_of(p.dtype);
  parallel_for(p.count, kNeedles, 1.0 + std::bit_width(static_cast<uint64_t>(p.n)), [&](int64_t begin, int64_t end) {
    fn({p.dtype, p.right, p.n, end - begin}, p.x, p.needles + begin * itemsize, p.places + begin);
  });
}

}  // namespace tw::cpu
