#include <algorithm>
#include <cmath>
#include <vector>

#include "core/array.h"
#include "core/divide.h"
#include "core/parallel.h"
#include "cpu/cpu.h"
#include "cpu/dispatch/dispatch.h"

namespace tw::cpu {
namespace {

constexpr int64_t kChunk = 16384;     // elements that a thread takes at a time
constexpr int64_t kTile = 256;        // columns that go down together
constexpr int64_t kBlock = 64 << 10;  // elements of a block of a long row
constexpr int64_t kFewItems = 16;     // rows and tiles: with fewer, long rows are cut into blocks
constexpr double kNsPerElement = 0.6;

// The carry of all before a block, from those of the blocks, which are added up in order.
void add(bool floating, ScanCarry& before, const ScanCarry& block) {
  if (!floating) {
    before.integer += block.integer;
    return;
  }
  const double a = before.floating.sum, b = block.floating.sum, sum = a + b, part = sum - a;
  const double lost = (a - (sum - part)) + (b - part);
  const double rest = before.floating.rest + block.floating.rest + lost;
  before.floating = {sum, std::isfinite(sum) ? rest : 0};
}

// Rows of n, cut into blocks in the order of the scan: what each comes to first, then all from where the ones before
// end.
void scan_by_blocks(const ScanProblem& p, ScanFn fn, int64_t itemsize) {
  const int64_t rows = std::max<int64_t>(1, kBlock / p.inner), blocks = ceil_div(p.n, rows);
  std::vector<ScanCarry> carries(static_cast<size_t>(blocks * p.inner));
  const auto each_block = [&](const char* x, char* y) {
    parallel_for(blocks, 1, kNsPerElement * static_cast<double>(rows * p.inner), [&](int64_t begin, int64_t end) {
      for (int64_t block = begin; block < end; ++block) {
        const int64_t count = std::min(rows, p.n - block * rows);
        const int64_t first = p.reverse ? p.n - block * rows - count : block * rows, at = first * p.inner * itemsize;
        fn({1, count, p.inner, p.inner, p.reverse}, x + at, y ? y + at : nullptr, carries.data() + block * p.inner);
      }
    });
  };
  for (int64_t o = 0; o < p.outer; ++o) {
    const int64_t at = o * p.n * p.inner * itemsize;
    std::fill(carries.begin(), carries.end(), ScanCarry{{0, 0}});
    each_block(p.x + at, nullptr);
    for (int64_t c = 0; c < p.inner; ++c) {
      ScanCarry before{{0, 0}};
      for (int64_t block = 0; block < blocks; ++block) {
        ScanCarry& carry = carries[static_cast<size_t>(block * p.inner + c)];
        const ScanCarry of_block = carry;
        carry = before;
        add(is_floating(p.dtype), before, of_block);
      }
    }
    each_block(p.x + at, p.y + at);
  }
}

}  // namespace

void scan(const ScanProblem& p) {
  const ScanKernels& table = kernels().scan;
  const ScanFn fn = (p.op == Scan::sum ? table.sum : table.prod)[static_cast<int>(p.dtype)];
  const auto itemsize = static_cast<int64_t>(item_size(p.dtype));
  const int64_t tiles = ceil_div(p.inner, kTile), items = p.outer * tiles;
  if (p.op == Scan::sum && items < kFewItems && p.n * p.inner >= 2 * kBlock && p.inner <= kBlock / 64)
    return scan_by_blocks(p, fn, itemsize);
  const int64_t width = std::min(kTile, p.inner), chunk = std::max<int64_t>(1, kChunk / (p.n * width));
  parallel_for(
      items, tiles > 1 ? 1 : chunk, kNsPerElement * static_cast<double>(p.n * width), [&](int64_t begin, int64_t end) {
        const int64_t outer = begin / tiles, column = begin % tiles * kTile;
        const ScanArgs args{tiles > 1 ? 1 : end - begin, p.n, std::min(kTile, p.inner - column), p.inner, p.reverse};
        const int64_t at = (outer * p.n * p.inner + column) * itemsize;
        fn(args, p.x + at, p.y + at, nullptr);
      });
}

}  // namespace tw::cpu
