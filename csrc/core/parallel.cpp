#include "core/parallel.h"

#include <omp.h>
#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <deque>
#include <exception>
#include <fstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/denormals.h"
#include "core/divide.h"
#include "core/error.h"

namespace tw {
namespace {

constexpr double kParallelFromNs = 5e3;  // waking a team costs 1 µs, and a few where it fell asleep
constexpr int kMostThreads = 1024;       // the OpenMP runtime ends the process where it cannot create a thread

// OpenMP's own default honours OMP_NUM_THREADS and the affinity mask; the quota counts where the user set nothing.
int default_threads() {
  const int count = std::clamp(omp_get_max_threads(), 1, kMostThreads);
  const char* chosen = std::getenv("OMP_NUM_THREADS");
  if (chosen && *chosen) return count;
  const double quota = detail::cpu_quota("/proc/self/cgroup", "/sys/fs/cgroup");
  return quota > 0 ? static_cast<int>(std::clamp<double>(std::ceil(quota), 1, count)) : count;
}

thread_local int index_in_team = 0;
thread_local int steady_count = 0;  // 0: what was set last
std::atomic<int> thread_count{0};   // 0: not asked yet
std::atomic<bool> team_woken{false};
std::atomic<bool> forked_after_team{false};

// While it lives, thread_index() is `thread`.
class InTeam {
 public:
  explicit InTeam(int thread) : before_(std::exchange(index_in_team, thread)) {}
  ~InTeam() { index_in_team = before_; }
  InTeam(const InTeam&) = delete;
  InTeam& operator=(const InTeam&) = delete;

 private:
  const int before_;
};

// In a child of fork the runtime's worker threads do not exist, and waking them would wait for ever.
void watch_forks() {
  static const bool once = [] {
    pthread_atfork(nullptr, nullptr, [] {
      if (team_woken) forked_after_team = true;
    });
    return true;
  }();
  (void)once;
}

// The chunks of a loop, a range of them for each thread: a thread takes those of its own in order, so that it streams
// through memory, and then steals what the others have left.
class StealingQueue {
 public:
  StealingQueue(int team, int64_t count) : ranges_(static_cast<size_t>(team)) {
    for (int k = 0; k < team; ++k) {
      ranges_[k].next = count * k / team;
      ranges_[k].end = count * (k + 1) / team;
    }
  }

  template <class Work>
  void run(int thread, Work work) {
    const InTeam in_team(thread);
    for (size_t k = 0; k < ranges_.size(); ++k) {
      Range& range = ranges_[(static_cast<size_t>(thread) + k) % ranges_.size()];
      for (int64_t i; (i = range.next.fetch_add(1, std::memory_order_relaxed)) < range.end;) work(i);
    }
  }

 private:
  struct alignas(64) Range {
    std::atomic<int64_t> next;
    int64_t end;
  };
  std::vector<Range> ranges_;
};

// work(thread) in `sharers` threads at most, whose float units are controlled like the caller's. The team is always of
// all threads: OpenMP's runtime ends those that a smaller team leaves out, and a larger one starts them again, 20 µs
// each.
#ifdef __SANITIZE_THREAD__
// ThreadSanitizer cannot see the barriers of an OpenMP runtime that was built without it: it gets threads that it
// knows.
thread_local bool in_team = false;
bool in_parallel() { return in_team; }

template <class Work>
void run_team(int sharers, Work work) {
  const unsigned control = float_control();
  const auto take_part = [&](int thread) {
    const UnderFloatControl same(control);
    const bool before = std::exchange(in_team, sharers > 1 || in_team);
    work(thread);
    in_team = before;
  };
  std::vector<std::thread> others;
  for (int k = 1; k < sharers; ++k) others.emplace_back(take_part, k);
  take_part(0);
  for (std::thread& other : others) other.join();
}
#else
bool in_parallel() { return omp_in_parallel(); }

template <class Work>
void run_team(int sharers, Work work) {
  const unsigned control = float_control();
#pragma omp parallel num_threads(get_num_threads()) if (sharers > 1)
  {
    const int thread = omp_get_thread_num();
    if (thread < sharers) {
      const UnderFloatControl same(control);
      work(thread);
    }
  }
}
#endif

// An exception must not leave a team: the first one stops the rest and is thrown again outside.
class FirstError {
 public:
  template <class Work>
  void guard(Work work) {
    if (failed_.load(std::memory_order_relaxed)) return;
    try {
      work();
    } catch (...) {
      if (!failed_.exchange(true)) error_ = std::current_exception();
    }
  }
  void rethrow() {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  std::atomic<bool> failed_{false};
  std::exception_ptr error_;
};

// The threads that can share `pieces`, at least one.
int team_for(int64_t pieces) {
  const bool serial = forked_after_team || in_parallel();
  const int team = serial ? 1 : static_cast<int>(std::min<int64_t>(get_num_threads(), pieces));
  if (team > 1) {
    watch_forks();
    team_woken = true;
  }
  return team;
}

// The pieces of a chain's steps, a range of them for each of its members, in each step the same. A member takes those
// of its own, whose data are in its cache, and then what the others have not begun: one that does not run holds up no
// step, unless it is in the midst of a piece. A step is over when all of its pieces are.
class Chain {
 public:
  Chain(int members, int64_t steps, int64_t pieces)
      : steps_(steps), pieces_(pieces), ranges_(static_cast<size_t>(members)) {
    for (int k = 0; k < members; ++k) {
      ranges_[k].begin = pieces * k / members;
      ranges_[k].count = pieces * (k + 1) / members - ranges_[k].begin;
    }
  }

  // A member that no thread is yet, or -1.
  int claim() {
    const int members = static_cast<int>(ranges_.size());
    if (claimed_.load(std::memory_order_relaxed) >= members) return -1;
    const int member = claimed_.fetch_add(1, std::memory_order_relaxed);
    return member < members ? member : -1;
  }

  // work(step, piece) until all steps are over.
  template <class Work>
  void run(int member, Work work) {
    for (int64_t step = done_.load(std::memory_order_acquire) / pieces_; step < steps_; ++step) {
      for (size_t k = 0; k < ranges_.size(); ++k) {
        Range& range = ranges_[(static_cast<size_t>(member) + k) % ranges_.size()];
        for (int64_t piece; (piece = take(range, step)) >= 0;) {
          work(step, piece);
          done_.fetch_add(1, std::memory_order_acq_rel);
        }
      }
      const int64_t all = (step + 1) * pieces_;
      for (int spins = 0; done_.load(std::memory_order_acquire) < all; ++spins)
        spins < kSpins ? _mm_pause() : std::this_thread::yield();
    }
  }

 private:
  static constexpr int kSpins = 4000;  // then there are fewer processors than threads

  struct alignas(64) Range {
    std::atomic<int64_t> taken{0};  // in all steps so far
    int64_t begin, count;
  };

  static int64_t take(Range& range, int64_t step) {
    int64_t taken = range.taken.load(std::memory_order_relaxed);
    while (taken < (step + 1) * range.count)
      if (range.taken.compare_exchange_weak(taken, taken + 1, std::memory_order_relaxed))
        return range.begin + taken - step * range.count;
    return -1;
  }

  const int64_t steps_, pieces_;
  std::vector<Range> ranges_;
  std::atomic<int> claimed_{0};
  alignas(64) std::atomic<int64_t> done_{0};
};

}  // namespace

int get_num_threads() {
  if (steady_count) return steady_count;
  int count = thread_count.load(std::memory_order_relaxed);
  if (count == 0) {
    count = default_threads();
    thread_count = count;
  }
  return count;
}

SteadyThreads::SteadyThreads() : before_(steady_count) { steady_count = get_num_threads(); }
SteadyThreads::~SteadyThreads() { steady_count = before_; }

int thread_index() { return index_in_team; }

void set_num_threads(int count) {
  if (count < 1) fail<ValueError>("set_num_threads: count is ", count, ", but must be at least 1");
  if (count > kMostThreads)
    fail<ValueError>("set_num_threads: count is ", count, ", but must be at most ", kMostThreads);
  thread_count = count;
}

namespace detail {

double cpu_quota(const std::string& groups_file, const std::string& mount) {
  std::ifstream groups(groups_file);
  std::string line, path;
  while (std::getline(groups, line))
    if (line.starts_with("0::")) path = line.substr(3);
  double tightest = 0;
  const auto consider = [&](double quota) {
    if (quota > 0 && (tightest == 0 || quota < tightest)) tightest = quota;
  };
  // A limit may sit on any ancestor of the process's own group.
  for (;; path.resize(path.rfind('/'))) {
    std::ifstream file(mount + path + "/cpu.max");
    std::string quota;
    double period = 0;
    if (file >> quota >> period && quota != "max" && period > 0) consider(std::atof(quota.c_str()) / period);
    if (path.rfind('/') == std::string::npos) break;
  }
  std::ifstream quota_v1(mount + "/cpu/cpu.cfs_quota_us"), period_v1(mount + "/cpu/cpu.cfs_period_us");
  double quota = 0, period = 0;
  if (quota_v1 >> quota && period_v1 >> period && period > 0) consider(quota / period);
  return tightest;
}

void parallel_for(int64_t n, int64_t chunk, double total_ns, ChunkFn fn, void* closure) {
  if (total_ns < kParallelFromNs || n <= chunk || get_num_threads() == 1) {  // the common small case comes first
    const InTeam in_team(0);
    for (int64_t begin = 0; begin < n; begin += chunk) fn(closure, begin, std::min(begin + chunk, n));
    return;
  }
  const int64_t chunks = ceil_div(n, chunk);
  const int team = team_for(chunks);
  StealingQueue queue(team, chunks);
  FirstError first;
  run_team(team, [&](int thread) {
    queue.run(thread, [&](int64_t i) { first.guard([&] { fn(closure, i * chunk, std::min((i + 1) * chunk, n)); }); });
  });
  first.rethrow();
}

void parallel_chains(int64_t chains, int64_t steps, int64_t pieces, double total_ns, StepFn fn, void* closure) {
  const bool small = total_ns < kParallelFromNs || get_num_threads() == 1;
  const int team = small ? 1 : team_for(chains * pieces);
  if (team == 1) {
    const InTeam in_team(0);
    for (int64_t chain = 0; chain < chains; ++chain)
      for (int64_t step = 0; step < steps; ++step)
        for (int64_t piece = 0; piece < pieces; ++piece) fn(closure, chain, step, piece);
    return;
  }
  // Thread k begins with chain k chains / team.
  const auto first = [&](int64_t thread) { return chains * thread / team; };
  const auto members = [&](int64_t chain) {
    return ceil_div((chain + 1) * team, chains) - ceil_div(chain * team, chains);
  };
  std::deque<Chain> queues;
  for (int64_t chain = 0; chain < chains; ++chain)
    queues.emplace_back(static_cast<int>(std::max<int64_t>(1, members(chain))), steps, pieces);
  FirstError error;
  run_team(team, [&](int thread) {
    const InTeam in_team(thread);
    const auto take_part = [&](int64_t chain, int member) {
      queues[static_cast<size_t>(chain)].run(
          member, [&](int64_t step, int64_t piece) { error.guard([&] { fn(closure, chain, step, piece); }); });
    };
    for (int64_t k = 0; k < chains; ++k) {
      const int64_t chain = (first(thread) + k) % chains;
      const int member = queues[static_cast<size_t>(chain)].claim();
      if (member >= 0) take_part(chain, member);
    }
    for (int64_t k = 0; k < chains; ++k) take_part((first(thread) + k) % chains, 0);
  });
  error.rethrow();
}

}  // namespace detail
}  // namespace tw
