#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <numeric>
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
constexpr int64_t kBucket = 8 << 10;     // elements that are wanted in a bucket
constexpr int64_t kMostBuckets = 256;    // of a row
constexpr int64_t kSample = 4096;        // elements of a row that say which buckets are wanted
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

// One long row: its items go to buckets, of a size that stays in the cache and in their order, and threads sort these.
// A pass over all blocks counts what goes where; then the places of each block's items are known, and blocks move
// theirs at once, to where a pass over the whole row would. A bucket that many items fall into, such as a cluster of
// numbers beside a few far from it, is sorted by such passes for each digit, the least significant one first.
class LongRow {
 public:
  LongRow(const SortProblem& p, int64_t row)
      : p_(p),
        args_{p.dtype, p.descending, 1, p.n, p.k},
        item_(sort_item(size_of(p.dtype), p.n, p.positions)),
        bytes_(sort_item_bytes(item_)),
        x_(p.x + row * p.n * size_of(p.dtype)),
        values_(p.values ? p.values + row * p.k * size_of(p.dtype) : nullptr),
        positions_(p.positions ? p.positions + row * p.k : nullptr),
        memory_(allocate(static_cast<size_t>(2 * p.n * bytes_))),
        items_(static_cast<char*>(memory_->data)),
        spare_(items_ + p.n * bytes_) {}

  void sort() {
    const SortBits bits = encode();
    const uint64_t varying = bits.any & ~bits.all;
    RadixDigit digits[kMostDigits];
    const bool one_pass = radix_digits(varying, kRadixBits, digits) <= 1;
    const std::vector<int64_t> begins = one_pass ? std::vector<int64_t>{0, p_.n} : to_buckets(varying);
    const int64_t buckets = static_cast<int64_t>(begins.size()) - 1;
    const int64_t most = std::max(kLongRow - 1, 4 * p_.n / kMostBuckets);  // of a bucket that one thread sorts
    parallel_for(buckets, 1, 15.0 * static_cast<double>(p_.n / buckets), [&](int64_t begin, int64_t end) {
      for (int64_t b = begin; b < end; ++b) {
        const int64_t from = begins[b], n = begins[b + 1] - from, at = from * bytes_;
        if (n > most || from >= p_.k) continue;
        const char* sorted = static_cast<char*>(kernel().sort(item_, items_ + at, spare_ + at, n, varying)) - at;
        decode(sorted, from, from + n);
      }
    });
    for (int64_t b = 0; b < buckets; ++b)
      if (begins[b + 1] - begins[b] > most && begins[b] < p_.k) sort_in_passes(begins[b], begins[b + 1], varying);
    if (!positions_ && bits.special) kernel().restore(args_, x_, values_);
  }

 private:
  static const RadixKernels& kernel() { return kernels().sort.radix; }
  static int64_t block_of(int64_t n) { return std::max(kBlock, ceil_div(n, kMostBlocks)); }

  SortBits encode() {
    const int64_t block = block_of(p_.n);
    std::vector<SortBits> found(static_cast<size_t>(ceil_div(p_.n, block)));
    parallel_for(p_.n, block, 0.5, [&](int64_t begin, int64_t end) {
      found[static_cast<size_t>(begin / block)] =
          kernel().encode(args_, item_, x_, begin, end, items_ + begin * bytes_);
    });
    SortBits bits{0, ~uint64_t{0}, false};
    for (const SortBits& of_block : found) {
      bits.any |= of_block.any;
      bits.all &= of_block.all;
      bits.special |= of_block.special;
    }
    return bits;
  }

  uint64_t bits_of(int64_t i) const {
    uint64_t bits = 0;
    std::memcpy(&bits, items_ + i * bytes_, static_cast<size_t>(std::min<int64_t>(bytes_, sizeof bits)));
    return bits;
  }

  // Moves the items to buckets; gives where each begins, and the end. Which bucket the highest bits belong to follows
  // from how many of a sample are below them.
  std::vector<int64_t> to_buckets(uint64_t varying) {
    const int64_t buckets = std::min(kMostBuckets, p_.n / kBucket);
    const int width = 64 - std::countl_zero(varying);
    const RadixDigit digit{std::max(0, width - kBucketBits), std::min(width, kBucketBits)};
    const uint64_t mask = (uint64_t{1} << digit.bits) - 1;
    std::vector<uint16_t> sampled(size_t{1} << digit.bits);
    for (int64_t i = 0; i < kSample; ++i) ++sampled[bits_of(i * p_.n / kSample) >> digit.shift & mask];
    std::vector<uint8_t> bucket_of(sampled.size());
    for (size_t d = 0, below = 0; d < sampled.size(); below += sampled[d++])
      bucket_of[d] = static_cast<uint8_t>(std::min(buckets - 1, static_cast<int64_t>(below) * buckets / kSample));
    return move(0, p_.n, {digit.shift, digit.bits, bucket_of.data()}, buckets);
  }

  // Moves items [from, to) to spare_, in the order of their digits, of which there are `count`, and exchanges the two;
  // gives where the items of each digit begin, and the end.
  std::vector<int64_t> move(int64_t from, int64_t to, RadixDigit digit, int64_t count) {
    const int64_t block = block_of(to - from), blocks = ceil_div(to - from, block);
    std::vector<int64_t> next(static_cast<size_t>(blocks * count));
    parallel_for(to - from, block, 0.5, [&](int64_t begin, int64_t end) {
      kernel().count(item_, items_ + (from + begin) * bytes_, end - begin, digit, next.data() + begin / block * count);
    });
    std::vector<int64_t> begins;
    int64_t before = from;
    for (int64_t d = 0; d < count; ++d) {
      begins.push_back(before);
      for (int64_t b = 0; b < blocks; ++b) before += std::exchange(next[b * count + d], before);
    }
    begins.push_back(before);
    parallel_for(to - from, block, 2, [&](int64_t begin, int64_t end) {
      kernel().scatter(item_, items_ + (from + begin) * bytes_, end - begin, digit, next.data() + begin / block * count,
                       spare_);
    });
    std::swap(items_, spare_);
    return begins;
  }

  void sort_in_passes(int64_t from, int64_t to, uint64_t varying) {
    char *items = items_, *spare = spare_;
    RadixDigit digits[kMostDigits];
    const int passes = radix_digits(varying, kRadixBits, digits);
    for (int pass = 0; pass < passes; ++pass) move(from, to, digits[pass], int64_t{1} << digits[pass].bits);
    parallel_for(to - from, block_of(to - from), 1.5,
                 [&](int64_t begin, int64_t end) { decode(items_, from + begin, from + end); });
    items_ = items, spare_ = spare;  // other buckets lie where they were
  }

  // The first k of items [begin, end).
  void decode(const char* items, int64_t begin, int64_t end) const {
    kernel().decode(args_, item_, items, begin, std::min(end, p_.k), x_, values_, positions_);
  }

  const SortProblem& p_;
  SortArgs args_;
  SortItem item_;
  int64_t bytes_;
  const char* x_;
  char* values_;
  int64_t* positions_;
  StorageRef memory_;
  char *items_, *spare_;
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

void partition_rows(const SortProblem& p) {
  const SortRowsFn fn = kernels().sort.partition[static_cast<int>(p.dtype)];
  const int64_t itemsize = size_of(p.dtype), chunk = std::max<int64_t>(1, kChunk / p.n);
  parallel_for(p.rows, chunk, kNsPerElement * static_cast<double>(p.n), [&](int64_t begin, int64_t end) {
    const StorageRef scratch = allocate(static_cast<size_t>(itemsize * p.n));
    const int64_t first = begin * p.n;
    fn({p.dtype, p.descending, end - begin, p.n, p.k}, p.x + first * itemsize,
       p.values ? p.values + first * itemsize : nullptr, p.positions ? p.positions + first : nullptr, scratch->data);
  });
}

// One long row: the key of rank k from its highest digit on, then the places of each block's elements, as a pass over
// the whole row would give them.
void partition_row(const SortProblem& p, int64_t row) {
  const PartitionKernels& kernel = kernels().sort.blocks;
  const SortArgs args{p.dtype, p.descending, 1, p.n, p.k};
  const int64_t itemsize = size_of(p.dtype), block = std::max(kBlock, ceil_div(p.n, kMostBlocks));
  const int64_t blocks = ceil_div(p.n, block);
  const char* x = p.x + row * p.n * itemsize;
  std::vector<int64_t> counts(static_cast<size_t>(blocks * kDigits));
  std::vector<std::array<int64_t, 3>> parts(static_cast<size_t>(blocks));  // of a block: before the key, equal, after
  uint64_t key = 0;
  int64_t rank = p.k;
  for (int shift = static_cast<int>(8 * itemsize); shift > 0;) {
    const int bits = std::min(shift, kRadixBits);
    shift -= bits;
    std::fill(counts.begin(), counts.end(), 0);
    parallel_for(p.n, block, 0.5, [&](int64_t begin, int64_t end) {
      kernel.count(args, x, begin, end, key, {shift, bits}, counts.data() + begin / block * kDigits);
    });
    std::array<int64_t, kDigits> all{};  // of the whole row
    for (int64_t i = 0; i < blocks * kDigits; ++i) all[i % kDigits] += counts[i];
    int64_t digit = 0;
    for (; rank >= all[digit]; ++digit) rank -= all[digit];
    key |= static_cast<uint64_t>(digit) << shift;
    for (int64_t b = 0; b < blocks; ++b) {
      const int64_t* of_block = counts.data() + b * kDigits;
      parts[b][0] += std::accumulate(of_block, of_block + digit, int64_t{0});
      parts[b][1] = of_block[digit];
    }
  }
  int64_t next[3] = {0, 0, 0};  // where the parts of the row begin, then those of each block
  for (int64_t b = 0; b < blocks; ++b) {
    parts[b][2] = std::min(block, p.n - b * block) - parts[b][0] - parts[b][1];
    next[1] += parts[b][0];
    next[2] += parts[b][0] + parts[b][1];
  }
  for (auto& part : parts)
    for (int i = 0; i < 3; ++i) next[i] += std::exchange(part[i], next[i]);
  char* values = p.values ? p.values + row * p.n * itemsize : nullptr;
  int64_t* positions = p.positions ? p.positions + row * p.n : nullptr;
  parallel_for(p.n, block, 2, [&](int64_t begin, int64_t end) {
    kernel.move(args, x, begin, end, key, parts[begin / block].data(), values, positions);
  });
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
  if (p.n < kLongRow || !kernels().sort.blocks.count) return partition_rows(p);
  for (int64_t row = 0; row < p.rows; ++row) partition_row(p, row);
}

void search(const SearchProblem& p) {
  const SearchFn fn = kernels().sort.search[static_cast<int>(p.dtype)];
  const int64_t itemsize = size_of(p.dtype);
  parallel_for(p.count, kNeedles, 1.0 + std::bit_width(static_cast<uint64_t>(p.n)), [&](int64_t begin, int64_t end) {
    fn({p.dtype, p.right, p.n, end - begin}, p.x, p.needles + begin * itemsize, p.places + begin);
  });
}

}  // namespace tw::cpu
