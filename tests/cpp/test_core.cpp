// Shapes, views, the allocator and parallel_for: what everything else stands on.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "core/array.h"
#include "core/blocking.h"
#include "core/denormals.h"
#include "core/parallel.h"
#include "core/thread_memory.h"
#include "cpu/cpu.h"
#include "levels.h"
#include "ops/creation.h"

// The sizes that are asked for to be refused.
extern "C" __attribute__((visibility("default"))) const char* __asan_default_options() {
  return "allocator_may_return_null=1";
}
extern "C" __attribute__((visibility("default"))) const char* __tsan_default_options() {
  return "allocator_may_return_null=1";
}

namespace tw::test {
namespace {

// Whether fn throws Error with a message that holds `part`.
template <class Error>
bool throws(const char* part, const std::function<void()>& fn) {
  try {
    fn();
  } catch (const Error& error) {
    return std::string(error.what()).find(part) != std::string::npos;
  } catch (...) {
  }
  return false;
}

// ---- shapes ---------------------------------------------------------------------------------------------------------

void shapes() {
  check(element_count({}) == 1 && element_count({3, 0, 5}) == 0 && element_count({7, 6}) == 42, "element_count");
  check(element_count({kMaxElements}) == kMaxElements, "the largest count");
  const std::vector<Dims> too_many = {
      {kMaxElements + 1}, {INT64_MAX}, {int64_t{1} << 32, int64_t{1} << 32}, {INT64_MAX, INT64_MAX, 0}, {0, INT64_MAX}};
  for (const Dims& shape : too_many)
    check(throws<ValueError>("more elements", [&] { element_count(shape); }), "shape of too many elements");
  check(throws<ValueError>("negative", [] { element_count({0, -1}); }), "negative behind zero");

  Dims full(kMaxDims, 1);
  check(throws<ValueError>("at most 32", [&] { full.push_back(1); }), "33 dimensions");
  check(throws<ValueError>("at most 32", [&] { full.insert(0, 1); }), "33 dimensions");
  Dims dims{1, 2, 3};
  dims.insert(1, 9);
  dims.erase(0);
  check(dims == Dims({9, 2, 3}) && dims != Dims({9, 2}), "insert and erase");

  check(contiguous_strides({2, 3, 4}) == Dims({12, 4, 1}) && contiguous_strides({2, 0, 4}) == Dims({4, 4, 1}),
        "contiguous_strides");
  check(normalize_axis("op", -1, 3) == 2 && normalize_axis("op", 0, 1) == 0, "normalize_axis");
  for (const int64_t axis : {int64_t{3}, int64_t{-4}, INT64_MIN, INT64_MAX})
    check(throws<AxisError>("op: axis", [&] { normalize_axis("op", axis, 3); }), "axis out of bounds");
  check(throws<AxisError>("op: axis", [] { normalize_axis("op", 0, 0); }), "axis of a 0-d array");

  check(broadcast_shapes("op", {3, 1}, {4}) == Dims({3, 4}) && broadcast_shapes("op", {}, {2, 0}) == Dims({2, 0}) &&
            broadcast_shapes("op", {0}, {1}) == Dims({0}) && broadcast_shapes("op", {1}, {0}) == Dims({0}),
        "broadcast_shapes");
  check(throws<ValueError>("op: shapes (0,) and (3,)", [] { broadcast_shapes("op", {0}, {3}); }), "no broadcast");
}

// ---- views ----------------------------------------------------------------------------------------------------------

// Where the element at a position in C order lies, in elements from x.data.
int64_t offset_of(const Array& x, int64_t position) {
  int64_t offset = 0;
  for (int i = x.ndim() - 1; i >= 0; --i) {
    offset += position % x.shape[i] * x.strides[i];
    position /= x.shape[i];
  }
  return offset;
}

int64_t at(const Array& x, int64_t position) { return x.ptr<int64_t>()[offset_of(x, position)]; }

Array counting(const Dims& shape) {
  Array x = empty(shape, DType::i64);
  std::iota(x.ptr<int64_t>(), x.ptr<int64_t>() + x.size(), 0);
  return x;
}

Dims random_shape(int64_t size) {
  Dims shape;
  while (size > 1 && shape.size() < 6) {
    std::vector<int64_t> divisors;
    for (int64_t d = 1; d <= size; ++d)
      if (size % d == 0) divisors.push_back(d);
    shape.push_back(divisors[rng()() % divisors.size()]);
    size /= shape.back();
  }
  shape.push_back(size);
  return shape;
}

// A view by slices, reversals, permutations and repeats.
Array random_view() {
  Array x = counting(random_shape(int64_t{1} << (3 + rng()() % 6)));
  for (int i = 0; i < x.ndim(); ++i) {
    if (rng()() % 3 == 0 && x.shape[i] > 1) x = slice(x, i, x.shape[i] - 1, x.shape[i], -1);
    if (rng()() % 3 == 0 && x.shape[i] > 2) x = slice(x, i, x.shape[i] % 2, x.shape[i] / 2, 2);
  }
  if (rng()() % 2) {
    Dims axes(x.ndim());
    std::iota(axes.begin(), axes.end(), 0);
    std::shuffle(axes.begin(), axes.end(), rng());
    x = permute(x, axes);
  }
  if (rng()() % 3 == 0) {
    Dims wide = x.shape;
    wide.insert(0, 2);
    x = broadcast_to("test", x, wide);
  }
  return x;
}

void views() {
  for (int trial = 0; trial < 2000; ++trial) {
    const Array x = random_view();
    const Dims shape = random_shape(x.size());
    Array y;
    if (try_reshape_view(x, shape, y)) {
      bool same = y.size() == x.size() && y.storage.get() == x.storage.get();
      for (int64_t i = 0; same && i < x.size(); ++i) same = at(y, i) == at(x, i);
      check(same, "reshape as a view: another element, trial %d", trial);
    } else {
      // Rightly so only where no strides lead through the same memory: those that the second element of each axis asks
      // for do not.
      const Array copy = reshape(x, shape);
      Dims strides(shape.size());
      int64_t step = 1;
      for (int i = shape.size() - 1; i >= 0; --i) {
        strides[i] = shape[i] > 1 ? offset_of(x, step) : 0;
        step *= shape[i];
      }
      const Array candidate = as_strided(x, x.data, shape, strides);
      bool fits = true;
      for (int64_t i = 0; fits && i < x.size(); ++i) fits = offset_of(candidate, i) == offset_of(x, i);
      check(!fits, "reshape copied where a view would do, trial %d", trial);
      bool same = copy.is_contiguous();
      for (int64_t i = 0; same && i < x.size(); ++i) same = at(copy, i) == at(x, i);
      check(same, "reshape by copy: another element, trial %d", trial);
    }
  }
  const Array x = counting({4, 5});
  check(slice(x, 0, 3, 1, INT64_MAX).size() == 5, "one element with a huge step");
  check(slice(x, 0, 4, 0, 1).data == x.data, "an empty slice stays inside");
  check(throws<ValueError>("more elements", [&] { broadcast_to("op", x, {INT64_MAX / 4, 4, 5}); }), "too wide");
  check(throws<ValueError>("op: shape (4, 5) does not broadcast to (4, 4)", [&] { broadcast_to("op", x, {4, 4}); }),
        "no broadcast");
}

// ---- the allocator --------------------------------------------------------------------------------------------------

void allocator() {
  memory::release_cached();
  const memory::Stats start = memory::stats();
  std::vector<size_t> sizes = {0, 1, 63, 64, 65, 127, 128, 1000};
  for (const size_t around : {4096u, 5120u, 8192u, 1u << 20, 2u << 20, 3u << 20})
    for (int64_t off = -130; off <= 130; off += 1) sizes.push_back(around + static_cast<size_t>(off));
  for (const size_t nbytes : sizes) {
    const memory::Stats before = memory::stats();
    const StorageRef block = allocate(nbytes);
    const auto address = reinterpret_cast<uintptr_t>(block->data);
    check(address % 64 == 0 && block->nbytes >= nbytes && block->nbytes <= nbytes + nbytes / 4 + 128,
          "block of %zu bytes holds %zu", nbytes, block->nbytes);
    check(memory::stats().in_use - before.in_use == static_cast<int64_t>(block->nbytes) + 64, "in_use, %zu", nbytes);
    if (nbytes) std::memset(block->data, 1, nbytes);
  }
  check(memory::stats().in_use == start.in_use, "in_use returns");

  const void* first = allocate(5000)->data;
  const void* again = allocate(5000)->data;
  const void* smaller = allocate(4990)->data;
  check(again == first && smaller == first, "a freed block is reused within its class");
  memory::release_cached();
  check(memory::stats().cached == 0, "release_cached");

  memory::reset_peak();
  const int64_t peak = memory::stats().peak, allocations = memory::stats().allocations;
  check(throws<MemoryError>("cannot allocate 1152921504606846976 bytes (", [] { allocate(size_t{1} << 60); }), "2^60");
  for (const size_t nbytes : {SIZE_MAX, SIZE_MAX - 63, SIZE_MAX / 2, SIZE_MAX / 4 + 1})
    check(throws<MemoryError>("address space", [&] { allocate(nbytes); }), "%zu bytes", nbytes);
  check(memory::stats().peak == peak && memory::stats().allocations == allocations, "refusals do not count");

  memory::set_cache_limit(1 << 16);
  {
    std::vector<StorageRef> blocks;
    for (int i = 0; i < 64; ++i) blocks.push_back(allocate(4096));
  }
  check(memory::stats().cached <= 1 << 16 && memory::stats().cached > 0, "cached below the limit");
  {
    const StorageRef large = allocate(1 << 17);
  }
  check(memory::stats().cached <= 1 << 16, "a block above the limit is not kept");
  memory::set_cache_limit(start.cache_limit);
}

// Several threads take, share and drop blocks at once.
void allocator_from_threads() {
  const int64_t before = memory::stats().in_use;
  const StorageRef shared = allocate(1000);
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      std::vector<StorageRef> held;
      for (int i = 0; i < 3000; ++i) {
        StorageRef copy = shared;
        StorageRef block = allocate(static_cast<size_t>(64 + (i * 37 + t) % 9000));
        *static_cast<int*>(block->data) = t * 10000 + i;
        held.push_back(block);
        if (held.size() > 8) held.erase(held.begin());
        if (*static_cast<int*>(held.back()->data) != t * 10000 + i) ++wrong;
      }
    });
  for (std::thread& thread : threads) thread.join();
  check(wrong == 0, "blocks of one thread written by another");
  check(shared->refs == 1, "references are counted across threads");
  check(memory::stats().in_use > before, "still held");
}

// ---- parallel_for ---------------------------------------------------------------------------------------------------

constexpr double kSlow = 1e6;  // ns per item: always worth a team

void chunks() {
  set_num_threads(4);
  for (const int64_t n : {0, 1, 7, 8, 9, 1000}) {
    for (const int64_t chunk : {1, 8, 5000}) {
      std::vector<int> visits(static_cast<size_t>(n));
      std::atomic<int> odd{0};
      parallel_for(n, chunk, kSlow, [&](int64_t begin, int64_t end) {
        if (begin % chunk || (end - begin != chunk && end != n)) ++odd;
        for (int64_t i = begin; i < end; ++i) ++visits[static_cast<size_t>(i)];
      });
      bool once = true;
      for (const int count : visits) once &= count == 1;
      check(once && odd == 0, "n %ld, chunk %ld", static_cast<long>(n), static_cast<long>(chunk));
    }
  }
}

void nested() {
  std::atomic<int64_t> sum{0};
  parallel_for(8, 1, kSlow, [&](int64_t begin, int64_t) {
    const auto outer = std::this_thread::get_id();
    parallel_for(10, 1, kSlow, [&](int64_t i, int64_t) {
      if (std::this_thread::get_id() == outer) sum += begin * 10 + i;
    });
  });
  check(sum == 79 * 80 / 2, "nested calls run where they are");
}

void exceptions() {
  for (const double ns : {0.0, kSlow}) {
    std::atomic<int> ran{0};
    const bool thrown = throws<ValueError>("chunk 3", [&] {
      parallel_for(2000, 1, ns, [&](int64_t begin, int64_t) {
        if (begin == 3) fail<ValueError>("chunk 3");
        ++ran;
      });
    });
    check(thrown && (ns > 0 || ran == 3), "an exception ends the loop");
  }
  check(throws<MemoryError>("cannot allocate",
                            [] { parallel_for(64, 1, kSlow, [](int64_t, int64_t) { allocate(size_t{1} << 60); }); }),
        "memory runs out inside");
}

// Pieces of all steps of all chains, in the order of a chain's steps, on any number of threads.
void chains() {
  constexpr int64_t kSteps = 200, kPieces = 5;
  for (const int threads : {1, 2, 7}) {
    set_num_threads(threads);
    for (const int64_t count : {1, 3, 9}) {
      std::vector<std::atomic<int64_t>> done(static_cast<size_t>(count));
      std::vector<int> visits(static_cast<size_t>(count * kPieces));
      std::atomic<int> odd{0};
      parallel_chains(count, kSteps, kPieces, kSlow, [&](int64_t chain, int64_t step, int64_t piece) {
        std::atomic<int64_t>& mine = done[static_cast<size_t>(chain)];
        const int64_t before = mine.load();
        if (before < step * kPieces || before >= (step + 1) * kPieces || thread_index() >= threads) ++odd;
        ++visits[static_cast<size_t>(chain * kPieces + piece)];
        ++mine;
      });
      bool all = true;
      for (const int visited : visits) all &= visited == kSteps;
      check(all && odd == 0, "%ld chains with %d threads", static_cast<long>(count), threads);
    }
    std::atomic<int> odd{0}, late{0};
    auto count_odd = [&](int64_t, int64_t, int64_t) { ++odd; };
    parallel_chains(0, 3, 3, kSlow, count_odd);
    parallel_chains(3, 0, 3, kSlow, count_odd);
    parallel_chains(3, 3, 0, kSlow, count_odd);
    check(odd == 0, "no chains, no steps, no pieces");
    const bool thrown = throws<ValueError>("step 3", [&] {
      parallel_chains(1, 50, 7, kSlow, [&](int64_t, int64_t step, int64_t piece) {
        if (step == 3 && piece == 6) fail<ValueError>("step 3");
        if (step > 4) ++late;
      });
    });
    check(thrown && late == 0, "an exception ends the steps");
  }
  set_num_threads(4);
}

// A thread that is held up in its piece of one chain leaves its others to the rest.
void helped_chains() {
  set_num_threads(2);
  constexpr int64_t kOthers = 3 * 10 * 3;
  std::atomic<int64_t> done{0};
  bool helped = false;
  parallel_chains(4, 10, 3, kSlow, [&](int64_t chain, int64_t step, int64_t piece) {
    if (chain == 0 && step == 0 && piece == 0) {
      const auto late = std::chrono::steady_clock::now() + std::chrono::seconds(20);
      while (done < kOthers && std::chrono::steady_clock::now() < late) std::this_thread::yield();
      helped = done >= kOthers;
    }
    ++done;
  });
  check(helped && done == kOthers + 10 * 3, "chains are helped");
  set_num_threads(4);
}

// Threads are started once, however many of them each call has work for.
#ifndef __SANITIZE_THREAD__  // whose threads live as long as a call
std::atomic<int> born{0};
struct Birth {
  Birth() { ++born; }
  bool alive = true;
};
thread_local const Birth birth;

void teams_last() {
  set_num_threads(4);
  std::atomic<int> odd{0};
  for (int round = 0; round < 20; ++round)
    for (const int64_t chunks : {2, 8, 3})
      parallel_for(chunks, 1, kSlow, [&](int64_t, int64_t) { odd += !birth.alive; });
  check(odd == 0 && born > 0 && born <= 4, "%d threads were started", born.load());
}
#else
void teams_last() {}
#endif

// Another thread sets more threads after a loop's memory was laid out.
void steady_threads() {
  set_num_threads(2);
  {
    const ThreadMemory memory(100, 8);
    std::thread([] { set_num_threads(7); }).join();
    std::atomic<int> odd{0};
    parallel_for(8, 1, kSlow, [&](int64_t, int64_t) { odd += memory.own() >= memory.at(memory.threads()); });
    check(memory.threads() == 2 && get_num_threads() == 2 && odd == 0, "threads stay as many");
    const ThreadMemory few(100, 1);
    check(few.threads() == 1 && get_num_threads() == 2, "nested");
  }
  check(get_num_threads() == 7, "what was set holds afterwards");
  set_num_threads(4);
}

bool flushes() {
  volatile float smallest = 0x1p-140f;
  return smallest * 0.5f == 0;
}

void denormals() {
  set_num_threads(4);
  const auto all = [](bool wanted) {
    std::atomic<int> odd{0};
    parallel_for(64, 1, kSlow, [&](int64_t, int64_t) { odd += flushes() != wanted; });
    parallel_chains(2, 8, 8, kSlow, [&](int64_t, int64_t, int64_t) { odd += flushes() != wanted; });
    return odd == 0;
  };
  check(all(false), "denormals are numbers");
  const unsigned before = _mm_getcsr();
  {
    const FlushDenormals flushed;
    check(flushes() && all(true), "they are 0 in every thread");
    const FlushDenormals again;
  }
  check(_mm_getcsr() == before && all(false), "and numbers again");
  check(throws<ValueError>("no",
                           [] {
                             const FlushDenormals flushed;
                             parallel_for(64, 1, kSlow, [](int64_t, int64_t) { fail<ValueError>("no"); });
                           }),
        "an exception while they are 0");
  check(_mm_getcsr() == before && all(false), "leaves numbers");
}

std::atomic<int> entered{0}, left{0};

void from_two_threads() {
  static thread_local int depth;
  set_blocking_hooks({[]() -> void* {
                        ++entered;
                        ++depth;
                        return &depth;
                      },
                      [](void* state) {
                        ++left;
                        --*static_cast<int*>(state);
                      }});
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 3; ++t)
    threads.emplace_back([&] {
      for (int round = 0; round < 50; ++round) {
        std::vector<int64_t> squares(100);
        const UnlockedWhileLong unlocked(kLongNs), kept(kLongNs * 0.99);
        parallel_for(100, 3, kSlow, [&](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; ++i) squares[static_cast<size_t>(i)] = i * i;
        });
        for (int64_t i = 0; i < 100; ++i) wrong += squares[static_cast<size_t>(i)] != i * i;
        if (depth != 1) ++wrong;
      }
    });
  for (std::thread& thread : threads) thread.join();
  check(wrong == 0, "several threads call at once");
  check(entered == 150 && left == 150, "the lock is released and taken back once for long work, and not for short");
  try {
    const UnlockedWhileLong unlocked(kLongNs);
    parallel_for(10, 1, kSlow, [](int64_t, int64_t) { fail<ValueError>("no"); });
  } catch (const ValueError&) {
  }
  check(entered == 151 && left == 151, "the lock is taken back after an exception");
  set_blocking_hooks({});
}

void thread_counts() {
  check(throws<ValueError>("at least 1", [] { set_num_threads(0); }), "0 threads");
  check(throws<ValueError>("at most 1024", [] { set_num_threads(1025); }), "1025 threads");
  set_num_threads(3);
  check(get_num_threads() == 3, "set_num_threads");
}

// ---- quotas ---------------------------------------------------------------------------------------------------------

void quotas() {
  namespace fs = std::filesystem;
  char name[] = "/tmp/tw_quota_XXXXXX";
  const fs::path root = mkdtemp(name), groups = root / "cgroup";
  const auto write = [&](const fs::path& path, const char* text) {
    fs::create_directories((root / path).parent_path());
    std::ofstream(root / path) << text;
  };
  const auto quota = [&] { return detail::cpu_quota(groups, root); };
  check(quota() == 0, "no files at all");
  for (const char* list :
       {"", "\n\n", "0::", "0::/", "0::/a/b\n", "0::a", "1:cpu:/x\n0::/a/b", "garbage", "0::/../.."}) {
    write("cgroup", list);
    check(quota() == 0, "no limits, groups '%s'", list);
  }
  write("cgroup", "3:cpu,cpuacct:/x\n0::/a/b\n");
  write("a/b/cpu.max", "max 100000\n");
  check(quota() == 0, "max");
  write("cpu.max", "400000 100000\n");
  check(quota() == 4, "limit at the root");
  write("a/cpu.max", "150000 100000\n");
  check(quota() == 1.5, "tighter in between");
  for (const char* odd :
       {"", "max", "100000", "abc 100000", "-1 100000", "100000 0", "100000 -5", "nan 1", "50000 x"}) {
    write("a/b/cpu.max", odd);
    check(quota() == 1.5, "cpu.max '%s'", odd);
  }
  write("a/b/cpu.max", "1e400 1");
  check(quota() == 1.5, "infinite");
  write("cpu/cpu.cfs_quota_us", "-1\n");
  write("cpu/cpu.cfs_period_us", "100000\n");
  check(quota() == 1.5, "version 1 without a limit");
  write("cpu/cpu.cfs_quota_us", "50000\n");
  check(quota() == 0.5, "version 1");
  fs::remove_all(root);
}

}  // namespace
}  // namespace tw::test

int main() {
  using namespace tw::test;
  tw::cpu::register_backend();
  shapes();
  views();
  allocator();
  allocator_from_threads();
  thread_counts();
  chunks();
  nested();
  exceptions();
  chains();
  helped_chains();
  teams_last();
  steady_threads();
  denormals();
  from_two_threads();
  quotas();
  return report();
}
